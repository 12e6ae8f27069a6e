package meeting

import (
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/roster"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// openGroup begins a group on the host key's word; those inside have to come in again.
func (m *Meeting) openGroup(v *visit, r wire.Open) fault.Code {
	switch {
	case !m.lobby.HasHostKey(v.who):
		return fault.NotHost
	case m.lobby.Holders(ident.ParticipantID{}) > 0:
		return fault.GroupHeld
	}
	if _, err := (Door{Facts: m.facts}).keyPackage(r.KeyPackage, wire.Participant(v.who), wire.Bytes32(v.device), time.Now()); err != nil {
		return fault.KnockBad
	}
	state, err := roster.Open(m.facts.Meeting, m.facts.HostKey, statement.GroupID(r.Group), r.Policy, r.KeyPackage, r.Admission)
	if err != nil {
		return fault.StatementBad
	}
	leaf, inside := state.LeafOf(v.who)
	if !inside || leaf.Device != [32]byte(v.device) || state.Tip().Policy().OrderKey != m.orderKey() {
		return fault.StatementBad
	}
	if code := m.stepEpoch(epoch.Opened{Host: v.who, Group: state.Group(), Generation: state.Generation()}); code != "" {
		return code
	}
	m.group = group{roster: state, tip: state.Tip()}
	v.seat.since = 0
	m.carryDoor(m.lobby.Step(lobby.Opened{By: v.who}, time.Now()))
	for who := range m.seats { // a seat with the host key stays, outside the new group
		if _, confirmed := m.lobby.Seated(who); !confirmed {
			m.shutMedia(who)
		}
	}
	m.rule()
	return ""
}

// bySigner tells whether a statement names as its signer the device of the line, or the host key where the line proved it.
func (m *Meeting) bySigner(v *visit, signed []byte) bool {
	s, err := statement.Parse(signed)
	return err == nil && (s.Signer == [32]byte(v.device) || m.byHostKey(v, s))
}

func (m *Meeting) byHostKey(v *visit, s statement.Statement) bool {
	return s.Signer == m.facts.HostKey && m.lobby.HasHostKey(v.who)
}

func (m *Meeting) admission(v *visit, r wire.Admit) (lobby.Input, fault.Code) {
	if code := m.leads(v); code != "" {
		return nil, code
	}
	a, err := m.group.roster.Admission(m.group.tip, r.Admission, nowMillis())
	if err != nil || !m.bySigner(v, r.Admission) {
		return nil, fault.StatementBad
	}
	in := lobby.Admitted{By: v.who, Admission: r.Admission}
	for _, e := range a.Entries {
		in.Entries = append(in.Entries, lobby.Invitation{Who: e.Participant, Device: e.Device, Reference: e.Reference})
	}
	return in, ""
}

// leads tells whether a seat is a host's or co-host's of a group.
func (m *Meeting) leads(v *visit) fault.Code {
	switch {
	case !m.lobby.MayAdmit(v.who):
		return fault.NotHost
	case m.group.roster == nil:
		return fault.GroupMissing
	}
	return ""
}

func (m *Meeting) removal(v *visit, r wire.Remove) (lobby.Removed, fault.Code) {
	if code := m.leads(v); code != "" {
		return lobby.Removed{}, code
	}
	s, err := statement.Parse(r.Statement)
	if err != nil || !m.bySigner(v, r.Statement) {
		return lobby.Removed{}, fault.StatementBad
	}
	b, err := m.group.roster.Removal(m.group.tip, r.Statement)
	if err != nil {
		return lobby.Removed{}, fault.StatementBad
	}
	return lobby.Removed{By: v.who, Who: b.Participant, Device: b.Device, HostKey: m.byHostKey(v, s), Statement: r.Statement}, ""
}

func (m *Meeting) ending(v *visit, r wire.End) (lobby.Input, fault.Code) {
	switch {
	case !m.lobby.IsHost(v.who):
		return nil, fault.NotHost
	case m.group.roster == nil:
		return nil, fault.GroupMissing
	}
	if _, err := m.group.roster.End(m.group.tip, r.Statement); err != nil || !m.bySigner(v, r.Statement) {
		return nil, fault.StatementBad
	}
	return lobby.Ended{By: v.who, Statement: r.Statement}, ""
}

func (m *Meeting) joined(v *visit, r wire.Joined) (lobby.Input, fault.Code) {
	if r.Epoch != v.seat.since {
		return nil, fault.EpochStale
	}
	return lobby.Joined{Who: v.who}, ""
}

// leaving needs the member's signature once the group is joined: the others remove on the strength of it.
func (m *Meeting) leaving(v *visit, r wire.Leave) (lobby.Input, fault.Code) {
	if len(r.Statement) == 0 {
		if _, confirmed := m.lobby.Seated(v.who); confirmed && m.epoch.Holds(v.who) {
			return nil, fault.StatementBad
		}
		return lobby.Left{Who: v.who}, ""
	}
	if m.group.roster == nil {
		return nil, fault.GroupMissing
	}
	b, err := m.group.roster.Leave(r.Statement)
	if err != nil || b.Participant != v.who || !m.bySigner(v, r.Statement) {
		return nil, fault.StatementBad
	}
	return lobby.Left{Who: v.who, Statement: r.Statement}, ""
}

func nowMillis() uint64 { return uint64(time.Now().UnixMilli()) }
