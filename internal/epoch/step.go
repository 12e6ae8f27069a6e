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
	out := m.take(in, now)
	return append(out, m.ask(now)...)
}

func (m *Machine) take(in Input, now time.Time) []Effect {
	var out []Effect
	switch in := in.(type) {
	case Batch:
		for _, one := range in {
			out = append(out, m.take(one, now)...)
		}
	case Opened:
		out = m.opened(in, now)
	case Revived:
		m.revived(in, now)
	case Stated:
		out = m.stated(in)
	case Revised:
		out = m.revised(in)
	case Wanted:
		m.unwant(in.Add.Who)
		m.adds = append(m.adds, in.Add)
		m.hurry()
	case Unwanted:
		m.unwant(in.Who)
	case Gone:
		m.gone(in.Remove)
	case Joined:
		if mem := m.members[in.Who]; mem != nil && !mem.vacated {
			mem.confirmed = true
		}
	case Line:
		if mem := m.members[in.Who]; mem != nil {
			mem.connected = in.Connected
		}
	case Vacated:
		if mem := m.members[in.Who]; mem != nil {
			mem.confirmed, mem.vacated = false, true
		}
	case Committed:
		out = m.committed(in, now)
	case Refused:
		out = m.refused(in, now)
	case Declined:
		out = m.declined(in)
	case Ticked:
	default:
		panic(fmt.Sprintf("epoch: input %T", in))
	}
	return out
}

// opened begins a group; all that was asked for the old one is void.
func (m *Machine) opened(in Opened, now time.Time) []Effect {
	if in.Generation <= m.group.generation { // more than one above: the host remembers what a restart forgot
		return []Effect{Refuse{fault.EpochStale}}
	}
	m.begin(group{id: in.Group, generation: in.Generation, host: in.Host}, now)
	m.members[in.Host] = &member{confirmed: true, connected: true}
	return nil
}

func (m *Machine) revived(in Revived, now time.Time) {
	m.begin(group{id: in.Group, generation: in.Generation, epoch: in.Epoch}, now)
	for _, who := range in.Members {
		m.arrivals++
		m.members[who] = &member{confirmed: true, order: m.arrivals}
	}
}

func (m *Machine) begin(g group, now time.Time) {
	m.group = g
	clear(m.members)
	m.arrivals = 0
	m.policies, m.adds, m.removes = nil, nil, nil
	m.open, m.orders = nil, nil
	m.lapsed, m.lastCommit, m.lastPath = 0, time.Time{}, now
}

// stated puts a policy behind those that wait; MaxPolicies may.
func (m *Machine) stated(in Stated) []Effect {
	switch {
	case m.group.generation == 0:
		return []Effect{Refuse{fault.GroupMissing}}
	case len(m.policies) >= MaxPolicies:
		return []Effect{Refuse{fault.PolicyStale}}
	}
	p := policy{statement: in.Policy, consents: in.Consents, tightens: in.Tightens}
	for _, r := range in.Removes {
		m.gone(r)
		p.bars = append(p.bars, r.Who)
	}
	m.policies = append(m.policies, p)
	m.hurry()
	return nil
}

// unwant takes an addition out of what is asked for, and out of force whatever task has it.
func (m *Machine) unwant(who ident.ParticipantID) {
	is := func(a Add) bool { return a.Who == who }
	m.adds = slices.DeleteFunc(m.adds, is)
	m.open = slices.DeleteFunc(m.open, func(a asked) bool { return slices.ContainsFunc(a.task.Adds, is) })
}

// gone has a person removed. A removal takes the place of a leave or an absence.
func (m *Machine) gone(r Remove) {
	mem := m.members[r.Who]
	if mem != nil {
		mem.connected = false
	} else if r.Reason != ByRemoval {
		return
	}
	at := slices.IndexFunc(m.removes, func(have Remove) bool { return have.Who == r.Who })
	switch {
	case at < 0:
		m.removes = append(m.removes, r)
	case r.Reason == ByRemoval && m.removes[at].Reason != ByRemoval:
		m.removes[at] = r
	default:
		return
	}
	m.hurry()
}

// hurry shortens leases that grew long, since something new has to be done; but slow devices stay given their time.
func (m *Machine) hurry() {
	m.lapsed = min(m.lapsed, patientRounds*m.round())
	if len(m.candidates()) == 1 {
		m.lapsed = 0 // nobody is passed over: the one is asked for all of it at once
	}
}

// round is how many leases lapse before they double.
func (m *Machine) round() int { return min(tries, max(1, len(m.candidates()))) }

// pause is how long tasks wait after a commit for others to come: less than a member's work on one.
func (m *Machine) pause() time.Duration {
	switch n := len(m.members); {
	case n >= 250:
		return 2 * time.Second
	case n >= 100:
		return time.Second
	}
	return 300 * time.Millisecond
}

// urgent tells whether something waits for no batch: a removal, a policy that tightens, a rejoin.
func (m *Machine) urgent() bool {
	return slices.ContainsFunc(m.removes, func(r Remove) bool { return r.Reason == ByRemoval }) ||
		slices.ContainsFunc(m.policies, func(p policy) bool { return p.tightens }) ||
		slices.ContainsFunc(m.adds, func(a Add) bool { return a.AtOnce })
}

func (m *Machine) work() bool { return len(m.policies)+len(m.adds)+len(m.removes) > 0 }

// due is when a task is to be given if none is out; zero if never.
func (m *Machine) due() time.Time {
	switch {
	case m.work() && m.urgent():
		return m.lastCommit
	case m.work():
		return m.lastCommit.Add(m.pause())
	case len(m.members) > 1: // alone, there is nobody to heal the keys against
		return m.lastPath.Add(FreshPath)
	}
	return time.Time{}
}

// Next is when Ticked has something to do; zero if never.
func (m *Machine) Next() time.Time {
	if m.group.generation == 0 || len(m.candidates()) == 0 {
		return time.Time{} // the next line that comes back wakes us
	}
	if len(m.open) == 0 {
		return m.due()
	}
	last := m.open[len(m.open)-1]
	end := last.at.Add(m.leaseOf(last))
	if last.task.empty() && m.work() && m.due().Before(end) {
		return m.due()
	}
	return end
}

// ask gives the task to a committer when it is time, or to another when the first lets it lie.
func (m *Machine) ask(now time.Time) []Effect {
	if m.group.generation == 0 || !m.work() && len(m.members) <= 1 {
		m.open = nil // whoever holds a task would do what is not wanted any more
		return nil
	}
	if !m.work() { // whoever holds a task with something in it, likewise
		m.open = slices.DeleteFunc(m.open, func(a asked) bool { return !a.task.empty() })
	}
	if len(m.open) > 0 && !m.lapse(now) {
		return nil
	}
	if len(m.open) == 0 && now.Before(m.due()) {
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

// lapse tells whether the newest task's holder has had their time, or holds an empty one while there is work.
func (m *Machine) lapse(now time.Time) bool {
	last := m.open[len(m.open)-1]
	if last.task.empty() && m.work() && !now.Before(m.due()) {
		return true
	}
	if !slices.Contains(m.candidates(), last.by) {
		return true
	}
	if now.Sub(last.at) < m.leaseOf(last) {
		return false
	}
	m.members[last.by].late++
	m.lapsed++
	return true
}

// leaseOf is how long a task's holder has: longer if nobody else could do it sooner, and twice as long with
// each round in which nothing changed.
func (m *Machine) leaseOf(a asked) time.Duration {
	list := m.candidates()
	lease := LeaseFor
	if len(list) == 1 && list[0] == a.by {
		lease = AloneFor
	}
	for round := m.lapsed / m.round(); round > 0 && lease < LongestLease; round-- {
		lease *= 2
	}
	return min(lease, LongestLease)
}

// task takes the oldest things to do. Whom a policy bars is removed in the commit that carries it, and
// somebody who comes back is removed and added in one commit.
func (m *Machine) task() Task {
	t := Task{Lease: m.lease, Epoch: m.group.epoch}
	has := func(r Remove) bool {
		return slices.ContainsFunc(t.Removes, func(have Remove) bool { return have.Who == r.Who })
	}
	take := func(r Remove) bool {
		if has(r) {
			return true
		}
		if len(t.Removes) >= MaxBatch {
			return false
		}
		t.Removes = append(t.Removes, r)
		return true
	}
	later := map[ident.ParticipantID]bool{}
	for i, p := range m.policies {
		if i < MaxPolicies {
			t.Policies = append(t.Policies, p.statement)
			t.Consents = append(t.Consents, p.consents...)
		}
		for _, who := range p.bars {
			if i >= MaxPolicies {
				later[who] = true
			} else if r := m.removeOf(who); (r.Reason == ByRemoval || m.members[who] != nil) && !has(r) {
				t.Removes = append(t.Removes, r) // however many: the gate takes no policy without them
			}
		}
	}
	for _, a := range m.adds {
		if len(t.Adds) < MaxBatch && (m.members[a.Who] == nil || take(m.removeOf(a.Who))) {
			t.Adds = append(t.Adds, a)
		}
	}
	for _, r := range m.removes {
		if !later[r.Who] {
			take(r)
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

// committer is who is asked next: not an author of refused commits, not who let it lie, the host, the earliest member.
func (m *Machine) committer() (ident.ParticipantID, bool) {
	list := m.candidates()
	if len(list) == 0 {
		return ident.ParticipantID{}, false
	}
	fit := slices.DeleteFunc(slices.Clone(list), func(who ident.ParticipantID) bool { return m.unfit[who] })
	if len(fit) > 0 {
		list = fit
	}
	return slices.MinFunc(list, func(a, b ident.ParticipantID) int {
		x, y := m.members[a], m.members[b]
		return cmp.Or(cmp.Compare(x.late, y.late), cmp.Compare(rank(a == m.group.host), rank(b == m.group.host)), cmp.Compare(x.order, y.order))
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
	leaving := make(map[ident.ParticipantID]bool, len(m.removes)+len(m.adds))
	for _, r := range m.removes {
		leaving[r.Who] = true
	}
	for _, a := range m.adds {
		leaving[a.Who] = true
	}
	return m.holders(func(who ident.ParticipantID, mem *member) bool {
		return mem.confirmed && mem.connected && !leaving[who]
	})
}

// holders is the members of a kind, the first to come first.
func (m *Machine) holders(are func(ident.ParticipantID, *member) bool) []ident.ParticipantID {
	list := make([]ident.ParticipantID, 0, len(m.members))
	for who, mem := range m.members {
		if are(who, mem) {
			list = append(list, who)
		}
	}
	slices.SortFunc(list, func(a, b ident.ParticipantID) int {
		return cmp.Compare(m.members[a].order, m.members[b].order)
	})
	return list
}
