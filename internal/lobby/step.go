package lobby

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Step takes one input. Times must not go back. After Finish every input is refused as meeting_over.
func (m *Machine) Step(in Input, now time.Time) []Effect {
	if m.over {
		return refuse(fault.MeetingOver)
	}
	switch in := in.(type) {
	case HostCame:
		return m.hostCame(in, now)
	case Knocked:
		return m.knocked(in.Knock, now)
	case Stayed:
		return m.stayed(in.Who, now)
	case Withdrew:
		return m.withdrew(in.Who)
	case Opened:
		return m.opened(in.By, now)
	case Admitted:
		return m.admitted(in, now)
	case Denied:
		return m.deny(in)
	case Allowed:
		return m.allow(in)
	case Removed:
		return m.remove(in, now)
	case Welcomed:
		return m.welcomed(in, now)
	case Unaddable:
		return m.unaddable(in.Who)
	case Joined:
		return m.joined(in.Who)
	case Lost:
		return m.lost(in.Who, now)
	case Resumed:
		return m.resumed(in.Who, now)
	case Left:
		return m.left(in, now)
	case Ended:
		return m.ended(in)
	case Ticked:
		return m.ticked(now)
	}
	panic(fmt.Sprintf("lobby: input %T", in))
}

func refuse(code fault.Code) []Effect { return []Effect{Refuse{code}} }

// hostCame seats the host; a second device, or the first one reloaded, takes the seat over.
func (m *Machine) hostCame(in HostCame, now time.Time) []Effect {
	if s := m.seats[in.Who]; s != nil && !s.host {
		return refuse(fault.HostProofBad) // the id is a member's
	}
	var out []Effect
	if m.waiting[in.Who] != nil || m.invited[in.Who] != nil {
		out = m.withdrew(in.Who) // the host key is worth more than a knock under its holder's id
	}
	if m.seats[m.host] != nil {
		out = append(out, Unseat{Who: m.host, Why: WhyElsewhere})
		delete(m.seats, m.host)
	}
	if m.started.IsZero() {
		m.started = now
	}
	m.host, m.hostless = in.Who, time.Time{}
	m.seats[in.Who] = &seat{device: in.Device, host: true, connected: true, confirmed: true, since: now}
	m.known[in.Device] = in.Who
	out = append(out, Seat(in))
	out = append(out, m.tellDoor(true, now)...)
	for _, w := range m.queue() {
		out = append(out, m.show(w))
	}
	return out
}

// tellDoor tells who waits that the host came or went. Their ten minutes begin anew with the host.
func (m *Machine) tellDoor(open bool, now time.Time) []Effect {
	var out []Effect
	for _, w := range m.queue() {
		w.patient, w.asked = now, time.Time{}
		out = append(out, TellWaiting{w.knock.Who, open})
	}
	return out
}

func (m *Machine) show(w *waiting) Effect {
	_, returning := m.known[w.knock.Device]
	return ShowKnock{m.host, w.knock, w.since.UnixMilli(), returning}
}

// queue is who waits, by arrival.
func (m *Machine) queue() []*waiting {
	list := make([]*waiting, 0, len(m.waiting))
	for _, w := range m.waiting {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b *waiting) int { return cmp.Compare(a.order, b.order) })
	return list
}

// onTheWay is who was let in and is not inside yet, by arrival.
func (m *Machine) onTheWay() []*invited {
	list := make([]*invited, 0, len(m.invited))
	for _, inv := range m.invited {
		list = append(list, inv)
	}
	slices.SortFunc(list, func(a, b *invited) int { return cmp.Compare(a.order, b.order) })
	return list
}

func (m *Machine) knocked(k Knock, now time.Time) []Effect {
	if code := m.unwelcome(k); code != "" {
		return refuse(code)
	}
	if old := m.waiting[k.Who]; old != nil {
		old.knock = k
		return m.showToHost(old)
	}
	if inv := m.invited[k.Who]; inv != nil {
		// The admission names the old KeyPackage: the host has to answer again.
		delete(m.invited, k.Who)
		inv.knock = k
		w := inv.waiting
		m.waiting[k.Who] = &w
		return append([]Effect{Uninvite{k.Who}}, m.showToHost(&w)...)
	}
	if m.known[k.Device].IsZero() && m.strangers() >= m.limits.Knocks {
		return refuse(fault.DoorFull)
	}
	m.arrivals++
	w := &waiting{knock: k, since: now, patient: now, order: m.arrivals}
	m.waiting[k.Who] = w
	return m.showToHost(w)
}

// strangers counts who waits and never had a seat here: after a regroup all members come to the door at once.
func (m *Machine) strangers() int {
	n := 0
	for _, w := range m.waiting {
		if m.known[w.knock.Device].IsZero() {
			n++
		}
	}
	return n
}

func (m *Machine) showToHost(w *waiting) []Effect {
	if m.seats[m.host] == nil {
		return nil
	}
	return []Effect{m.show(w)}
}

// unwelcome says why a knock is refused at once, or nothing.
func (m *Machine) unwelcome(k Knock) fault.Code {
	if _, ok := m.removed[k.Device]; ok {
		return fault.Removed
	}
	if _, ok := m.denied[k.Device]; ok {
		return fault.KnockDenied
	}
	if m.IsHost(k.Who) || m.takenByOther(k) {
		return fault.KnockBad
	}
	return ""
}

// takenByOther tells whether the participant belongs to another device, or the device to another participant.
func (m *Machine) takenByOther(k Knock) bool {
	if who, ok := m.known[k.Device]; ok && who != k.Who {
		return true
	}
	for device, who := range m.known {
		if who == k.Who && device != k.Device {
			return true
		}
	}
	differs := func(other Knock) bool { return (other.Who == k.Who) != (other.Device == k.Device) }
	for _, w := range m.waiting {
		if differs(w.knock) {
			return true
		}
	}
	for _, inv := range m.invited {
		if differs(inv.knock) {
			return true
		}
	}
	return false
}

func (m *Machine) stayed(who ident.ParticipantID, now time.Time) []Effect {
	w := m.waiting[who]
	if w == nil {
		return refuse(fault.MessageOrder)
	}
	w.patient, w.asked = now, time.Time{}
	return nil
}

func (m *Machine) withdrew(who ident.ParticipantID) []Effect {
	if m.waiting[who] != nil {
		delete(m.waiting, who)
		return m.hide(who)
	}
	if m.invited[who] != nil {
		delete(m.invited, who)
		return []Effect{Uninvite{who}}
	}
	return refuse(fault.MessageOrder)
}

func (m *Machine) hide(who ident.ParticipantID) []Effect {
	if m.seats[m.host] == nil {
		return nil
	}
	return []Effect{HideKnock{m.host, who}}
}

// opened sends everybody but the host back to the door, on their lines.
func (m *Machine) opened(by ident.ParticipantID, now time.Time) []Effect {
	if !m.IsHost(by) {
		return refuse(fault.NotHost)
	}
	m.grouped = true
	var out []Effect
	for _, who := range m.seatOrder() {
		if s := m.seats[who]; !s.host {
			delete(m.seats, who)
			out = append(out, AskBack{who, s.connected})
		}
	}
	for _, inv := range m.onTheWay() {
		w, who := inv.waiting, inv.knock.Who
		w.patient = now
		m.waiting[who] = &w
		delete(m.invited, who)
		out = append(out, Uninvite{who}, m.show(&w))
	}
	return out
}

// seatOrder is all seats in one fixed order, so that the same inputs give the same effects.
func (m *Machine) seatOrder() []ident.ParticipantID {
	list := make([]ident.ParticipantID, 0, len(m.seats))
	for who := range m.seats {
		list = append(list, who)
	}
	slices.SortFunc(list, func(a, b ident.ParticipantID) int { return slices.Compare(a[:], b[:]) })
	return list
}
