package turn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// street is a listener in memory. Its connections have an address.
type street struct {
	conns chan net.Conn
	gone  chan struct{}
	once  sync.Once
}

func newStreet() *street { return &street{conns: make(chan net.Conn), gone: make(chan struct{})} }

type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:5"))
}

func (s *street) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return addressed{c}, nil
	case <-s.gone:
		return nil, net.ErrClosed
	}
}

func (s *street) Close() error   { s.once.Do(func() { close(s.gone) }); return nil }
func (s *street) Addr() net.Addr { return &net.TCPAddr{} }

func (s *street) dial() net.Conn {
	near, far := net.Pipe()
	s.conns <- far
	return near
}

// inBubble runs a test with a server on a memory listener, split, with a clock of its own.
func inBubble(t *testing.T, walk func(t *testing.T, s *Server, on *street, http, turn net.Listener)) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Relay: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
		if err != nil {
			t.Fatal(err)
		}
		on := newStreet()
		http, turn := s.Split(on)
		walk(t, s, on, http, turn)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func closedAfter(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	start := time.Now()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("not closed: %v", err)
	}
	return time.Since(start)
}

func TestWhoSaysNothingIsClosedAfterTenSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, on *street, _, _ net.Listener) {
		for _, said := range []string{"", "\x00", "\x00\x03\x00\x00\x21\x12\xa4"} {
			conn := on.dial()
			io.WriteString(conn, said)
			if took := closedAfter(t, conn); took != SilentLimit {
				t.Errorf("after %q: %v", said, took)
			}
		}
		if n := s.Counters().Refused[RefusedSilent]; n != 3 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestAStreamWithoutAnAllocationIsClosedAfterTenSeconds(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, on *street, _, turn net.Listener) {
		go s.ServeListener(turn)
		conn := on.dial()
		ask := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP))
		conn.Write(ask.Raw)
		if n, err := conn.Read(make([]byte, maxMessage)); err != nil || n == 0 {
			t.Fatal(n, err)
		}
		if took := closedAfter(t, conn); took != SilentLimit {
			t.Errorf("after %v", took)
		}
	})
}

func TestAStreamThatTakesNothingIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		l, start := &line{conn: far}, time.Now()
		if err := l.send(netip.AddrPort{}, []byte("x")); !isTimeout(err) || time.Since(start) != writeLimit {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		l.hold() // a late allocation does not bring it back
		if _, err := far.Read(make([]byte, 1)); !isTimeout(err) {
			t.Error("it is read: ", err)
		}
		if err := l.send(netip.AddrPort{}, []byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Error("it is written: ", err)
		}
	})
}

func TestSoManyStreamsAreServed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, on *street, _, turn net.Listener) {
		s.cfg.MaxStreams = 2
		go s.ServeListener(turn)
		ask := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
		ours := make([]net.Conn, 3)
		for i := range ours {
			ours[i] = on.dial()
			ours[i].Write(ask)
			synctest.Wait()
		}
		if took := closedAfter(t, ours[2]); took != 0 || s.Counters().Refused[RefusedFull] != 1 {
			t.Errorf("the third was closed after %v", took)
		}
		if n, err := ours[1].Read(make([]byte, maxMessage)); err != nil {
			t.Error("the second has no answer: ", n, err)
		}
		ours[0].Close()
		ours[1].Close()
		synctest.Wait()
		fourth := on.dial()
		fourth.Write(ask)
		if _, err := fourth.Read(make([]byte, maxMessage)); err != nil {
			t.Error("no place again: ", err)
		}
	})
}

func TestHTTPIsHandedOnAfterItsFirstByte(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Server, on *street, http, _ net.Listener) {
		for _, text := range []string{"GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01", "@", "\xff"} {
			start, conn := time.Now(), on.dial()
			go func() {
				io.WriteString(conn, text[:1])
				<-time.After(time.Hour) // what was said is not held against a time
				io.WriteString(conn, text[1:])
				conn.Close()
			}()
			got, err := http.Accept()
			if err != nil || time.Since(start) != 0 {
				t.Fatalf("%q: %v after %v", text, err, time.Since(start))
			}
			if whole, err := io.ReadAll(got); string(whole) != text {
				t.Errorf("%q came as %q, %v", text, whole, err)
			}
			got.Close()
		}
	})
}

func TestWhatIsNeitherIsClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, on *street, _, _ net.Listener) {
		conn := on.dial()
		io.WriteString(conn, "\x00\x03\x00\x00\x21\x12\xa4\x43")
		if took := closedAfter(t, conn); took != 0 || s.Counters().Refused[RefusedMalformed] != 1 {
			t.Errorf("after %v", took)
		}
	})
}

func TestTheOneWhoWasSilentLongestGoes(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Server, on *street, http, _ net.Listener) {
		first := on.dial()
		for range maxSilent - 1 {
			on.dial()
		}
		second := time.Now()
		go on.dial()
		if closedAfter(t, first); time.Since(second) != 0 {
			t.Error("the first was not let go")
		}
		conn := on.dial()
		go io.WriteString(conn, "GET /")
		if got, err := http.Accept(); err != nil {
			t.Error("the page is shut: ", err)
		} else {
			got.Close()
		}
	})
}

func TestListenersCloseAlone(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Server, on *street, http, turn net.Listener) {
		turn.Close()
		if _, err := turn.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		conn := on.dial()
		io.WriteString(conn, "\x00\x03\x00\x00\x21\x12\xa4\x42")
		closedAfter(t, conn)
		conn = on.dial()
		go io.WriteString(conn, "GET /")
		got, err := http.Accept()
		if err != nil {
			t.Fatal("the page is shut: ", err)
		}
		got.Close()
		silent := on.dial()
		synctest.Wait()
		http.Close()
		if took := closedAfter(t, silent); took != 0 {
			t.Errorf("closed after %v", took)
		}
		if _, err := http.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		<-on.gone
	})
}

// tired is a listener that fails in passing before it gives a connection, and for good after it.
type tired struct {
	*street
	faults []error
}

func (l *tired) Accept() (net.Conn, error) {
	if len(l.faults) == 0 {
		return l.street.Accept()
	}
	err := l.faults[0]
	l.faults = l.faults[1:]
	return nil, err
}

func TestAListenerOutlivesFaultsThatPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on, broken, start := newStreet(), errors.New("broken"), time.Now()
		l := &tired{on, []error{syscall.EMFILE, &net.OpError{Err: syscall.ECONNABORTED}}}
		go on.dial()
		conn, err := acceptNext(l, nil)
		if err != nil || time.Since(start) != 15*time.Millisecond {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		conn.Close()
		l.faults = []error{broken}
		if _, err := acceptNext(l, nil); !errors.Is(err, broken) {
			t.Error(err)
		}
	})
}

// FuzzSniffKeepsWhatWasSaid: however the bytes are cut, the same is found out and nothing is lost.
func FuzzSniffKeepsWhatWasSaid(f *testing.F) {
	for _, seed := range []string{"", "GET / HTTP/1.1\r\n", "PRI * HTTP/2.0", "\x00\x03\x00\x08\x21\x12\xa4\x42xxxxxxxxxxxx", "\x00\x03", "\x01\x13\x00\x00\x21\x12\xa4\x42"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		head, what, err := sniff(bytes.NewReader(said))
		slow, same, _ := sniff(iotest.OneByteReader(bytes.NewReader(said)))
		if what != same || !bytes.HasPrefix(head, slow) || !bytes.HasPrefix(said, head) || len(head) > sniffBytes {
			t.Fatalf("%q: %d %q, %d %q", said, what, head, same, slow)
		}
		if (what == unclear) != (err != nil) {
			t.Fatalf("%q: %d with %v", said, what, err)
		}
		if stunLike := len(said) >= 8 && said[0] < 2 && binary.BigEndian.Uint32(said[4:]) == magicCookie && said[3]%4 == 0; stunLike != (what == isTURN) {
			t.Fatalf("%q is %d", said, what)
		}
		if len(said) > 0 && said[0] > 1 && what != isHTTP {
			t.Fatalf("%q is %d", said, what)
		}
	})
}

// FuzzHandleNeverPanics feeds the server what strangers and members may send.
func FuzzHandleNeverPanics(f *testing.F) {
	sink := deadEnd(f)
	own := netip.MustParseAddrPort(sink.LocalAddr().String())
	s, err := New(Config{Relay: []netip.Addr{own.Addr()}, Peers: []Peer{{Announced: own}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	cred, err := s.Issue([16]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	key := stun.NewLongTermIntegrity(cred.Username, s.cfg.Realm, cred.Password)
	for _, method := range []stun.Method{stun.MethodAllocate, stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind, stun.MethodSend} {
		m := stun.MustBuild(stun.NewType(method, stun.ClassRequest), transport(protocolUDP), lifetime(Life), channelNumber(0x4000),
			peerAt(own))
		f.Add(m.Raw)
	}
	f.Add([]byte{0x40, 0, 0, 1, 'x'})
	client := tuple{&datagrams{conn: sink}, own}
	scratch := newScratch()
	f.Fuzz(func(t *testing.T, message []byte) {
		s.handle(client, message, scratch)
		m := &stun.Message{Raw: append([]byte(nil), message...)}
		if m.Decode() != nil {
			return
		}
		for _, more := range []stun.Setter{stun.NewUsername(cred.Username), stun.NewRealm(s.cfg.Realm), stun.NewNonce(s.nonces.make(client.from, time.Now())), key} {
			more.AddTo(m)
		}
		s.handle(client, m.Raw, scratch)
		s.forget(client.way)
	})
}

// deadEnd is a socket that nobody reads.
func deadEnd(t testing.TB) *net.UDPConn {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
