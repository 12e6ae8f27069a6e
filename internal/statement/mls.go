package statement

import (
	"bytes"
	"crypto/sha256"

	"incamera/internal/ident"
)

// Numbers of RFC 9420 (6, 17.1, 17.2) that this program speaks.
const (
	mls10          = 1
	suiteX25519    = 1 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
	publicMessage  = 1
	privateMessage = 2
	fromMember     = 1
	basic          = 1
	fromKeyPackage = 1
)

// ContentType tells what an MLS message carries (RFC 9420 6).
type ContentType uint8

// The content types.
const (
	Application ContentType = 1
	Proposal    ContentType = 2
	Commit      ContentType = 3
)

// KeyPackage is what the server may know of a person's KeyPackage. Its signatures are for the clients to check.
type KeyPackage struct {
	Reference    [32]byte
	Participant  ident.ParticipantID
	Device       [32]byte
	SignatureKey [32]byte // of the leaf
	NotBefore    uint64   // seconds since 1970
	NotAfter     uint64

	leafSignature [64]byte
}

// Signed tells whether the device key vouches for the leaf key (statement of kind leaf).
func (k KeyPackage) Signed(meeting ident.MeetingID) bool {
	body := Leaf{Participant: k.Participant, SignatureKey: k.SignatureKey}.Encode()
	s := Statement{Kind: KindLeaf, Signer: k.Device, Body: body, Signature: k.leafSignature}
	return s.Verify(meeting, GroupID{})
}

// KeyPackageRef is RefHash("MLS 1.0 KeyPackage Reference", kp) (RFC 9420 5.2).
func KeyPackageRef(kp []byte) ([32]byte, error) {
	if _, err := ParseKeyPackage(kp); err != nil {
		return [32]byte{}, err
	}
	return keyPackageRef(kp), nil
}

func keyPackageRef(kp []byte) [32]byte {
	const label = "MLS 1.0 KeyPackage Reference"
	b := appendVariable(appendVariable(nil, []byte(label)), kp)
	return sha256.Sum256(b)
}

// ParseKeyPackage reads a bare KeyPackage (RFC 9420 10) of our version, suite and credential.
func ParseKeyPackage(b []byte) (KeyPackage, error) {
	c := cursor{rest: b}
	c.must(c.uint16() == mls10 && c.uint16() == suiteX25519)
	c.must(len(c.variable()) == 32) // init key
	c.must(len(c.variable()) == 32) // encryption key
	var k KeyPackage
	c.exactly(c.variable(), k.SignatureKey[:])
	c.must(c.uint16() == basic)
	identity := cursor{rest: c.variable()}
	identity.fill(k.Participant[:])
	identity.fill(k.Device[:])
	identity.fill(k.leafSignature[:])
	c.must(identity.done() == nil)
	for range 5 { // capabilities: versions, suites, extensions, proposals, credentials
		c.variable()
	}
	c.must(c.uint8() == fromKeyPackage)
	k.NotBefore, k.NotAfter = c.uint64(), c.uint64()
	c.must(k.NotBefore <= k.NotAfter)
	c.must(len(c.variable()) == 0)  // extensions of the leaf
	c.must(len(c.variable()) == 64) // signature of the leaf
	c.must(len(c.variable()) == 0)  // extensions of the package
	c.must(len(c.variable()) == 64)
	k.Reference = keyPackageRef(b)
	return k, c.done()
}

// Message is the clear header of a PublicMessage or PrivateMessage.
type Message struct {
	GroupID           GroupID
	Epoch             uint64
	SenderLeaf        uint32 // of a PublicMessage; a PrivateMessage hides it
	ContentType       ContentType
	AuthenticatedData []byte
}

// ParsePublicMessage reads the header of an MLSMessage with a PublicMessage from a member (RFC 9420 6.2).
func ParsePublicMessage(b []byte) (Message, error) {
	c := cursor{rest: b}
	m := c.header(publicMessage)
	c.must(c.uint8() == fromMember)
	m.SenderLeaf = c.uint32()
	m.AuthenticatedData = c.variable()
	m.ContentType = c.contentType()
	c.must(len(c.rest) > 0) // the content, which is for the clients
	c.rest = nil
	return m, c.done()
}

// ParsePrivateMessage reads the header of an MLSMessage with a PrivateMessage, to its end (RFC 9420 6.3).
func ParsePrivateMessage(b []byte) (Message, error) {
	c := cursor{rest: b}
	m := c.header(privateMessage)
	m.ContentType = c.contentType()
	m.AuthenticatedData = c.variable()
	c.variable() // sealed sender
	c.variable() // ciphertext
	return m, c.done()
}

func (c *cursor) header(format uint16) Message {
	c.must(c.uint16() == mls10 && c.uint16() == format)
	var m Message
	c.exactly(c.variable(), m.GroupID[:])
	m.Epoch = c.uint64()
	return m
}

func (c *cursor) contentType() ContentType {
	t := ContentType(c.uint8())
	c.must(t >= Application && t <= Commit)
	return t
}

// exactly copies a vector that must have the size of its place.
func (c *cursor) exactly(from, to []byte) {
	c.must(len(from) == len(to))
	copy(to, from)
}

// CommitData is what a commit's authenticated_data says in clear.
type CommitData struct {
	Time       uint64 // milliseconds since 1970, by the committer's clock
	Statements []Statement
}

// maxCommitStatements bounds the statements of one commit: 50 people and their removals at most.
const maxCommitStatements = 128

// ParseCommitData reads authenticated_data of a commit.
func ParseCommitData(b []byte) (CommitData, error) {
	c := cursor{rest: b}
	c.must(c.uint8() == 1)
	d := CommitData{Time: c.uint64()}
	list := c.vector4()
	if err := c.done(); err != nil {
		return d, err
	}
	var err error
	d.Statements, err = ParseAll(list, maxCommitStatements)
	return d, err
}

// InGroup tells whether the group belongs to the meeting.
func InGroup(group GroupID, meeting ident.MeetingID) bool { return bytes.Equal(group[:16], meeting[:]) }

func appendVariable(b, v []byte) []byte {
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
