package meeting

import (
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/roster"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// Input is what the owner takes. Proofs in it have been verified (see Door).
type Input interface{ line() Line }

// From is the request of a line that an input came by.
type From struct {
	Line      Line
	ID        uint64
	Challenge [32]byte // of the connection
}

func (f From) line() Line { return f.Line }

// Hosted is a line that proved the host key.
type Hosted struct {
	From
	Who    ident.ParticipantID
	Device lobby.Device
}

// Knocked is a line that proved the access code and a device.
type Knocked struct {
	From
	Knock lobby.Knock
}

// Rejoined is a line that proved the access code. Whether the claim is true is the group's affair.
type Rejoined struct {
	From
	Claim Claim
}

// Claim is the statement of kind rejoin of a device with its new KeyPackage, not held against any group yet.
type Claim struct {
	Knock     lobby.Knock // without a sealed name
	Statement statement.Statement
}

// Resumed is a line that proved a device and shows a ticket.
type Resumed struct {
	From
	Who    ident.ParticipantID
	Device lobby.Device
	Ticket ident.Ticket
	Seq    uint64
}

// Revived is a line that proved a host's or co-host's device of the group that it tells.
type Revived struct {
	From
	Who    ident.ParticipantID
	Device lobby.Device
	State  *roster.State
}

// Returned is a line that proved a device.
type Returned struct {
	From
	Who    ident.ParticipantID
	Device lobby.Device
	Group  statement.GroupID
	Epoch  uint64
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

func (in Asked) line() Line { return in.Line }
func (in Hung) line() Line  { return in.Line }
func (Stopped) line() Line  { return nil }
