package testkit

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"time"

	"incamera/internal/fault"
	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// learn takes what was asked and not refused.
func (m *model) learn(ask *asking, reply wire.Reply) {
	l, s := ask.on, ask.on.soul
	f := m.of(s)
	switch r := ask.request.(type) {
	case wire.Hello:
		l.challenge = reply.(wire.OkHello).Challenge
		s.OrderKey = reply.(wire.OkHello).OrderKey
	case wire.Host:
		ok := reply.(wire.OkHost)
		f.seat, f.door, f.taking = &place{line: l, host: true, ticket: ok.Ticket}, nil, nil
		s.Ticket, s.Seq, s.shown, s.task = ok.Ticket, 0, nil, nil
		clear(l.answers) // a seat counts its requests anew
	case wire.Knock:
		f.door = &knocking{line: l, keyPackage: r.KeyPackage}
	case wire.Rejoin:
		f.door = &knocking{line: l, keyPackage: r.KeyPackage, admission: r.Statement, rejoins: true}
		m.counts["rejoin"]++
	case wire.Withdraw:
		f.door = nil
	case wire.Resume:
		f.seat.line, f.seat.lost = l, time.Time{}
		m.resumed = l
		m.counts["resume"]++
	case wire.Revive:
		m.revived()
		m.comesBack(l, reply)
	case wire.Return:
		m.comesBack(l, reply)
		m.counts["return"]++
	case wire.Joined:
		f.seat.confirmed = true
	case wire.Commit:
		m.committed(r)
	case wire.Cannot:
		m.counts["cannot"]++
	case wire.Leave:
		f.gone = f.seat.inGroup || f.gone
		if f.taking != nil || f.door != nil && f.door.admission != nil {
			f.door = nil
		}
		f.seat, f.taking = nil, nil
	default:
		m.learnHost(s, r, reply)
	}
}

// comesBack puts a line into the seat that a restarted server gave.
func (m *model) comesBack(l *tap, reply wire.Reply) {
	ticket := reply.(wire.OkReturn).Ticket
	f := m.of(l.soul)
	f.seat.line, f.seat.lost, f.seat.ticket = l, time.Time{}, ticket
	l.soul.Ticket, l.soul.Seq, l.soul.shown, l.soul.task = ticket, 0, nil, nil
	m.resumed = l
	clear(l.answers)
}

func (m *model) learnHost(by *soul, r wire.Request, reply wire.Reply) {
	switch r := r.(type) {
	case wire.Open:
		m.opened(by, m.proofs[string(r.Policy)].group)
	case wire.Take:
		m.of(by).taking = &knocking{keyPackage: r.KeyPackage, admission: r.Admission}
		m.ruled(r.Policy)
	case wire.Admit:
		for _, s := range m.proofs[string(r.Admission)].people {
			m.of(s).door.admission = r.Admission
		}
		if m.rank(by) == 1 {
			m.counts["co-host admits"]++
		}
	case wire.Deny:
		s := m.named(r.Participant)
		f := m.of(s)
		f.door = nil
		if !m.hosts(s) && m.rank(s) < 2 {
			f.seat, f.denied = nil, true
		}
	case wire.Allow:
		f := m.of(m.named(r.Participant))
		f.denied, f.out = false, f.out && !m.hosts(by)
	case wire.Policy:
		m.ruled(r.Statement)
	case wire.Remove:
		f := m.of(m.proofs[string(r.Statement)].whom)
		f.seat, f.door, f.taking, f.out, f.gone = nil, nil, nil, true, true
		if reply.(wire.OkRemove).Barred {
			m.ruled(r.Policy)
			m.counts["bar"]++
		}
		m.counts["removal"]++
	case wire.End:
		m.finish()
		m.counts["end"]++
	}
}

// ruled takes a policy that waits for its commit; what it tightens counts at the door at once.
func (m *model) ruled(raw []byte) {
	if len(raw) == 0 {
		return
	}
	p := m.proofs[string(raw)]
	m.tip = sha256.Sum256(raw)
	m.locking = m.locking || p.policy.Locked
	for _, device := range p.policy.Barred {
		m.barring[device] = true
	}
	for n, f := range m.figures {
		if s := m.w.souls[n]; m.barred(s) && f.seat != nil && m.group.Has(s.ID) { // put out at once
			f.seat, f.door, f.taking, f.out, f.gone = nil, nil, nil, true, true
			m.counts["bar"]++
		}
	}
	if p.policy.Locked {
		m.counts["lock"]++
	}
}

// opened puts everybody out but who opened, and leaves those with the host key their seats.
func (m *model) opened(by *soul, g *Group) {
	m.group, m.lost, m.gen = g, nil, g.Policy.Generation
	m.tip, m.locking = g.Under.Hash, false
	clear(m.barring)
	clear(m.tasks)
	for n, f := range m.figures {
		f.gone, f.taking = false, nil
		switch {
		case f.door != nil && f.door.rejoins:
			f.door = nil
		case f.door != nil:
			f.door.admission = nil
		}
		switch {
		case f.seat == nil || m.w.souls[n] == by:
		case f.seat.host && f.seat.line != nil:
			f.seat.inGroup, f.seat.confirmed = false, false
		default:
			f.seat = nil
			m.counts["regroup"]++
		}
	}
	seat := m.of(by).seat
	seat.inGroup, seat.confirmed, seat.since = true, true, 0
}

// revived seats whom the group holds.
func (m *model) revived() {
	g := m.lost
	m.group, m.lost, m.gen = g, nil, g.Policy.Generation
	m.tip, m.locking = g.Under.Hash, false
	clear(m.barring)
	clear(m.tasks)
	for n, f := range m.figures {
		s := m.w.souls[n]
		if g.Has(s.ID) && f.seat == nil && !g.Barred(s.DeviceKey()) {
			f.seat = &place{since: 0, inGroup: true, confirmed: true, lost: time.Now()}
		}
	}
	m.counts["revival"]++
}

// restarted forgets what a server keeps in memory; the people hold the group.
func (m *model) restarted() {
	if m.group != nil {
		m.lost = m.group
	}
	m.group, m.gen, m.locking, m.there, m.hostless = nil, 0, false, false, time.Time{}
	clear(m.barring)
	clear(m.tasks)
	clear(m.playing)
	for n, f := range m.figures {
		*f = figure{}
		m.w.souls[n].task, m.w.souls[n].shown = nil, nil
	}
	m.counts["restart"]++
}

func (m *model) finish() {
	m.over = true
	for _, f := range m.figures {
		f.seat, f.door, f.taking = nil, nil, nil
	}
}

// committed moves the group on. Who is added and was not let in, or took it back, has no seat; while the meeting is
// locked nobody new comes in, and nobody barred is ever inside.
func (m *model) committed(r wire.Commit) {
	g := m.group
	locked, barred := g.Policy.Locked, g.Policy.Barred
	made := g.plans[sha256.Sum256(r.Commit)]
	g.advance(sha256.Sum256(r.Commit), made)
	m.judgeState(made, locked || g.Policy.Locked)
	if g.Under.Hash == m.tip {
		m.locking = false
		clear(m.barring)
	}
	for n, f := range m.figures {
		device := m.w.souls[n].DeviceKey()
		if slices.Contains(barred, device) && !g.Barred(device) {
			f.out = false
			m.counts["pardon"]++
		}
		if f.seat != nil && f.seat.inGroup && !g.Has(m.w.souls[n].ID) {
			f.seat.inGroup = false
		}
	}
	for _, add := range m.tasks[r.Lease].Adds {
		if s := m.named(add.Participant); s != nil && g.Has(s.ID) {
			m.welcomed(s, add)
		}
	}
	guests := 0 // whoever has the host key finds a seat
	for _, f := range m.figures {
		if f.seat != nil && !f.seat.host {
			guests++
		}
	}
	if guests > walkLimits.Members {
		m.w.fail("%d seats", guests)
	}
}

// judgeState holds what a commit made of the group against the rules that nobody may break.
func (m *model) judgeState(made plan, locked bool) {
	g := m.group
	for _, add := range made.adds {
		word, err := statement.Parse(m.wordOf(made, add))
		if locked && (err != nil || word.Kind != statement.KindRejoin && word.Signer != m.w.in.HostKey) {
			m.w.fail("somebody new came in through the lock")
		}
	}
	for _, l := range g.leaves {
		if g.Barred(l.device) {
			m.w.fail("a barred device is inside")
		}
	}
	for _, l := range g.away {
		if g.Barred(l.device) {
			m.w.fail("a barred device may come back")
		}
	}
}

// wordOf is the statement by which a commit adds somebody.
func (m *model) wordOf(made plan, add planned) []byte { return made.words[add.reference] }

// welcomed gives a seat to who was let in for the KeyPackage that was added.
func (m *model) welcomed(s *soul, add wire.TaskAdd) {
	f := m.of(s)
	switch {
	case f.taking != nil && f.seat != nil && bytes.Equal(f.taking.keyPackage, add.KeyPackage):
		f.seat.inGroup, f.seat.confirmed, f.seat.since, f.seat.admission = true, false, m.group.Epoch, f.taking.admission
		f.taking, f.gone = nil, false
		m.counts["take"]++
	case f.door != nil && f.door.admission != nil && bytes.Equal(f.door.keyPackage, add.KeyPackage):
		f.seat = &place{line: f.door.line, since: m.group.Epoch, inGroup: true, admission: f.door.admission}
		clear(f.door.line.answers) // a seat counts its requests anew
		s.shown, s.task = nil, nil
		f.door, f.gone = nil, false
	default:
		f.seat = nil
	}
}

// refused takes a refusal; it changes nothing.
func (m *model) refused(code fault.Code) {
	switch code {
	case fault.MeetingFull:
		m.counts["full"]++
	case fault.Removed, fault.KnockDenied:
		m.counts["barred out"]++
	case fault.MeetingLocked:
		m.counts["locked out"]++
	case fault.CommitBad:
		m.counts["commit refused"]++
	case fault.MeetingUnknown:
		if m.over {
			m.counts["silence after the end"]++
		}
	}
	m.counts["refused"]++
}

// hung takes a line that is gone.
func (m *model) hung(l *tap) {
	f := m.of(l.soul)
	if f.seat != nil && f.seat.line == l {
		f.seat.line, f.seat.lost = nil, time.Now()
	}
	if f.door != nil && f.door.line == l {
		f.door = nil
	}
}

// notice keeps the time since when neither host nor co-host is there.
func (m *model) notice() {
	there := false
	for n, f := range m.figures {
		there = there || f.seat != nil && f.seat.line != nil && m.admits(m.w.souls[n])
	}
	switch {
	case there:
		m.hostless = time.Time{}
	case m.there:
		m.hostless = time.Now()
	}
	m.there = there
}

// age gives up what the protocol gives up after two minutes.
func (m *model) age(now time.Time) {
	if !m.hostless.IsZero() && now.Sub(m.hostless) >= lobby.Grace {
		m.finish()
	}
	for _, f := range m.figures {
		if f.seat != nil && f.seat.line == nil && now.Sub(f.seat.lost) >= lobby.Grace {
			f.seat, f.taking = nil, nil
		}
	}
}

// overSaid takes the server's last word to a line.
func (m *model) overSaid(l *tap, o wire.Over) {
	f := m.of(l.soul)
	if o.Reason == wire.ReasonRemoved && !f.out && !m.barred(l.soul) {
		m.w.fail("line %d is told of a removal that nobody made", l.n)
	}
	if o.Reason == wire.ReasonEnded && !m.over {
		m.w.fail("line %d is told of an end that nobody made", l.n)
	}
	if o.Reason == wire.ReasonLocked && !m.locked() {
		m.w.fail("line %d is told of a lock that nobody made", l.n)
	}
	if f.seat != nil && f.seat.line == l {
		f.seat, f.taking = nil, nil
	}
	if f.door != nil && f.door.line == l {
		f.door = nil
	}
}
