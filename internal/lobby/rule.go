package lobby

import (
	"slices"
	"time"

	"incamera/internal/ident"
)

// rules are what the policy says of the door.
type rules struct {
	hosts, coHosts, barred map[Device]bool
	locked                 bool
}

func setOf(list []Device) map[Device]bool {
	set := make(map[Device]bool, len(list))
	for _, d := range list {
		set[d] = true
	}
	return set
}

// ruled takes a new policy. What it forbids is void at once; whom it pardons may knock again.
func (m *Machine) ruled(in Ruled, now time.Time) []Effect {
	m.rules = rules{setOf(in.Hosts), setOf(in.CoHosts), setOf(in.Barred), in.Locked}
	for _, d := range in.Pardoned {
		m.removed.forget(d)
	}
	var out []Effect
	for _, w := range m.queue() {
		if why, goes := m.shutOut(w.knock.Device); goes {
			delete(m.waiting, w.knock.Who)
			out = append(out, m.hide(w.knock.Who)...)
			out = append(out, Dismiss{Who: w.knock.Who, Why: why})
		}
	}
	out = append(out, m.watch()...)
	for _, inv := range m.onTheWay() {
		out = append(out, m.reconsider(inv, in.Voids, now)...)
	}
	return out
}

// shutOut tells whether the rules send a device that waits away.
func (m *Machine) shutOut(d Device) (Why, bool) {
	switch {
	case m.rules.barred[d]:
		return WhyRemoved, true
	case m.rules.locked:
		return WhyLocked, true
	}
	return 0, false
}

// reconsider takes back an invitation that the rules allow no more.
func (m *Machine) reconsider(inv *invited, voids bool, now time.Time) []Effect {
	who := inv.knock.Who
	barred := m.rules.barred[inv.knock.Device]
	switch {
	case inv.cause == ByTake && barred: // the removal that belongs to the bar takes the seat
		delete(m.invited, who)
		return []Effect{Uninvite{who}}
	case barred || inv.cause == ByAdmission && m.rules.locked:
		delete(m.invited, who)
		why, _ := m.shutOut(inv.knock.Device)
		return []Effect{Uninvite{who}, Dismiss{Who: who, Why: why}}
	case voids && inv.cause == ByAdmission:
		return m.backToTheDoor(inv, now)
	}
	return nil
}

// backToTheDoor has an invited person wait again.
func (m *Machine) backToTheDoor(inv *invited, now time.Time) []Effect {
	w, who := inv.waiting, inv.knock.Who
	delete(m.invited, who)
	w.patient, w.asked = now, time.Time{}
	m.waiting[who] = &w
	return append([]Effect{Uninvite{who}}, m.show(&w)...)
}

// watch shows the knocks to who has become a host or co-host and hides them from who is none any more.
func (m *Machine) watch() []Effect {
	var out []Effect
	var now []ident.ParticipantID
	for _, who := range m.seatOrder() {
		if s := m.seats[who]; s.hostKey || s.confirmed && m.MayAdmit(who) {
			now = append(now, who)
		}
	}
	for _, who := range now {
		if !slices.Contains(m.watchers, who) {
			for _, w := range m.queue() {
				out = append(out, m.showTo(who, w))
			}
		}
	}
	for _, who := range m.watchers {
		if !slices.Contains(now, who) && m.seats[who] != nil {
			for _, w := range m.queue() {
				out = append(out, HideKnock{who, w.knock.Who})
			}
		}
	}
	m.watchers = now
	return out
}

func (m *Machine) showTo(who ident.ParticipantID, w *waiting) Effect {
	return ShowKnock{who, w.knock, w.since.UnixMilli(), m.known.has(w.knock.Device)}
}

func (m *Machine) show(w *waiting) []Effect {
	var out []Effect
	for _, who := range m.watchers {
		out = append(out, m.showTo(who, w))
	}
	return out
}

func (m *Machine) hide(who ident.ParticipantID) []Effect {
	var out []Effect
	for _, watcher := range m.watchers {
		out = append(out, HideKnock{watcher, who})
	}
	return out
}

// notice tells the door when a host came or went. The ten minutes of who waits begin anew with a host, the
// meeting's two without one.
func (m *Machine) notice(now time.Time) []Effect {
	there := m.HostThere()
	if there == m.there {
		return nil
	}
	m.there = there
	m.hostless = time.Time{}
	if !there {
		m.hostless = now
	}
	var out []Effect
	for _, w := range m.queue() {
		w.patient, w.asked = now, time.Time{}
		out = append(out, TellWaiting{w.knock.Who, there})
	}
	return out
}
