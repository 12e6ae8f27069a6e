package sfu

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"incamera/internal/ident"
	"incamera/internal/sfu/dtls"
	"incamera/internal/sfu/ice"
	"incamera/internal/sfu/udp"
)

// shard is one socket with its reader, and the connections that it serves. Everything that is not fixed
// is guarded by mu: taken once for a batch of packets, by rooms, and by handshakes.
type shard struct {
	// fixed
	conn     batchConn
	identity dtls.Identity
	log      *slog.Logger
	started  time.Time
	epoch    int64           // wall clock at started, ns
	ctx      context.Context // of handshakes; set by begin
	shaking  sync.WaitGroup

	// guarded by mu
	mu      sync.Mutex
	stopped bool
	register
	ice   ice.Responder
	in    intake
	out   egress
	desk  desk
	stats Stats
}

// register is who is connected.
type register struct {
	rooms    map[*Room]struct{}
	links    []*link
	byUfrag  map[string]*link
	byRemote map[netip.AddrPort]*link
	shakes   int    // handshakes under way
	numbers  uint32 // of links and streams
}

// desk is where reports are written.
type desk struct {
	owed    []*slot // sender reports to make
	plain   []byte
	missing []uint16
}

func newShard(conn batchConn, id dtls.Identity, log *slog.Logger) *shard {
	now := time.Now()
	s := &shard{
		conn: conn, identity: id, log: log, started: now, epoch: now.UnixNano(), ctx: context.Background(),
		register: register{rooms: map[*Room]struct{}{}, byUfrag: map[string]*link{}, byRemote: map[netip.AddrPort]*link{}},
	}
	s.in.init()
	s.out.init(conn)
	return s
}

// clock is the server's clock in ns since 1970. It never steps.
func (s *shard) clock() int64 { return s.at(time.Now()) }

func (s *shard) at(t time.Time) int64 { return s.epoch + int64(t.Sub(s.started)) }

func (s *shard) begin(ctx context.Context) {
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
}

// run reads until the socket closes: it takes in what came, passes sound on at once and frames when they are whole or
// have waited a millisecond, and does what falls due every 20 ms.
func (s *shard) run() error {
	tick := time.Now().Add(tickEvery)
	for {
		deadline := tick
		if s.in.waiting() && s.in.since.Add(holdFor).Before(tick) {
			deadline = s.in.since.Add(holdFor)
		}
		n, err := s.conn.ReadBatch(s.in.free(), deadline)
		now := time.Now()
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		s.mu.Lock()
		s.batch(n, now)
		if !now.Before(tick) {
			s.tick(s.at(now))
			tick = now.Add(tickEvery)
		}
		s.mu.Unlock()
	}
}

// batch takes in n datagrams and flushes if it is time.
func (s *shard) batch(n int, now time.Time) {
	at := s.at(now)
	whole := false
	for i := range n {
		if s.take(s.in.datagram(i), at) {
			whole = true
		}
	}
	if s.in.booked(n, now) || whole || s.in.waiting() && (!s.in.half || now.Sub(s.in.since) >= holdFor) {
		s.flush()
	}
}

// take sorts one datagram by its first byte (RFC 7983 7); true: a frame is whole.
func (s *shard) take(d *udp.Datagram, now int64) bool {
	b := d.Data
	if len(b) < 12 {
		s.stats.Dropped.Unknown++
		return false
	}
	if b[0] < 4 {
		s.check(d, now)
		return false
	}
	l := s.byRemote[d.Path.Remote]
	switch {
	case l == nil:
		s.stats.Dropped.Unknown++
	case b[0] >= 20 && b[0] < 64:
		l.record(b, now)
	case b[0]>>6 == 2 && l.ready():
		return s.protected(l, b, now)
	default:
		s.stats.Dropped.Unknown++
	}
	return false
}

// open makes a link and announces its user fragment to the demultiplexer.
func (s *shard) open(r *Room, who ident.ParticipantID, c ice.Credentials) *link {
	s.numbers++
	l := &link{shard: s, room: r, who: who, number: s.numbers}
	l.net.credentials, l.net.checked = c, s.clock()
	l.send.learned = map[uint32]learned{}
	l.show.bySSRC = map[uint32]*slot{}
	l.net.answers, l.send.intake, l.show.resend, l.show.ask = checkBurst, intakeBurst, resendBurst, askBurst
	s.links = append(s.links, l)
	s.byUfrag[c.Ufrag] = l
	return l
}

// close ends a link: nothing is taken from it or sent to it any more, its keys and histories are wiped.
func (s *shard) close(l *link) {
	if l.closed {
		return
	}
	if l.net.known && len(l.net.records.CloseNotify) > 0 {
		s.out.one(&l.net.path, l.net.records.CloseNotify)
		s.out.flush()
	}
	l.closed = true
	for _, t := range l.send.tracks {
		if t != nil && t.stream != nil {
			t.stream.end()
			t.stream = nil
		}
	}
	for _, p := range l.show.pairs {
		for k := range p.slots {
			p.stop(&p.slots[k])
		}
	}
	if l.net.cancel != nil {
		l.net.cancel()
	}
	if l.net.out != nil {
		l.net.out.Wipe()
		l.net.in.Wipe()
		l.net.out, l.net.in = nil, nil
	}
	delete(s.byUfrag, l.net.credentials.Ufrag)
	for _, a := range l.net.remotes {
		if s.byRemote[a] == l {
			delete(s.byRemote, a)
		}
	}
	if seat := l.room.seats[l.who]; seat != nil && seat.link == l {
		seat.link = nil
	}
	if i := slices.Index(s.links, l); i >= 0 {
		s.links = slices.Delete(s.links, i, i+1)
	}
}

// end closes every room and waits for the handshakes.
func (s *shard) end() {
	s.mu.Lock()
	s.stopped = true
	for r := range s.rooms {
		r.close()
	}
	s.mu.Unlock()
	s.shaking.Wait()
}

// owe notes that a slot's receiver is due a sender report.
func (s *shard) owe(x *slot) {
	if !x.owed {
		x.owed = true
		s.desk.owed = append(s.desk.owed, x)
	}
}

func (s *shard) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.stats
	t.PacketsOut, t.BytesOut = s.out.sent, s.out.bytes
	if c, ok := s.conn.(interface{ Counts() udp.Counts }); ok {
		n := c.Counts()
		t.SendCalls, t.Messages, t.Dropped.Messages = n.Calls, n.Messages, n.Dropped
	}
	h := Health{Rooms: len(s.rooms), Links: len(s.links), Handshakes: s.shakes, Addresses: len(s.byRemote)}
	for _, l := range s.links {
		if l.ready() {
			h.Ready++
		}
		for _, t := range l.send.tracks {
			if t != nil && t.stream != nil {
				h.Streams++
			}
		}
		h.Slots += 2 * len(l.show.pairs)
	}
	t.Health = h
	return t
}
