package epoch

import (
	"cmp"
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

// committed orders a commit if it is the first of its epoch and does what was asked.
func (m *Machine) committed(in Committed, now time.Time) []Effect {
	task, code := m.check(in)
	if code != "" {
		return []Effect{Refuse{code}}
	}
	order := Order{Epoch: m.epoch, Commit: in.Commit, To: m.holders()}
	by := m.members[in.By]
	by.leaf, by.leafKnown = in.Header.SenderLeaf, true
	m.epoch++
	m.open = nil
	for _, mem := range m.members {
		mem.late = 0
	}
	for _, who := range in.Removed {
		delete(m.members, who)
		m.removes = slices.DeleteFunc(m.removes, func(r Remove) bool { return r.Who == who })
	}
	out := []Effect{order}
	for _, add := range task.Adds {
		if !m.stillWanted(add) {
			if slices.Contains(in.Added, add.Who) {
				out = append(out, m.welcome(add, in)) // taken back too late: the door removes it again
			}
			continue
		}
		m.unwant(add.Who)
		if slices.Contains(in.Added, add.Who) {
			out = append(out, m.welcome(add, in))
		} else {
			out = append(out, Unaddable{add.Who})
		}
	}
	m.waitFrom, m.urgent = time.Time{}, false
	if len(m.adds)+len(m.removes) > 0 {
		m.wake(now, true) // it waited for this commit already
	}
	return out
}

// declined gives up the additions that a committer cannot make; what is left of the task is asked for anew.
func (m *Machine) declined(in Declined, now time.Time) []Effect {
	at := slices.IndexFunc(m.open, func(a asked) bool { return a.task.Lease == in.Lease && a.by == in.By })
	if at < 0 {
		return []Effect{Refuse{fault.EpochStale}}
	}
	var out []Effect
	for _, add := range m.open[at].task.Adds {
		if slices.Contains(in.Who, add.Who) && m.stillWanted(add) {
			m.unwant(add.Who)
			out = append(out, Unaddable{add.Who})
		}
	}
	if len(out) > 0 { // else the lease runs on, so that nobody is asked in a circle
		m.open = slices.Delete(m.open, at, at+1)
		m.wake(now, true)
	}
	return out
}

// stillWanted tells whether the add of a task is the one that is asked for now.
func (m *Machine) stillWanted(add Add) bool {
	return slices.ContainsFunc(m.adds, func(a Add) bool {
		return a.Who == add.Who && slices.Equal(a.KeyPackage, add.KeyPackage)
	})
}

func (m *Machine) welcome(add Add, in Committed) Effect {
	m.arrivals++
	m.members[add.Who] = &member{connected: true, order: m.arrivals}
	return Welcome{Who: add.Who, Epoch: m.epoch, Welcome: in.Welcome, Tree: in.Tree, Admission: add.Admission, KeyPackage: add.KeyPackage}
}

// check compares the commit with the group, the epoch and the task.
func (m *Machine) check(in Committed) (Task, fault.Code) {
	by := m.members[in.By]
	switch {
	case m.generation == 0:
		return Task{}, fault.GroupMissing
	case by == nil || !by.confirmed:
		return Task{}, fault.NotMember
	case in.Header.GroupID != m.group || in.Header.ContentType != statement.Commit || in.Header.Epoch != in.Epoch:
		return Task{}, fault.CommitBad
	case in.Epoch != m.epoch:
		return Task{}, fault.EpochStale
	}
	at := slices.IndexFunc(m.open, func(a asked) bool { return a.task.Lease == in.Lease && a.by == in.By })
	if at < 0 {
		return Task{}, fault.EpochStale
	}
	task := m.open[at].task
	if !m.fits(in, task) || !m.leafFits(in.By, by, in.Header.SenderLeaf) {
		return Task{}, fault.CommitBad
	}
	return task, ""
}

// fits tells whether the commit adds and removes people of the task only, each once, and comes with what
// they need. Whoever comes back is removed and added together.
func (m *Machine) fits(in Committed, task Task) bool {
	asksAdd := func(who ident.ParticipantID) bool {
		return slices.ContainsFunc(task.Adds, func(a Add) bool { return a.Who == who })
	}
	asksRemove := func(who ident.ParticipantID) bool {
		return slices.ContainsFunc(task.Removes, func(r Remove) bool { return r.Who == who })
	}
	for i, who := range in.Added {
		returns := m.members[who] != nil
		if !asksAdd(who) || slices.Contains(in.Added[:i], who) || returns != slices.Contains(in.Removed, who) {
			return false
		}
	}
	for i, who := range in.Removed {
		onlyReturns := asksAdd(who) && !slices.ContainsFunc(m.removes, func(r Remove) bool { return r.Who == who })
		if !asksRemove(who) || slices.Contains(in.Removed[:i], who) || who == in.By ||
			onlyReturns && !slices.Contains(in.Added, who) {
			return false
		}
	}
	some := len(in.Added) > 0
	return (some || len(in.Removed) > 0) && some == (len(in.Welcome) > 0) && some == (len(in.Tree) > 0)
}

// leafFits refuses a sender leaf that is another member's, or not the one this member used before.
func (m *Machine) leafFits(who ident.ParticipantID, by *member, leaf uint32) bool {
	if by.leafKnown {
		return by.leaf == leaf
	}
	for other, mem := range m.members {
		if other != who && mem.leafKnown && mem.leaf == leaf {
			return false
		}
	}
	return true
}

// holders is everybody whom the group holds, the first to come first.
func (m *Machine) holders() []ident.ParticipantID {
	list := make([]ident.ParticipantID, 0, len(m.members))
	for who := range m.members {
		list = append(list, who)
	}
	slices.SortFunc(list, func(a, b ident.ParticipantID) int {
		return cmp.Compare(m.members[a].order, m.members[b].order)
	})
	return list
}

// Members is everybody whom the group holds, the first to come first.
func (m *Machine) Members() []ident.ParticipantID { return m.holders() }
