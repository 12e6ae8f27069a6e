package sfu

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/sfu/dtls"
	"incamera/internal/sfu/seal"
	"incamera/internal/sfu/udp"
	"incamera/internal/wire"
)

// memory is a batchConn without a kernel: it works in a synctest bubble.
type memory struct {
	in     chan udp.Datagram
	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex
	out    []udp.Message // copies
	keep   bool
}

func newMemory() *memory {
	return &memory{in: make(chan udp.Datagram, 1024), closed: make(chan struct{}), keep: true}
}

func (m *memory) ReadBatch(dst []udp.Datagram, deadline time.Time) (int, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case d := <-m.in:
		dst[0].Path = d.Path
		dst[0].Data = dst[0].Data[:copy(dst[0].Data, d.Data)]
		return 1, nil
	case <-timer.C:
		return 0, os.ErrDeadlineExceeded
	case <-m.closed:
		return 0, net.ErrClosed
	}
}

func (m *memory) WriteBatch(ms []udp.Message) error {
	if !m.keep {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range ms {
		p := *x.Path
		m.out = append(m.out, udp.Message{Path: &p, Data: bytes.Clone(x.Data), Segment: x.Segment})
	}
	return nil
}

func (m *memory) LocalAddr() netip.AddrPort { return netip.MustParseAddrPort("10.0.0.1:7882") }

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// sent takes what was written to an address, cut into packets.
func (m *memory) sent(to netip.AddrPort) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var packets [][]byte
	var rest []udp.Message
	for _, x := range m.out {
		if x.Path.Remote != to {
			rest = append(rest, x)
			continue
		}
		for d := x.Data; len(d) > 0; {
			n := len(d)
			if x.Segment != 0 {
				n = min(n, x.Segment)
			}
			packets, d = append(packets, d[:n]), d[n:]
		}
	}
	m.out = rest
	return packets
}

// puppet is a connection whose keys the test knows.
type puppet struct {
	path udp.Path
	link *link
	out  *srtp.Context // towards the plane
	in   *srtp.Context
}

// puppetOf opens a connection as if checks and handshake were over.
func puppetOf(t testing.TB, r *Room, who ident.ParticipantID, pairs int, profile srtp.ProtectionProfile) *puppet {
	t.Helper()
	c, err := client.New(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return puppetWith(t, r, who, c.Offer(), profile)
}

// puppetWith is puppetOf with an offer of its own.
func puppetWith(t testing.TB, r *Room, who ident.ParticipantID, offer wire.MediaOffer, profile srtp.ProtectionProfile) *puppet {
	t.Helper()
	if _, err := r.Open(who, offer); err != nil {
		t.Fatal(err)
	}
	size, _ := profile.KeyLen()
	salt, _ := profile.SaltLen()
	secret := func(b byte, n int) []byte { return bytes.Repeat([]byte{b, who[0]}, n)[:n] }
	keys := func() dtls.Keys {
		return dtls.Keys{
			Profile: profile, Local: secret(1, size), LocalSalt: secret(2, salt), Remote: secret(3, size), RemoteSalt: secret(4, salt),
			LastFlight: []byte{22, 1, 2}, CloseNotify: []byte{21, 1, 2},
		}
	}
	p := &puppet{path: udp.Path{Remote: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, who[0]}), 5000)}}
	s := r.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	l := r.seats[who].link
	if err := l.fit(keys()); err != nil {
		t.Fatal(err)
	}
	l.net.path, l.net.known = p.path, true
	s.claim(l, p.path.Remote, s.clock())
	p.link = l
	k := keys()
	var err error
	p.out, err = srtp.CreateContext(k.Remote, k.RemoteSalt, profile)
	if err == nil {
		p.in, err = srtp.CreateContext(k.Local, k.LocalSalt, profile, srtp.SRTPReplayProtection(1024))
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *puppet) sealed(t testing.TB, q *rtp.Packet) udp.Datagram {
	t.Helper()
	raw, err := q.Marshal()
	if err == nil {
		raw, err = p.out.EncryptRTP(nil, raw, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return udp.Datagram{Path: p.path, Data: raw}
}

func (p *puppet) reports(t testing.TB, plain []byte) udp.Datagram {
	t.Helper()
	b, err := p.out.EncryptRTCP(nil, plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	return udp.Datagram{Path: p.path, Data: b}
}

// opened gives the media among packets, opened.
func (p *puppet) opened(t testing.TB, packets [][]byte) (media []*rtp.Packet) {
	t.Helper()
	for _, b := range packets {
		if !client.IsMedia(b) {
			continue
		}
		plain, err := p.in.DecryptRTP(nil, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		q := &rtp.Packet{}
		if err := q.Unmarshal(plain); err != nil {
			t.Fatal(err)
		}
		media = append(media, q)
	}
	return media
}

// still makes a plane over memory, not running.
func still(t testing.TB) (*memory, *Plane) {
	t.Helper()
	m := newMemory()
	p, err := newPlane(m, Config{})
	if err != nil {
		t.Fatal(err)
	}
	return m, p
}

const gcm128 = seal.AES128GCM
