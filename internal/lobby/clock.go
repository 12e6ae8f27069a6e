package lobby

import (
	"time"

	"incamera/internal/ident"
)

// Next is when Ticked has something to do; zero if never.
func (m *Machine) Next() time.Time {
	var next time.Time
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if m.over {
		return next
	}
	if !m.started.IsZero() {
		sooner(m.started.Add(m.limits.MaxAge))
	}
	if !m.hostless.IsZero() {
		sooner(m.hostless.Add(Grace))
	}
	for _, s := range m.seats {
		switch {
		case !s.connected:
			sooner(s.lost.Add(Grace))
		case s.welcomed && !s.confirmed:
			sooner(s.since.Add(JoinWithin))
		}
	}
	for _, w := range m.waiting {
		if !w.asked.IsZero() {
			sooner(w.asked.Add(LapseAfter))
		} else if m.HostThere() {
			sooner(w.patient.Add(AskAfter))
		}
	}
	return next
}

func (m *Machine) ticked(now time.Time) []Effect {
	due := func(since time.Time, wait time.Duration) bool {
		return !since.IsZero() && !now.Before(since.Add(wait))
	}
	if due(m.started, m.limits.MaxAge) || due(m.hostless, Grace) {
		return m.finish(WhyClosed, nil)
	}
	var out []Effect
	for _, who := range m.seatOrder() {
		s := m.seats[who]
		switch {
		case !s.connected && due(s.lost, Grace):
			out = append(out, m.giveUp(who, WhyAbsent)...)
		case s.connected && s.welcomed && !s.confirmed && due(s.since, JoinWithin):
			out = append(out, m.giveUp(who, WhyLapsed)...)
		}
	}
	for _, w := range m.queue() {
		switch {
		case due(w.asked, LapseAfter):
			delete(m.waiting, w.knock.Who)
			out = append(out, m.hide(w.knock.Who)...)
			out = append(out, Dismiss{Who: w.knock.Who, Why: WhyLapsed})
		case w.asked.IsZero() && m.HostThere() && due(w.patient, AskAfter):
			w.asked = now
			out = append(out, AskWaiting{w.knock.Who})
		}
	}
	return out
}

// giveUp takes a seat, and the group its leaf if there is one. Who waits to rejoin goes on waiting.
func (m *Machine) giveUp(who ident.ParticipantID, why Why) []Effect {
	var out []Effect
	if inv := m.invited[who]; inv != nil && inv.cause == ByTake {
		delete(m.invited, who)
		out = append(out, Uninvite{who})
	}
	m.drop(who)
	return append(out, Unseat{Who: who, Why: why, Remove: true})
}
