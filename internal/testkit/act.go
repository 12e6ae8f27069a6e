package testkit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
	"incamera/internal/wire"
)

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
	p.Challenge, p.OrderKey = ok.Challenge, ok.OrderKey
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

// Enter is everything a host does to sit in an open meeting.
func (p *Person) Enter(in *Invite) *Group {
	p.t.Helper()
	p.Hello(in)
	p.TakeSeat(in)
	return p.OpenGroup(in, 1)
}

// KnockProof is a knock with a fresh KeyPackage.
func (p *Person) KnockProof(in *Invite) wire.Knock {
	return p.knockWith(in, mls.NewLeaf(in.ID, p.ID, p.Device))
}

// KnockAt is a knock with the inbox key of somebody else's last KeyPackage.
func (p *Person) KnockAt(in *Invite, other *Person) wire.Knock {
	return p.knockWith(in, mls.NewLeafAt(in.ID, p.ID, p.Device, other.last.Inbox))
}

func (p *Person) knockWith(in *Invite, leaf *mls.Leaf) wire.Knock {
	kp, reference := p.packed(leaf)
	name := make([]byte, 304)
	rand.Read(name)
	knock := statement.Knock{
		Reference: reference, Participant: p.ID, SealedNameHash: sha256.Sum256(name), Time: uint64(time.Now().UnixMilli()),
	}
	entry := p.entry(in, reference)
	signed := statement.Sign(p.Device, statement.KindKnock, in.ID, statement.GroupID{}, knock.Encode())
	p.log.nameValue(p.Name+".sealedName", name)
	p.log.nameValue(p.Name+".knock", signed)
	return wire.Knock{
		Participant: p.WireID(), Device: p.DeviceKey(), KeyPackage: kp, SealedName: name, Entry: entry, Statement: signed,
	}
}

// entry proves knowledge of the code on this line for a KeyPackage.
func (p *Person) entry(in *Invite, reference [32]byte) []byte {
	signed := in.Keys.EntryProof(statement.Entry{Origin: p.Origin, Challenge: p.Challenge, Device: p.DeviceKey(), Reference: reference})
	p.log.nameValue(p.Name+".entry", signed)
	return signed
}

// keyPackage makes a leaf with a KeyPackage that can be added.
func (p *Person) keyPackage(in *Invite) ([]byte, [32]byte) {
	return p.packed(mls.NewLeaf(in.ID, p.ID, p.Device))
}

// packed gives the KeyPackage of a leaf.
func (p *Person) packed(leaf *mls.Leaf) ([]byte, [32]byte) {
	kp := leaf.KeyPackage(time.Now())
	reference, err := statement.KeyPackageRef(kp)
	if err != nil {
		p.t.Fatalf("%s's KeyPackage: %v", p.Name, err)
	}
	p.made[reference], p.last = leaf, leaf
	p.log.nameValue(p.Name+".keyPackage", kp)
	return kp, reference
}

// leafKey is the signature key of the leaf that the person has or had, zeros before the first.
func (p *Person) leafKey() (key [32]byte) {
	if p.Leaf != nil {
		key = p.Leaf.SignatureKey()
	}
	return key
}

// Knock knocks.
func (p *Person) Knock(in *Invite) wire.OkKnock {
	p.t.Helper()
	p.Seq = 0
	return p.Do(p.KnockProof(in)).(wire.OkKnock)
}

// Resume calls anew and asks for the seat.
func (p *Person) Resume(in *Invite) wire.Reply {
	p.t.Helper()
	p.Hello(in)
	return p.Ask(p.ResumeProof(in))
}

// ResumeProof is the request that brings a new line to the seat.
func (p *Person) ResumeProof(in *Invite) wire.Resume {
	signed := p.comeback(in, p.Ticket[:])
	return wire.Resume{Participant: p.WireID(), Ticket: p.Ticket, Statement: signed, Seq: p.Seq}
}

// comeback signs this line's challenge over a ticket, the empty one where the server forgot.
func (p *Person) comeback(in *Invite, ticket []byte) []byte {
	body := statement.Resume{Origin: p.Origin, Challenge: p.Challenge, TicketHash: sha256.Sum256(ticket)}
	signed := statement.Sign(p.Device, statement.KindResume, in.ID, statement.GroupID{}, body.Encode())
	p.log.nameValue(p.Name+".resume", signed)
	return signed
}

// ReviveProof is the request that tells a server that forgot what the group is.
func (p *Person) ReviveProof(in *Invite, g *Group) wire.Revive {
	state := g.Encode()
	p.log.nameValue(p.Name+".state", state)
	return wire.Revive{
		Participant: p.WireID(), Device: p.DeviceKey(), Statement: p.comeback(in, nil), Group: g.ID, Epoch: g.Epoch, State: state,
	}
}

// Revive calls anew and brings the group back to a server that forgot it.
func (p *Person) Revive(in *Invite, g *Group) {
	p.t.Helper()
	p.Hello(in)
	p.Take(p.ReviveProof(in, g))
}

// ReturnProof is the request of a member for their seat at a server that forgot it.
func (p *Person) ReturnProof(in *Invite, g *Group) wire.Return {
	return wire.Return{Participant: p.WireID(), Device: p.DeviceKey(), Statement: p.comeback(in, nil), Group: g.ID, Epoch: p.Epoch}
}

// Return calls anew and takes the seat in a group that was revived.
func (p *Person) Return(in *Invite, g *Group) {
	p.t.Helper()
	p.Hello(in)
	p.Take(p.ReturnProof(in, g))
}

// Take takes a seat at a server that forgot it.
func (p *Person) Take(r wire.Request) {
	p.t.Helper()
	p.Ticket, p.Seq = p.Do(r).(wire.OkReturn).Ticket, 0
}

// RejoinProof asks for a new leaf in the place of the one that was lost, as a device that holds no epoch's pair.
func (p *Person) RejoinProof(in *Invite, g *Group) wire.Rejoin {
	kp, reference := p.keyPackage(in)
	body := statement.Rejoin{Participant: p.ID, SignatureKey: p.leafKey(), Reference: reference}
	signed := statement.Sign(p.Device, statement.KindRejoin, in.ID, g.ID, body.Encode())
	p.log.nameValue(p.Name+".rejoin", signed)
	entry := p.entry(in, reference)
	return wire.Rejoin{Participant: p.WireID(), Device: p.DeviceKey(), KeyPackage: kp, Entry: entry, Statement: signed}
}

// Rejoin calls anew, as a page that was loaded again, and asks for a new leaf.
func (p *Person) Rejoin(in *Invite, g *Group) {
	p.t.Helper()
	p.Hello(in)
	p.Seq = 0
	p.Do(p.RejoinProof(in, g))
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
