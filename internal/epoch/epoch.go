// Package epoch puts the commits of a meeting's MLS group in order (RFC 9420 section 14): one for each
// epoch, asked for from one member at a time, the welcome to nobody but those added. It is a pure
// machine and sees ciphertext and headers only. It is not for who may enter: that is the door's.
package epoch

import (
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

const (
	// BatchLeaves is how long ordinary leaves are gathered; admissions and removals never wait.
	BatchLeaves = 300 * time.Millisecond
	// LeaseFor is how long a committer has before another is asked.
	LeaseFor = 2 * time.Second
	// AloneFor is how long the only member who can commit has before it is asked again.
	AloneFor = 5 * LeaseFor
	// MaxBatch bounds the Adds, and the Removes, of one commit.
	MaxBatch = 50
	// keptLeases bounds how many tasks of one epoch may still be answered.
	keptLeases = 8
)

// Add is a person to add.
type Add struct {
	Who                   ident.ParticipantID
	KeyPackage, Admission []byte
}

// Reason says why somebody is to be removed.
type Reason uint8

// The reasons; the first is carried out at once.
const (
	ByRemoval Reason = iota
	ByLeave
	ByAbsence
)

// Remove is a person to remove; Statement is empty for absence.
type Remove struct {
	Who       ident.ParticipantID
	Statement []byte
	Reason    Reason
}

// Task is what a committer is asked for.
type Task struct {
	Lease, Epoch uint64
	Adds         []Add
	Removes      []Remove
}

// member is somebody whom the group holds.
type member struct {
	confirmed bool // holds the group
	connected bool
	order     int
	leaf      uint32
	leafKnown bool
	late      int // leases let lapse since the last commit
}

// asked is a task that somebody holds.
type asked struct {
	task Task
	by   ident.ParticipantID
	at   time.Time
}

// Machine orders one meeting's commits. One goroutine owns it.
type Machine struct {
	meeting    ident.MeetingID
	group      statement.GroupID
	generation uint32
	epoch      uint64
	members    map[ident.ParticipantID]*member
	host       ident.ParticipantID
	adds       []Add
	removes    []Remove
	waitFrom   time.Time // when the oldest thing to do came, zero without
	urgent     bool      // something must not wait for a batch
	lease      uint64
	open       []asked // the tasks of this epoch, the newest last
	arrivals   int
}

// New gives the machine of a meeting that has no group yet.
func New(meeting ident.MeetingID) *Machine {
	return &Machine{meeting: meeting, members: map[ident.ParticipantID]*member{}}
}

// Generation is the number of the newest group, 0 without one.
func (m *Machine) Generation() uint32 { return m.generation }

// Group is the newest group's id; ok is false without one.
func (m *Machine) Group() (id statement.GroupID, ok bool) { return m.group, m.generation > 0 }

// Epoch is the group's epoch.
func (m *Machine) Epoch() uint64 { return m.epoch }

// Holds tells whether the group holds who.
func (m *Machine) Holds(who ident.ParticipantID) bool { return m.members[who] != nil }

// Input is what happened.
type Input interface{ input() }

// Opened is the host's new group, alone in it.
type Opened struct {
	Host       ident.ParticipantID
	Group      statement.GroupID
	Generation uint32
}

// Wanted is a person to add.
type Wanted struct{ Add Add }

// Unwanted takes a Wanted back unless it is under way.
type Unwanted struct{ Who ident.ParticipantID }

// Gone is a person to remove.
type Gone struct{ Remove Remove }

// Joined says that a member holds the group.
type Joined struct{ Who ident.ParticipantID }

// Line says that a member's line broke or came back.
type Line struct {
	Who       ident.ParticipantID
	Connected bool
}

// Vacated is a host whose new device does not hold the group: nothing of it goes there any more.
type Vacated struct{ Who ident.ParticipantID }

// Committed is a commit that somebody offers.
type Committed struct {
	By             ident.ParticipantID
	Lease, Epoch   uint64
	Header         statement.Message
	Commit         []byte
	Welcome, Tree  []byte
	Added, Removed []ident.ParticipantID
}

// Declined says that the holder of Lease cannot add these people.
type Declined struct {
	By    ident.ParticipantID
	Lease uint64
	Who   []ident.ParticipantID
}

// Ticked is the passing of time.
type Ticked struct{}

func (Opened) input()    {}
func (Wanted) input()    {}
func (Unwanted) input()  {}
func (Gone) input()      {}
func (Joined) input()    {}
func (Line) input()      {}
func (Vacated) input()   {}
func (Committed) input() {}
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
	Epoch  uint64
	Commit []byte
	To     []ident.ParticipantID
}

// Welcome is for nobody but Who.
type Welcome struct {
	Who                                  ident.ParticipantID
	Epoch                                uint64 // the one to join
	Welcome, Tree, Admission, KeyPackage []byte
}

// Unaddable is somebody whom the committer left out or declined: the KeyPackage does not fit.
type Unaddable struct{ Who ident.ParticipantID }

func (Refuse) effect()    {}
func (Ask) effect()       {}
func (Order) effect()     {}
func (Welcome) effect()   {}
func (Unaddable) effect() {}
