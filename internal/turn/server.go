package turn

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"incamera/internal/ident"
)

// Server relays for everybody who has a credential. Make one with New, feed it with ServeUDP and ServeListener, end it with Close.
type Server struct {
	cfg    Config  // fixed
	nonces *nonces // fixed
	pace   *pacer  // locks itself
	counts counts  // atomic
	peers  atomic.Pointer[peers]

	mu          sync.RWMutex // guards the rest
	seats       map[ident.ParticipantID]*credential
	users       map[string]*credential
	allocations map[tuple]*allocation
	doors       map[io.Closer]struct{} // what Close closes: sockets, listeners, streams
	closed      bool

	stop  chan struct{}
	tasks sync.WaitGroup
}

// tuple is the client's end of an allocation: by which way and from where (RFC 8656 2.2, 5-tuple).
type tuple struct {
	way  way
	from netip.AddrPort
}

// way is how a client is reached: a UDP socket, or one stream. It is comparable.
type way interface {
	send(to netip.AddrPort, message []byte) error
	stream() bool
	hold()             // an allocation was made
	release(kill bool) // it is gone; kill: whoever held it is not welcome any more
}

// New makes a server. It fails with ErrConfig.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, nonces: newNonces(), pace: newPacer(),
		seats: map[ident.ParticipantID]*credential{}, users: map[string]*credential{},
		allocations: map[tuple]*allocation{}, doors: map[io.Closer]struct{}{},
		stop: make(chan struct{}),
	}
	if err := s.Announce(cfg.Peers); err != nil {
		return nil, err
	}
	s.tasks.Go(s.tidy)
	return s, nil
}

// Announce says anew where the media plane takes packets; permissions for other addresses end. It fails with ErrConfig.
func (s *Server) Announce(list []Peer) error {
	fresh, err := newPeers(list)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers.Store(&fresh)
	for _, a := range s.allocations {
		a.keep(fresh)
	}
	return nil
}

// Close ends all allocations, streams and sockets, and returns when no goroutine of the server is left.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.tasks.Wait()
		return nil
	}
	s.closed = true
	close(s.stop)
	for _, c := range s.seats {
		s.retire(c)
	}
	var faults []error
	for door := range s.doors {
		if err := door.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	s.mu.Unlock()
	s.tasks.Wait()
	return errors.Join(faults...)
}

// enter notes what Close has to close and to wait for. It tells whether the server is open.
func (s *Server) enter(door io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.doors[door] = struct{}{}
	s.tasks.Add(1)
	return true
}

func (s *Server) leave(door io.Closer) {
	s.mu.Lock()
	delete(s.doors, door)
	s.mu.Unlock()
	s.tasks.Done()
}

// tidy ends what has expired.
func (s *Server) tidy() {
	every := time.NewTicker(sweepEvery)
	defer every.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-every.C:
			s.sweep(time.Now())
		}
	}
}

func (s *Server) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.seats {
		if !c.expires.After(now) {
			s.retire(c)
		}
	}
	for _, a := range s.allocations {
		if !a.expires.After(now) {
			s.end(a, false)
		}
	}
}
