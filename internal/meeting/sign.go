package meeting

import (
	"slices"
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// policy is the group's policy as the host signed it. The zero value is no group.
type policy struct {
	statement []byte
	under     statement.Under
	hosts     [][32]byte
}

// openGroup begins a group on the host key's word; those inside have to come in again.
func (m *Meeting) openGroup(v *visit, r wire.Open) fault.Code {
	if !m.lobby.IsHost(v.who) {
		return fault.NotHost
	}
	s, err := statement.Parse(r.Policy)
	group := statement.GroupID(r.Group)
	if err != nil || s.Kind != statement.KindPolicy || s.Signer != m.facts.HostKey ||
		!statement.InGroup(group, m.facts.Meeting) || !s.Verify(m.facts.Meeting, group) {
		return fault.StatementBad
	}
	p, err := statement.ParsePolicy(s.Body)
	if err != nil || p.Sequence != 1 || !slices.Contains(p.Hosts, [32]byte(v.device)) {
		return fault.StatementBad
	}
	if code := m.stepEpoch(epoch.Opened{Host: v.who, Group: group, Generation: p.Generation}); code != "" {
		return code
	}
	m.policy = policy{slices.Clone(r.Policy), statement.Under{Sequence: 1, Hash: s.Hash()}, p.Hosts}
	v.seat.since = 0
	m.carryDoor(m.lobby.Step(lobby.Opened{By: v.who}, time.Now()))
	return ""
}

// signed reads a statement of a host's device in hosts; with hostKey the host key itself may sign, too.
func (m *Meeting) signed(v *visit, b []byte, kind statement.Kind, hostKey bool) (statement.Statement, fault.Code) {
	if !m.lobby.IsHost(v.who) {
		return statement.Statement{}, fault.NotHost
	}
	group, ok := m.epoch.Group()
	if !ok {
		return statement.Statement{}, fault.GroupMissing
	}
	s, err := statement.Parse(b)
	if err != nil || s.Kind != kind {
		return s, fault.StatementBad
	}
	byDevice := s.Signer == [32]byte(v.device) && slices.Contains(m.policy.hosts, s.Signer)
	if !byDevice && (!hostKey || s.Signer != m.facts.HostKey) || !s.Verify(m.facts.Meeting, group) {
		return s, fault.StatementBad
	}
	return s, ""
}

func (m *Meeting) admission(v *visit, r wire.Admit) (lobby.Input, fault.Code) {
	s, code := m.signed(v, r.Admission, statement.KindAdmission, false)
	if code != "" {
		return nil, code
	}
	a, err := statement.ParseAdmission(s.Body)
	if err != nil || a.Under != m.policy.under || a.Expiry <= uint64(time.Now().UnixMilli()) {
		return nil, fault.StatementBad
	}
	in := lobby.Admitted{By: v.who, Admission: r.Admission}
	for _, e := range a.Entries {
		if e.Role != statement.RoleGuest {
			return nil, fault.StatementBad
		}
		in.Entries = append(in.Entries, lobby.Invitation{Who: e.Participant, Device: e.Device, Reference: e.Reference})
	}
	return in, ""
}

func (m *Meeting) removal(v *visit, r wire.Remove) (lobby.Input, fault.Code) {
	s, code := m.signed(v, r.Statement, statement.KindRemoval, false)
	if code != "" {
		return nil, code
	}
	b, err := statement.ParseRemoval(s.Body)
	if err != nil || b.Under != m.policy.under {
		return nil, fault.StatementBad
	}
	return lobby.Removed{By: v.who, Who: b.Participant, Device: b.Device, Statement: r.Statement}, ""
}

func (m *Meeting) ending(v *visit, r wire.End) (lobby.Input, fault.Code) {
	s, code := m.signed(v, r.Statement, statement.KindEnd, true)
	if code != "" {
		return nil, code
	}
	if b, err := statement.ParseEnd(s.Body); err != nil || b.Under != m.policy.under {
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
	group, ok := m.epoch.Group()
	if !ok {
		return nil, fault.GroupMissing
	}
	s, err := statement.Parse(r.Statement)
	if err != nil || s.Kind != statement.KindLeave || s.Signer != [32]byte(v.device) || !s.Verify(m.facts.Meeting, group) {
		return nil, fault.StatementBad
	}
	b, err := statement.ParseLeave(s.Body)
	if err != nil || b.Participant != ident.ParticipantID(v.who) {
		return nil, fault.StatementBad
	}
	return lobby.Left{Who: v.who, Statement: r.Statement}, ""
}
