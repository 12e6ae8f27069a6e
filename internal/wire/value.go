package wire

import (
	"encoding/base64"
	"errors"
	"strings"

	"incamera/internal/ident"
)

// errForm is wrapped by every refusal of a value; the fault's code is message_bad.
var errForm = errors.New("wire: not of the right form")

// Bytes travel as standard base64 with padding, canonical: no line breaks, no stray bits.
type Bytes []byte

// MarshalText gives the base64 form.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads the canonical base64 form only.
func (b *Bytes) UnmarshalText(text []byte) error {
	if strings.ContainsAny(string(text), "\r\n") {
		return errForm
	}
	out, err := base64.StdEncoding.Strict().AppendDecode(make([]byte, 0, len(text)*3/4), text)
	if err != nil {
		return errForm
	}
	*b = out
	return nil
}

// Bytes32 is a key, a challenge or another value of exactly 32 bytes, as base64.
type Bytes32 [32]byte

// MarshalText gives the base64 form.
func (b Bytes32) MarshalText() ([]byte, error) { return Bytes(b[:]).MarshalText() }

// UnmarshalText reads the base64 form of 32 bytes.
func (b *Bytes32) UnmarshalText(text []byte) error {
	var v Bytes
	if err := v.UnmarshalText(text); err != nil || len(v) != len(b) {
		return errForm
	}
	copy(b[:], v)
	return nil
}

// Meeting is a meeting id in its public form, 26 characters.
type Meeting ident.MeetingID

// MarshalText gives the form of links.
func (m Meeting) MarshalText() ([]byte, error) { return []byte(ident.MeetingID(m).Text()), nil }

// UnmarshalText reads the form of links.
func (m *Meeting) UnmarshalText(text []byte) error {
	id, err := ident.ParseMeetingID(string(text))
	*m = Meeting(id)
	return err
}

// Participant is a participant id, 32 lower-case hex digits.
type Participant ident.ParticipantID

// MarshalText gives the hex form.
func (p Participant) MarshalText() ([]byte, error) {
	return []byte(ident.ParticipantID(p).Text()), nil
}

// UnmarshalText reads the hex form. The id of all zeros belongs to nobody and is refused.
func (p *Participant) UnmarshalText(text []byte) error {
	id, err := ident.ParseParticipantID(string(text))
	if err == nil && id.IsZero() {
		err = errForm
	}
	*p = Participant(id)
	return err
}

// Slot is a participant id, or empty text for a slot that shows nobody.
type Slot ident.ParticipantID

// MarshalText gives the hex form, or nothing.
func (s Slot) MarshalText() ([]byte, error) {
	if ident.ParticipantID(s).IsZero() {
		return []byte{}, nil
	}
	return Participant(s).MarshalText()
}

// UnmarshalText reads the hex form, or nothing.
func (s *Slot) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = Slot{}
		return nil
	}
	return (*Participant)(s).UnmarshalText(text)
}
