package meeting

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/roster"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// group is what the server knows of the newest group. The zero value is none.
type group struct {
	roster  *roster.State // as committed
	undo    []ordered     // commits that may still be reopened, the newest last
	tip     roster.Tip    // the newest policy, committed or waiting for its commit
	revived bool          // told by a member after a restart
	told    uint64        // the epoch of what was told
	rules   lobby.Ruled   // as the door was told last
}

// strictest is what the door goes by: a policy that waits takes rights away and gives none.
func (g group) strictest() lobby.Ruled {
	now, next := g.roster.Tip(), g.tip
	var r lobby.Ruled
	for _, d := range now.Policy().Hosts {
		switch {
		case next.IsHost(d):
			r.Hosts = append(r.Hosts, d)
		case next.IsCoHost(d):
			r.CoHosts = append(r.CoHosts, d)
		}
	}
	for _, d := range now.Policy().CoHosts {
		if next.IsHost(d) || next.IsCoHost(d) {
			r.CoHosts = append(r.CoHosts, d)
		}
	}
	for _, d := range slices.Concat(now.Policy().Barred, next.Policy().Barred) {
		if !slices.Contains(r.Barred, lobby.Device(d)) {
			r.Barred = append(r.Barred, d)
		}
	}
	for _, d := range now.Pardoned() {
		if !next.Barred(d) && slices.Contains(g.rules.Barred, lobby.Device(d)) {
			r.Pardoned = append(r.Pardoned, d)
		}
	}
	r.Locked = now.Policy().Locked || next.Policy().Locked
	r.Voids = voids(g.rules, r)
	return r
}

// voids tells whether somebody was barred or lost rank, so that what was admitted and not committed is void.
func voids(before, after lobby.Ruled) bool {
	lacks := func(list, of []lobby.Device) bool {
		return slices.ContainsFunc(of, func(d lobby.Device) bool { return !slices.Contains(list, d) })
	}
	return lacks(before.Barred, after.Barred) || lacks(after.Hosts, before.Hosts) ||
		lacks(slices.Concat(after.Hosts, after.CoHosts), before.CoHosts)
}

// rule tells the door what the policies say now.
func (m *Meeting) rule() {
	m.group.rules = m.group.strictest()
	m.carryDoor(m.lobby.Step(m.group.rules, time.Now()))
}

// propose takes the next policy of the chain, which a commit has to carry, with the removals that belong to it. What it
// forbids is forbidden from now on.
func (m *Meeting) propose(v *visit, signed []byte, consents []wire.Bytes, removals ...epoch.Remove) fault.Code {
	if m.group.roster == nil {
		return fault.GroupMissing
	}
	if !m.lobby.MayAdmit(v.who) {
		return fault.NotHost
	}
	if !m.bySigner(v, signed) {
		return fault.PolicyBad
	}
	said := opened(consents)
	tip, err := m.group.roster.Propose(m.group.tip, signed, said)
	switch {
	case errors.Is(err, roster.ErrStale):
		return fault.PolicyStale
	case err != nil:
		return fault.PolicyBad
	}
	before := m.group.tip
	m.group.tip = tip
	barred := m.barredLeaves()
	for _, r := range barred {
		m.stepEpoch(epoch.Line{Who: r.Who}) // asked for nothing any more
	}
	m.rule() // first, so that nothing that it voids is committed beside it
	for _, r := range barred {
		if !slices.ContainsFunc(removals, func(have epoch.Remove) bool { return have.Who == r.Who }) {
			removals = append(removals, r)
		}
	}
	code := m.stepEpoch(epoch.Stated{
		Policy: tip.Raw(), Consents: said, Tightens: tightens(before.Policy(), tip.Policy()), Removes: removals,
	})
	m.revise() // a demotion takes the force of what its device signed
	return code
}

// barredLeaves gives those whom the newest policy bars and the group still holds.
func (m *Meeting) barredLeaves() []epoch.Remove {
	var out []epoch.Remove
	for _, leaf := range m.group.roster.Leaves() {
		if m.group.tip.Barred(leaf.Device) {
			out = append(out, epoch.Remove{Who: leaf.Participant, Reason: epoch.ByAbsence})
		}
	}
	return out
}

// expel takes the seats of those whom the newest policy bars, its author's after the answer. The commit that removes them has been
// asked for.
func (m *Meeting) expel() {
	if m.group.roster == nil {
		return
	}
	for _, who := range slices.SortedFunc(maps.Keys(m.seats), func(a, b ident.ParticipantID) int { return bytes.Compare(a[:], b[:]) }) {
		if device := m.seats[who].device; m.group.tip.Barred(device) {
			m.carryDoor(m.lobby.Step(lobby.Expelled{Who: who, Device: device}, time.Now()))
		}
	}
}

// tightens tells whether a policy takes something away that must not wait.
func tightens(before, after statement.Policy) bool {
	keeps := func(list [][32]byte, keys ...[][32]byte) bool {
		return !slices.ContainsFunc(slices.Concat(keys...), func(k [32]byte) bool { return !slices.Contains(list, k) })
	}
	leading := slices.Concat(after.Hosts, after.CoHosts)
	return after.Locked && !before.Locked || before.Allows&^after.Allows != 0 || after.Label > before.Label ||
		before.Recording == statement.RecordingOn && after.Recording != statement.RecordingOn ||
		!keeps(before.Barred, after.Barred) || !keeps(after.Hosts, before.Hosts) || !keeps(leading, before.CoHosts)
}

func opened(list []wire.Bytes) [][]byte {
	out := make([][]byte, len(list))
	for i, b := range list {
		out[i] = slices.Clone(b)
	}
	return out
}

// remove puts somebody out at once, whatever becomes of the policy that bars the device.
func (m *Meeting) remove(v *visit, in Asked, r wire.Remove) {
	input, code := m.removal(v, r)
	if code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	effects := m.lobby.Step(input, time.Now())
	if code := refusal(effects); code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	m.shutMedia(input.Who) // before anything else
	if len(r.Policy) > 0 { // first, so that one commit does both
		removal := epoch.Remove{Who: input.Who, Statement: r.Statement, Reason: epoch.ByRemoval}
		_ = m.propose(v, r.Policy, nil, removal) // stale or bad: the answer tells that nobody is barred
	}
	m.carryDoor(effects)
	m.answer(v.line, in.ID, wire.OkRemove{Barred: m.group.tip.Barred(input.Device)})
	m.expel()
}

// takeGroup has the members add a device that proved the host key.
func (m *Meeting) takeGroup(v *visit, r wire.Take) fault.Code {
	switch {
	case !m.lobby.HasHostKey(v.who):
		return fault.NotHost
	case m.group.roster == nil || m.lobby.Holders(v.who) == 0:
		return fault.GroupMissing
	}
	door := Door{Facts: m.facts}
	knock, err := door.keyPackage(r.KeyPackage, wire.Participant(v.who), wire.Bytes32(v.device), time.Now())
	if err != nil {
		return fault.KnockBad
	}
	knock.Statement = r.Admission
	if !m.group.tip.IsHost(knock.Device) && len(r.Policy) == 0 {
		return fault.PolicyBad
	}
	if len(r.Policy) > 0 {
		if code := m.propose(v, r.Policy, nil); code != "" {
			return code
		}
	}
	a, err := m.group.roster.Admission(m.group.tip, r.Admission, nowMillis())
	if err != nil || len(a.Entries) != 1 || a.Entries[0].Reference != knock.Reference || a.Entries[0].Participant != knock.Who ||
		a.Entries[0].Device != [32]byte(knock.Device) {
		return fault.StatementBad
	}
	effects := m.lobby.Step(lobby.Taken{Knock: knock}, time.Now())
	code := refusal(effects)
	m.carryDoor(effects)
	return code
}
