package statement

import (
	"encoding/binary"
	"slices"
)

// How many devices the lists of a policy may name.
const (
	MaxHosts   = 16
	MaxCoHosts = 64
	MaxBarred  = 512
)

// Label says how much a meeting keeps to itself, in rising strength.
type Label uint8

// The labels.
const (
	Routine Label = iota
	Sensitive
	Restricted
)

// Allows are the things that guests may do, as bits.
type Allows uint16

// What guests may be allowed. Hosts and co-hosts may all of it.
const (
	AllowShare Allows = 1 << iota
	AllowChat
	AllowWhisper // a message to one guest
	AllowMicrophone
	AllowCamera
	AllowReact // hands and reactions
	allowsEnd
)

// AllowAll is everything that guests may be allowed.
const AllowAll = allowsEnd - 1

// Recording is what is being kept of a meeting.
type Recording uint8

// The states of a recording.
const (
	RecordingOff Recording = iota
	RecordingOn
	RecordingPaused
)

// Policy is the whole policy of a group as it stands after this statement. The lists rise strictly in byte order and share no key.
type Policy struct {
	Generation uint32 // 1 for a meeting's first group
	Sequence   uint32 // 1 opens the group
	Previous   [32]byte
	Label      Label
	Locked     bool
	Allows     Allows
	Recording  Recording
	OrderKey   [32]byte   // the server's, Ed25519
	Hosts      [][32]byte // device keys
	CoHosts    [][32]byte
	Barred     [][32]byte
}

// ParsePolicy reads a policy's body; one without a host, with a key in two lists or below the floors of its label is refused.
func ParsePolicy(body []byte) (Policy, error) {
	c := cursor{rest: body}
	p := Policy{
		Generation: c.uint32(), Sequence: c.uint32(), Previous: c.key(),
		Label: Label(c.below(uint8(Restricted) + 1)), Locked: c.below(2) == 1, Allows: Allows(c.uint16()),
		Recording: Recording(c.below(uint8(RecordingPaused) + 1)), OrderKey: c.key(),
		Hosts: c.keys(MaxHosts), CoHosts: c.keys(MaxCoHosts), Barred: c.keys(MaxBarred),
	}
	c.must(p.Generation > 0 && p.Sequence > 0 && len(p.Hosts) > 0)
	c.must(p.Allows < allowsEnd && p.floors() && p.disjoint())
	return p, c.done()
}

// floors tells whether the policy forbids what its label does.
func (p Policy) floors() bool {
	return (p.Label < Sensitive || p.Allows&AllowShare == 0) && (p.Label < Restricted || p.Recording == RecordingOff)
}

func (p Policy) disjoint() bool {
	seen := make(map[[32]byte]bool, len(p.Hosts)+len(p.CoHosts)+len(p.Barred))
	for _, k := range slices.Concat(p.Hosts, p.CoHosts, p.Barred) {
		if seen[k] {
			return false
		}
		seen[k] = true
	}
	return true
}

// Encode gives the body; lists out of order stay so and are then refused by every reader.
func (p Policy) Encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, p.Generation)
	b = binary.BigEndian.AppendUint32(b, p.Sequence)
	b = append(b, p.Previous[:]...)
	b = append(b, byte(p.Label), bit(p.Locked))
	b = binary.BigEndian.AppendUint16(b, uint16(p.Allows))
	b = append(b, byte(p.Recording))
	b = append(b, p.OrderKey[:]...)
	for _, keys := range [][][32]byte{p.Hosts, p.CoHosts, p.Barred} {
		var list []byte
		for _, k := range keys {
			list = append(list, k[:]...)
		}
		b = appendVector(b, list)
	}
	return b
}

func bit(on bool) uint8 {
	if on {
		return 1
	}
	return 0
}
