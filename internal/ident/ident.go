// Package ident has the typed names of things: meetings, people, keys. A secret or personal
// id prints as a three-byte tag, so that no log line can carry it. It knows no other package.
package ident

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"log/slog"
)

// ErrForm is returned by every parser of this package for text that is not of the id's form.
var ErrForm = errors.New("ident: not of the right form")

// crockford is Crockford's base32 alphabet in lower case, without padding.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// MeetingID is the first 128 bits of SHA-256 over a domain tag and the host public key.
type MeetingID [16]byte

// ParseMeetingID reads the 26 characters of an address; it accepts lower case only, as links are made.
func ParseMeetingID(s string) (MeetingID, error) {
	var id MeetingID
	if len(s) != 26 {
		return id, ErrForm
	}
	b, err := crockford.DecodeString(s)
	if err != nil || len(b) != 16 || crockford.EncodeToString(b) != s {
		return id, ErrForm
	}
	copy(id[:], b)
	return id, nil
}

// MeetingOf gives the meeting id that belongs to a host public key (protocol/README.md, Keys).
func MeetingOf(hostKey [32]byte) MeetingID {
	sum := sha256.Sum256(append([]byte("incamera/1 meeting id"), hostKey[:]...))
	return MeetingID(sum[:16])
}

// Text is the public form, as it stands in links. Everything else prints the tag.
func (m MeetingID) Text() string { return crockford.EncodeToString(m[:]) }

// String is a tag: enough to follow one meeting through a log, too little to find it.
func (m MeetingID) String() string { return tag("meeting", m[:]) }

// LogValue keeps structured logs to the tag.
func (m MeetingID) LogValue() slog.Value { return slog.StringValue(m.String()) }

// ParticipantID is random per meeting and device; nothing else names a person to the server.
type ParticipantID [16]byte

// ParseParticipantID reads 32 lower-case hexadecimal digits.
func ParseParticipantID(s string) (ParticipantID, error) {
	var id ParticipantID
	if len(s) != 32 {
		return id, ErrForm
	}
	b, err := hex.DecodeString(s)
	if err != nil || hex.EncodeToString(b) != s {
		return id, ErrForm
	}
	copy(id[:], b)
	return id, nil
}

// Text is the form on the wire.
func (p ParticipantID) Text() string { return hex.EncodeToString(p[:]) }

// String is the tag for logs.
func (p ParticipantID) String() string { return tag("person", p[:]) }

// LogValue keeps structured logs to the tag.
func (p ParticipantID) LogValue() slog.Value { return slog.StringValue(p.String()) }

// IsZero tells an empty slot from a person.
func (p ParticipantID) IsZero() bool { return p == ParticipantID{} }

// Ticket brings a dropped connection back to its seat; it is a secret.
type Ticket [32]byte

// Equal compares in constant time.
func (t Ticket) Equal(o Ticket) bool { return subtle.ConstantTimeCompare(t[:], o[:]) == 1 }

// String never shows the ticket.
func (t Ticket) String() string { return "ticket" }

// LogValue never shows the ticket.
func (t Ticket) LogValue() slog.Value { return slog.StringValue("ticket") }

func tag(kind string, b []byte) string {
	sum := sha256.Sum256(append([]byte("incamera/1 log "+kind), b...))
	return kind + "-" + hex.EncodeToString(sum[:3])
}
