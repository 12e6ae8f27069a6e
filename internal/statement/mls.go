package statement

import (
	"bytes"

	"incamera/internal/ident"
)

// Numbers of RFC 9420 (6, 17.1, 17.2) that this program speaks.
const (
	mls10          = 1
	suiteX25519    = 1 // MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519
	publicMessage  = 1
	privateMessage = 2
	fromMember     = 1
	fromNewMember  = 4
	basic          = 1
	fromKeyPackage = 1
	fromCommit     = 3
)

// ContentType tells what an MLS message carries (RFC 9420 6).
type ContentType uint8

// The content types.
const (
	Application ContentType = 1
	Proposal    ContentType = 2
	Commit      ContentType = 3
)

// Message is the clear header of a PublicMessage or PrivateMessage.
type Message struct {
	GroupID           GroupID
	Epoch             uint64
	FromMember        bool
	SenderLeaf        uint32 // of a member's PublicMessage; a PrivateMessage hides it
	ContentType       ContentType
	AuthenticatedData []byte
}

// ParsePublicMessage reads the header of an MLSMessage with a PublicMessage (RFC 9420 6.2); the content is left to ParseCommit.
func ParsePublicMessage(b []byte) (Message, error) {
	c := cursor{rest: b}
	m := c.publicHeader()
	c.must(len(c.rest) > 0)
	c.rest = nil
	return m, c.done()
}

func (c *cursor) publicHeader() Message {
	m := c.header(publicMessage)
	sender := c.uint8()
	c.must(sender >= fromMember && sender <= fromNewMember)
	m.FromMember = sender == fromMember
	if sender <= 2 { // a member's leaf or an external sender's number
		m.SenderLeaf = c.uint32()
	}
	m.AuthenticatedData = c.variable()
	m.ContentType = c.contentType()
	return m
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
