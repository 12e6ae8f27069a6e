package epoch

import "slices"

// Waiting is what waits for a commit; its lists are not to be changed.
type Waiting struct {
	Policies [][]byte
	Consents [][][]byte // of each policy
	Adds     []Add
	Removes  []Remove
}

// Waiting gives what waits, for the gate to hold against the group as it is now.
func (m *Machine) Waiting() Waiting {
	w := Waiting{Adds: m.adds, Removes: m.removes}
	for _, p := range m.policies {
		w.Policies, w.Consents = append(w.Policies, p.statement), append(w.Consents, p.consents)
	}
	return w
}

// Empty tells whether nothing waits.
func (w Waiting) Empty() bool { return len(w.Policies)+len(w.Adds)+len(w.Removes) == 0 }

// revised takes what cannot be committed any more out of what waits: a task with it would be refused for ever.
func (m *Machine) revised(in Revised) []Effect {
	m.policies = m.policies[:len(in.Consents)]
	for i, consents := range in.Consents {
		m.policies[i].consents = consents
	}
	m.removes = slices.DeleteFunc(slices.Clone(in.Removes), func(r Remove) bool { return r.Reason != ByRemoval && m.members[r.Who] == nil })
	out := make([]Effect, 0, len(in.Lapsed))
	for _, who := range in.Lapsed {
		m.unwant(who)
		out = append(out, Unaddable{who})
	}
	m.open, m.lapsed = nil, 0
	return out
}
