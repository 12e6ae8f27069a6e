package epoch

import (
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Expects tells whether a commit of by for a lease and an epoch would be looked at; the fault is the answer if not.
func (m *Machine) Expects(by ident.ParticipantID, lease, epoch uint64) fault.Code {
	mem := m.members[by]
	switch _, leased := m.Task(by, lease); {
	case m.group.generation == 0:
		return fault.GroupMissing
	case mem == nil || !mem.confirmed:
		return fault.NotMember
	case epoch != m.group.epoch || !leased:
		return fault.EpochStale
	}
	return ""
}

// committed orders a commit if it is the first of its epoch and does what was asked.
func (m *Machine) committed(in Committed, now time.Time) []Effect {
	if code := m.Expects(in.By, in.Lease, in.Epoch); code != "" {
		return []Effect{Refuse{code}}
	}
	task, _ := m.Task(in.By, in.Lease)
	if in.Sender != in.By || !m.fits(in, task) {
		return []Effect{Refuse{fault.CommitBad}}
	}
	undo := order{epoch: m.group.epoch, author: in.By, at: now, before: map[ident.ParticipantID]*member{}, lastPath: m.lastPath}
	undo.to = m.Hearers()
	out := []Effect{Order{Epoch: m.group.epoch, Author: in.By, Commit: in.Commit, Statement: in.Statement, To: undo.to}}
	m.group.epoch++
	m.open, m.lapsed, m.lastCommit = nil, 0, now
	if in.Path {
		m.lastPath = now
	}
	for _, mem := range m.members {
		mem.late = 0
	}
	m.carryPolicies(task, &undo)
	m.carryRemoves(in, task, &undo)
	for _, add := range task.Adds {
		m.adds = slices.DeleteFunc(m.adds, func(a Add) bool { return a.Who == add.Who })
		if slices.Contains(in.Added, add.Who) {
			out = append(out, m.welcome(add, in, &undo))
		} else {
			out = append(out, Unaddable{add.Who})
		}
	}
	m.remember(undo, now)
	return out
}

// carryPolicies takes the task's policies from those that wait, which began with them.
func (m *Machine) carryPolicies(task Task, undo *order) {
	undo.policies = slices.Clone(m.policies[:len(task.Policies)])
	m.policies = slices.Delete(m.policies, 0, len(task.Policies))
}

// carryRemoves takes out whom the commit removes. A removal of who is away is done with the task: the gate saw to it.
func (m *Machine) carryRemoves(in Committed, task Task, undo *order) {
	for _, r := range task.Removes {
		mem := m.members[r.Who]
		if mem != nil && !slices.Contains(in.Removed, r.Who) {
			continue
		}
		if mem != nil {
			undo.before[r.Who] = mem
			delete(m.members, r.Who)
		}
		at := slices.IndexFunc(m.removes, func(have Remove) bool { return have.Who == r.Who })
		if at >= 0 && (mem == nil || r.Reason != ByAbsence || m.removes[at].Reason != ByRemoval) { // else away now, and removed still
			undo.removes = append(undo.removes, m.removes[at])
			m.removes = slices.Delete(m.removes, at, at+1)
		}
	}
}

func (m *Machine) welcome(add Add, in Committed, undo *order) Effect {
	if _, was := undo.before[add.Who]; !was {
		undo.before[add.Who] = nil
	}
	undo.welcomed = append(undo.welcomed, add.Who)
	m.arrivals++
	m.members[add.Who] = &member{connected: true, order: m.arrivals}
	return Welcome{Who: add.Who, Epoch: m.group.epoch, Welcome: in.Welcome, Tree: in.Tree, Statement: add.Statement, KeyPackage: add.KeyPackage}
}

// fits tells whether the commit carries the task's policies and signed removals, adds and removes people of
// the task only, each once, and comes with what they need. Whoever comes back is removed and added together.
func (m *Machine) fits(in Committed, task Task) bool {
	asksAdd := func(who ident.ParticipantID) bool {
		return slices.ContainsFunc(task.Adds, func(a Add) bool { return a.Who == who })
	}
	for i, who := range in.Added {
		returns := m.members[who] != nil
		if !asksAdd(who) || slices.Contains(in.Added[:i], who) || returns && !slices.Contains(in.Removed, who) {
			return false
		}
	}
	for i, who := range in.Removed {
		asked := slices.ContainsFunc(task.Removes, func(r Remove) bool { return r.Who == who })
		wanted := slices.ContainsFunc(m.removes, func(r Remove) bool { return r.Who == who })
		if !asked || slices.Contains(in.Removed[:i], who) || who == in.By || m.members[who] == nil ||
			!wanted && !slices.Contains(in.Added, who) {
			return false
		}
	}
	for _, r := range task.Removes {
		if r.Reason == ByRemoval && m.members[r.Who] != nil && !slices.Contains(in.Removed, r.Who) {
			return false
		}
	}
	some := len(in.Added) > 0
	does := some || len(in.Removed)+in.Policies > 0 || len(task.Removes) > 0 && len(task.Adds) == 0 && m.onlyAway(task)
	return (does || task.empty() && in.Path) && in.Policies == len(task.Policies) &&
		some == (len(in.Welcome) > 0) && some == (len(in.Tree) > 0)
}

// onlyAway tells whether the task removes nobody but people who are away, which a commit does without a Remove.
func (m *Machine) onlyAway(task Task) bool {
	return !slices.ContainsFunc(task.Removes, func(r Remove) bool { return m.members[r.Who] != nil })
}

// declined gives up the additions that a committer cannot make; what is left of the task is asked for anew.
func (m *Machine) declined(in Declined) []Effect {
	task, ok := m.Task(in.By, in.Lease)
	if !ok {
		return []Effect{Refuse{fault.EpochStale}}
	}
	var out []Effect
	for _, add := range task.Adds {
		if slices.Contains(in.Who, add.Who) { // else the lease runs on, so that nobody is asked in a circle
			m.unwant(add.Who)
			m.lapsed = 0
			out = append(out, Unaddable{add.Who})
		}
	}
	return out
}
