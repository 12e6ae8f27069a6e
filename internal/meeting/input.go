package meeting

import (
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// Input is what the owner takes. Proofs in it have been verified (see Door).
type Input interface{ from() Line }

// Hosted is a line that proved the host key.
type Hosted struct {
	Line      Line
	ID        uint64
	Challenge [32]byte
	Who       ident.ParticipantID
	Device    lobby.Device
}

// Knocked is a line that proved the access code and a device.
type Knocked struct {
	Line      Line
	ID        uint64
	Challenge [32]byte
	Knock     lobby.Knock
}

// Resumed is a line that proved a device and shows a ticket.
type Resumed struct {
	Line      Line
	ID        uint64
	Challenge [32]byte
	Who       ident.ParticipantID
	Device    lobby.Device
	Ticket    ident.Ticket
	Seq       uint64
}

// Asked is any other request of a line that was let through.
type Asked struct {
	Line    Line
	ID      uint64
	Request wire.Request
}

// Hung is a line that is gone.
type Hung struct{ Line Line }

// Stopped closes the meeting because the server closes down.
type Stopped struct{}

func (in Hosted) from() Line  { return in.Line }
func (in Knocked) from() Line { return in.Line }
func (in Resumed) from() Line { return in.Line }
func (in Asked) from() Line   { return in.Line }
func (in Hung) from() Line    { return in.Line }
func (Stopped) from() Line    { return nil }
