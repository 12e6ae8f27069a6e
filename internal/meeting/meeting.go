// Package meeting runs one live meeting: one goroutine owns all of it, feeds the pure machines (who may
// enter, order of commits, slots) and carries out what they say. It knows lines and messages, not
// sockets, and sees of what people say only ciphertext.
package meeting

import (
	"crypto/ed25519"
	"errors"
	"sync/atomic"
	"time"

	"incamera/internal/allot"
	"incamera/internal/epoch"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// ErrOver says that the meeting takes nothing any more.
var ErrOver = errors.New("meeting: over")

// mailboxLen is how many inputs may wait. Full means: the line that has one more to give waits.
const mailboxLen = 256

// Line is one connection. Its methods never block.
type Line interface {
	// Send queues a message; a line whose queue is full cuts itself.
	Send(frame []byte)
	// Seat says that the line is a member's now, who may send more at once.
	Seat()
	// Close ends the line after what is queued has been sent.
	Close()
}

// Media is the meeting's room on the media plane.
type Media interface {
	Open(who ident.ParticipantID, offer wire.MediaOffer) (wire.MediaAnswer, error)
	Route(who ident.ParticipantID, slots []ident.ParticipantID)
	Shut(who ident.ParticipantID)
	Close()
}

// Secrets makes values that nobody can guess.
type Secrets interface{ Bytes32() [32]byte }

// Config is what a meeting needs. The media room is the meeting's own from here on.
type Config struct {
	Facts   Facts
	Limits  lobby.Limits
	Media   Media
	Relay   Relay // nil: there is none
	Secrets Secrets
	Order   ed25519.PrivateKey // see OrderKey
}

// Meeting is one live meeting. Send, Open, Grouped, Forgot and Over may be called from any goroutine.
type Meeting struct {
	// fixed
	facts   Facts
	media   plane
	secrets Secrets
	key     ed25519.PrivateKey // signs the order of commits
	inbox   chan Input
	done    chan struct{} // closed when nothing is taken any more

	// atomic
	seen struct {
		open    atomic.Bool // a host or co-host is there
		grouped atomic.Bool // there is a group
		told    atomic.Bool // it was told by a member after a restart
		over    atomic.Bool // it has ended; links open nothing
	}

	// owner's
	lobby    *lobby.Machine
	epoch    *epoch.Machine
	allot    *allot.Machine
	group    group
	farewell wire.Over // what everybody is told at the end
	visits   map[Line]*visit
	door     map[ident.ParticipantID]*visit
	seats    map[ident.ParticipantID]*seat
}

// visit is what one line is for.
type visit struct {
	line      Line
	who       ident.ParticipantID
	device    lobby.Device
	challenge [32]byte
	seat      *seat // nil at the door
}

// New gives a meeting that Run brings to life.
func New(cfg Config) *Meeting {
	return &Meeting{
		facts: cfg.Facts, media: newPlane(cfg.Media, cfg.Relay), secrets: cfg.Secrets, key: cfg.Order,
		inbox: make(chan Input, mailboxLen), done: make(chan struct{}),
		lobby: lobby.New(cfg.Limits), epoch: epoch.New(), allot: allot.New(),
		visits: map[Line]*visit{}, door: map[ident.ParticipantID]*visit{}, seats: map[ident.ParticipantID]*seat{},
	}
}

// Open tells whether a host or co-host is there.
func (m *Meeting) Open() bool { return m.seen.open.Load() }

// Grouped tells whether the meeting's group is known.
func (m *Meeting) Grouped() bool { return m.seen.grouped.Load() }

// Forgot tells whether a member may tell of the meeting's group: none is known, or only what a member told.
func (m *Meeting) Forgot() bool { return !m.seen.grouped.Load() || m.seen.told.Load() }

// Over tells whether the meeting has ended.
func (m *Meeting) Over() bool { return m.seen.over.Load() }

// Send hands an input to the owner, or gives ErrOver.
func (m *Meeting) Send(in Input) error {
	select {
	case <-m.done:
		return ErrOver
	default:
	}
	select {
	case m.inbox <- in:
	case <-m.done:
		return ErrOver
	}
	select {
	case <-m.done: // it may have come too late to be seen
		return ErrOver
	default:
		return nil
	}
}

// Run owns the meeting until it ends, nobody is in it who could start it, or Stopped comes. It tells
// whether the meeting ended; then its links have to be forgotten. It is called once.
func (m *Meeting) Run() (ended bool) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for alive := true; alive; {
		m.setTimer(timer)
		select {
		case in := <-m.inbox:
			alive = m.take(in)
		case <-timer.C:
			m.tick()
		}
		m.seen.open.Store(m.lobby.HostThere())
		m.seen.told.Store(m.group.revived)
		m.seen.grouped.Store(m.group.roster != nil)
		alive = alive && !m.lobby.Over() && (m.lobby.Started() || !m.lobby.Empty() || len(m.visits) > 0)
	}
	ended = m.lobby.Over()
	close(m.done)
	m.drain()
	m.wipe()
	return ended
}

// setTimer aims at the next moment at which a machine has something to do.
func (m *Meeting) setTimer(timer *time.Timer) {
	next := m.lobby.Next()
	if e := m.epoch.Next(); next.IsZero() || !e.IsZero() && e.Before(next) {
		next = e
	}
	if next.IsZero() || len(m.seats) > 0 && m.media.renewal.Before(next) {
		next = m.media.renewal
	}
	timer.Reset(max(0, time.Until(next)))
}

func (m *Meeting) tick() {
	now := time.Now()
	m.carryDoor(m.lobby.Step(lobby.Ticked{}, now))
	m.revise() // time makes things impossible, too
	m.stepEpoch(epoch.Ticked{})
	m.renewRelay(now)
}

// drain turns away who came while the meeting ended.
func (m *Meeting) drain() {
	for {
		select {
		case in := <-m.inbox:
			if line := in.line(); line != nil {
				line.Close()
			}
		default:
			return
		}
	}
}

// wipe forgets everything; what is left are empty maps.
func (m *Meeting) wipe() {
	m.media.Close()
	for who, s := range m.seats {
		m.media.relay.Revoke(who)
		s.wipe()
	}
	clear(m.seats)
	clear(m.door)
	clear(m.visits)
	clear(m.key)
	m.group = group{}
	m.lobby, m.epoch, m.allot = nil, nil, nil
}
