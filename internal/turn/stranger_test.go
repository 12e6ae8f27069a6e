package turn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

const datagramHead = 28 // IPv4 and UDP, in bytes

func TestAnswersToStrangersDoNotAmplify(t *testing.T) {
	h := open(t)
	s := speak(t, h, Credential{})
	smallest := []stun.Setter{stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP)}
	asked := stun.MustBuild(smallest...)
	answer := s.send(patience, smallest[1:]...)
	if answer == nil || codeOf(t, answer) != stun.CodeUnauthorized {
		t.Fatalf("no challenge: %v", answer)
	}
	if got, sent := len(answer.Raw)+datagramHead, len(asked.Raw)+datagramHead; 5*got > 8*sent {
		t.Errorf("%d bytes on the wire for %d", got, sent)
	}
	flood := 0
	for ; flood < 100*strangerBurst && h.Counters().Refused[RefusedPace] < 4*strangerBurst; flood++ {
		s.conn.Write(asked.Raw)
	}
	heard, buf := 0, make([]byte, maxMessage)
	for {
		s.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		n, err := s.conn.Read(buf)
		if err != nil {
			break
		}
		heard += n + datagramHead
	}
	if sent := flood * (len(asked.Raw) + datagramHead); heard == 0 || heard*2 > sent {
		t.Errorf("%d bytes came for %d", heard, sent)
	}
	if h.Counters().Refused[RefusedPace] == 0 {
		t.Error("nobody was slowed down")
	}
	far := netip.MustParseAddr("192.0.2.1")
	if !h.pace.allow(far, false, time.Now()) {
		t.Error("the flood of one source shuts out another")
	}
}

func TestAMemberIsNotSlowedDownByAFloodFromTheSameAddress(t *testing.T) {
	h := open(t)
	relay := allocate(t, overUDP(t, h, h.issue(t, 1)))
	echoes(t, relay, h.media, "before")
	s := speak(t, h, Credential{})
	until(t, "the flood is refused", func() bool {
		for range strangerBurst {
			s.send(0, stun.BindingRequest)
		}
		return h.Counters().Refused[RefusedPace] > 0
	})
	echoes(t, relay, h.media, "during")
}

func TestThePacerRemembersSoManySources(t *testing.T) {
	p, now := newPacer(), time.Now()
	for i := range 2 * maxSources {
		p.allow(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), true, now)
	}
	if len(p.known) > maxSources {
		t.Errorf("%d sources", len(p.known))
	}
	late := netip.MustParseAddr("192.0.2.1")
	if p.allow(late, true, now) {
		t.Error("newcomers share nothing when the table is full")
	}
	if !p.allow(late, true, now.Add(strangerBurst/strangerRate*time.Second+time.Second)) {
		t.Error("nothing is ever forgotten")
	}
	six := netip.MustParseAddr("2001:db8::1")
	for range strangerBurst {
		p.allow(six, true, now)
	}
	if p.allow(netip.MustParseAddr("2001:db8::ffff"), true, now) {
		t.Error("one subscriber has many sources")
	}
}

func TestWrongCredentialsAreChallenged(t *testing.T) {
	h := open(t)
	right := h.issue(t, 1)
	for what, c := range map[string]Credential{
		"a wrong password": {Username: right.Username, Password: "guess"},
		"a wrong name":     {Username: "guess", Password: right.Password},
		"no name":          {},
	} {
		if code := speak(t, h, c).ask(stun.MethodAllocate, transport(protocolUDP)); code != stun.CodeUnauthorized {
			t.Errorf("%s: %d", what, code)
		}
	}
	s := speak(t, h, right)
	s.ask(stun.MethodAllocate) // for the nonce
	other := s.send(patience, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP), stun.NewUsername(right.Username),
		stun.NewRealm("another"), stun.NewNonce(s.nonce), stun.NewLongTermIntegrity(right.Username, h.cfg.Realm, right.Password))
	if other == nil || codeOf(t, other) != stun.CodeUnauthorized {
		t.Errorf("another realm: %v", other)
	}
	signed := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP),
		stun.NewUsername(right.Username), stun.NewRealm(h.cfg.Realm), stun.NewNonce(s.nonce),
		stun.NewLongTermIntegrity(right.Username, h.cfg.Realm, right.Password))
	signed.Raw[24]++ // the transport
	s.conn.Write(signed.Raw)
	if answer := s.hear(patience, signed.TransactionID); answer == nil || codeOf(t, answer) != stun.CodeUnauthorized {
		t.Errorf("a changed message: %v", answer)
	}
	if n := h.Counters().AllocationsMade; n != 0 {
		t.Errorf("%d allocations were made", n)
	}
	if code := speak(t, h, right).ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
		t.Errorf("the right ones: %d", code)
	}
}

// TestARepeatedRequestHasOneAnswer is about the answer to Allocate that got lost.
func TestARepeatedRequestHasOneAnswer(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	s.ask(stun.MethodRefresh) // for the nonce
	m := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), transport(protocolUDP),
		stun.NewUsername(s.cred.Username), stun.NewRealm(s.realm), stun.NewNonce(s.nonce),
		stun.NewLongTermIntegrity(s.cred.Username, s.realm, s.cred.Password))
	var answers [2]*stun.Message
	for i := range answers {
		s.conn.Write(m.Raw)
		if answers[i] = s.hear(patience, m.TransactionID); answers[i] == nil || codeOf(t, answers[i]) != 0 {
			t.Fatalf("answer %d: %v", i, answers[i])
		}
	}
	if !bytes.Equal(answers[0].Raw, answers[1].Raw) || h.Counters().AllocationsMade != 1 {
		t.Error("two answers to one request")
	}
}

func TestFramesAreReadWholeOrNotAtAll(t *testing.T) {
	message := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("four")).Raw
	for _, c := range []struct {
		what string
		in   []byte
		want int
		err  error
	}{
		{"a message", message, len(message), nil},
		{"a channel's packet with padding", []byte{0x40, 0, 0, 1, 'x', 0, 0, 0}, 8, nil},
		{"an empty packet", []byte{0x4F, 0xFF, 0, 0}, 4, nil},
		{"half a message", message[:10], 0, io.ErrUnexpectedEOF},
		{"nothing", nil, 0, io.EOF},
		{"a length that is no multiple of four", []byte{0, 1, 0, 1, 0, 0, 0, 0}, 0, errFrame},
		{"a length that comes to nothing in 16 bits", append([]byte{0, 1, 0xFF, 0xEC}, message[4:20]...), 0, errFrame},
		{"a packet that is too long", []byte{0x40, 0, 0xFF, 0xFF, 0, 0, 0, 0}, 0, errFrame},
		{"a number of no channel", []byte{0x50, 0, 0, 0}, 0, errFrame},
		{"a request line", []byte("GET / HTTP/1.1\r\n"), 0, errFrame},
	} {
		n, err := readFrame(bufio.NewReaderSize(bytes.NewReader(c.in), maxMessage), make([]byte, maxMessage))
		if !errors.Is(err, c.err) || err == nil && n != c.want {
			t.Errorf("%s: %d, %v", c.what, n, err)
		}
	}
}

func TestConfigurationsThatCannotWorkAreRefused(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	for what, cfg := range map[string]Config{
		"nothing":                  {},
		"an unspecified relay":     {Relay: []netip.Addr{netip.IPv4Unspecified()}},
		"two of a family":          {Relay: []netip.Addr{loopback, netip.MustParseAddr("127.0.0.2")}},
		"a mapped relay":           {Relay: []netip.Addr{netip.MustParseAddr("::ffff:127.0.0.1")}},
		"media without a port":     {Relay: []netip.Addr{loopback}, Peers: []Peer{{Announced: netip.AddrPortFrom(loopback, 0)}}},
		"media everywhere":         {Relay: []netip.Addr{loopback}, Peers: []Peer{{Announced: netip.MustParseAddrPort("0.0.0.0:7882")}}},
		"mapped media":             {Relay: []netip.Addr{loopback}, Peers: []Peer{{Announced: netip.MustParseAddrPort("[::ffff:127.0.0.1]:7882")}}},
		"media to many":            {Relay: []netip.Addr{loopback}, Peers: []Peer{{Announced: netip.MustParseAddrPort("224.0.0.1:7882")}}},
		"media of two families":    {Relay: []netip.Addr{loopback}, Peers: []Peer{{Announced: netip.MustParseAddrPort("203.0.113.1:1"), Local: netip.MustParseAddrPort("[::1]:1")}}},
		"the same address twice":   {Relay: []netip.Addr{loopback}, Peers: make([]Peer, 2)},
		"more media than is sane":  {Relay: []netip.Addr{loopback}, Peers: make([]Peer, maxPeers+1)},
		"a realm of too many rows": {Relay: []netip.Addr{loopback}, Realm: string(make([]byte, 65))},
	} {
		if s, err := New(cfg); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", what, err)
			if s != nil {
				s.Close()
			}
		}
	}
}

func TestAClosedServerTakesNothing(t *testing.T) {
	h := open(t)
	c := h.issue(t, 1)
	relay := allocate(t, overUDP(t, h, c))
	echoes(t, relay, h.media, "before")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Issue([16]byte{2}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ServeListener(l); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ServeUDP(conn); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if now := h.Counters(); now.Allocations != 0 || now.Credentials != 0 {
		t.Errorf("something is left: %+v", now)
	}
}
