// Package mls makes the bytes of MLS messages (RFC 9420) as far as a server without keys can check them: KeyPackages and path leaves
// with true signatures, commits with by-value proposals. What only members could check is noise. It is not for the program.
package mls

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Leaf is one leaf with its keys: that of a KeyPackage, then that in the tree.
type Leaf struct {
	Participant ident.ParticipantID
	Key         ed25519.PrivateKey // signature key
	Inbox       [32]byte
	Lifetime    time.Duration // of the KeyPackage, from an hour before it is made; two hours unless set

	identity []byte
}

// NewLeaf draws the keys of a leaf and has the device vouch for them (statement of kind leaf).
func NewLeaf(meeting ident.MeetingID, who ident.ParticipantID, device ed25519.PrivateKey) *Leaf {
	return NewLeafAt(meeting, who, device, [32]byte(noise(32)))
}

// NewLeafAt is NewLeaf with an inbox key of one's own choice.
func NewLeafAt(meeting ident.MeetingID, who ident.ParticipantID, device ed25519.PrivateKey, inbox [32]byte) *Leaf {
	l := &Leaf{Participant: who, Inbox: inbox, Lifetime: 2 * time.Hour}
	_, l.Key, _ = ed25519.GenerateKey(nil)
	key := l.SignatureKey()
	body := statement.Leaf{Participant: who, SignatureKey: key, InboxKey: l.Inbox}.Encode()
	signed, err := statement.Parse(statement.Sign(device, statement.KindLeaf, meeting, statement.GroupID{}, body))
	if err != nil {
		panic("mls: a statement of our own: " + err.Error())
	}
	l.identity = slices.Concat(who[:], signed.Signer[:], l.Inbox[:], signed.Signature[:])
	return l
}

// SignatureKey is the public half of the leaf's signature key.
func (l *Leaf) SignatureKey() [32]byte { return public(l.Key) }

// KeyPackage is a KeyPackage for the leaf (RFC 9420 10).
func (l *Leaf) KeyPackage(now time.Time) []byte {
	start := now.Add(-time.Hour)
	lifetime := binary.BigEndian.AppendUint64([]byte{1}, uint64(start.Unix()))
	lifetime = binary.BigEndian.AppendUint64(lifetime, uint64(start.Add(l.Lifetime).Unix()))
	b := vector([]byte{0, 1, 0, 1}, noise(32)) // version, suite, init key
	b = append(b, l.node(lifetime, nil)...)
	b = vector(b, nil)
	return vector(b, signWithLabel(l.Key, "KeyPackageTBS", b))
}

// node is a LeafNode (RFC 9420 7.2) with a fresh encryption key; place is group and index of one that stands in a tree.
func (l *Leaf) node(source, place []byte) []byte {
	key := l.SignatureKey()
	b := vector(vector(nil, noise(32)), key[:])
	b = vector(append(b, 0, 1), l.identity)
	for _, capability := range [][]byte{{0, 1}, {0, 1}, {0xf1, 0xca, 0xf1, 0xcb}, nil, {0, 1}} {
		b = vector(b, capability)
	}
	b = append(b, source...)
	b = vector(b, nil)
	return vector(b, signWithLabel(l.Key, "LeafNodeTBS", slices.Concat(b, place)))
}

// Commit is what a commit does. With Adds it carries the PSK proposal of the meeting.
type Commit struct {
	Group      statement.GroupID
	Epoch      uint64
	Sender     uint32
	Time       time.Time
	Statements [][]byte
	Adds       [][]byte // KeyPackages
	Removes    []uint32 // leaf indices
	Path       *Leaf    // the sender's leaf, nil for none
	Leaves     uint32   // of the tree after the proposals, for the length of the path
}

// Encode is the MLSMessage with the PublicMessage (RFC 9420 6.2, 12.4).
func (c Commit) Encode() []byte {
	b := vector([]byte{0, 1, 0, 1}, c.Group[:])
	b = binary.BigEndian.AppendUint64(b, c.Epoch)
	b = binary.BigEndian.AppendUint32(append(b, 1), c.Sender)
	b = vector(b, c.data())
	b = vector(append(b, byte(statement.Commit)), c.proposals())
	b = append(b, c.path()...)
	return vector(vector(vector(b, noise(64)), noise(32)), noise(32)) // signature, confirmation tag, membership tag
}

// data is the authenticated_data (protocol/README.md section 3).
func (c Commit) data() []byte {
	b := binary.BigEndian.AppendUint64([]byte{1}, uint64(c.Time.UnixMilli()))
	all := slices.Concat(c.Statements...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(all))), all...)
}

func (c Commit) proposals() []byte {
	var b []byte
	for _, index := range c.Removes {
		b = binary.BigEndian.AppendUint32(append(b, 1, 0, 3), index)
	}
	for _, kp := range c.Adds {
		b = append(append(b, 1, 0, 1), kp...)
	}
	if len(c.Adds) > 0 {
		b = vector(append(b, 1, 0, 4, 1), c.Group[:16])
		b = vector(b, noise(32))
	}
	return b
}

// path is the optional UpdatePath (RFC 9420 7.6).
func (c Commit) path() []byte {
	if c.Path == nil {
		return []byte{0}
	}
	place := binary.BigEndian.AppendUint32(vector(nil, c.Group[:]), c.Sender)
	b := append([]byte{1}, c.Path.node(vector([]byte{3}, noise(32)), place)...)
	var nodes []byte
	for range bits.Len32(max(c.Leaves, 1) - 1) {
		nodes = vector(nodes, noise(32))
		nodes = vector(nodes, vector(vector(nil, noise(32)), noise(48)))
	}
	return vector(b, nodes)
}

// PrivateMessage is an application message's header with noise for ciphertext (RFC 9420 6.3).
func PrivateMessage(group statement.GroupID, epoch uint64) []byte {
	b := vector([]byte{0, 1, 0, 2}, group[:])
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = vector(append(b, byte(statement.Application)), nil)
	b = vector(b, noise(28))
	return vector(b, noise(80))
}

// signWithLabel is SignWithLabel of RFC 9420 5.1.2.
func signWithLabel(key ed25519.PrivateKey, label string, content []byte) []byte {
	return ed25519.Sign(key, vector(vector(nil, []byte("MLS 1.0 "+label)), content))
}

// vector writes a vector with MLS's variable size (RFC 9420 2.1.2).
func vector(b, v []byte) []byte {
	switch n := len(v); {
	case n < 1<<6:
		b = append(b, byte(n))
	case n < 1<<14:
		b = append(b, 0x40|byte(n>>8), byte(n))
	default:
		b = append(b, 0x80|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, v...)
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func public(key ed25519.PrivateKey) [32]byte { return [32]byte(key.Public().(ed25519.PublicKey)) }
