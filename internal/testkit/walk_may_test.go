package testkit

import (
	"slices"

	"incamera/internal/statement"
	"incamera/internal/wire"
)

// may tells whether a request may be answered with ok. Whether it must is not said: the server may refuse for reasons of its own.
func (m *model) may(l *tap, r wire.Request) bool {
	if _, ping := r.(wire.Ping); ping {
		return true
	}
	if m.over {
		return false
	}
	seat, door := m.seatOf(l), m.doorOf(l)
	if _, hello := r.(wire.Hello); hello || l.challenge == [32]byte{} {
		return hello && l.challenge == [32]byte{}
	}
	if seat == nil {
		return m.mayOutside(l, r, door)
	}
	switch r := r.(type) {
	case wire.Joined:
		return seat.inGroup && !seat.confirmed && r.Epoch == seat.since
	case wire.View:
		return true
	case wire.Leave:
		p := m.proofs[string(r.Statement)]
		return len(r.Statement) == 0 && !(seat.confirmed && seat.inGroup) || p.maker == l.soul && p.whom == l.soul && p.group == m.group
	case wire.Commit, wire.Cannot, wire.Refuse, wire.App, wire.Media:
		return seat.confirmed && seat.inGroup && m.mayMember(l.soul, r)
	default:
		return m.admits(l.soul) && m.mayHost(l.soul, r)
	}
}

func (m *model) mayMember(by *soul, r wire.Request) bool {
	switch r := r.(type) {
	case wire.Commit:
		task, asked := m.tasks[r.Lease]
		p := m.proofs[string(r.Commit)]
		return asked && task.Epoch == m.group.Epoch && r.Epoch == m.group.Epoch && p.group == m.group && p.maker == by && p.good
	case wire.Cannot:
		task, asked := m.tasks[r.Lease]
		return asked && task.Epoch == m.group.Epoch
	case wire.App:
		p := m.proofs[string(r.Message)]
		return p.group == m.group && p.good && r.Epoch <= m.group.Epoch && r.Epoch+4 >= m.group.Epoch
	}
	return true
}

func (m *model) mayOutside(l *tap, r wire.Request, door *knocking) bool {
	s := l.soul
	f := m.of(s)
	switch r := r.(type) {
	case wire.Host:
		p := m.proofs[string(r.Statement)]
		return p.good && p.challenge == l.challenge && r.Participant == s.WireID() && p.maker == s && door == nil && !m.barred(s)
	case wire.Knock:
		k := m.proofs[string(r.Statement)]
		return k.maker == s && m.entered(l, r.Entry) && r.Participant == s.WireID() && r.Device == s.DeviceKey() && !m.keptOut(s) && !m.locked()
	case wire.Rejoin:
		p := m.proofs[string(r.Statement)]
		if m.group == nil || p.maker != s || p.group != m.group || r.Participant != s.WireID() || r.Device != s.DeviceKey() {
			return false
		}
		old, known := m.group.known(s.ID)
		return m.entered(l, r.Entry) && known && old.signatureKey == p.key && !f.gone && !m.keptOut(s)
	case wire.Revive:
		p := m.proofs[string(r.Statement)]
		return m.group == nil && m.lost != nil && p.good && p.maker == s && p.challenge == l.challenge && p.group == m.lost
	case wire.Return:
		p := m.proofs[string(r.Statement)]
		return m.group != nil && p.maker == s && p.challenge == l.challenge && r.Participant == s.WireID() && f.seat != nil && f.seat.confirmed &&
			r.Group == m.group.ID && r.Epoch == m.group.Epoch
	case wire.Resume:
		p := m.proofs[string(r.Statement)]
		return m.named(r.Participant) == s && p.maker == s && f.seat != nil && p.challenge == l.challenge && r.Ticket == p.ticket && p.ticket == f.seat.ticket
	case wire.Stay, wire.Withdraw:
		return door != nil
	}
	return false
}

// entered tells whether an entry proves the code on a line.
func (m *model) entered(l *tap, entry []byte) bool {
	e := m.proofs[string(entry)]
	return e.good && e.challenge == l.challenge && e.maker == l.soul
}

// mayHost is what only a host's or a co-host's seat may say.
func (m *model) mayHost(by *soul, r wire.Request) bool {
	seat := m.of(by).seat
	switch r := r.(type) {
	case wire.Open:
		p := m.proofs[string(r.Policy)]
		return seat.host && p.good && p.maker == by && r.Group == p.group.ID && p.policy.Generation > m.gen && m.holders() == 0
	case wire.Take:
		p := m.proofs[string(r.Admission)]
		return seat.host && !seat.inGroup && p.good && p.maker == by && m.group != nil && p.group == m.group && m.mayFollow(r.Policy)
	case wire.Admit:
		return m.mayAdmit(by, r)
	case wire.Deny:
		s := m.named(r.Participant)
		return s != nil && m.of(s).door != nil
	case wire.Allow:
		s := m.named(r.Participant)
		return s != nil && (m.of(s).denied || m.of(s).out && m.hosts(by))
	case wire.Policy:
		return m.mayFollow(r.Statement)
	case wire.Remove:
		p := m.proofs[string(r.Statement)]
		return m.group != nil && p.group == m.group && p.maker == by && m.rank(by) > 0 && p.whom != by && !m.hosts(p.whom) && m.rank(p.whom) < 2
	case wire.End:
		p := m.proofs[string(r.Statement)]
		return m.hosts(by) && m.group != nil && p.group == m.group && m.rank(p.maker) == 2
	}
	return false
}

// mayFollow tells whether a policy is the next one; none at all follows, too.
func (m *model) mayFollow(raw []byte) bool {
	if len(raw) == 0 {
		return true
	}
	p := m.proofs[string(raw)]
	return m.group != nil && p.group == m.group && p.good && p.after == m.tip
}

func (m *model) mayAdmit(by *soul, r wire.Admit) bool {
	p, added := m.proofs[string(r.Admission)], 0
	if m.group == nil || !p.good || p.group != m.group || m.rank(p.maker) == 0 || m.locked() {
		return false
	}
	for _, s := range p.people {
		f := m.of(s)
		if f.door == nil || f.door.rejoins || m.keptOut(s) {
			return false
		}
		if f.seat == nil {
			added++
		}
	}
	return m.seats()+added <= walkLimits.Members
}

// lawful tells whether a policy may follow another, signed by a device of a rank: the table of protocol/README.md section 2.
func lawful(before, after statement.Policy, rank int, signer [32]byte) bool {
	all := slices.Concat(after.Hosts, after.CoHosts, after.Barred)
	if len(rising(all)) != len(all) || len(after.Hosts) == 0 {
		return false
	}
	lost := func(was, is [][32]byte) (list [][32]byte) {
		for _, k := range was {
			if !slices.Contains(is, k) {
				list = append(list, k)
			}
		}
		return list
	}
	switch rank {
	case 2:
		gone := lost(before.Hosts, after.Hosts)
		return len(gone) == 0 || len(gone) == 1 && gone[0] == signer && len(before.Hosts) > 1
	case 1:
		fallen := lost(before.CoHosts, after.CoHosts)
		return len(lost(before.Barred, after.Barred)) == 0 && (after.Locked || !before.Locked) && slices.Equal(before.Hosts, after.Hosts) &&
			len(lost(after.CoHosts, before.CoHosts)) == 0 && len(lost(fallen, after.Barred)) == 0
	}
	return false
}
