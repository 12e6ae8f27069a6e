package lobby

import (
	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Input is what happened. Identities in it are proven; rights are not.
type Input interface{ input() }

// HostCame is a device that proved the host key.
type HostCame struct {
	Who    ident.ParticipantID
	Device Device
}

// Knocked is a person at the door, for the first time or with a new KeyPackage.
type Knocked struct{ Knock Knock }

// Stayed answers AskWaiting.
type Stayed struct{ Who ident.ParticipantID }

// Withdrew is a person who went from the door, of their own will or because the line broke.
type Withdrew struct{ Who ident.ParticipantID }

// Opened is the host's new group; whoever was inside has to come in again.
type Opened struct{ By ident.ParticipantID }

// Invitation is one entry of an admission.
type Invitation struct {
	Who       ident.ParticipantID
	Device    Device
	Reference [32]byte
}

// Admitted is a verified admission.
type Admitted struct {
	By        ident.ParticipantID
	Entries   []Invitation
	Admission []byte
}

// Denied is a host's refusal.
type Denied struct{ By, Who ident.ParticipantID }

// Allowed lifts a refusal.
type Allowed struct{ By, Who ident.ParticipantID }

// Removed is a verified removal.
type Removed struct {
	By, Who   ident.ParticipantID
	Device    Device
	Statement []byte
}

// Welcomed says that the group has added a person by a KeyPackage, which need not be the one of the knock that stands.
type Welcomed struct {
	Who        ident.ParticipantID
	KeyPackage []byte
}

// Unaddable says that the group could not add an invited person.
type Unaddable struct{ Who ident.ParticipantID }

// Joined is a member's confirmation that they hold the group.
type Joined struct{ Who ident.ParticipantID }

// Lost is a seat whose line broke.
type Lost struct{ Who ident.ParticipantID }

// Resumed is a seat whose line came back.
type Resumed struct{ Who ident.ParticipantID }

// Left is a member who gave the seat up.
type Left struct {
	Who       ident.ParticipantID
	Statement []byte // empty: not in the group yet
}

// Ended is a verified end.
type Ended struct {
	By        ident.ParticipantID
	Statement []byte
}

// Ticked is the passing of time.
type Ticked struct{}

func (HostCame) input()  {}
func (Knocked) input()   {}
func (Stayed) input()    {}
func (Withdrew) input()  {}
func (Opened) input()    {}
func (Admitted) input()  {}
func (Denied) input()    {}
func (Allowed) input()   {}
func (Removed) input()   {}
func (Welcomed) input()  {}
func (Unaddable) input() {}
func (Joined) input()    {}
func (Lost) input()      {}
func (Resumed) input()   {}
func (Left) input()      {}
func (Ended) input()     {}
func (Ticked) input()    {}

// Effect is what the owner has to do.
type Effect interface{ effect() }

// Refuse answers the asker with a fault; nothing has changed.
type Refuse struct{ Code fault.Code }

// TellWaiting says to who waits whether a host is there.
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
	WhyDenied               // by the host
	WhyLapsed               // did not say that they still wait, or never took the seat
	WhyRemoved              // by the host's signed word
	WhyElsewhere            // the seat was taken over
	WhyLeft                 // went of their own will
	WhyAbsent               // the line did not come back
)

// Dismiss ends a waiting person's part.
type Dismiss struct {
	Who       ident.ParticipantID
	Why       Why
	Statement []byte
}

// ShowKnock shows the host who knocks.
type ShowKnock struct {
	Host      ident.ParticipantID
	Knock     Knock
	Since     int64 // ms since 1970
	Returning bool
}

// HideKnock tells the host that nobody knocks there any more.
type HideKnock struct{ Host, Who ident.ParticipantID }

// Invite has the group add a person.
type Invite struct {
	Knock     Knock
	Admission []byte
}

// Uninvite takes an Invite back, as far as it has not been carried out.
type Uninvite struct{ Who ident.ParticipantID }

// Seat gives a person a seat. The line that who was waiting on becomes the seat's.
type Seat struct {
	Who    ident.ParticipantID
	Device Device
}

// Confirm says that a member holds the group: picture and sound may flow.
type Confirm struct{ Who ident.ParticipantID }

// Unseat takes a seat away: no media from now on, then the word, then the line is closed. With Remove the
// group has to remove the member, on the strength of Statement or of absence.
type Unseat struct {
	Who       ident.ParticipantID
	Why       Why
	Statement []byte
	Remove    bool
}

// AskBack takes a seat away but keeps the line: the person may knock again on it (protocol: regroup).
type AskBack struct {
	Who       ident.ParticipantID
	Connected bool
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
