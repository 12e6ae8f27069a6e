package testkit

import (
	"crypto/sha256"
	"slices"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
	"incamera/internal/wire"
)

// Commit carries a task out, as a committer would.
func (p *Person) Commit(g *Group, task wire.Task) wire.Commit {
	p.t.Helper()
	c, plan := p.plan(g, task)
	return p.committed(g, task, c, plan)
}

// committed makes the bytes of a commit and signs for them.
func (p *Person) committed(g *Group, task wire.Task, c mls.Commit, made plan) wire.Commit {
	raw := c.Encode()
	hash := sha256.Sum256(raw)
	g.plans[hash] = made
	signed := statement.Sign(p.Device, statement.KindCommit, g.Meeting, g.ID, envelope(task.Epoch, raw).Encode())
	p.log.nameValue(p.Name+".commit", raw)
	p.log.nameValue(p.Name+".committed", signed)
	r := wire.Commit{Lease: task.Lease, Epoch: task.Epoch, Commit: raw, Statement: signed}
	if len(c.Adds) > 0 {
		r.Welcome, r.Tree = []byte("a welcome"), []byte("a tree")
	}
	return r
}

// plan turns a task into proposals and the statements that cover them, in the order of the protocol.
func (p *Person) plan(g *Group, task wire.Task) (mls.Commit, plan) {
	p.t.Helper()
	now := time.UnixMilli(max(time.Now().UnixMilli(), int64(g.Time)))
	c := mls.Commit{Group: g.ID, Epoch: task.Epoch, Time: now}
	c.Sender, _ = g.find(p.ID)
	made := plan{author: p.DeviceKey(), epoch: task.Epoch, time: uint64(now.UnixMilli()), words: map[[32]byte][]byte{}}
	var words covers
	for _, raw := range task.Policies {
		made.policies = append(made.policies, raw)
	}
	for _, raw := range task.Consents {
		words.take(raw)
	}
	for _, remove := range task.Removes {
		who := ident.ParticipantID(remove.Participant)
		words.take(remove.Statement)
		if index, in := g.find(who); in {
			c.Removes = append(c.Removes, index)
		}
		made.removes = append(made.removes, leaving{who, len(remove.Statement) == 0})
	}
	for _, add := range task.Adds {
		seat := p.addition(g, add)
		made.adds, made.words[seat.reference] = append(made.adds, seat), add.Statement
		words.take(add.Statement)
		c.Adds = append(c.Adds, add.KeyPackage)
	}
	c.Statements = slices.Concat(made.policies, words.inOrder())
	if len(c.Adds) == 0 || len(c.Removes) > 0 {
		c.Path, c.Leaves = p.Leaf, g.apply(made).width()
	}
	return c, made
}

// addition is what a task's add makes of the group: by a rejoin the old word stays.
func (p *Person) addition(g *Group, add wire.TaskAdd) planned {
	p.t.Helper()
	seat := p.seat(add.KeyPackage, add.Statement)
	signed, err := statement.Parse(add.Statement)
	if err != nil {
		p.t.Fatalf("%s is asked to add by what is no statement", p.Name)
	}
	if signed.Kind == statement.KindRejoin {
		old, known := g.known(seat.participant)
		if !known {
			p.t.Errorf("%s is asked to take back who was never inside", p.Name)
		}
		seat.commitment, seat.role, seat.admission = old.commitment, old.role, old.admission
	}
	return seat
}

// seat reads what a KeyPackage and its word say of the leaf to come.
func (p *Person) seat(kp, word []byte) planned {
	p.t.Helper()
	k, err := statement.ParseKeyPackage(kp)
	if err != nil {
		p.t.Fatalf("%s reads a KeyPackage that is none: %v", p.Name, err)
	}
	s := planned{reference: k.Reference, until: k.NotAfter * 1000}
	s.participant, s.device, s.signatureKey, s.admission = k.Participant, k.Device, k.SignatureKey, word
	signed, err := statement.Parse(word)
	if err != nil || signed.Kind != statement.KindAdmission {
		return s
	}
	a, err := statement.ParseAdmission(signed.Body)
	if err != nil {
		p.t.Fatalf("%s reads an admission that is none: %v", p.Name, err)
	}
	for _, e := range a.Entries {
		if e.Reference == k.Reference {
			s.commitment, s.role = e.NameCommitment, e.Role
		}
	}
	return s
}

// covers are the statements of a commit by kind, each once.
type covers map[statement.Kind][][]byte

func (c *covers) take(raw []byte) {
	s, err := statement.Parse(raw)
	if err != nil {
		return // absence has no word
	}
	if *c == nil {
		*c = covers{}
	}
	if same := func(b []byte) bool { return string(b) == string(raw) }; !slices.ContainsFunc((*c)[s.Kind], same) {
		(*c)[s.Kind] = append((*c)[s.Kind], raw)
	}
}

func (c covers) inOrder() (all [][]byte) {
	for _, kind := range []statement.Kind{
		statement.KindConsent, statement.KindAdmission, statement.KindRejoin, statement.KindRemoval, statement.KindLeave,
	} {
		all = append(all, c[kind]...)
	}
	return all
}

// Refusal signs that an ordered commit is refused: it breaks a rule or does not open.
func (p *Person) Refusal(g *Group, push wire.CommitPush, why statement.Why) wire.Refuse {
	body := statement.Refusal{Envelope: envelope(push.Epoch, push.Commit), Why: why}.Encode()
	signed := statement.Sign(p.Device, statement.KindRefusal, g.Meeting, g.ID, body)
	p.log.nameValue(p.Name+".refusal", signed)
	return wire.Refuse{Epoch: push.Epoch, Statement: signed}
}

// Leaving signs the person's own leave.
func (p *Person) Leaving(in *Invite, g *Group) wire.Leave {
	body := statement.Leave{Participant: p.ID, SignatureKey: p.leafKey()}
	signed := statement.Sign(p.Device, statement.KindLeave, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".leave", signed)
	return wire.Leave{Statement: signed}
}

// Message is something sealed for the group.
func (p *Person) Message(g *Group, epoch uint64, fleeting bool) wire.App {
	b := mls.PrivateMessage(g.ID, epoch)
	p.log.nameValue(p.Name+".message", b)
	return wire.App{Epoch: epoch, Message: b, Fleeting: fleeting, To: []wire.Participant{}}
}

// MessageTo is something sealed that concerns a few.
func (p *Person) MessageTo(g *Group, epoch uint64, to ...*Person) wire.App {
	r := p.Message(g, epoch, false)
	for _, q := range to {
		r.To = append(r.To, q.WireID())
	}
	return r
}

// LetIn has a host or co-host admit whoever is shown next, commit, and the guest confirm.
func LetIn(host, guest *Person, in *Invite, g *Group) {
	host.t.Helper()
	shown := Next[wire.KnockPush](host)
	host.Do(host.Admission(in, g, shown))
	Next[wire.KnockGone](host)
	host.Work(g)
	guest.Welcomed(g)
}

// Welcomed takes the way into the group and confirms it.
func (p *Person) Welcomed(g *Group) {
	p.t.Helper()
	p.TakeIn(g, Next[wire.Admitted](p))
	p.Do(wire.Joined{Epoch: p.Epoch})
}

// TakeIn takes the way into the group: the leaf is the one whose KeyPackage the tree has.
func (p *Person) TakeIn(g *Group, in wire.Admitted) {
	p.t.Helper()
	p.Ticket, p.Group, p.Epoch = in.Ticket, g, in.Epoch
	s, err := statement.Parse(in.Admission)
	if err != nil {
		p.t.Fatalf("%s is admitted by what is no statement", p.Name)
	}
	reference, err := admittedAs(s, p.ID)
	if err != nil {
		p.t.Fatalf("%s is admitted by a %s that is none", p.Name, s.Kind)
	}
	if p.Leaf = p.made[reference]; p.Leaf == nil {
		p.t.Errorf("%s is admitted with a KeyPackage of another", p.Name)
	}
}

// admittedAs is the KeyPackage's reference by which an admission or a rejoin lets somebody in.
func admittedAs(s statement.Statement, who ident.ParticipantID) ([32]byte, error) {
	if s.Kind == statement.KindRejoin {
		r, err := statement.ParseRejoin(s.Body)
		return r.Reference, err
	}
	a, err := statement.ParseAdmission(s.Body)
	for _, e := range a.Entries {
		if e.Participant == who {
			return e.Reference, err
		}
	}
	return [32]byte{}, err
}
