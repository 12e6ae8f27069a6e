package statement

import (
	"encoding/binary"

	"incamera/internal/ident"
)

// MaxAdmissionEntries is how many people one admission may let in.
const MaxAdmissionEntries = 50

// Policy is the whole policy of a group as it stands after this statement.
type Policy struct {
	Generation uint32 // 1 for a meeting's first group
	Sequence   uint32 // 1 opens the group
	Previous   [32]byte
	Label      uint8
	Locked     bool
	Sharers    uint8 // 0 hosts, 1 everyone
	Recording  bool
	Hosts      [][32]byte // device keys
	CoHosts    [][32]byte
	Barred     [][32]byte
}

// ParsePolicy reads a policy's body; a policy without a host is refused.
func ParsePolicy(body []byte) (Policy, error) {
	c := cursor{rest: body}
	p := Policy{
		Generation: c.uint32(), Sequence: c.uint32(), Previous: c.key(),
		Label: c.below(1), Locked: c.below(2) == 1, Sharers: c.below(2), Recording: c.below(2) == 1,
		Hosts: c.keys(), CoHosts: c.keys(), Barred: c.keys(),
	}
	c.must(p.Generation > 0 && p.Sequence > 0 && len(p.Hosts) > 0)
	return p, c.done()
}

// Encode gives the body.
func (p Policy) Encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, p.Generation)
	b = binary.BigEndian.AppendUint32(b, p.Sequence)
	b = append(b, p.Previous[:]...)
	b = append(b, p.Label, bit(p.Locked), p.Sharers, bit(p.Recording))
	for _, keys := range [][][32]byte{p.Hosts, p.CoHosts, p.Barred} {
		var list []byte
		for _, k := range keys {
			list = append(list, k[:]...)
		}
		b = appendVector(b, list)
	}
	return b
}

// Under names the policy that a statement was made under.
type Under struct {
	Sequence uint32
	Hash     [32]byte
}

func (c *cursor) under() Under { return Under{Sequence: c.uint32(), Hash: c.key()} }

func (u Under) encode() []byte {
	return append(binary.BigEndian.AppendUint32(nil, u.Sequence), u.Hash[:]...)
}

// Role is what an admission makes of a person.
type Role uint8

// The roles, in rising power.
const (
	RoleGuest Role = iota
	RoleCoHost
	RoleHost
)

// Admitted is one person of an admission.
type Admitted struct {
	Reference      [32]byte // of the KeyPackage
	Participant    ident.ParticipantID
	Device         [32]byte
	NameCommitment [32]byte
	Role           Role
}

// Admission lets people in; a device in hosts signs it.
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
		e.Device, e.NameCommitment, e.Role = inner.key(), inner.key(), Role(inner.below(uint8(RoleHost)+1))
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

// Removal takes a person out; a device in hosts signs it.
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
}

// ParseHead reads a head's body.
func ParseHead(body []byte) (Head, error) {
	c := cursor{rest: body}
	h := Head{Epoch: c.uint64(), Authenticator: c.key(), Under: c.under(), RosterHash: c.key()}
	return h, c.done()
}

// Encode gives the body.
func (h Head) Encode() []byte {
	b := append(binary.BigEndian.AppendUint64(nil, h.Epoch), h.Authenticator[:]...)
	return join(b, h.Under.encode(), h.RosterHash[:])
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

func bit(on bool) uint8 {
	if on {
		return 1
	}
	return 0
}
