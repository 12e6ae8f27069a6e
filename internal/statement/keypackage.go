package statement

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"

	"incamera/internal/ident"
)

// capabilities are those of every leaf (protocol/README.md section 3): five vectors, versions to credentials (RFC 9420 7.2).
var capabilities = []byte{2, 0, mls10, 2, 0, suiteX25519, 4, 0xf1, 0xca, 0xf1, 0xcb, 0, 2, 0, basic}

// maxLifetime of a KeyPackage in seconds: an hour and an hour of clock slack.
const maxLifetime = 2 * 3600

// LeafNode is one leaf with its keys (RFC 9420 7.2). Its signatures are checked by Vouched and the owner of the node.
type LeafNode struct {
	Participant   ident.ParticipantID
	Device        [32]byte
	SignatureKey  [32]byte
	InboxKey      [32]byte
	EncryptionKey [32]byte
	Identity      []byte // of the credential, whole

	vouch     [64]byte // the device's statement of kind leaf
	tbs       []byte   // what the leaf key signs, without the place in the group
	signature [64]byte
	capable   bool // our capabilities, no more and no less
	extended  bool // has extensions
}

// Vouched tells whether the device vouches for the leaf's keys (statement of kind leaf).
func (l LeafNode) Vouched(meeting ident.MeetingID) bool {
	body := Leaf{Participant: l.Participant, SignatureKey: l.SignatureKey, InboxKey: l.InboxKey}.Encode()
	s := Statement{Kind: KindLeaf, Signer: l.Device, Body: body, Signature: l.vouch}
	return s.Verify(meeting, GroupID{})
}

// Plain tells whether the leaf has our capabilities and no extensions.
func (l LeafNode) Plain() bool { return l.capable && !l.extended }

// SignedIn checks the leaf's own signature for its place in a group (RFC 9420 7.3).
func (l LeafNode) SignedIn(group GroupID, index uint32) bool {
	place := binary.BigEndian.AppendUint32(appendVariable(nil, group[:]), index)
	return l.signed(join(l.tbs, place))
}

func (l LeafNode) signed(tbs []byte) bool {
	return verifyWithLabel(l.SignatureKey, "LeafNodeTBS", tbs, l.signature)
}

// KeyPackage is what lets a person be added (RFC 9420 10).
type KeyPackage struct {
	LeafNode
	Reference [32]byte
	NotBefore uint64 // seconds since 1970
	NotAfter  uint64

	suite     uint16
	more      bool // has extensions of its own
	tbs       []byte
	signature [64]byte
}

// ParseKeyPackage reads a bare KeyPackage of our version, suite, credential and capabilities, without extensions.
// Its signatures are not checked: Fault does.
func ParseKeyPackage(b []byte) (KeyPackage, error) {
	c := cursor{rest: b}
	k := c.keyPackage()
	c.must(k.suite == suiteX25519 && k.Plain() && !k.more)
	return k, c.done()
}

// KeyPackageRef is RefHash("MLS 1.0 KeyPackage Reference", kp) (RFC 9420 5.2).
func KeyPackageRef(kp []byte) ([32]byte, error) {
	k, err := ParseKeyPackage(kp)
	return k.Reference, err
}

func keyPackageRef(kp []byte) [32]byte {
	const label = "MLS 1.0 KeyPackage Reference"
	return sha256.Sum256(appendVariable(appendVariable(nil, []byte(label)), kp))
}

// Fault says what is wrong with a KeyPackage at a time (milliseconds since 1970), or nothing.
func (k KeyPackage) Fault(meeting ident.MeetingID, now uint64) string {
	switch seconds := now / 1000; {
	case k.suite != suiteX25519:
		return "another suite"
	case !k.capable:
		return "other capabilities"
	case k.extended || k.more:
		return "extensions"
	case k.NotAfter < k.NotBefore || k.NotAfter-k.NotBefore > maxLifetime:
		return "lives too long"
	case k.NotBefore > seconds || k.NotAfter < seconds:
		return "not alive at this time"
	case !k.Vouched(meeting):
		return "credential not signed by its device"
	case !k.LeafNode.signed(k.LeafNode.tbs):
		return "leaf signature"
	case !verifyWithLabel(k.SignatureKey, "KeyPackageTBS", k.tbs, k.signature):
		return "signature"
	}
	return ""
}

func (c *cursor) keyPackage() KeyPackage {
	var k KeyPackage
	all := c.rest
	c.must(c.uint16() == mls10)
	k.suite = c.uint16()
	c.must(len(c.variable()) == 32) // init key
	leaf := c.rest
	k.LeafNode = c.leafKeys()
	c.must(c.uint8() == fromKeyPackage)
	k.NotBefore, k.NotAfter = c.uint64(), c.uint64()
	c.leafEnd(&k.LeafNode, leaf)
	k.more = len(c.variable()) > 0
	k.tbs = c.since(all)
	c.exactly(c.variable(), k.signature[:])
	k.Reference = keyPackageRef(c.since(all))
	return k
}

// pathLeaf reads the leaf of a commit's path (RFC 9420 7.6).
func (c *cursor) pathLeaf() LeafNode {
	from := c.rest
	l := c.leafKeys()
	c.must(c.uint8() == fromCommit)
	c.variable() // parent hash
	c.leafEnd(&l, from)
	return l
}

// leafKeys reads a LeafNode up to its source.
func (c *cursor) leafKeys() LeafNode {
	var l LeafNode
	c.exactly(c.variable(), l.EncryptionKey[:])
	c.exactly(c.variable(), l.SignatureKey[:])
	c.must(c.uint16() == basic)
	l.Identity = c.variable()
	identity := cursor{rest: l.Identity}
	identity.fill(l.Participant[:])
	l.Device, l.InboxKey = identity.key(), identity.key()
	identity.fill(l.vouch[:])
	c.must(identity.done() == nil)
	from := c.rest
	for range 5 { // versions, suites, extensions, proposals, credentials
		c.variable()
	}
	l.capable = bytes.Equal(c.since(from), capabilities)
	return l
}

// leafEnd reads a LeafNode from behind its source; from is where the node began.
func (c *cursor) leafEnd(l *LeafNode, from []byte) {
	l.extended = len(c.variable()) > 0
	l.tbs = c.since(from)
	c.exactly(c.variable(), l.signature[:])
}

// verifyWithLabel is VerifyWithLabel (RFC 9420 5.1.2).
func verifyWithLabel(key [32]byte, label string, content []byte, signature [64]byte) bool {
	signed := appendVariable(appendVariable(nil, []byte("MLS 1.0 "+label)), content)
	return ed25519.Verify(key[:], signed, signature[:])
}
