package testkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// NewGroup signs what opens a group of a generation: its first policy and the own leaf's admission.
func (p *Person) NewGroup(in *Invite, generation uint32) (*Group, wire.Open) {
	return p.NewGroupLike(in, statement.Policy{Generation: generation, Allows: statement.AllowAll})
}

// NewGroupLike is NewGroup with the bars, label and lock of an older policy.
func (p *Person) NewGroupLike(in *Invite, policy statement.Policy) (*Group, wire.Open) {
	id := statement.GroupID(slices.Concat(in.ID[:], make([]byte, 16)))
	rand.Read(id[16:])
	policy.Sequence, policy.OrderKey, policy.Hosts, policy.CoHosts = 1, p.OrderKey, [][32]byte{p.DeviceKey()}, nil
	raw := statement.Sign(in.Seed.HostKey(), statement.KindPolicy, in.ID, id, policy.Encode())
	g := newGroup(in, id, p.OrderKey)
	under := statement.Under{Sequence: 1, Hash: sha256.Sum256(raw)}
	kp, admission := p.ownAdmission(in, id, under)
	g.found(raw, p.seat(kp, admission))
	p.log.nameValue(p.Name+".policy", raw)
	p.log.nameValue(p.Name+".group", id[:])
	return g, wire.Open{Group: g.ID, Policy: raw, KeyPackage: kp, Admission: admission}
}

// ownAdmission admits the person's own leaf by the host key.
func (p *Person) ownAdmission(in *Invite, group statement.GroupID, under statement.Under) (kp, admission []byte) {
	kp, reference := p.keyPackage(in)
	a := statement.Admission{Under: under, Expiry: uint64(time.Now().Add(time.Hour).UnixMilli()), Entries: []statement.Admitted{{
		Reference: reference, Participant: p.ID, Device: p.DeviceKey(), NameCommitment: commitment(p.ID), Role: statement.RoleHost,
	}}}
	admission = statement.Sign(in.Seed.HostKey(), statement.KindAdmission, in.ID, group, a.Encode())
	p.log.nameValue(p.Name+".admission", admission)
	return kp, admission
}

// commitment stands for a name: the tests' people have no other than their id.
func commitment(who ident.ParticipantID) [32]byte { return sha256.Sum256(who[:]) }

// OpenGroup opens a group.
func (p *Person) OpenGroup(in *Invite, generation uint32) *Group {
	p.t.Helper()
	g, open := p.NewGroup(in, generation)
	p.Opened(g, open)
	return g
}

// Opened says what opens a group and holds it from then on. It gives the relay of the seat.
func (p *Person) Opened(g *Group, open wire.Open) wire.Relay {
	p.t.Helper()
	relay := p.Do(open).(wire.OkSeated).Relay
	p.hold(g, open.KeyPackage, 0)
	return relay
}

// hold takes the leaf of a KeyPackage for the person's own.
func (p *Person) hold(g *Group, kp []byte, epoch uint64) {
	p.t.Helper()
	reference, err := statement.KeyPackageRef(kp)
	if err != nil || p.made[reference] == nil {
		p.t.Fatalf("%s holds a leaf of no KeyPackage of theirs: %v", p.Name, err)
	}
	p.Leaf, p.Group, p.Epoch = p.made[reference], g, epoch
}

// Taking is the request of a device with the host link to be added to a group that others hold.
func (p *Person) Taking(in *Invite, g *Group) wire.Take {
	take, under := wire.Take{}, g.Under
	if g.Authority(p.DeviceKey()) < 2 {
		take.Policy = p.sign(in.Seed.HostKey(), in, g, HostOn(p.DeviceKey()))
		under = statement.Under{Sequence: under.Sequence + 1, Hash: sha256.Sum256(take.Policy)}
	}
	take.KeyPackage, take.Admission = p.ownAdmission(in, g.ID, under)
	return take
}

// sign signs the next policy with a key.
func (p *Person) sign(key ed25519.PrivateKey, in *Invite, g *Group, change func(*statement.Policy)) []byte {
	raw := statement.Sign(key, statement.KindPolicy, in.ID, g.ID, g.Next(change).Encode())
	p.log.nameValue(p.Name+".policy", raw)
	return raw
}

// Change is the request for the next policy, signed by the person's device.
func (p *Person) Change(in *Invite, g *Group, change func(*statement.Policy)) wire.Policy {
	return wire.Policy{Statement: p.sign(p.Device, in, g, change), Consents: []wire.Bytes{}}
}

// Rule has a policy carried: the person asks, commits the task and hears its commit.
func (p *Person) Rule(in *Invite, g *Group, change func(*statement.Policy)) {
	p.t.Helper()
	p.Do(p.Change(in, g, change))
	p.Work(g)
}

// Work carries the next task out and hears its commit.
func (p *Person) Work(g *Group) wire.CommitPush {
	p.t.Helper()
	p.Do(p.Commit(g, Next[wire.Task](p)))
	return Next[wire.CommitPush](p)
}

// Admission signs one admission for knocks that were shown.
func (p *Person) Admission(in *Invite, g *Group, knocks ...wire.KnockPush) wire.Admit {
	return p.AdmissionUntil(time.Now().Add(time.Hour), in, g, knocks...)
}

// AdmissionUntil is Admission with an expiry of one's own choice.
func (p *Person) AdmissionUntil(expiry time.Time, in *Invite, g *Group, knocks ...wire.KnockPush) wire.Admit {
	a := statement.Admission{Under: g.Under, Expiry: uint64(expiry.UnixMilli())}
	for _, k := range knocks {
		reference, err := statement.KeyPackageRef(k.KeyPackage)
		if err != nil {
			p.t.Fatal(err)
		}
		who := ident.ParticipantID(k.Participant)
		a.Entries = append(a.Entries, statement.Admitted{
			Reference: reference, Participant: who, Device: k.Device, NameCommitment: commitment(who), Role: statement.RoleGuest,
		})
	}
	signed := statement.Sign(p.Device, statement.KindAdmission, in.ID, g.ID, a.Encode())
	p.log.nameValue(p.Name+".admission", signed)
	return wire.Admit{Admission: signed}
}

// Removal signs the removal of somebody, whose device may come back.
func (p *Person) Removal(in *Invite, g *Group, who *Person) wire.Remove {
	key := who.leafKey()
	if l, known := g.known(who.ID); known {
		key = l.signatureKey
	}
	body := statement.Removal{Under: g.Under, Participant: who.ID, Device: who.DeviceKey(), SignatureKey: key}
	signed := statement.Sign(p.Device, statement.KindRemoval, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".removal", signed)
	return wire.Remove{Statement: signed}
}

// RemovalForGood is Removal with the policy that bars the device.
func (p *Person) RemovalForGood(in *Invite, g *Group, who *Person) wire.Remove {
	r := p.Removal(in, g, who)
	r.Policy = p.sign(p.Device, in, g, Bar(who.DeviceKey()))
	return r
}

// Ending signs the end.
func (p *Person) Ending(in *Invite, g *Group) wire.End {
	body := statement.End{Under: g.Under, Epoch: g.Epoch}
	signed := statement.Sign(p.Device, statement.KindEnd, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".end", signed)
	return wire.End{Statement: signed}
}
