package epoch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Step takes one input. Times must not go back.
func (m *Machine) Step(in Input, now time.Time) []Effect {
	var out []Effect
	switch in := in.(type) {
	case Opened:
		out = m.opened(in)
	case Wanted:
		m.want(in.Add, now)
	case Unwanted:
		m.unwant(in.Who)
	case Gone:
		m.gone(in.Remove, now)
	case Joined:
		if mem := m.members[in.Who]; mem != nil {
			mem.confirmed = true
		}
	case Line:
		if mem := m.members[in.Who]; mem != nil {
			mem.connected = in.Connected
		}
	case Vacated:
		delete(m.members, in.Who)
	case Committed:
		out = m.committed(in, now)
	case Declined:
		out = m.declined(in, now)
	case Ticked:
	default:
		panic(fmt.Sprintf("epoch: input %T", in))
	}
	return append(out, m.ask(now)...)
}

// opened begins a group; all that was asked for the old one is void.
func (m *Machine) opened(in Opened) []Effect {
	if in.Generation != m.generation+1 {
		return []Effect{Refuse{fault.EpochStale}}
	}
	m.group, m.generation, m.epoch = in.Group, in.Generation, 0
	clear(m.members)
	m.host = in.Host
	m.arrivals = 1
	m.members[in.Host] = &member{confirmed: true, connected: true, leafKnown: true}
	m.adds, m.removes, m.open = nil, nil, nil
	m.waitFrom, m.urgent = time.Time{}, false
	return nil
}

func (m *Machine) want(add Add, now time.Time) {
	m.unwant(add.Who)
	m.adds = append(m.adds, add)
	m.wake(now, true)
}

func (m *Machine) unwant(who ident.ParticipantID) {
	m.adds = slices.DeleteFunc(m.adds, func(a Add) bool { return a.Who == who })
}

func (m *Machine) gone(r Remove, now time.Time) {
	mem := m.members[r.Who]
	if mem == nil {
		return
	}
	mem.connected = false
	if slices.ContainsFunc(m.removes, func(have Remove) bool { return have.Who == r.Who }) {
		return
	}
	m.removes = append(m.removes, r)
	m.wake(now, r.Reason == ByRemoval)
}

func (m *Machine) wake(now time.Time, urgent bool) {
	if m.waitFrom.IsZero() {
		m.waitFrom = now
	}
	m.urgent = m.urgent || urgent
}

// Next is when Ticked has something to do; zero if never.
func (m *Machine) Next() time.Time {
	switch {
	case m.waitFrom.IsZero() || m.generation == 0:
		return time.Time{}
	case len(m.open) == 0:
		if _, ok := m.committer(); !ok {
			return time.Time{} // the next line that comes back wakes us
		}
		return m.waitFrom.Add(BatchLeaves)
	}
	if len(m.candidates()) == 0 {
		return time.Time{}
	}
	last := m.open[len(m.open)-1]
	return last.at.Add(m.leaseOf(last))
}

// ask gives the task to a committer when it is time, or to another when the first lets it lie.
func (m *Machine) ask(now time.Time) []Effect {
	if m.generation == 0 || len(m.adds)+len(m.removes) == 0 {
		m.waitFrom, m.urgent = time.Time{}, false
		m.open = nil // whoever holds a task would do what is not wanted any more
		return nil
	}
	if len(m.open) > 0 {
		last := m.open[len(m.open)-1]
		holder := m.members[last.by]
		alive := holder != nil && holder.connected
		if alive && now.Sub(last.at) < m.leaseOf(last) {
			return nil
		}
		if alive {
			holder.late++
		}
	} else if !m.urgent && now.Sub(m.waitFrom) < BatchLeaves {
		return nil
	}
	who, ok := m.committer()
	if !ok {
		return nil
	}
	m.lease++
	task := m.task()
	if len(m.open) == keptLeases {
		m.open = slices.Delete(m.open, 0, 1)
	}
	m.open = append(m.open, asked{task, who, now})
	return []Effect{Ask{who, task}}
}

// leaseOf is how long a task's holder has: longer if nobody else could do it sooner.
func (m *Machine) leaseOf(a asked) time.Duration {
	if list := m.candidates(); len(list) == 1 && list[0] == a.by {
		return AloneFor
	}
	return LeaseFor
}

// task takes the oldest things to do. Somebody who comes back is removed and added in one commit.
func (m *Machine) task() Task {
	t := Task{Lease: m.lease, Epoch: m.epoch}
	t.Adds = slices.Clone(m.adds[:min(len(m.adds), MaxBatch)])
	for _, a := range t.Adds {
		if m.members[a.Who] != nil {
			t.Removes = append(t.Removes, m.removeOf(a.Who))
		}
	}
	for _, r := range m.removes {
		returning := slices.ContainsFunc(t.Removes, func(have Remove) bool { return have.Who == r.Who })
		if len(t.Removes) < MaxBatch && !returning {
			t.Removes = append(t.Removes, r)
		}
	}
	return t
}

func (m *Machine) removeOf(who ident.ParticipantID) Remove {
	for _, r := range m.removes {
		if r.Who == who {
			return r
		}
	}
	return Remove{Who: who, Reason: ByAbsence}
}

// committer is who is asked next: the host, else the earliest member, those who let it lie last.
func (m *Machine) committer() (ident.ParticipantID, bool) {
	list := m.candidates()
	if len(list) == 0 {
		return ident.ParticipantID{}, false
	}
	return slices.MinFunc(list, func(a, b ident.ParticipantID) int {
		x, y := m.members[a], m.members[b]
		return cmp.Or(cmp.Compare(x.late, y.late), cmp.Compare(rank(a == m.host), rank(b == m.host)), cmp.Compare(x.order, y.order))
	}), true
}

func rank(host bool) int {
	if host {
		return 0
	}
	return 1
}

// candidates hold the group, are connected, and are neither to be removed nor to come back.
func (m *Machine) candidates() []ident.ParticipantID {
	var list []ident.ParticipantID
	for who, mem := range m.members {
		leaving := slices.ContainsFunc(m.removes, func(r Remove) bool { return r.Who == who }) ||
			slices.ContainsFunc(m.adds, func(a Add) bool { return a.Who == who })
		if mem.confirmed && mem.connected && !leaving {
			list = append(list, who)
		}
	}
	return list
}
