package meeting

import (
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/roster"
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
	knock, err := d.keyPackage(r.KeyPackage, r.Participant, r.Device, now)
	if err != nil {
		return lobby.Knock{}, err
	}
	if !d.entry(r.Entry, r.Device, knock.Reference) {
		return lobby.Knock{}, fault.New(fault.CodeWrong)
	}
	s, err := d.statement(r.Statement, statement.KindKnock)
	if err != nil {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	k, err := statement.ParseKnock(s.Body)
	fits := err == nil && s.Signer == r.Device && k.Reference == knock.Reference && k.Participant == knock.Who &&
		k.SealedNameHash == sha256.Sum256(r.SealedName)
	if !fits || !s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	knock.SealedName, knock.Statement = r.SealedName, r.Statement
	return knock, nil
}

// Rejoin checks the proof of the access code and reads the claim; its signature is the group's to check.
func (d Door) Rejoin(r wire.Rejoin, now time.Time) (Claim, error) {
	knock, err := d.keyPackage(r.KeyPackage, r.Participant, r.Device, now)
	if err != nil {
		return Claim{}, err
	}
	if !d.entry(r.Entry, r.Device, knock.Reference) {
		return Claim{}, fault.New(fault.CodeWrong)
	}
	s, err := d.statement(r.Statement, statement.KindRejoin)
	if err != nil || s.Signer != r.Device {
		return Claim{}, fault.New(fault.StatementBad)
	}
	knock.Statement = r.Statement
	return Claim{knock, s}, nil
}

// keyPackage reads a KeyPackage of the person and device that bring it, which must live long enough to be added.
func (d Door) keyPackage(b []byte, participant wire.Participant, device wire.Bytes32, now time.Time) (lobby.Knock, error) {
	kp, err := statement.ParseKeyPackage(b)
	who := ident.ParticipantID(participant)
	if err != nil || kp.Participant != who || kp.Device != device || kp.NotAfter <= uint64(now.Add(lobby.LeastLife).Unix()) ||
		kp.Fault(d.Facts.Meeting, uint64(now.UnixMilli())) != "" {
		return lobby.Knock{}, fault.New(fault.KnockBad)
	}
	return lobby.Knock{
		Who: who, Device: lobby.Device(device), Reference: kp.Reference, Expiry: time.Unix(int64(min(kp.NotAfter, 1<<40)), 0), KeyPackage: b,
	}, nil
}

// entry verifies under the booking's key whatever the statement says, so that every wrong code takes the
// same way and the same time.
func (d Door) entry(signed []byte, device, reference [32]byte) bool {
	s, err := d.statement(signed, statement.KindEntry)
	if err != nil {
		return false
	}
	e, err := statement.ParseEntry(s.Body)
	fits := subtle.ConstantTimeCompare(s.Signer[:], d.Facts.EntryKey[:])
	s.Signer = d.Facts.EntryKey
	verified := 0
	if s.Verify(d.Facts.Meeting, statement.GroupID{}) {
		verified = 1
	}
	fits &= verified & subtle.ConstantTimeCompare(e.Challenge[:], d.Challenge[:]) &
		subtle.ConstantTimeCompare(e.Device[:], device[:]) & subtle.ConstantTimeCompare(e.Reference[:], reference[:])
	return fits == 1 && err == nil && e.Origin == d.Origin
}

// Resume checks that the device asks on this very connection for the ticket's seat.
func (d Door) Resume(r wire.Resume) (lobby.Device, error) { return d.present(r.Statement, r.Ticket[:]) }

// Return checks that the device asks on this very connection.
func (d Door) Return(r wire.Return) error { return d.presentAs(r.Device, r.Statement) }

// Revive checks that the device asks on this very connection and that the state is of a group of this meeting in
// which it is a host's or co-host's.
func (d Door) Revive(r wire.Revive, now time.Time) (*roster.State, error) {
	if err := d.presentAs(r.Device, r.Statement); err != nil {
		return nil, err
	}
	state, err := roster.Revive(d.Facts.Meeting, d.Facts.HostKey, statement.GroupID(r.Group), r.Epoch, r.State)
	if err != nil {
		return nil, fault.New(fault.StatementBad).With(err)
	}
	if state.Time() > uint64(now.Add(earliness).UnixMilli()) {
		return nil, fault.New(fault.StatementBad)
	}
	leaf, inside := state.LeafOf(ident.ParticipantID(r.Participant))
	leads := state.Tip().IsHost(leaf.Device) || state.Tip().IsCoHost(leaf.Device)
	if !inside || leaf.Device != [32]byte(r.Device) || !leads {
		return nil, fault.New(fault.NotHost)
	}
	return state, nil
}

func (d Door) presentAs(device wire.Bytes32, signed []byte) error {
	by, err := d.present(signed, nil)
	if err == nil && by != lobby.Device(device) {
		err = fault.New(fault.ResumeBad)
	}
	return err
}

// present checks a statement of kind resume over a ticket and gives the device that signed it.
func (d Door) present(signed, ticket []byte) (lobby.Device, error) {
	s, err := d.statement(signed, statement.KindResume)
	if err != nil {
		return lobby.Device{}, fault.New(fault.ResumeBad).With(err)
	}
	b, err := statement.ParseResume(s.Body)
	fits := err == nil && b.Origin == d.Origin && same(b.Challenge, d.Challenge) && same(b.TicketHash, sha256.Sum256(ticket))
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
