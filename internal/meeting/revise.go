package meeting

import (
	"incamera/internal/epoch"
	"incamera/internal/roster"
)

// revise takes out of what waits for a commit whatever the gate would refuse now and for ever: a policy whose consents lack somebody who
// came since, an addition that expired or whose old leaf is gone, a removal of who is gone or by who may remove nobody any more.
func (m *Meeting) revise() {
	w := m.epoch.Waiting()
	if m.group.roster == nil || w.Empty() {
		return
	}
	tip, consents := m.group.roster.Follows(w.Policies, w.Consents)
	in := epoch.Revised{Consents: consents}
	changed := len(consents) < len(w.Policies)
	for i, needed := range consents {
		changed = changed || len(needed) < len(w.Consents[i])
	}
	coming := make([]roster.Coming, len(w.Adds))
	for i, a := range w.Adds {
		coming[i] = roster.Coming{KeyPackage: a.KeyPackage, Statement: a.Statement}
	}
	for i, comes := range m.group.roster.Comes(tip, nowMillis(), coming) {
		if !comes {
			in.Lapsed = append(in.Lapsed, w.Adds[i].Who)
		}
	}
	for _, r := range w.Removes {
		if len(r.Statement) > 0 && !m.group.roster.Goes(tip, r.Statement) { // who is inside goes all the same
			r.Statement, r.Reason = nil, epoch.ByAbsence
			changed = true
		}
		in.Removes = append(in.Removes, r)
	}
	if !changed && len(in.Lapsed) == 0 {
		return
	}
	if len(consents) < len(w.Policies) {
		m.group.tip = tip
		m.rule()
	}
	m.stepEpoch(in)
}
