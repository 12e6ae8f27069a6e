// Package epoch puts the commits of a meeting's MLS group in order (RFC 9420 section 14): one for each
// epoch, asked for from one member at a time, the welcome to nobody but those added. It is a pure
// machine and sees what the gate found in a commit, never the group's secrets. It is not for who may
// enter, which is the door's, nor for what a commit may say, which is the gate's.
package epoch

import (
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

const (
	// LeaseFor is how long a committer has before another is asked.
	LeaseFor = 2 * time.Second
	// AloneFor is how long the only member who can commit has before it is asked again.
	AloneFor = 5 * LeaseFor
	// LongestLease bounds the doubling of leases while nothing changes.
	LongestLease = time.Minute
	// tries is how many members are given a lease before it doubles: all of a large group's may be slow.
	tries = 3
	// patientRounds is how often a lease stays doubled when something new is asked for.
	patientRounds = 2
	// RefuseWithin is how long after its order a commit can be refused.
	RefuseWithin = 2 * time.Second
	// FreshPath is how long a group goes without a path before an empty commit is asked for.
	FreshPath = 10 * time.Minute
	// MaxBatch bounds the Adds, and the Removes, of one commit, but for those whom its policies bar.
	MaxBatch = 50
	// MaxPolicies bounds the policies of one commit, and those that wait.
	MaxPolicies = 16
	// keptLeases bounds how many tasks of one epoch may still be answered.
	keptLeases = 8
	// keptOrders bounds how many orders can still be undone; at most so many come within RefuseWithin.
	keptOrders = 16
)

// Add is a person to add. What came by rejoin or by the host key comes AtOnce: it waits for no batch.
type Add struct {
	Who                   ident.ParticipantID
	KeyPackage, Statement []byte
	AtOnce                bool
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

// Task is what a committer is asked for. One without anything in it asks for an empty commit with a path.
type Task struct {
	Lease, Epoch       uint64
	Policies, Consents [][]byte
	Adds               []Add
	Removes            []Remove
}

func (t Task) empty() bool { return len(t.Policies)+len(t.Adds)+len(t.Removes) == 0 }

// member is somebody whom the group holds.
type member struct {
	confirmed bool // holds the group
	connected bool
	vacated   bool // sits here with a new page that does not hold the group
	order     int
	late      int // leases let lapse since the last commit
}

// policy is one that waits, with the removals that belong to its bars.
type policy struct {
	statement []byte
	consents  [][]byte
	tightens  bool
	bars      []ident.ParticipantID
}

// asked is a task that somebody holds.
type asked struct {
	task Task
	by   ident.ParticipantID
	at   time.Time
}

// group is which group it is and where it stands.
type group struct {
	id         statement.GroupID
	generation uint32
	epoch      uint64
	host       ident.ParticipantID // who opened it; zero after a revival
}

// Machine orders one meeting's commits. One goroutine owns it.
type Machine struct {
	group    group
	members  map[ident.ParticipantID]*member
	unfit    map[ident.ParticipantID]bool // authors of refused commits: asked only where nobody else can
	arrivals int

	policies []policy
	adds     []Add
	removes  []Remove

	lease      uint64
	open       []asked // the tasks of this epoch, the newest last
	lapsed     int     // leases let lapse since something changed
	lastCommit time.Time
	lastPath   time.Time
	orders     []order // those that can still be refused, the newest last
}

// New gives the machine of a meeting that has no group yet.
func New() *Machine {
	return &Machine{members: map[ident.ParticipantID]*member{}, unfit: map[ident.ParticipantID]bool{}}
}

// Generation is the number of the newest group, 0 without one.
func (m *Machine) Generation() uint32 { return m.group.generation }

// Group is the newest group's id; ok is false without one.
func (m *Machine) Group() (id statement.GroupID, ok bool) { return m.group.id, m.group.generation > 0 }

// Epoch is the group's epoch.
func (m *Machine) Epoch() uint64 { return m.group.epoch }

// Holds tells whether the group holds who.
func (m *Machine) Holds(who ident.ParticipantID) bool { return m.members[who] != nil }

// Hearers is everybody whose page the group reaches, the first to come first: not who came anew and does not hold it.
func (m *Machine) Hearers() []ident.ParticipantID {
	return m.holders(func(_ ident.ParticipantID, mem *member) bool { return !mem.vacated })
}

// Task gives the task of a lease that By may still answer, for the gate to hold a commit against.
func (m *Machine) Task(by ident.ParticipantID, lease uint64) (Task, bool) {
	for _, a := range m.open {
		if a.task.Lease == lease && a.by == by {
			return a.task, true
		}
	}
	return Task{}, false
}
