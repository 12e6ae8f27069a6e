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
	out := m.step(in, now)
	if m.over {
		return out
	}
	out = append(out, m.notice(now)...)
	return append(out, m.watch()...)
}

func (m *Machine) step(in Input, now time.Time) []Effect {
	switch in := in.(type) {
	case Ruled:
		return m.ruled(in, now)
	case HostCame:
		return m.hostCame(in, now)
	case Knocked:
		return m.knocked(in.Knock, now)
	case Rejoined:
		return m.rejoined(in.Knock, now)
	case Taken:
		return m.taken(in.Knock, now)
	case Stayed:
		return m.stayed(in.Who, now)
	case Withdrew:
		return m.withdrew(in.Who)
	case Opened:
		return m.opened(in.By, now)
	case Revived:
		return m.revived(in, now)
	case Returned:
		return m.returned(in, now)
	case Admitted:
		return m.admitted(in, now)
	case Denied:
		return m.deny(in)
	case Allowed:
		return m.allow(in)
	case Removed:
		return m.remove(in)
	case Expelled:
		return m.expelled(in)
	case Welcomed:
		return m.welcomed(in, now)
	case Unwelcomed:
		return m.unwelcomed(in, now)
	case Unaddable:
		return m.unaddable(in.Who)
	case Joined:
		return m.joined(in.Who)
	case Lost:
		return m.lost(in.Who, now)
	case Resumed:
		return m.resumed(in.Who, now)
	case Left:
		return m.left(in)
	case Ended:
		return m.ended(in)
	case Ticked:
		return m.ticked(now)
	}
	panic(fmt.Sprintf("lobby: input %T", in))
}

func refuse(code fault.Code) []Effect { return []Effect{Refuse{code}} }

// place gives a seat; whoever had watched from it sees the knocks anew.
func (m *Machine) place(who ident.ParticipantID, s *seat) Effect {
	m.drop(who)
	m.seats[who] = s
	m.know(s.device, who)
	return Seat{who, s.device}
}

func (m *Machine) drop(who ident.ParticipantID) {
	delete(m.seats, who)
	m.watchers = slices.DeleteFunc(m.watchers, func(w ident.ParticipantID) bool { return w == who })
}

// hostCame seats a device with the host key. The same device from elsewhere takes its seat over, and holds no group there.
func (m *Machine) hostCame(in HostCame, now time.Time) []Effect {
	old := m.seats[in.Who]
	switch owner, known := m.known.who[in.Device]; {
	case m.rules.barred[in.Device]:
		return refuse(fault.Removed)
	case known && owner != in.Who, m.belongs(in.Who, in.Device):
		return refuse(fault.HostProofBad) // the id is another device's
	case old == nil && m.hostSeats() >= maxHostSeats:
		return refuse(fault.MeetingFull)
	}
	var out []Effect
	if m.waiting[in.Who] != nil || m.invited[in.Who] != nil {
		out = m.withdrew(in.Who) // the host key is worth more than a knock under its holder's id
	}
	if old != nil {
		out = append(out, Unseat{Who: in.Who, Why: WhyElsewhere})
	}
	if m.started.IsZero() {
		m.started = now
	}
	return append(out, m.place(in.Who, &seat{device: in.Device, hostKey: true, connected: true, since: now}))
}

func (m *Machine) hostSeats() int {
	n := 0
	for _, s := range m.seats {
		if s.hostKey {
			n++
		}
	}
	return n
}

// belongs tells whether who is another device's participant.
func (m *Machine) belongs(who ident.ParticipantID, device Device) bool {
	if s := m.seats[who]; s != nil && s.device != device {
		return true
	}
	for d, owner := range m.known.who {
		if owner == who && d != device {
			return true
		}
	}
	return false
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
	code := m.unwelcome(k)
	switch {
	case code != "":
		return refuse(code)
	case m.rules.locked:
		return refuse(fault.MeetingLocked)
	case m.HasHostKey(k.Who):
		return refuse(fault.KnockBad)
	}
	if old := m.waiting[k.Who]; old != nil {
		old.knock = k
		return m.show(old)
	}
	if inv := m.invited[k.Who]; inv != nil { // what invited it names the old KeyPackage
		inv.knock = k
		return m.backToTheDoor(inv, now)
	}
	if !m.known.has(k.Device) && m.strangers() >= m.limits.Knocks {
		return refuse(fault.DoorFull)
	}
	w := m.arrive(k, now)
	m.waiting[k.Who] = &w
	return m.show(&w)
}

func (m *Machine) arrive(k Knock, now time.Time) waiting {
	m.arrivals++
	return waiting{knock: k, since: now, patient: now, order: m.arrivals}
}

// strangers counts who waits and never had a seat here: after a regroup all members come to the door at once.
func (m *Machine) strangers() int {
	n := 0
	for _, w := range m.waiting {
		if !m.known.has(w.knock.Device) {
			n++
		}
	}
	return n
}

// rejoined invites a member's device anew, lock or not. An old seat stays until the group has added it.
func (m *Machine) rejoined(k Knock, now time.Time) []Effect {
	code := m.unwelcome(k)
	switch {
	case code == fault.Removed || code == fault.KnockDenied:
		return refuse(code)
	case code != "" || !m.known.is(k.Device, k.Who) || !m.grouped || m.Holders(k.Who) == 0:
		return refuse(fault.RejoinBad)
	case m.seats[k.Who] == nil && m.invited[k.Who] == nil && m.occupied() >= m.limits.Members:
		return refuse(fault.MeetingFull)
	}
	var out []Effect
	if m.waiting[k.Who] != nil {
		out = m.withdrew(k.Who)
	}
	return append(out, m.invite(m.arrive(k, now), ByRejoin)...)
}

// taken invites a seat with the host key into the group, lock or not.
func (m *Machine) taken(k Knock, now time.Time) []Effect {
	s := m.seats[k.Who]
	switch {
	case s == nil || !s.hostKey || s.device != k.Device:
		return refuse(fault.NotHost)
	case m.rules.barred[k.Device]:
		return refuse(fault.Removed)
	case s.welcomed:
		return refuse(fault.MessageOrder)
	case !m.grouped || m.Holders(k.Who) == 0:
		return refuse(fault.GroupMissing)
	}
	return m.invite(m.arrive(k, now), ByTake)
}

// invite has the group add a person; an earlier invitation is void.
func (m *Machine) invite(w waiting, cause Cause) []Effect {
	var out []Effect
	if m.invited[w.knock.Who] != nil {
		out = append(out, Uninvite{w.knock.Who})
	}
	m.invited[w.knock.Who] = &invited{w, cause}
	return append(out, Invite{w.knock, w.knock.Statement, cause})
}

// unwelcome says why a device is refused at once, or nothing.
func (m *Machine) unwelcome(k Knock) fault.Code {
	if m.removed.has(k.Device) || m.rules.barred[k.Device] {
		return fault.Removed
	}
	if m.denied.has(k.Device) {
		return fault.KnockDenied
	}
	if m.takenByOther(k) {
		return fault.KnockBad
	}
	return ""
}

// takenByOther tells whether the participant belongs to another device, or the device to another participant.
func (m *Machine) takenByOther(k Knock) bool {
	if who, ok := m.known.who[k.Device]; ok && who != k.Who || m.belongs(k.Who, k.Device) {
		return true
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

// seatOrder is all seats in one fixed order, so that the same inputs give the same effects.
func (m *Machine) seatOrder() []ident.ParticipantID {
	list := make([]ident.ParticipantID, 0, len(m.seats))
	for who := range m.seats {
		list = append(list, who)
	}
	slices.SortFunc(list, func(a, b ident.ParticipantID) int { return slices.Compare(a[:], b[:]) })
	return list
}
