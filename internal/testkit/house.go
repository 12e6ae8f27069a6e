// Package testkit runs whole meetings for tests: a server behind lines in memory, people with keys and
// statements of their own, and a player of the protocol's transcripts. Its media plane only takes notes.
// It is not for the program.
package testkit

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"incamera/internal/booking"
	"incamera/internal/config"
	"incamera/internal/fault"
	"incamera/internal/gate"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/meeting"
	"incamera/internal/seal"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// Origin is where the house's page lives.
const Origin = "http://localhost:8080"

// Limits are those of the protocol.
var Limits = lobby.Limits{Members: 50, Knocks: 100, MaxAge: 24 * time.Hour}

// House is a whole server whose network is memory. It works inside a synctest bubble.
type House struct {
	t      testing.TB
	Media  *Media
	Relay  Relay
	Shelf  *Shelf
	Desk   *booking.Desk
	Live   *gate.Live
	Log    *Log
	limits lobby.Limits
	secret [32]byte // the server's own; it outlives a restart
	pipes  *pipes
	stop   func()
	log    *Transcript
	last   netip.Addr // address given to a person
}

// NewHouse opens a house that closes with the test.
func NewHouse(t testing.TB, limits lobby.Limits) *House {
	t.Helper()
	h := &House{t: t, Media: &Media{}, Shelf: NewShelf(), Log: &Log{}, limits: limits, last: netip.MustParseAddr("2001:db8::")}
	rand.Read(h.secret[:])
	h.open()
	t.Cleanup(func() { h.stop() })
	return h
}

// open starts a server that remembers what lies on the shelf, and its secret.
func (h *House) open() {
	h.t.Helper()
	h.pipes = newPipes()
	h.Desk = booking.NewDesk(h.Shelf, booking.Errors{Missing: errMissing, Taken: errTaken}, 7*24*time.Hour, 1000)
	rooms := gate.Rooms{Media: func() meeting.Media { return h.Media.room() }, Relay: func() meeting.Relay { return &h.Relay }}
	h.Live = gate.NewLive(h.Desk, h.limits, h.secret, rooms, slog.New(slog.NewTextHandler(h.Log, nil)))
	signal := gate.NewSignal(h.Live)
	door, err := gate.New(config.Config{Listen: "localhost:8080", Create: config.CreateLocalhost}, "", h.Desk, signal)
	if err != nil {
		h.t.Fatal(err)
	}
	server, served, live, pipes := gate.Server(door.Handler()), make(chan error, 1), h.Live, h.pipes
	go func() { served <- server.Serve(pipes) }()
	h.stop = func() {
		live.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		signal.Close(ctx)
		server.Close() //nolint:errcheck // the listener is memory
		<-served
	}
}

// Restart closes the server down, as its operator would, and starts it again: only bookings and the server's secret are left.
func (h *House) Restart() {
	h.t.Helper()
	h.stop()
	h.open()
}

// Invite is a booked meeting with its secrets.
type Invite struct {
	seal.Meeting
	Keys seal.Keys
}

// Book books a meeting. The keys of its code are drawn, not derived: deriving is slow on purpose.
func (h *House) Book(title string) *Invite {
	h.t.Helper()
	in := &Invite{}
	rand.Read(in.Seed[:])
	rand.Read(in.Keys.Root[:])
	in.ID = in.Seed.Meeting()
	in.Keys.Meeting, in.HostKey = in.ID, public(in.Seed.HostKey())
	sealed, err := in.Keys.SealTitle(title)
	if err != nil {
		h.t.Fatal(err)
	}
	body := statement.Booking{
		Nonce: h.Desk.Nonce(), Entry: public(in.Keys.Entry()),
		Knock: [32]byte(in.Seed.KnockKey().PublicKey().Bytes()), SealedTitle: sealed,
	}
	in.Booking = statement.Sign(in.Seed.HostKey(), statement.KindBooking, in.ID, statement.GroupID{}, body.Encode())
	if _, err := h.Desk.Make(h.t.Context(), in.HostKey, in.Booking); err != nil {
		h.t.Fatal(err)
	}
	return in
}

// pipes is a listener and a dialler over memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.close()
	return nil
}

// located is a connection that comes from an address.
type located struct {
	net.Conn
	from net.Addr
}

func (l located) RemoteAddr() net.Addr { return l.from }

// Log is what the server wrote for its operator.
type Log struct {
	mu   sync.Mutex
	text []byte
}

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	return len(b), nil
}

// String is all of it so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// client dials from an address.
func (p *pipes) client(from netip.Addr) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			near, far := net.Pipe()
			select {
			case p.conns <- located{far, net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 50000))}:
				return near, nil
			case <-p.done:
				return nil, net.ErrClosed
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}}
}

var (
	errMissing = errors.New("testkit: missing")
	errTaken   = errors.New("testkit: taken")
)

// Shelf is a store in memory.
type Shelf struct {
	Slow   time.Duration // how long a deletion takes
	mu     sync.Mutex
	values map[string]shelved
}

type shelved struct {
	value []byte
	until time.Time
}

// NewShelf gives an empty store.
func NewShelf() *Shelf { return &Shelf{values: map[string]shelved{}} }

// Create keeps a value under a new key.
func (s *Shelf) Create(_ context.Context, key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[key]; ok && time.Now().Before(v.until) {
		return errTaken
	}
	s.values[key] = shelved{slices.Clone(value), time.Now().Add(ttl)}
	return nil
}

// Put keeps a value in the place of any other.
func (s *Shelf) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = shelved{slices.Clone(value), time.Now().Add(ttl)}
	return nil
}

// Get gives a value that has not expired.
func (s *Shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[key]; ok && time.Now().Before(v.until) {
		return v.value, nil
	}
	return nil, errMissing
}

// Delete forgets a key.
func (s *Shelf) Delete(_ context.Context, key string) error {
	<-time.After(s.Slow)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.values[key]; !ok {
		return errMissing
	}
	delete(s.values, key)
	return nil
}

// Keys lists what there is.
func (s *Shelf) Keys(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.values {
		keys = append(keys, key)
	}
	return keys, nil
}

// Media is a media plane that takes notes, in order: "open NAME", "shut NAME", "close", and last routes.
type Media struct {
	mu     sync.Mutex
	notes  []string
	routes map[ident.ParticipantID][]ident.ParticipantID
	names  map[ident.ParticipantID]string
}

func (m *Media) room() *mediaRoom {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.routes = map[ident.ParticipantID][]ident.ParticipantID{}
	return &mediaRoom{m}
}

func (m *Media) know(who ident.ParticipantID, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		m.names = map[ident.ParticipantID]string{}
	}
	m.names[who] = name
}

func (m *Media) note(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notes = append(m.notes, text)
}

// Notes are what happened so far.
func (m *Media) Notes() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.notes)
}

// Route gives whom a member gets, by name, "" for an empty slot.
func (m *Media) Route(who *Person) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for _, p := range m.routes[who.ID] {
		list = append(list, m.names[p])
	}
	return list
}

// mediaRoom is one meeting's part of it.
type mediaRoom struct{ plane *Media }

func (r *mediaRoom) Open(who ident.ParticipantID, offer wire.MediaOffer) (wire.MediaAnswer, error) {
	if offer.Check() != nil {
		return wire.MediaAnswer{}, fault.New(fault.MediaFactsBad)
	}
	r.plane.note("open " + r.plane.names[who])
	return wire.MediaAnswer{Ufrag: "serv", Password: "a password of the server", Fingerprint: hexOf(sha256.Sum256(nil))}, nil
}

func (r *mediaRoom) Route(who ident.ParticipantID, slots []ident.ParticipantID) {
	r.plane.mu.Lock()
	defer r.plane.mu.Unlock()
	r.plane.routes[who] = slots
}

func (r *mediaRoom) Shut(who ident.ParticipantID) { r.plane.note("shut " + r.plane.names[who]) }

func (r *mediaRoom) Close() { r.plane.note("close") }
