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
	Members int           // seats, the hosts' and those on their way included
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

// maxHostSeats bounds the seats that the host key gives: a policy names no more hosts.
const maxHostSeats = 16

// Knock is one person's wish to come in, with proofs that the owner has verified.
type Knock struct {
	Who       ident.ParticipantID
	Device    Device
	Reference [32]byte  // of the KeyPackage
	Expiry    time.Time // of the KeyPackage; zero is never

	KeyPackage, SealedName, Statement []byte
}

// waiting is a person at the door.
type waiting struct {
	knock   Knock
	since   time.Time
	patient time.Time // when the ten minutes began to run
	asked   time.Time // zero: not asked
	order   int
}

// invited is a person who may come in and whom the group has not added yet.
type invited struct {
	waiting
	cause Cause
}

// seat is a member's place.
type seat struct {
	device    Device
	hostKey   bool // proved it; may sit here without being in the group
	connected bool
	welcomed  bool // the group holds the device
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
	known   memory // devices that have a seat, or had one and may rejoin
	denied  memory
	removed memory // by a removal, until allowed or pardoned

	rules    rules
	watchers []ident.ParticipantID // who has been shown the knocks, in one fixed order
	there    bool                  // what the door was told last of HostThere
	started  time.Time             // when a host first came
	hostless time.Time             // since when no host is there; zero while one is
	grouped  bool                  // there is a group
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
	}
}

// HostThere tells whether a host, a co-host or a device with the host key has a seat with a living line.
func (m *Machine) HostThere() bool {
	for who, s := range m.seats {
		if s.connected && m.MayAdmit(who) {
			return true
		}
	}
	return false
}

// Started tells whether a host has ever come.
func (m *Machine) Started() bool { return !m.started.IsZero() }

// Over tells whether the meeting has ended.
func (m *Machine) Over() bool { return m.over }

// Empty tells whether nobody is at the door or inside.
func (m *Machine) Empty() bool { return len(m.waiting)+len(m.invited)+len(m.seats) == 0 }

// HasHostKey tells whether who's seat proved the host key.
func (m *Machine) HasHostKey(who ident.ParticipantID) bool {
	s := m.seats[who]
	return s != nil && s.hostKey
}

// IsHost tells whether who's seat is a host's, by the policy or by the host key.
func (m *Machine) IsHost(who ident.ParticipantID) bool {
	s := m.seats[who]
	return s != nil && (s.hostKey || m.rules.hosts[s.device])
}

// MayAdmit tells whether who's seat is a host's or a co-host's.
func (m *Machine) MayAdmit(who ident.ParticipantID) bool {
	s := m.seats[who]
	return s != nil && (m.IsHost(who) || m.rules.coHosts[s.device])
}

// Seated tells whether who has a seat, and whether they hold the group.
func (m *Machine) Seated(who ident.ParticipantID) (seated, confirmed bool) {
	s := m.seats[who]
	return s != nil, s != nil && s.confirmed
}

// Welcomed tells whether who has a seat whose page the group added.
func (m *Machine) Welcomed(who ident.ParticipantID) bool {
	s := m.seats[who]
	return s != nil && s.welcomed
}

// ShutOut tells whether a device was removed, denied or barred.
func (m *Machine) ShutOut(device Device) bool {
	return m.removed.has(device) || m.denied.has(device) || m.rules.barred[device]
}

// Holders counts the connected members besides who that hold the group.
func (m *Machine) Holders(besides ident.ParticipantID) int {
	n := 0
	for who, s := range m.seats {
		if inv := m.invited[who]; inv != nil && inv.cause != ByAdmission {
			continue // lost it and wants in anew
		}
		if who != besides && s.connected && s.confirmed {
			n++
		}
	}
	return n
}

// occupied counts the seats and those on their way to one.
func (m *Machine) occupied() int {
	n := len(m.seats)
	for who := range m.invited {
		if m.seats[who] == nil {
			n++
		}
	}
	return n
}
