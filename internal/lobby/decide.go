package lobby

import (
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// admitted takes an admission whole or not at all.
func (m *Machine) admitted(in Admitted, now time.Time) []Effect {
	if !m.IsHost(in.By) {
		return refuse(fault.NotHost)
	}
	if !m.grouped {
		return refuse(fault.GroupMissing)
	}
	added := 0
	for _, e := range in.Entries {
		w := m.waiting[e.Who]
		if w == nil || w.knock.Reference != e.Reference || w.knock.Device != e.Device {
			return refuse(fault.SeatUnknown)
		}
		if !w.knock.Expiry.IsZero() && w.knock.Expiry.Before(now.Add(LeastLife)) {
			return refuse(fault.KnockBad)
		}
		if m.seats[e.Who] == nil {
			added++
		}
	}
	if len(m.seats)+len(m.invited)+added > m.limits.Members {
		return refuse(fault.MeetingFull)
	}
	var out []Effect
	for _, e := range in.Entries {
		w := m.waiting[e.Who]
		delete(m.waiting, e.Who)
		m.invited[e.Who] = &invited{*w, in.Admission}
		out = append(out, HideKnock{m.host, e.Who}, Invite{w.knock, in.Admission})
	}
	return out
}

func (m *Machine) deny(in Denied) []Effect {
	if !m.IsHost(in.By) {
		return refuse(fault.NotHost)
	}
	w := m.waiting[in.Who]
	if w == nil {
		return refuse(fault.SeatUnknown)
	}
	delete(m.waiting, in.Who)
	m.denied[w.knock.Device] = in.Who
	out := append(m.hide(in.Who), Dismiss{Who: in.Who, Why: WhyDenied})
	if s := m.seats[in.Who]; s != nil && !s.host { // a member who came back: the old seat goes, too
		delete(m.seats, in.Who)
		out = append(out, Unseat{Who: in.Who, Why: WhyDenied, Remove: true})
	}
	return out
}

// allow lets a denied or removed device knock again.
func (m *Machine) allow(in Allowed) []Effect {
	if !m.IsHost(in.By) {
		return refuse(fault.NotHost)
	}
	found := false
	for _, barred := range []map[Device]ident.ParticipantID{m.denied, m.removed} {
		for device, who := range barred {
			if who == in.Who {
				delete(barred, device)
				found = true
			}
		}
	}
	if !found {
		return refuse(fault.SeatUnknown)
	}
	return nil
}

// remove puts a person out wherever they stand, and bars their device.
func (m *Machine) remove(in Removed, now time.Time) []Effect {
	if !m.IsHost(in.By) {
		return refuse(fault.NotHost)
	}
	s := m.seats[in.Who]
	if s == nil || s.host || s.device != in.Device {
		return refuse(fault.SeatUnknown)
	}
	delete(m.seats, in.Who)
	m.removed[in.Device] = in.Who
	out := []Effect{Unseat{Who: in.Who, Why: WhyRemoved, Statement: in.Statement, Remove: true}}
	if m.waiting[in.Who] != nil || m.invited[in.Who] != nil {
		out = append(out, m.withdrew(in.Who)...)
		out = append(out, Dismiss{Who: in.Who, Why: WhyRemoved, Statement: in.Statement})
	}
	return out
}

// welcomed turns an invited person into a member. Somebody who came back leaves the old line behind.
func (m *Machine) welcomed(in Welcomed, now time.Time) []Effect {
	who, inv := in.Who, m.invited[in.Who]
	if inv == nil || !slices.Equal(inv.knock.KeyPackage, in.KeyPackage) {
		// Gone, or knocking anew, since the commit was asked for: the new leaf is nobody's, an old seat's leaf is gone.
		delete(m.seats, who)
		return []Effect{Unseat{Who: who, Why: WhyAbsent, Remove: true}}
	}
	var out []Effect
	if m.seats[who] != nil {
		out = append(out, Unseat{Who: who, Why: WhyElsewhere})
	}
	delete(m.invited, who)
	m.seats[who] = &seat{device: inv.knock.Device, connected: true, since: now}
	m.known[inv.knock.Device] = who
	return append(out, Seat{who, inv.knock.Device})
}

func (m *Machine) unaddable(who ident.ParticipantID) []Effect {
	if m.invited[who] == nil {
		return nil
	}
	delete(m.invited, who)
	return []Effect{Dismiss{Who: who, Why: WhyLapsed}}
}

func (m *Machine) joined(who ident.ParticipantID) []Effect {
	s := m.seats[who]
	switch {
	case s == nil:
		return refuse(fault.NotMember)
	case s.confirmed:
		return refuse(fault.MessageOrder)
	}
	s.confirmed = true
	return []Effect{Confirm{who}}
}

func (m *Machine) lost(who ident.ParticipantID, now time.Time) []Effect {
	s := m.seats[who]
	if s == nil || !s.connected {
		return nil
	}
	s.connected, s.lost = false, now
	out := []Effect{ShowPresence{who, false}}
	if s.host {
		m.hostless = now
		out = append(out, m.tellDoor(false, now)...)
	}
	return out
}

func (m *Machine) resumed(who ident.ParticipantID, now time.Time) []Effect {
	s := m.seats[who]
	if s == nil {
		return refuse(fault.ResumeBad)
	}
	if s.connected {
		return nil // the line was replaced by a newer one
	}
	s.connected, s.since = true, now // a minute to take the seat begins with the line
	out := []Effect{ShowPresence{who, true}}
	if s.host {
		m.hostless = time.Time{}
		out = append(out, m.tellDoor(true, now)...)
	}
	return out
}

func (m *Machine) left(in Left, now time.Time) []Effect {
	s := m.seats[in.Who]
	if s == nil {
		return refuse(fault.NotMember)
	}
	delete(m.seats, in.Who)
	out := []Effect{Unseat{Who: in.Who, Why: WhyLeft, Statement: in.Statement, Remove: true}}
	if s.host {
		m.host = ident.ParticipantID{}
		m.hostless = now
		out = append(out, m.tellDoor(false, now)...)
	}
	return out
}

func (m *Machine) ended(in Ended) []Effect {
	if !m.IsHost(in.By) {
		return refuse(fault.NotHost)
	}
	return m.finish(WhyEnded, in.Statement)
}

// finish tells everybody, members first.
func (m *Machine) finish(why Why, statement []byte) []Effect {
	var out []Effect
	for _, who := range m.seatOrder() {
		out = append(out, Unseat{Who: who, Why: why, Statement: statement})
	}
	for _, w := range m.queue() {
		out = append(out, Dismiss{Who: w.knock.Who, Why: why, Statement: statement})
	}
	for _, inv := range m.onTheWay() {
		out = append(out, Dismiss{Who: inv.knock.Who, Why: why, Statement: statement})
	}
	clear(m.seats)
	clear(m.waiting)
	clear(m.invited)
	clear(m.known)
	clear(m.denied)
	clear(m.removed)
	m.over = true
	return append(out, Finish{why})
}
