package statement

import (
	"encoding/binary"

	"incamera/internal/ident"
)

// MaxAdmissionEntries is how many people one admission may let in.
const MaxAdmissionEntries = 50

// Under names the policy that a statement was made under.
type Under struct {
	Sequence uint32
	Hash     [32]byte
}

func (c *cursor) under() Under { return Under{Sequence: c.uint32(), Hash: c.key()} }

func (u Under) encode() []byte {
	return append(binary.BigEndian.AppendUint32(nil, u.Sequence), u.Hash[:]...)
}

// Role tells by whose word an entry of an admission stands.
type Role uint8

// The roles. What a person may do is told by the policy alone.
const (
	RoleGuest Role = 0 // by a device of the hosts or co-hosts
	RoleHost  Role = 2 // by the host key, for its own devices
)

// Admitted is one person of an admission.
type Admitted struct {
	Reference      [32]byte // of the KeyPackage
	Participant    ident.ParticipantID
	Device         [32]byte
	NameCommitment [32]byte
	Role           Role
}

// Admission lets people in; a host or co-host device signs it, or the host key for its own devices.
type Admission struct {
	Under   Under
	Expiry  uint64 // milliseconds since 1970
	Entries []Admitted
}

// ParseAdmission reads an admission's body: 1 to 50 entries, no reference, person or device twice.
func ParseAdmission(body []byte) (Admission, error) {
	c := cursor{rest: body}
	a := Admission{Under: c.under(), Expiry: c.uint64()}
	inner := cursor{rest: c.vector2()}
	seen := make(map[[32]byte]bool)
	people := make(map[ident.ParticipantID]bool)
	for len(inner.rest) > 0 && !inner.bad {
		e := Admitted{Reference: inner.key()}
		inner.fill(e.Participant[:])
		e.Device, e.NameCommitment, e.Role = inner.key(), inner.key(), Role(inner.uint8())
		inner.must(e.Role == RoleGuest || e.Role == RoleHost)
		inner.must(!seen[e.Reference] && !seen[e.Device] && !people[e.Participant])
		seen[e.Reference], seen[e.Device], people[e.Participant] = true, true, true
		a.Entries = append(a.Entries, e)
	}
	c.must(!inner.bad && len(a.Entries) >= 1 && len(a.Entries) <= MaxAdmissionEntries)
	return a, c.done()
}

// Encode gives the body.
func (a Admission) Encode() []byte {
	var list []byte
	for _, e := range a.Entries {
		list = append(list, join(e.Reference[:], e.Participant[:], e.Device[:], e.NameCommitment[:], []byte{byte(e.Role)})...)
	}
	return appendVector(binary.BigEndian.AppendUint64(a.Under.encode(), a.Expiry), list)
}

// Rejoin brings a device back that lost the group; the device key signs it.
type Rejoin struct {
	Participant   ident.ParticipantID
	SignatureKey  [32]byte // of the leaf that was lost
	Reference     [32]byte // of the new KeyPackage
	Epoch         uint64   // the newest pair that the device held; zeros where it holds none
	Authenticator [32]byte
}

// ParseRejoin reads a rejoin's body.
func ParseRejoin(body []byte) (Rejoin, error) {
	c := cursor{rest: body}
	var r Rejoin
	c.fill(r.Participant[:])
	r.SignatureKey, r.Reference, r.Epoch, r.Authenticator = c.key(), c.key(), c.uint64(), c.key()
	return r, c.done()
}

// Encode gives the body.
func (r Rejoin) Encode() []byte {
	b := binary.BigEndian.AppendUint64(join(r.Participant[:], r.SignatureKey[:], r.Reference[:]), r.Epoch)
	return append(b, r.Authenticator[:]...)
}

// Removal takes a person out; a host or co-host device signs it, or the host key.
type Removal struct {
	Under        Under
	Participant  ident.ParticipantID
	Device       [32]byte
	SignatureKey [32]byte // of the leaf, so that it never hits whoever sits there next
}

// ParseRemoval reads a removal's body.
func ParseRemoval(body []byte) (Removal, error) {
	c := cursor{rest: body}
	r := Removal{Under: c.under()}
	c.fill(r.Participant[:])
	r.Device, r.SignatureKey = c.key(), c.key()
	return r, c.done()
}

// Encode gives the body.
func (r Removal) Encode() []byte {
	return join(r.Under.encode(), r.Participant[:], r.Device[:], r.SignatureKey[:])
}

// Head is what a member holds the group to be; its device key signs it.
type Head struct {
	Epoch         uint64
	Authenticator [32]byte // epoch_authenticator (RFC 9420 8.7)
	Under         Under
	RosterHash    [32]byte
	Time          uint64 // milliseconds since 1970, by its author's clock
}

// ParseHead reads a head's body.
func ParseHead(body []byte) (Head, error) {
	c := cursor{rest: body}
	h := Head{Epoch: c.uint64(), Authenticator: c.key(), Under: c.under(), RosterHash: c.key(), Time: c.uint64()}
	return h, c.done()
}

// Encode gives the body.
func (h Head) Encode() []byte {
	b := append(binary.BigEndian.AppendUint64(nil, h.Epoch), h.Authenticator[:]...)
	return binary.BigEndian.AppendUint64(join(b, h.Under.encode(), h.RosterHash[:]), h.Time)
}

// End ends the meeting for everyone.
type End struct {
	Under Under
	Epoch uint64
}

// ParseEnd reads an end's body.
func ParseEnd(body []byte) (End, error) {
	c := cursor{rest: body}
	e := End{Under: c.under(), Epoch: c.uint64()}
	return e, c.done()
}

// Encode gives the body.
func (e End) Encode() []byte { return binary.BigEndian.AppendUint64(e.Under.encode(), e.Epoch) }
