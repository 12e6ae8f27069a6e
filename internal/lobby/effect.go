package lobby

import (
	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Effect is what the owner has to do.
type Effect interface{ effect() }

// Refuse answers the asker with a fault; nothing has changed.
type Refuse struct{ Code fault.Code }

// TellWaiting says to who waits whether a host or co-host is there.
type TellWaiting struct {
	Who  ident.ParticipantID
	Open bool
}

// AskWaiting asks who waits whether they still do.
type AskWaiting struct{ Who ident.ParticipantID }

// Why says why somebody's part is over.
type Why uint8

// The reasons.
const (
	WhyEnded     Why = iota // by the host's signed word
	WhyClosed               // no host came back, or too old
	WhyDenied               // by a host or co-host
	WhyLapsed               // did not say that they still wait, or never took the seat
	WhyRemoved              // by a signed removal, or barred
	WhyLocked               // the meeting was locked
	WhyElsewhere            // the seat was taken over
	WhyLeft                 // went of their own will
	WhyAbsent               // the line did not come back
	WhyVoid                 // what seated them is void: the line closes without a last word, and the page comes back by itself
)

// Dismiss ends a waiting person's part.
type Dismiss struct {
	Who       ident.ParticipantID
	Why       Why
	Statement []byte
}

// ShowKnock shows one host or co-host who knocks.
type ShowKnock struct {
	To        ident.ParticipantID
	Knock     Knock
	Since     int64 // ms since 1970
	Returning bool
}

// HideKnock tells one host or co-host that nobody knocks there any more.
type HideKnock struct{ To, Who ident.ParticipantID }

// Cause says by what right the group adds a person.
type Cause uint8

// The causes. A lock voids ByAdmission alone.
const (
	ByAdmission Cause = iota
	ByRejoin
	ByTake // of a seat with the host key, which stays the seat
)

// Invite has the group add a person, on the strength of Statement.
type Invite struct {
	Knock     Knock
	Statement []byte
	Cause     Cause
}

// Uninvite takes an Invite back, as far as it has not been carried out.
type Uninvite struct{ Who ident.ParticipantID }

// Seat gives a person a seat. The line that who was waiting on, if any, becomes the seat's.
type Seat struct {
	Who    ident.ParticipantID
	Device Device
}

// Confirm says that a member holds the group: picture and sound may flow.
type Confirm struct{ Who ident.ParticipantID }

// Unseat takes a seat away: no media from now on, then the word, then the line is closed. With Remove the
// group has to remove the member, on the strength of Statement or of absence. A removal's may name a
// person without a seat, whom the group holds or has away.
type Unseat struct {
	Who       ident.ParticipantID
	Why       Why
	Statement []byte
	Remove    bool
}

// AskBack takes a seat away but keeps the line: the person may knock again on it (protocol: regroup). With
// AtDoor it is the line of who wanted to rejoin the group that is gone.
type AskBack struct {
	Who       ident.ParticipantID
	Connected bool
	AtDoor    bool
}

// ShowPresence tells the others that a line broke or came back.
type ShowPresence struct {
	Who       ident.ParticipantID
	Connected bool
}

// Finish ends the meeting; everybody has been told by the effects before it.
type Finish struct{ Why Why }

func (Refuse) effect()       {}
func (TellWaiting) effect()  {}
func (AskWaiting) effect()   {}
func (Dismiss) effect()      {}
func (ShowKnock) effect()    {}
func (HideKnock) effect()    {}
func (Invite) effect()       {}
func (Uninvite) effect()     {}
func (Seat) effect()         {}
func (Confirm) effect()      {}
func (Unseat) effect()       {}
func (AskBack) effect()      {}
func (ShowPresence) effect() {}
func (Finish) effect()       {}
