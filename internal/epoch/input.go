package epoch

import (
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Input is what happened.
type Input interface{ input() }

// Batch is several that happened at once: nobody is asked in between.
type Batch []Input

// Opened is the host's new group, alone in it.
type Opened struct {
	Host       ident.ParticipantID
	Group      statement.GroupID
	Generation uint32
}

// Revived is a group that was there before a restart; none of its members has a line yet.
type Revived struct {
	Group      statement.GroupID
	Generation uint32
	Epoch      uint64
	Members    []ident.ParticipantID
}

// Stated is the next policy of the chain, which goes whole into a task with the removals of whom it bars. The
// door has heard of it before, so that what it voids is unwanted already.
type Stated struct {
	Policy   []byte
	Consents [][]byte
	Tightens bool
	Removes  []Remove
}

// Revised says what of that which waits can still be committed: the first policies, each with the consents that it needs now, and the
// removals, which take the place of those before. Whom nobody can add any more are told so.
type Revised struct {
	Consents [][][]byte
	Removes  []Remove
	Lapsed   []ident.ParticipantID
}

// Wanted is a person to add; it takes the place of an earlier one.
type Wanted struct{ Add Add }

// Unwanted takes a Wanted back: no commit with it is ordered any more.
type Unwanted struct{ Who ident.ParticipantID }

// Gone is a person to remove: one whom the group holds or, by a removal, has away.
type Gone struct{ Remove Remove }

// Joined says that a member holds the group.
type Joined struct{ Who ident.ParticipantID }

// Line says that a member's line broke or came back.
type Line struct {
	Who       ident.ParticipantID
	Connected bool
}

// Vacated is a member whose new page does not hold the group: nothing of it goes there until it is added anew.
type Vacated struct{ Who ident.ParticipantID }

// Committed is a commit that By offers, and what the gate found in it. Removed are those whose leaves it removes.
type Committed struct {
	By, Sender     ident.ParticipantID
	Lease, Epoch   uint64 // Epoch before it
	Commit         []byte
	Statement      []byte // of kind commit
	Welcome, Tree  []byte
	Added, Removed []ident.ParticipantID
	Policies       int
	Path           bool
}

// Refused is a verified refusal of the commit that was ordered in Epoch; Host tells whether By is a host.
type Refused struct {
	By    ident.ParticipantID
	Host  bool
	Epoch uint64
}

// Declined says that the holder of Lease cannot add these people.
type Declined struct {
	By    ident.ParticipantID
	Lease uint64
	Who   []ident.ParticipantID
}

// Ticked is the passing of time.
type Ticked struct{}

func (Batch) input()     {}
func (Opened) input()    {}
func (Revived) input()   {}
func (Stated) input()    {}
func (Revised) input()   {}
func (Wanted) input()    {}
func (Unwanted) input()  {}
func (Gone) input()      {}
func (Joined) input()    {}
func (Line) input()      {}
func (Vacated) input()   {}
func (Committed) input() {}
func (Refused) input()   {}
func (Declined) input()  {}
func (Ticked) input()    {}

// Effect is what the owner has to do.
type Effect interface{ effect() }

// Refuse answers the asker with a fault; nothing has changed.
type Refuse struct{ Code fault.Code }

// Ask asks a member for a commit.
type Ask struct {
	Who  ident.ParticipantID
	Task Task
}

// Order is the one commit of Epoch, for all who were in.
type Order struct {
	Epoch     uint64
	Author    ident.ParticipantID
	Commit    []byte
	Statement []byte
	To        []ident.ParticipantID
}

// Welcome is for nobody but Who.
type Welcome struct {
	Who                                  ident.ParticipantID
	Epoch                                uint64 // the one to join
	Welcome, Tree, Statement, KeyPackage []byte
}

// Unaddable is somebody whom the committer left out or declined: the KeyPackage does not fit.
type Unaddable struct{ Who ident.ParticipantID }

// Reopen says that the commit of Epoch and all after it are void: Epoch is the group's again, and To are
// told. Who was welcomed since has to come anew (a KeyPackage serves once).
type Reopen struct {
	Epoch    uint64
	Author   ident.ParticipantID
	To       []ident.ParticipantID
	Welcomed []ident.ParticipantID
}

func (Refuse) effect()    {}
func (Ask) effect()       {}
func (Order) effect()     {}
func (Welcome) effect()   {}
func (Unaddable) effect() {}
func (Reopen) effect()    {}
