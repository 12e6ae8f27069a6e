package lobby

import (
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// admitted takes an admission whole or not at all.
func (m *Machine) admitted(in Admitted, now time.Time) []Effect {
	switch {
	case !m.MayAdmit(in.By):
		return refuse(fault.NotHost)
	case !m.grouped:
		return refuse(fault.GroupMissing)
	case m.rules.locked:
		return refuse(fault.MeetingLocked)
	}
	added := 0
	for i, e := range in.Entries {
		w := m.waiting[e.Who]
		if w == nil || w.knock.Reference != e.Reference || w.knock.Device != e.Device || slices.Contains(in.Entries[:i], e) {
			return refuse(fault.SeatUnknown)
		}
		if !w.knock.Expiry.IsZero() && w.knock.Expiry.Before(now.Add(LeastLife)) {
			return refuse(fault.KnockBad)
		}
		if m.seats[e.Who] == nil {
			added++
		}
	}
	if m.occupied()+added > m.limits.Members {
		return refuse(fault.MeetingFull)
	}
	var out []Effect
	for _, e := range in.Entries {
		w := m.waiting[e.Who]
		delete(m.waiting, e.Who)
		m.invited[e.Who] = &invited{*w, ByAdmission}
		out = append(out, m.hide(e.Who)...)
		out = append(out, Invite{w.knock, in.Admission, ByAdmission})
	}
	return out
}

func (m *Machine) deny(in Denied) []Effect {
	if !m.MayAdmit(in.By) {
		return refuse(fault.NotHost)
	}
	w := m.waiting[in.Who]
	if w == nil {
		return refuse(fault.SeatUnknown)
	}
	delete(m.waiting, in.Who)
	out := append(m.hide(in.Who), Dismiss{Who: in.Who, Why: WhyDenied})
	if m.IsHost(in.Who) || m.rules.hosts[w.knock.Device] {
		return out // sent away, not barred: nobody keeps a host out
	}
	m.denied.keep(w.knock.Device, in.Who)
	if m.seats[in.Who] != nil { // a member who came back: the old seat goes, too
		m.drop(in.Who)
		out = append(out, Unseat{Who: in.Who, Why: WhyDenied, Remove: true})
	}
	return out
}

// allow lets a denied device knock again; a removed one only a host.
func (m *Machine) allow(in Allowed) []Effect {
	if !m.MayAdmit(in.By) {
		return refuse(fault.NotHost)
	}
	lists := []*memory{&m.denied}
	if m.IsHost(in.By) {
		lists = append(lists, &m.removed)
	}
	found := false
	for _, list := range lists {
		found = list.pardon(in.Who) || found
	}
	if !found {
		return refuse(fault.SeatUnknown)
	}
	return nil
}

// remove puts a person out wherever they stand, seated or away, and ends the device's right to rejoin.
func (m *Machine) remove(in Removed) []Effect {
	s := m.seats[in.Who]
	host := m.rules.hosts[in.Device] || s != nil && s.device == in.Device && s.hostKey
	switch {
	case !m.MayAdmit(in.By), in.HostKey && !m.IsHost(in.By), host && !in.HostKey:
		return refuse(fault.NotHost)
	case s != nil && s.device != in.Device, !m.known.is(in.Device, in.Who), in.Who == in.By:
		return refuse(fault.SeatUnknown)
	}
	return m.putOut(in.Who, in.Device, in.Statement)
}

// expelled puts out a seat whose device a policy bars, whoever sits there: the policy's chain says who may bar whom.
func (m *Machine) expelled(in Expelled) []Effect {
	if s := m.seats[in.Who]; s == nil || s.device != in.Device || !m.rules.barred[in.Device] {
		return refuse(fault.SeatUnknown)
	}
	return m.putOut(in.Who, in.Device, nil)
}

func (m *Machine) putOut(who ident.ParticipantID, device Device, statement []byte) []Effect {
	m.drop(who)
	m.known.forget(device)
	m.removed.keep(device, who)
	out := []Effect{Unseat{Who: who, Why: WhyRemoved, Statement: statement, Remove: true}}
	if m.waiting[who] != nil || m.invited[who] != nil {
		out = append(out, m.withdrew(who)...)
		out = append(out, Dismiss{Who: who, Why: WhyRemoved, Statement: statement})
	}
	return out
}

// welcomed turns an invited person into a member. Somebody who came back leaves the old line behind.
func (m *Machine) welcomed(in Welcomed, now time.Time) []Effect {
	who, inv := in.Who, m.invited[in.Who]
	s := m.seats[who]
	if inv == nil || !slices.Equal(inv.knock.KeyPackage, in.KeyPackage) || inv.cause == ByTake && s == nil {
		// Gone, or knocking anew, since the commit was asked for: the new leaf is nobody's, an old seat's leaf is gone.
		m.drop(who)
		return []Effect{Unseat{Who: who, Why: WhyAbsent, Remove: true}}
	}
	delete(m.invited, who)
	if inv.cause == ByTake {
		s.welcomed, s.confirmed, s.since = true, false, now
		return nil
	}
	var out []Effect
	if s != nil {
		out = append(out, Unseat{Who: who, Why: WhyElsewhere})
	}
	return append(out, m.place(who, &seat{device: inv.knock.Device, connected: true, welcomed: true, since: now}))
}

func (m *Machine) unaddable(who ident.ParticipantID) []Effect {
	inv := m.invited[who]
	if inv == nil {
		return nil
	}
	delete(m.invited, who)
	if inv.cause == ByTake {
		m.drop(who)
		return []Effect{Unseat{Who: who, Why: WhyLapsed}}
	}
	return []Effect{Dismiss{Who: who, Why: WhyLapsed}}
}

func (m *Machine) joined(who ident.ParticipantID) []Effect {
	s := m.seats[who]
	switch {
	case s == nil:
		return refuse(fault.NotMember)
	case s.confirmed || !s.welcomed:
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
	return []Effect{ShowPresence{who, false}}
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
	return []Effect{ShowPresence{who, true}}
}

func (m *Machine) left(in Left) []Effect {
	s := m.seats[in.Who]
	if s == nil {
		return refuse(fault.NotMember)
	}
	out := []Effect{Unseat{Who: in.Who, Why: WhyLeft, Statement: in.Statement, Remove: true}}
	if inv := m.invited[in.Who]; inv != nil {
		delete(m.invited, in.Who)
		out = append([]Effect{Uninvite{in.Who}}, out...)
		if inv.cause != ByTake { // the same device at the door, too
			out = append(out, Dismiss{Who: in.Who, Why: WhyLeft})
		}
	}
	m.drop(in.Who)
	m.known.forget(s.device)
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
		if inv.cause != ByTake { // who is seated was told
			out = append(out, Dismiss{Who: inv.knock.Who, Why: why, Statement: statement})
		}
	}
	m.watchers = nil
	clear(m.seats)
	clear(m.waiting)
	clear(m.invited)
	m.known, m.denied, m.removed = memory{}, memory{}, memory{}
	m.over = true
	return append(out, Finish{why})
}
