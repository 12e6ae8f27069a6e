package epoch

import (
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// order is a commit that was ordered, with what undoes it.
type order struct {
	epoch    uint64
	author   ident.ParticipantID
	at       time.Time
	to       []ident.ParticipantID
	refusers []ident.ParticipantID

	before   map[ident.ParticipantID]*member // of whom it removed or added; nil was no member
	welcomed []ident.ParticipantID
	policies []policy
	removes  []Remove
	lastPath time.Time
}

// remember keeps an order for as long as it can be refused.
func (m *Machine) remember(o order, now time.Time) {
	m.orders = slices.DeleteFunc(m.orders, func(o order) bool { return now.Sub(o.at) > RefuseWithin })
	if len(m.orders) == keptOrders {
		m.orders = slices.Delete(m.orders, 0, 1)
	}
	m.orders = append(m.orders, o)
}

// refused counts a refusal; a host's, or those of more than half of the others who were in, reopen the epoch.
func (m *Machine) refused(in Refused, now time.Time) []Effect {
	at := slices.IndexFunc(m.orders, func(o order) bool { return o.epoch == in.Epoch })
	if at < 0 || now.Sub(m.orders[at].at) > RefuseWithin {
		return []Effect{Refuse{fault.EpochStale}}
	}
	o := &m.orders[at]
	if in.By == o.author || !slices.Contains(o.to, in.By) {
		return []Effect{Refuse{fault.NotMember}}
	}
	if !slices.Contains(o.refusers, in.By) {
		o.refusers = append(o.refusers, in.By)
	}
	if !in.Host && 2*len(o.refusers) <= len(o.to)-1 {
		return nil
	}
	return []Effect{m.reopen(at, now)}
}

// reopen undoes the orders from the one at on, the newest first. Its author is asked no more.
func (m *Machine) reopen(at int, now time.Time) Effect {
	first := m.orders[at]
	out := Reopen{Epoch: first.epoch, Author: first.author, To: slices.Clone(first.to)}
	for _, o := range slices.Backward(m.orders[at:]) {
		m.undo(o)
		out.Welcomed = append(out.Welcomed, o.welcomed...)
	}
	for _, who := range out.Welcomed {
		if !slices.Contains(out.To, who) {
			out.To = append(out.To, who)
		}
	}
	m.orders = m.orders[:at]
	m.group.epoch = first.epoch
	m.unfit[first.author] = true
	m.open, m.lapsed, m.lastCommit = nil, 0, now
	return out
}

// undo takes one order back. What came since stays, behind what the order had carried out.
func (m *Machine) undo(o order) {
	for who, mem := range o.before {
		now := m.members[who]
		switch {
		case mem == nil:
			delete(m.members, who)
		case now == nil, slices.Contains(o.welcomed, who): // their page had lost the group, or their seat was taken
			mem.connected, mem.confirmed, mem.vacated = false, false, true
			m.members[who] = mem
		}
	}
	m.policies = append(o.policies, m.policies...)
	m.removes = slices.DeleteFunc(m.removes, func(r Remove) bool {
		return m.members[r.Who] == nil && r.Reason != ByRemoval ||
			slices.ContainsFunc(o.removes, func(have Remove) bool { return have.Who == r.Who })
	})
	m.removes = append(slices.Clone(o.removes), m.removes...)
	m.lastPath = o.lastPath
}
