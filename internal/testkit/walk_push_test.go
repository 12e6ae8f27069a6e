package testkit

import (
	"bytes"
	"slices"

	"incamera/internal/wire"
)

// push holds a frame that answers nothing against what its line is. A line that is going, because it hears that its seat is gone in the same
// breath, is still what it was before, unless it is removed: then that word comes first.
func (m *model) push(f frame, going bool) {
	seat, door := m.seatOf(f.on), m.doorOf(f.on) != nil
	before := m.before[f.on]
	leaving := seat == nil && before.seat.line != nil && going && !m.of(f.on.soul).out
	if leaving {
		seat = &before.seat
	}
	if !leaving && !m.known(f, before) {
		m.scan(f)
	}
	member := seat != nil
	allowed := false
	switch r := f.reply.(type) {
	case wire.Over, wire.Pong, wire.Fault:
		allowed = true
	case wire.Waiting, wire.Ask:
		allowed = door || before.door
	case wire.KnockPush:
		missed := f.on == m.resumed // of a time when it stood otherwise
		allowed = member && (m.admits(f.on.soul) || before.admits || missed)
		if s := m.named(r.Participant); s != nil && m.keptOut(s) && !missed {
			m.w.fail("a barred device is shown: %s", f.raw)
		}
		f.on.soul.shown = append(f.on.soul.shown, r)
	case wire.KnockGone:
		allowed = member && (m.admits(f.on.soul) || f.on == m.resumed) || before.admits
		f.on.soul.shown = slices.DeleteFunc(f.on.soul.shown, func(k wire.KnockPush) bool { return k.Participant == r.Participant })
	case wire.Admitted:
		allowed = m.admitted(f.on.soul, seat, r)
	case wire.Task:
		allowed = member && seat.inGroup && seat.confirmed
		f.on.soul.task = &r
		m.tasks[r.Lease] = r
	case wire.CommitPush:
		allowed = member && (seat.inGroup || before.seat.inGroup)
		m.ordered(f.on.soul, r)
	case wire.AppPush:
		to := m.proofs[string(r.Message)].people
		allowed = member && seat.inGroup && seat.since <= r.Epoch && r.From != f.on.soul.WireID() && (len(to) == 0 || slices.Contains(to, f.on.soul))
		m.counts["app"]++
	case wire.Slots:
		allowed = member && seat.confirmed && (m.slotsFit(r) || f.on == m.resumed)
	case wire.Presence:
		allowed = member
	case wire.Regroup:
		allowed = (before.seat.line != nil || before.door) && r.Challenge == f.on.challenge
	}
	if !allowed {
		m.w.fail("line %d of soul %d (seat %v, door %v) must not hear this: %s", f.on.n, f.on.soul.n, member, door, f.raw)
	}
}

// known tells whether a frame says to somebody who is put out only what was theirs: that a knock which they were shown is answered, or, to a
// member's device that asked to rejoin, that there is a new group.
func (m *model) known(f frame, before standing) bool {
	switch f.reply.(type) {
	case wire.KnockGone:
		return before.admits
	case wire.Regroup:
		return before.rejoins
	}
	return false
}

// ordered holds an ordered commit against what the others heard, and its two signatures.
func (m *model) ordered(s *soul, push wire.CommitPush) {
	g := m.group
	if g == nil {
		g = m.lost
	}
	if g == nil {
		m.w.fail("soul %d hears a commit of no group", s.n)
		return
	}
	if err := g.Take(push); err != nil {
		m.w.fail("soul %d: %v", s.n, err)
	}
	s.Epoch = push.Epoch + 1
	m.counts["commit"]++
}

// admitted tells whether the way in is for whom it reaches, on a host's or co-host's word for the knock that stands, or the device's own.
func (m *model) admitted(s *soul, seat *place, r wire.Admitted) bool {
	if seat == nil || m.of(s).out && !seat.host {
		return false
	}
	p := m.proofs[string(r.Admission)]
	if !p.good || !bytes.Equal(r.Admission, seat.admission) || !slices.Contains(p.people, s) || r.Epoch != seat.since {
		return false
	}
	seat.ticket = r.Ticket
	s.TakeIn(m.group, r)
	m.counts["seat"]++
	return true
}

func (m *model) slotsFit(r wire.Slots) bool {
	for _, slot := range r.Slots {
		if slot == (wire.Slot{}) {
			continue
		}
		s := m.named(wire.Participant(slot))
		if s == nil || !m.sat[s.n] && (m.of(s).seat == nil || !m.of(s).seat.confirmed) {
			return false
		}
	}
	return true
}
