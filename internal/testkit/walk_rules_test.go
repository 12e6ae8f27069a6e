package testkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
	"incamera/internal/wire"
)

// note remembers a policy that was made: by whom, and whether the table allows it.
func (w *walk) note(s *soul, g *Group, raw []byte, hostKey bool) {
	signed, err := statement.Parse(raw)
	if err != nil {
		return
	}
	policy := decoded(signed.Body)
	good := hostKey || lawful(g.Policy, policy, g.Authority(s.DeviceKey()), s.DeviceKey())
	w.model.proofs[string(raw)] = proof{maker: s, group: g, good: good, after: g.Under.Hash, policy: policy}
	w.model.plant(nil, raw)
}

// decoded reads a policy; what no reader takes is empty, and not lawful.
func decoded(body []byte) statement.Policy {
	policy, err := statement.ParsePolicy(body)
	if err != nil {
		return statement.Policy{}
	}
	return policy
}

// leading is somebody else with a say in the meeting where s has none.
func (w *walk) leading(s *soul) *soul {
	for _, p := range append([]*soul{s}, w.souls...) {
		if w.model.rank(p) > 0 && w.model.admits(p) && w.live(p) {
			return p
		}
	}
	return s
}

// inside is somebody with a leaf where whom has none.
func (w *walk) inside(s, whom *soul) *soul {
	for _, p := range append([]*soul{whom}, w.souls...) {
		if p != s && w.model.group != nil && w.model.group.Has(p.ID) {
			return p
		}
	}
	return whom
}

// rule asks for the next policy; twist 7 has a guest make themselves host.
func (w *walk) rule(s, whom *soul, twist int) {
	if twist < 7 {
		s = w.leading(s)
	}
	if twist == 2 || twist == 3 {
		whom = w.inside(s, whom)
	}
	g := w.theGroup(s)
	change := []func(*statement.Policy){
		Lock, Unlock, CoHost(whom.DeviceKey()), Demote(whom.DeviceKey()), Pardon(whom.DeviceKey()), Bar(whom.DeviceKey()), HostOn(whom.DeviceKey()),
		HostOn(s.DeviceKey()),
	}[twist]
	if twist == 4 && len(g.Policy.Barred) > 0 {
		change = Pardon(g.Policy.Barred[0])
	}
	r := s.Change(w.in, g, change)
	w.note(s, g, r.Statement, false)
	w.ask(s, r)
}

// rejoin asks for a new leaf by the device's own word; lies name another's leaf, participant, group or device.
func (w *walk) rejoin(s, whom *soul, twist int) {
	if s.line == nil {
		return
	}
	p, g := w.on(s.line), w.theGroup(s)
	switch twist {
	case 4:
		p.Leaf = whom.Leaf
	case 5:
		g = w.another(s)
	case 6:
		p.ID = whom.ID
	}
	r := p.RejoinProof(w.in, g)
	good := p.ID == s.ID
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g, good: good, people: []*soul{s}, key: p.leafKey()}
	w.model.proofs[string(r.Entry)] = proof{maker: s, challenge: s.line.challenge, good: good}
	w.model.plant(s, r.KeyPackage, r.Statement)
	if twist == 7 && whom != s {
		r.Device = whom.DeviceKey()
	}
	w.send(s.line, r)
}

// take asks the members to add a device with the host link; lies are by who has none, or for another group.
func (w *walk) take(s, _ *soul, twist int) {
	in, g := *w.in, w.theGroup(s)
	if s.n > 1 || twist == 6 {
		in.Seed[0] ^= 1
	}
	if twist == 7 {
		g = w.another(s)
	}
	r := s.Taking(&in, g)
	good := in.Seed == w.in.Seed
	if len(r.Policy) > 0 {
		w.note(s, g, r.Policy, good)
	}
	w.model.proofs[string(r.Admission)] = proof{maker: s, group: g, good: good, people: []*soul{s}}
	w.model.plant(nil, r.Admission)
	w.ask(s, r)
}

// hangAll breaks all lines at once.
func (w *walk) hangAll(_, _ *soul, twist int) {
	for _, s := range w.souls {
		if twist < 4 {
			w.hang(s.line)
		}
	}
}

// newDevice makes somebody who is out a stranger: other keys, another id.
func (w *walk) newDevice(s, _ *soul, _ int) {
	f := w.model.of(s)
	if f.seat != nil || f.door != nil || !w.model.keptOut(s) {
		return
	}
	w.hang(s.line)
	rand.Read(s.ID[:])
	_, s.Device, _ = ed25519.GenerateKey(nil)
	s.Leaf, s.Place = nil, Place{OrderKey: s.OrderKey}
	w.h.Media.know(s.ID, s.Name)
	*f = figure{}
}

// tasked is somebody else with a task where s has none.
func (w *walk) tasked(s *soul) *soul {
	for _, p := range w.souls {
		if s.task == nil && p.task != nil {
			return p
		}
	}
	return s
}

// forge offers a commit that breaks a rule of the gate: the server must not order it.
func (w *walk) forge(s, whom *soul, twist int) {
	g := w.model.group
	s = w.tasked(s)
	if g == nil || s.task == nil || s.Leaf == nil || s.task.Epoch != g.Epoch || !g.Has(s.ID) || !g.Leaves(s.task) {
		return
	}
	c, made := s.plan(g, *s.task)
	signer, stranger := s.Person, mls.NewLeaf(w.in.ID, ident.ParticipantID(random(16)), s.Device)
	switch twist {
	case 0: // in another's name
		c.Sender++
	case 1: // somebody whom nobody admitted
		c.Adds = append(c.Adds, stranger.KeyPackage(time.Now()))
	case 2: // a new leaf key for the sender, by a path
		c.Path, c.Leaves = mls.NewLeaf(w.in.ID, s.ID, s.Device), g.width()
	case 3: // a host's word that is none's
		c.Statements = slices.Concat([][]byte{s.sign(stranger.Key, w.in, g, HostOn(s.DeviceKey()))}, c.Statements)
	case 4: // under another name
		if !w.rename(s, g, &c) {
			return
		}
	case 5: // a clock that goes back
		if g.Time == 0 {
			return
		}
		c.Time = time.UnixMilli(int64(g.Time) - 1)
	case 6: // signed by another device
		if signer = whom.Person; whom == s {
			return
		}
	case 7: // of an epoch to come
		c.Epoch++
	}
	r := signer.committed(g, *s.task, c, made)
	w.offer(s, r, false)
}

// Leaves tells whether a task can be planned: all whom it takes back were inside.
func (g *Group) Leaves(task *wire.Task) bool {
	for _, add := range task.Adds {
		signed, err := statement.Parse(add.Statement)
		if err != nil {
			return false
		}
		if _, known := g.known(ident.ParticipantID(add.Participant)); signed.Kind == statement.KindRejoin && !known {
			return false
		}
	}
	return true
}

// rename signs an admission anew with another name commitment, by who may admit nobody.
func (w *walk) rename(s *soul, g *Group, c *mls.Commit) bool {
	if g.Authority(s.DeviceKey()) > 0 {
		return false
	}
	for i, raw := range c.Statements {
		signed, err := statement.Parse(raw)
		if err != nil || signed.Kind != statement.KindAdmission {
			continue
		}
		a, err := statement.ParseAdmission(signed.Body)
		if err != nil {
			return false
		}
		a.Entries[0].NameCommitment[0] ^= 1
		c.Statements[i] = statement.Sign(s.Device, statement.KindAdmission, w.in.ID, g.ID, a.Encode())
		return true
	}
	return false
}

// cannot gives back what a task asks to add.
func (w *walk) cannot(s, _ *soul, twist int) {
	s = w.tasked(s)
	if s.task == nil || len(s.task.Adds) == 0 {
		return
	}
	r := wire.Cannot{Lease: s.task.Lease + uint64(twist/7)}
	for _, add := range s.task.Adds {
		r.Participants = append(r.Participants, add.Participant)
	}
	w.ask(s, r)
}

// refuse refuses a commit that was never ordered: nothing comes of it.
func (w *walk) refuse(s, _ *soul, twist int) {
	g := w.theGroup(s)
	push := wire.CommitPush{Epoch: g.Epoch - min(g.Epoch, uint64(twist%2)), Commit: random(64)}
	r := s.Refusal(g, push, statement.WhyGate)
	w.ask(s, r)
}

// restart starts the server anew.
func (w *walk) restart(_, _ *soul, twist int) {
	if twist > 3 {
		return
	}
	w.model.before = w.model.standings()
	w.h.Restart()
	w.judge(w.collect(), nil)
	w.model.restarted()
}

// revive tells a restarted server of the group; lies are by who is no host, in the name of another device, or with a leaf that nobody admitted.
func (w *walk) revive(s, whom *soul, twist int) {
	if s.line == nil || w.group() == nil && s.n < 2 { // a host may tell of a group that nobody else ever saw
		return
	}
	g := w.theGroup(s)
	told := *g
	if twist == 5 {
		told.State = told.apply(plan{time: told.Time, adds: []planned{{seated: seated{
			participant: whom.ID, device: [32]byte(random(32)), signatureKey: [32]byte(random(32)), admission: told.leaves[0].admission,
		}}}})
	}
	r := w.on(s.line).ReviveProof(w.in, &told)
	good := twist != 5 && g.Authority(s.DeviceKey()) > 0
	if twist == 6 && whom != s {
		r.Device, good = whom.DeviceKey(), false
	}
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g, challenge: s.line.challenge, good: good}
	w.model.plant(nil, r.State)
	w.send(s.line, r)
}

// comeBack asks a restarted server for the seat; lies are of another epoch or another's id.
func (w *walk) comeBack(s, whom *soul, twist int) {
	if s.line == nil {
		return
	}
	p, g := w.on(s.line), w.theGroup(s)
	switch twist {
	case 4:
		p.Epoch++
	case 5:
		p.ID = whom.ID
	case 6:
		g = w.another(s)
	}
	r := p.ReturnProof(w.in, g)
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g, challenge: s.line.challenge}
	w.send(s.line, r)
}
