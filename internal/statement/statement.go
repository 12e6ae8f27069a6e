// Package statement reads, writes and checks signed statements (protocol/README.md section 2) and what a server without
// keys can read of MLS messages (RFC 9420): headers, commits, KeyPackages. It is not a policy: whether a true statement may be
// acted upon is decided elsewhere.
package statement

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"math"

	"incamera/internal/ident"
)

// ErrForm is returned by every parser of this package for bytes that are not exactly of the form.
var ErrForm = errors.New("statement: not of the right form")

// Kind says what a statement states; it is part of what is signed.
type Kind string

// The kinds of protocol version 1.
const (
	KindBooking   Kind = "booking"
	KindEntry     Kind = "entry"
	KindHost      Kind = "host"
	KindKnock     Kind = "knock"
	KindLeaf      Kind = "leaf"
	KindResume    Kind = "resume"
	KindPolicy    Kind = "policy"
	KindAdmission Kind = "admission"
	KindRejoin    Kind = "rejoin"
	KindRemoval   Kind = "removal"
	KindLeave     Kind = "leave"
	KindConsent   Kind = "consent"
	KindHead      Kind = "head"
	KindCommit    Kind = "commit"
	KindRefusal   Kind = "refusal"
	KindOrder     Kind = "order"
	KindEnd       Kind = "end"
)

// grouped tells for every known kind whether it belongs to one group.
var grouped = map[Kind]bool{
	KindBooking: false, KindEntry: false, KindHost: false, KindKnock: false, KindLeaf: false, KindResume: false,
	KindPolicy: true, KindAdmission: true, KindRejoin: true, KindRemoval: true, KindLeave: true, KindConsent: true,
	KindHead: true, KindCommit: true, KindRefusal: true, KindOrder: true, KindEnd: true,
}

// GroupID is a meeting id and 16 random bytes, named anew each time a host opens a group.
type GroupID = [32]byte

// Statement is one signed statement. Parse does not check the signature: Verify does.
type Statement struct {
	Kind      Kind
	Signer    [32]byte // Ed25519 public key
	Body      []byte
	Signature [64]byte
}

// Parse reads exactly one statement of a known kind; nothing may follow it.
func Parse(b []byte) (Statement, error) {
	c := cursor{rest: b}
	s := c.statement()
	return s, c.done()
}

// ParseAll reads statements that stand one after the other, at most limit of them.
func ParseAll(b []byte, limit int) ([]Statement, error) {
	c := cursor{rest: b}
	var all []Statement
	for len(c.rest) > 0 && !c.bad {
		if len(all) == limit {
			return nil, ErrForm
		}
		all = append(all, c.statement())
	}
	return all, c.done()
}

// Encode gives the bytes that Parse read.
func (s Statement) Encode() []byte {
	if len(s.Kind) > math.MaxUint8 || len(s.Body) > math.MaxUint16 {
		panic("statement: kind or body too long to be written")
	}
	b := append([]byte{byte(len(s.Kind))}, s.Kind...)
	b = append(b, s.Signer[:]...)
	b = appendVector(b, s.Body)
	return append(b, s.Signature[:]...)
}

// Hash is SHA-256 of the encoded statement; a policy is named by it.
func (s Statement) Hash() [32]byte { return sha256.Sum256(s.Encode()) }

// Verify checks the signature under the signer that the statement names. The group is not looked at for kinds that belong to none.
func (s Statement) Verify(meeting ident.MeetingID, group GroupID) bool {
	return ed25519.Verify(s.Signer[:], signed(s.Kind, meeting, group, s.Body), s.Signature[:])
}

// Sign makes an encoded statement. The group is not looked at for kinds that belong to none.
func Sign(key ed25519.PrivateKey, kind Kind, meeting ident.MeetingID, group GroupID, body []byte) []byte {
	s := Statement{Kind: kind, Signer: [32]byte(key.Public().(ed25519.PublicKey)), Body: body}
	s.Signature = [64]byte(ed25519.Sign(key, signed(kind, meeting, group, body)))
	return s.Encode()
}

// signed is the only form of bytes that any key of this program signs.
func signed(kind Kind, meeting ident.MeetingID, group GroupID, body []byte) []byte {
	if !grouped[kind] {
		group = GroupID{}
	}
	b := append([]byte("incamera/1 "), kind...)
	b = append(b, 0)
	b = append(b, meeting[:]...)
	b = append(b, group[:]...)
	return append(b, body...)
}
