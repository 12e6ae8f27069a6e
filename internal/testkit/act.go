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

// Group is a host's group as far as statements and headers tell.
type Group struct {
	ID     statement.GroupID
	Policy []byte
	Under  statement.Under
	opener ident.ParticipantID
}

func public(key ed25519.PrivateKey) [32]byte { return [32]byte(key.Public().(ed25519.PublicKey)) }

// DeviceKey is the public half of the person's device key.
func (p *Person) DeviceKey() [32]byte { return public(p.Device) }

// WireID is the person's id on the wire.
func (p *Person) WireID() wire.Participant { return wire.Participant(p.ID) }

// Hello calls and says which meeting.
func (p *Person) Hello(in *Invite) wire.OkHello {
	p.t.Helper()
	p.Call()
	ok := p.Do(wire.Hello{Version: wire.Version, Meeting: wire.Meeting(in.ID)}).(wire.OkHello)
	p.Challenge = ok.Challenge
	return ok
}

// HostProof is the request that takes the host's seat.
func (p *Person) HostProof(in *Invite) wire.Host {
	proof := in.Seed.HostProof(statement.Host{Origin: p.Origin, Challenge: p.Challenge, Device: p.DeviceKey(), Participant: p.ID})
	p.log.nameValue(p.Name+".host", proof)
	return wire.Host{Participant: p.WireID(), Device: p.DeviceKey(), Statement: proof}
}

// TakeSeat proves the host key and takes the host's seat.
func (p *Person) TakeSeat(in *Invite) wire.OkHost {
	p.t.Helper()
	ok := p.Do(p.HostProof(in)).(wire.OkHost)
	p.Ticket, p.Seq = ok.Ticket, 0
	return ok
}

// NewGroup signs the policy that opens a group of a generation.
func (p *Person) NewGroup(in *Invite, generation uint32) *Group {
	g := &Group{opener: p.ID}
	copy(g.ID[:], in.ID[:])
	rand.Read(g.ID[16:])
	body := statement.Policy{Generation: generation, Sequence: 1, Hosts: [][32]byte{p.DeviceKey()}}.Encode()
	g.Policy = statement.Sign(in.Seed.HostKey(), statement.KindPolicy, in.ID, g.ID, body)
	g.Under = statement.Under{Sequence: 1, Hash: sha256.Sum256(g.Policy)}
	p.log.nameValue(p.Name+".policy", g.Policy)
	p.log.nameValue(p.Name+".group", g.ID[:])
	return g
}

// OpenGroup opens a group.
func (p *Person) OpenGroup(in *Invite, generation uint32) *Group {
	p.t.Helper()
	g := p.NewGroup(in, generation)
	p.Do(wire.Open{Group: g.ID, Policy: g.Policy})
	p.Epoch = 0
	return g
}

// Enter is everything a host does to sit in an open meeting.
func (p *Person) Enter(in *Invite) *Group {
	p.t.Helper()
	p.Hello(in)
	p.TakeSeat(in)
	return p.OpenGroup(in, 1)
}

// KnockProof is a knock with a fresh KeyPackage.
func (p *Person) KnockProof(in *Invite) wire.Knock {
	kp := p.keyPackage(in)
	reference, err := statement.KeyPackageRef(kp)
	if err != nil {
		p.t.Fatalf("%s's KeyPackage: %v", p.Name, err)
	}
	name := make([]byte, 304)
	rand.Read(name)
	knock := statement.Knock{
		Reference: reference, Participant: p.ID, SealedNameHash: sha256.Sum256(name), Time: uint64(time.Now().UnixMilli()),
	}
	entry := in.Keys.EntryProof(statement.Entry{Origin: p.Origin, Challenge: p.Challenge, Device: p.DeviceKey(), Reference: reference})
	signed := statement.Sign(p.Device, statement.KindKnock, in.ID, statement.GroupID{}, knock.Encode())
	for what, value := range map[string][]byte{"keyPackage": kp, "sealedName": name, "entry": entry, "knock": signed} {
		p.log.nameValue(p.Name+"."+what, value)
	}
	return wire.Knock{
		Participant: p.WireID(), Device: p.DeviceKey(), KeyPackage: kp, SealedName: name, Entry: entry, Statement: signed,
	}
}

// Knock knocks.
func (p *Person) Knock(in *Invite) wire.OkKnock {
	p.t.Helper()
	return p.Do(p.KnockProof(in)).(wire.OkKnock)
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
		a.Entries = append(a.Entries, statement.Admitted{
			Reference: reference, Participant: ident.ParticipantID(k.Participant), Device: k.Device, Role: statement.RoleGuest,
		})
	}
	signed := statement.Sign(p.Device, statement.KindAdmission, in.ID, g.ID, a.Encode())
	p.log.nameValue(p.Name+".admission", signed)
	return wire.Admit{Admission: signed}
}

// Commit carries a task out, as a committer would.
func (p *Person) Commit(g *Group, task wire.Task) wire.Commit {
	c := wire.Commit{Lease: task.Lease, Epoch: task.Epoch, Commit: PublicMessage(g.ID, task.Epoch, p.leafIndex(g))}
	for _, add := range task.Adds {
		c.Added = append(c.Added, add.Participant)
	}
	for _, remove := range task.Removes {
		c.Removed = append(c.Removed, remove.Participant)
	}
	if len(c.Added) > 0 {
		c.Welcome, c.Tree = []byte("a welcome"), []byte("a tree")
	}
	p.log.nameValue(p.Name+".commit", c.Commit)
	return c
}

// leafIndex is 0 for who opened the group, and a number of the person's own for others: no tree is kept here.
func (p *Person) leafIndex(g *Group) uint32 {
	if p.ID == g.opener {
		return 0
	}
	return 1 + uint32(p.ID[0])<<8 + uint32(p.ID[1])
}

// Removal signs the removal of somebody.
func (p *Person) Removal(in *Invite, g *Group, who *Person) wire.Remove {
	body := statement.Removal{Under: g.Under, Participant: who.ID, Device: who.DeviceKey(), SignatureKey: public(who.Leaf)}
	signed := statement.Sign(p.Device, statement.KindRemoval, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".removal", signed)
	return wire.Remove{Statement: signed}
}

// Ending signs the end.
func (p *Person) Ending(in *Invite, g *Group) wire.End {
	body := statement.End{Under: g.Under, Epoch: p.Epoch}
	signed := statement.Sign(p.Device, statement.KindEnd, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".end", signed)
	return wire.End{Statement: signed}
}

// Leaving signs the person's own leave.
func (p *Person) Leaving(in *Invite, g *Group) wire.Leave {
	body := statement.Leave{Participant: p.ID, SignatureKey: public(p.Leaf)}
	signed := statement.Sign(p.Device, statement.KindLeave, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".leave", signed)
	return wire.Leave{Statement: signed}
}

// Resume calls anew and asks for the seat.
func (p *Person) Resume(in *Invite) wire.Reply {
	p.t.Helper()
	p.Hello(in)
	return p.Ask(p.ResumeProof(in))
}

// ResumeProof is the request that brings a new line to the seat.
func (p *Person) ResumeProof(in *Invite) wire.Resume {
	body := statement.Resume{Origin: p.Origin, Challenge: p.Challenge, TicketHash: sha256.Sum256(p.Ticket[:])}
	signed := statement.Sign(p.Device, statement.KindResume, in.ID, statement.GroupID{}, body.Encode())
	p.log.nameValue(p.Name+".resume", signed)
	return wire.Resume{Participant: p.WireID(), Ticket: p.Ticket, Statement: signed, Seq: p.Seq}
}

// Message is something sealed for the group.
func (p *Person) Message(g *Group, epoch uint64, fleeting bool) wire.App {
	b := PrivateMessage(g.ID, epoch)
	p.log.nameValue(p.Name+".message", b)
	return wire.App{Epoch: epoch, Message: b, Fleeting: fleeting}
}

// LetIn has the host admit whoever is shown next, commit, and the guest confirm.
func LetIn(host, guest *Person, in *Invite, g *Group) {
	host.t.Helper()
	shown := Next[wire.KnockPush](host)
	host.Do(host.Admission(in, g, shown))
	Next[wire.KnockGone](host)
	task := Next[wire.Task](host)
	host.Do(host.Commit(g, task))
	host.Epoch = Next[wire.CommitPush](host).Epoch + 1
	guest.Welcomed()
}

// Welcomed takes the way into the group and confirms it.
func (p *Person) Welcomed() {
	p.t.Helper()
	in := Next[wire.Admitted](p)
	p.Ticket, p.Epoch = in.Ticket, in.Epoch
	p.Do(wire.Joined{Epoch: in.Epoch})
}

// Offer is the facts of a browser's offer with so many slots.
func Offer(slots int) wire.MediaOffer {
	audio := wire.MediaCoding{Kind: "audio", Codecs: []wire.MediaCodec{{Name: "opus", Payload: 111, Primary: -1}}}
	video := wire.MediaCoding{Kind: "video", Codecs: []wire.MediaCodec{{Name: "VP8", Payload: 96, Primary: -1}}}
	o := wire.MediaOffer{
		Ufrag: "abcd", Fingerprint: hexOf(sha256.Sum256([]byte("certificate"))), Codings: []wire.MediaCoding{audio, video},
		Sections: []wire.MediaSection{
			{Mid: "0", Role: wire.RoleMicrophone},
			{Mid: "1", Role: wire.RoleCamera, Coding: 1},
			{Mid: "2", Role: wire.RoleScreen, Coding: 1},
			{Mid: "3", Role: wire.RoleScreenAudio},
		},
	}
	for i := range slots {
		mid := string(rune('a' + i))
		o.Sections = append(o.Sections,
			wire.MediaSection{Mid: mid + "a", Role: wire.RoleSlotAudio}, wire.MediaSection{Mid: mid + "v", Role: wire.RoleSlotVideo, Coding: 1})
	}
	for i := range o.Codings {
		o.Codings[i].Extensions, o.Codings[i].Rids = []wire.MediaExtension{}, []string{}
	}
	return o
}

// keyPackage is well formed as far as a server can tell; its MLS signatures are noise.
func (p *Person) keyPackage(in *Invite) []byte {
	leaf := statement.Leaf{Participant: p.ID, SignatureKey: public(p.Leaf)}
	signed, err := statement.Parse(statement.Sign(p.Device, statement.KindLeaf, in.ID, statement.GroupID{}, leaf.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	device := p.DeviceKey()
	return KeyPackage(public(p.Leaf), slices.Concat(p.ID[:], device[:], signed.Signature[:]), time.Now())
}
