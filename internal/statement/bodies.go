package statement

import (
	"encoding/binary"

	"incamera/internal/ident"
)

// SealedTitleLen is the size of every sealed title: nonce, 512 padded bytes, tag.
const SealedTitleLen = 12 + 512 + 16

// MaxOriginLen bounds a page's origin; the length is one byte.
const MaxOriginLen = 255

// Booking registers a meeting; the host key signs it.
type Booking struct {
	Nonce       [32]byte // from the server, so that it cannot be said again
	Entry       [32]byte // Ed25519 public key that proves knowledge of the code
	Knock       [32]byte // X25519 public key to which names are sealed
	MeetingKind uint8    // 0 meeting
	Label       uint8    // 0 routine
	SealedTitle []byte
}

// ParseBooking reads a booking's body.
func ParseBooking(body []byte) (Booking, error) {
	c := cursor{rest: body}
	b := Booking{
		Nonce: c.key(), Entry: c.key(), Knock: c.key(),
		MeetingKind: c.below(1), Label: c.below(1), SealedTitle: c.vector2(),
	}
	c.must(len(b.SealedTitle) == SealedTitleLen)
	return b, c.done()
}

// Encode gives the body.
func (b Booking) Encode() []byte {
	return appendVector(join(b.Nonce[:], b.Entry[:], b.Knock[:], []byte{b.MeetingKind, b.Label}), b.SealedTitle)
}

// Entry proves knowledge of the access code to the server; the entry key signs it.
type Entry struct {
	Origin    string
	Challenge [32]byte
	Device    [32]byte
	Reference [32]byte // of the KeyPackage
}

// ParseEntry reads an entry's body.
func ParseEntry(body []byte) (Entry, error) {
	c := cursor{rest: body}
	e := Entry{Origin: string(c.vector1()), Challenge: c.key(), Device: c.key(), Reference: c.key()}
	return e, c.done()
}

// Encode gives the body.
func (e Entry) Encode() []byte {
	return join(origin(e.Origin), e.Challenge[:], e.Device[:], e.Reference[:])
}

// Host says that a device is the host's; the host key signs it.
type Host struct {
	Origin      string
	Challenge   [32]byte
	Device      [32]byte
	Participant ident.ParticipantID
}

// ParseHost reads the body of a statement of kind host.
func ParseHost(body []byte) (Host, error) {
	c := cursor{rest: body}
	h := Host{Origin: string(c.vector1()), Challenge: c.key(), Device: c.key()}
	c.fill(h.Participant[:])
	return h, c.done()
}

// Encode gives the body.
func (h Host) Encode() []byte {
	return join(origin(h.Origin), h.Challenge[:], h.Device[:], h.Participant[:])
}

// Knock ties a KeyPackage, a person and a sealed name together; the device key signs it.
type Knock struct {
	Reference      [32]byte
	Participant    ident.ParticipantID
	SealedNameHash [32]byte
	TokenProof     [32]byte // zeros: personal links are reserved
	Time           uint64   // milliseconds since 1970, by the knocker's clock
}

// ParseKnock reads a knock's body.
func ParseKnock(body []byte) (Knock, error) {
	c := cursor{rest: body}
	k := Knock{Reference: c.key()}
	c.fill(k.Participant[:])
	k.SealedNameHash, k.TokenProof, k.Time = c.key(), c.key(), c.uint64()
	c.must(k.TokenProof == [32]byte{})
	return k, c.done()
}

// Encode gives the body.
func (k Knock) Encode() []byte {
	b := join(k.Reference[:], k.Participant[:], k.SealedNameHash[:], k.TokenProof[:])
	return binary.BigEndian.AppendUint64(b, k.Time)
}

// Leaf ties a leaf's keys to a person; the device key signs it.
type Leaf struct {
	Participant  ident.ParticipantID
	SignatureKey [32]byte
	InboxKey     [32]byte // X25519, fresh with each KeyPackage
}

// ParseLeaf reads the body of a leaf.
func ParseLeaf(body []byte) (Leaf, error) {
	c := cursor{rest: body}
	var l Leaf
	c.fill(l.Participant[:])
	l.SignatureKey, l.InboxKey = c.key(), c.key()
	return l, c.done()
}

// Encode gives the body.
func (l Leaf) Encode() []byte { return join(l.Participant[:], l.SignatureKey[:], l.InboxKey[:]) }

// Leave says that the person wants to be out; the device key signs it.
type Leave struct {
	Participant  ident.ParticipantID
	SignatureKey [32]byte // of the leaf, so that it never hits who comes back
}

// ParseLeave reads the body of a leave.
func ParseLeave(body []byte) (Leave, error) {
	c := cursor{rest: body}
	var l Leave
	c.fill(l.Participant[:])
	l.SignatureKey = c.key()
	return l, c.done()
}

// Encode gives the body.
func (l Leave) Encode() []byte { return join(l.Participant[:], l.SignatureKey[:]) }

// Resume brings a dropped connection back to its seat; the device key signs it.
type Resume struct {
	Origin     string
	Challenge  [32]byte
	TicketHash [32]byte
}

// ParseResume reads a resume's body.
func ParseResume(body []byte) (Resume, error) {
	c := cursor{rest: body}
	r := Resume{Origin: string(c.vector1()), Challenge: c.key(), TicketHash: c.key()}
	return r, c.done()
}

// Encode gives the body.
func (r Resume) Encode() []byte { return join(origin(r.Origin), r.Challenge[:], r.TicketHash[:]) }

func origin(s string) []byte {
	if len(s) > MaxOriginLen {
		panic("statement: origin too long to be written")
	}
	return append([]byte{byte(len(s))}, s...)
}

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}
