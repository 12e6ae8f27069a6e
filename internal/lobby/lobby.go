// Package lobby decides who may enter a meeting, who has a seat, and when the meeting is over. It is a
// pure machine: the owner hands in what happened and the time, and carries out the effects. It sees
// neither connections nor keys of the group, and it is not for the order of commits.
package lobby

import (
	"time"

	"incamera/internal/ident"
)

// Device is a device's public key.
type Device [32]byte

// Limits are the bounds of one meeting.
type Limits struct {
	Members int           // seats, the host's and those on their way included
	Knocks  int           // people waiting
	MaxAge  time.Duration // from the host's first coming to the end
}

// Times of the door (protocol/README.md section 6).
const (
	AskAfter   = 10 * time.Minute // of waiting while a host is there
	LapseAfter = 2 * time.Minute  // without an answer to the question
	Grace      = 2 * time.Minute  // a seat without a line; a meeting without a host
	JoinWithin = time.Minute      // from the welcome to the confirmation
	LeastLife  = 2 * time.Minute  // of a KeyPackage that is admitted: the commit must follow
)

// Knock is one person's wish to come in, with proofs that the owner has verified.
type Knock struct {
	Who       ident.ParticipantID
	Device    Device
	Reference [32]byte  // of the KeyPackage
	Expiry    time.Time // of the KeyPackage; zero is never

	KeyPackage, SealedName, Statement []byte // for the host's eyes
}

// waiting is a person at the door.
type waiting struct {
	knock   Knock
	since   time.Time
	patient time.Time // when the ten minutes began to run
	asked   time.Time // zero: not asked
	order   int
}

// invited is a person whom the host let in and whom the group has not added yet.
type invited struct {
	waiting
	admission []byte
}

// seat is a member's place.
type seat struct {
	device    Device
	host      bool
	connected bool
	confirmed bool // the member holds the group
	since     time.Time
	lost      time.Time // when the line broke, if not connected
}

// Machine is the door of one meeting. One goroutine owns it.
type Machine struct {
	limits Limits

	waiting map[ident.ParticipantID]*waiting
	invited map[ident.ParticipantID]*invited
	seats   map[ident.ParticipantID]*seat
	known   map[Device]ident.ParticipantID // devices that have or had a seat
	denied  map[Device]ident.ParticipantID
	removed map[Device]ident.ParticipantID

	host     ident.ParticipantID // zero: none has come, or the seat was given up
	started  time.Time           // when a host first came
	hostless time.Time           // since when no host is there; zero while one is
	grouped  bool                // the host opened a group
	arrivals int
	over     bool
}

// New gives the door of a meeting that no host has opened yet.
func New(limits Limits) *Machine {
	return &Machine{
		limits:  limits,
		waiting: map[ident.ParticipantID]*waiting{},
		invited: map[ident.ParticipantID]*invited{},
		seats:   map[ident.ParticipantID]*seat{},
		known:   map[Device]ident.ParticipantID{},
		denied:  map[Device]ident.ParticipantID{},
		removed: map[Device]ident.ParticipantID{},
	}
}

// HostThere tells whether a host sits in the meeting with a living line.
func (m *Machine) HostThere() bool {
	s := m.seats[m.host]
	return s != nil && s.connected
}

// Started tells whether a host has ever come.
func (m *Machine) Started() bool { return !m.started.IsZero() }

// Over tells whether the meeting has ended.
func (m *Machine) Over() bool { return m.over }

// Empty tells whether nobody is at the door or inside.
func (m *Machine) Empty() bool { return len(m.waiting)+len(m.invited)+len(m.seats) == 0 }

// IsHost tells whether who holds the host's seat.
func (m *Machine) IsHost(who ident.ParticipantID) bool { return !who.IsZero() && who == m.host }

// Seated tells whether who has a seat, and whether they hold the group.
func (m *Machine) Seated(who ident.ParticipantID) (seated, confirmed bool) {
	s := m.seats[who]
	return s != nil, s != nil && s.confirmed
}

// DeviceOf gives the device of a seat.
func (m *Machine) DeviceOf(who ident.ParticipantID) (Device, bool) {
	if s := m.seats[who]; s != nil {
		return s.device, true
	}
	return Device{}, false
}

// Members counts the seats besides who's.
func (m *Machine) Members(besides ident.ParticipantID) int {
	n := len(m.seats)
	if m.seats[besides] != nil {
		n--
	}
	return n
}
