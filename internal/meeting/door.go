package meeting

import (
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// Facts are a meeting's unchanging public facts, from its booking.
type Facts struct {
	Meeting  ident.MeetingID
	HostKey  [32]byte
	EntryKey [32]byte
}

// Door checks the proofs of one connection. It needs no meeting to be live, so that strangers cost the
// owner nothing.
type Door struct {
	Facts     Facts
	Origin    string
	Challenge [32]byte
}

// Host checks the proof of a host's device.
func (d Door) Host(r wire.Host) error {
	s, err := d.statement(r.Statement, statement.KindHost)
	if err != nil {
		return fault.New(fault.HostProofBad).With(err)
	}
	h, err := statement.ParseHost(s.Body)
	fits := err == nil && s.Signer == d.Facts.HostKey && h.Origin == d.Origin && same(h.Challenge, d.Challenge) &&
		h.Device == r.Device && h.Participant == ident.ParticipantID(r.Participant)
	if !fits || !s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		return fault.New(fault.HostProofBad)
	}
	return nil
}

// Knock checks the proof of the access code, then the knock itself.
func (d Door) Knock(r wire.Knock, now time.Time) (lobby.Knock, error) {
	kp, err := statement.ParseKeyPackage(r.KeyPackage)
	who := ident.ParticipantID(r.Participant)
	if err != nil || kp.Participant != who || kp.Device != r.Device || !kp.Signed(d.Facts.Meeting) || kp.NotBefore > uint64(now.Unix()) ||
		kp.NotAfter <= uint64(now.Add(lobby.LeastLife).Unix()) {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	if !d.entry(r, kp.Reference) {
		return lobby.Knock{}, fault.New(fault.CodeWrong)
	}
	s, err := d.statement(r.Statement, statement.KindKnock)
	if err != nil {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	k, err := statement.ParseKnock(s.Body)
	fits := err == nil && s.Signer == r.Device && k.Reference == kp.Reference && k.Participant == who &&
		k.SealedNameHash == sha256.Sum256(r.SealedName)
	if !fits || !s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	return lobby.Knock{
		Who: who, Device: lobby.Device(r.Device), Reference: kp.Reference, Expiry: time.Unix(int64(min(kp.NotAfter, 1<<40)), 0),
		KeyPackage: r.KeyPackage, SealedName: r.SealedName, Statement: r.Statement,
	}, nil
}

// entry verifies under the booking's key whatever the statement says, so that every wrong code takes the
// same way and the same time.
func (d Door) entry(r wire.Knock, reference [32]byte) bool {
	s, err := d.statement(r.Entry, statement.KindEntry)
	if err != nil {
		return false
	}
	e, err := statement.ParseEntry(s.Body)
	fits := subtle.ConstantTimeCompare(s.Signer[:], d.Facts.EntryKey[:])
	s.Signer = d.Facts.EntryKey
	signed := 0
	if s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		signed = 1
	}
	fits &= signed & subtle.ConstantTimeCompare(e.Challenge[:], d.Challenge[:]) &
		subtle.ConstantTimeCompare(e.Device[:], r.Device[:]) & subtle.ConstantTimeCompare(e.Reference[:], reference[:])
	return fits == 1 && err == nil && e.Origin == d.Origin
}

// Resume checks that the device asks on this very connection for the ticket's seat.
func (d Door) Resume(r wire.Resume) (lobby.Device, error) {
	s, err := d.statement(r.Statement, statement.KindResume)
	if err != nil {
		return lobby.Device{}, fault.New(fault.ResumeBad).With(err)
	}
	b, err := statement.ParseResume(s.Body)
	fits := err == nil && b.Origin == d.Origin && same(b.Challenge, d.Challenge) && same(b.TicketHash, sha256.Sum256(r.Ticket[:]))
	if !fits || !s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		return lobby.Device{}, fault.New(fault.ResumeBad)
	}
	return lobby.Device(s.Signer), nil
}

func (d Door) statement(b []byte, kind statement.Kind) (statement.Statement, error) {
	s, err := statement.Parse(b)
	if err == nil && s.Kind != kind {
		err = statement.ErrForm
	}
	return s, err
}

func same(a, b [32]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }
