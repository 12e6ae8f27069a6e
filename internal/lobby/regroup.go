package lobby

import (
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// opened begins a new group: everybody but those with the host key goes back to the door, on their lines.
func (m *Machine) opened(by ident.ParticipantID, now time.Time) []Effect {
	switch {
	case !m.HasHostKey(by):
		return refuse(fault.NotHost)
	case m.Holders(ident.ParticipantID{}) > 0:
		return refuse(fault.GroupHeld)
	}
	m.grouped = true
	var out []Effect
	for _, who := range m.seatOrder() {
		s := m.seats[who]
		switch {
		case who == by:
			s.welcomed, s.confirmed, s.since = true, true, now
		case s.hostKey && s.connected:
			s.welcomed, s.confirmed = false, false
		default:
			m.drop(who)
			out = append(out, AskBack{Who: who, Connected: s.connected})
		}
	}
	for _, inv := range m.onTheWay() {
		who := inv.knock.Who
		switch inv.cause {
		case ByAdmission:
			out = append(out, m.backToTheDoor(inv, now)...)
		case ByRejoin:
			delete(m.invited, who)
			out = append(out, Uninvite{who}, AskBack{Who: who, Connected: true, AtDoor: true})
		case ByTake:
			delete(m.invited, who)
			out = append(out, Uninvite{who})
		}
	}
	return out
}

// revived seats whom the group holds, each without a line. An earlier revival is void: its lines come back by themselves.
func (m *Machine) revived(in Revived, now time.Time) []Effect {
	m.grouped = true
	if m.started.IsZero() {
		m.started = now
	}
	var out []Effect
	for _, who := range m.seatOrder() {
		if s := m.seats[who]; s.confirmed || s.welcomed || !s.hostKey {
			m.drop(who)
			out = append(out, Unseat{Who: who, Why: WhyVoid})
		}
	}
	for _, inv := range m.onTheWay() {
		delete(m.invited, inv.knock.Who)
		out = append(out, Uninvite{inv.knock.Who}, Dismiss{Who: inv.knock.Who, Why: WhyVoid})
	}
	for _, mem := range in.Away {
		m.know(mem.Device, mem.Who)
	}
	for _, mem := range in.Seats {
		if s := m.seats[mem.Who]; s == nil && !m.rules.barred[mem.Device] { // a seat is a host's who came before and takes the group
			out = append(out, m.place(mem.Who, &seat{device: mem.Device, welcomed: true, confirmed: true, since: now, lost: now}))
		}
	}
	if m.hostless.IsZero() && !m.HostThere() {
		m.hostless = now
	}
	return out
}

func (m *Machine) returned(in Returned, now time.Time) []Effect {
	s := m.seats[in.Who]
	if s == nil || s.device != in.Device || !s.confirmed {
		return refuse(fault.RejoinBad)
	}
	m.watchers = slices.DeleteFunc(m.watchers, func(w ident.ParticipantID) bool { return w == in.Who }) // its new line has seen no knock
	var out []Effect
	if m.waiting[in.Who] != nil { // the same device knocked while nobody knew the group
		out = append(m.withdrew(in.Who), Dismiss{Who: in.Who, Why: WhyElsewhere})
	}
	return append(out, m.resumed(in.Who, now)...)
}

// unwelcomed takes the seat that a void commit gave. One with the host key stays, outside the group.
func (m *Machine) unwelcomed(in Unwelcomed, now time.Time) []Effect {
	s := m.seats[in.Who]
	if s == nil {
		return nil
	}
	if s.hostKey {
		s.welcomed, s.confirmed = false, false
		return nil
	}
	m.drop(in.Who)
	out := []Effect{Unseat{Who: in.Who, Why: WhyVoid}}
	if !in.Inside {
		return out
	}
	return append(out, m.place(in.Who, &seat{device: s.device, welcomed: true, confirmed: true, since: now, lost: now}))
}
