package turn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"incamera/internal/ident"
)

// speaker is a client by hand: it sends one request and gives the answer.
type speaker struct {
	t     testing.TB
	conn  net.Conn
	cred  Credential
	realm string
	nonce string
}

func speak(t testing.TB, h house, c Credential) *speaker {
	t.Helper()
	conn, err := net.Dial("udp4", h.udp.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &speaker{t: t, conn: conn, cred: c}
}

// send sends a message and gives what comes within wait, or nil.
func (s *speaker) send(wait time.Duration, setters ...stun.Setter) *stun.Message {
	s.t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID}, setters...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.conn.Write(m.Raw); err != nil {
		return nil
	}
	return s.hear(wait, m.TransactionID)
}

func (s *speaker) hear(wait time.Duration, id [stun.TransactionIDSize]byte) *stun.Message {
	s.t.Helper()
	s.conn.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, maxMessage)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			return nil
		}
		got := &stun.Message{Raw: append([]byte(nil), buf[:n]...)}
		if got.Decode() == nil && got.TransactionID == id {
			return got
		}
	}
}

// ask sends an authenticated request, with the nonce that a challenge gives, and tells the code of the answer, 0 for success.
func (s *speaker) ask(method stun.Method, setters ...stun.Setter) stun.ErrorCode {
	s.t.Helper()
	for range 3 {
		all := append([]stun.Setter{stun.NewType(method, stun.ClassRequest)}, setters...)
		if s.nonce != "" {
			all = append(all, stun.NewUsername(s.cred.Username), stun.NewRealm(s.realm), stun.NewNonce(s.nonce),
				stun.NewLongTermIntegrity(s.cred.Username, s.realm, s.cred.Password))
		}
		answer := s.send(patience, all...)
		if answer == nil {
			s.t.Fatal("no answer to ", method)
		}
		code := codeOf(s.t, answer)
		var nonce stun.Nonce
		if nonce.GetFrom(answer) != nil || s.nonce != "" && code == stun.CodeUnauthorized {
			return code
		}
		var realm stun.Realm
		if err := realm.GetFrom(answer); err != nil {
			s.t.Fatal(err)
		}
		s.nonce, s.realm = nonce.String(), realm.String()
	}
	s.t.Fatal("challenged without end")
	return 0
}

func codeOf(t testing.TB, m *stun.Message) stun.ErrorCode {
	t.Helper()
	if m.Type.Class == stun.ClassSuccessResponse {
		return 0
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(m); err != nil {
		t.Fatal(err)
	}
	return code.Code
}

func peerAt(at netip.AddrPort) stun.Setter { return address{stun.AttrXORPeerAddress, at} }

func transport(protocol byte) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{protocol, 0, 0, 0}}
}

func wanted(f family) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{byte(f), 0, 0, 0}}
}

func channelNumber(n uint16) stun.Setter {
	return stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{byte(n >> 8), byte(n), 0, 0}}
}

// TestOnlyOurMediaCanBeReached tries the list of a thief on each way to name a peer, next to our media as a control.
func TestOnlyOurMediaCanBeReached(t *testing.T) {
	ours6 := media(t, "udp6", "[::1]:0")
	h := open(t, func(c *Config) {
		c.Relay = append(c.Relay, netip.MustParseAddr("::1"))
		c.Peers = append(c.Peers, Peer{Announced: ours6})
	})
	port := h.media.Port()
	forbidden := []string{
		fmt.Sprintf("127.0.0.1:%d", port+1), fmt.Sprintf("127.0.0.1:%d", port-1), "127.0.0.1:4222", "127.0.0.1:22", "127.0.0.1:0",
		h.udp.String(), fmt.Sprintf("127.0.0.2:%d", port), fmt.Sprintf("127.255.255.255:%d", port), fmt.Sprintf("0.0.0.0:%d", port),
		fmt.Sprintf("169.254.169.254:%d", port), "169.254.169.254:80", fmt.Sprintf("169.254.1.1:%d", port), fmt.Sprintf("10.0.0.1:%d", port),
		fmt.Sprintf("172.16.0.1:%d", port), fmt.Sprintf("192.168.0.1:%d", port), fmt.Sprintf("100.64.0.1:%d", port),
		fmt.Sprintf("224.0.0.1:%d", port), fmt.Sprintf("239.255.255.250:%d", port), fmt.Sprintf("255.255.255.255:%d", port),
		fmt.Sprintf("192.0.2.1:%d", port), fmt.Sprintf("8.8.8.8:%d", port),
		fmt.Sprintf("[::]:%d", port), fmt.Sprintf("[::1]:%d", port), "[::1]:4222", fmt.Sprintf("[::ffff:127.0.0.1]:%d", port),
		fmt.Sprintf("[::ffff:169.254.169.254]:%d", port), fmt.Sprintf("[::127.0.0.1]:%d", port), fmt.Sprintf("[64:ff9b::7f00:1]:%d", port),
		fmt.Sprintf("[fe80::1]:%d", port), fmt.Sprintf("[fc00::1]:%d", port), fmt.Sprintf("[fd00:ec2::254]:%d", port),
		fmt.Sprintf("[ff02::1]:%d", port), fmt.Sprintf("[2001:db8::1]:%d", port), fmt.Sprintf("[2002:7f00:1::]:%d", port),
	}
	for f, own := range map[family]netip.AddrPort{familyIPv4: h.media, familyIPv6: ours6} {
		s := speak(t, h, h.issue(t, byte(f)))
		if code := s.ask(stun.MethodAllocate, transport(protocolUDP), wanted(f)); code != 0 {
			t.Fatal("allocate: ", code)
		}
		for _, text := range forbidden {
			at := netip.MustParseAddrPort(text)
			if at == own {
				continue
			}
			want := stun.CodeForbidden
			if familyOf(at.Addr()) != f {
				want = stun.CodePeerAddrFamilyMismatch
			}
			if code := s.ask(stun.MethodCreatePermission, peerAt(at)); code != want {
				t.Errorf("permission for %s: %d", at, code)
			}
			if code := s.ask(stun.MethodCreatePermission, peerAt(own), peerAt(at)); code != want {
				t.Errorf("permission for ours and %s: %d", at, code)
			}
			if code := s.ask(stun.MethodChannelBind, channelNumber(0x4001), peerAt(at)); code != want {
				t.Errorf("channel to %s: %d", at, code)
			}
			s.send(0, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAt(at), stun.RawAttribute{Type: stun.AttrData, Value: []byte("x")})
		}
		s.send(0, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAt(own), stun.RawAttribute{Type: stun.AttrData, Value: []byte("x")})
		s.conn.Write([]byte{0x40, 0x01, 0, 1, 'x', 0, 0, 0})
		if code := s.ask(stun.MethodCreatePermission, peerAt(own)); code != 0 { // behind the packets above
			t.Errorf("permission for %s: %d", own, code)
		}
		if n := h.Counters().PacketsToMedia; n != 0 {
			t.Fatalf("%d packets were carried without a permission", n)
		}
	}
	relay := allocate(t, overUDP(t, h, h.issue(t, 9)))
	echoes(t, relay, h.media, "the control")
}

func TestAllocationsAreUDPAndOfOurFamily(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	for _, c := range []struct {
		what string
		code stun.ErrorCode
		with []stun.Setter
	}{
		{"a relay over TCP", stun.CodeUnsupportedTransProto, []stun.Setter{transport(6)}},
		{"no transport", stun.CodeBadRequest, nil},
		{"IPv6", stun.CodeAddrFamilyNotSupported, []stun.Setter{transport(protocolUDP), wanted(familyIPv6)}},
		{"a family of nowhere", stun.CodeAddrFamilyNotSupported, []stun.Setter{transport(protocolUDP), wanted(7)}},
		{"an even port", stun.CodeUnknownAttribute, []stun.Setter{transport(protocolUDP), stun.RawAttribute{Type: stun.AttrEvenPort, Value: []byte{0x80}}}},
		{"a reserved port", stun.CodeUnknownAttribute, []stun.Setter{transport(protocolUDP), stun.RawAttribute{Type: stun.AttrReservationToken, Value: make([]byte, 8)}}},
		{"what is wanted", 0, []stun.Setter{transport(protocolUDP)}},
		{"the same again", stun.CodeAllocMismatch, []stun.Setter{transport(protocolUDP)}},
	} {
		if code := s.ask(stun.MethodAllocate, c.with...); code != c.code {
			t.Errorf("%s: %d, not %d", c.what, code, c.code)
		}
	}
	before := h.Counters().Refused[RefusedMalformed]
	for _, method := range []stun.Method{stun.MethodConnect, stun.MethodConnectionBind} {
		if answer := s.send(50*time.Millisecond, stun.NewType(method, stun.ClassRequest), peerAt(h.media)); answer != nil {
			t.Errorf("an answer to %s: %s", method, answer)
		}
	}
	if h.Counters().Refused[RefusedMalformed] != before+2 {
		t.Error("RFC 6062 was not refused")
	}
}

func TestACredentialHoldsFourAllocations(t *testing.T) {
	h := open(t)
	thief, other := h.issue(t, 1), h.issue(t, 2)
	for range Quota {
		if code := speak(t, h, thief).ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
			t.Fatal(code)
		}
	}
	fifth := speak(t, h, thief)
	if code := fifth.ask(stun.MethodAllocate, transport(protocolUDP)); code != stun.CodeAllocQuotaReached {
		t.Errorf("the fifth: %d", code)
	}
	holder := speak(t, h, other)
	if code := holder.ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
		t.Errorf("another's first: %d", code)
	}
	if code := holder.ask(stun.MethodRefresh, lifetime(0)); code != 0 {
		t.Errorf("giving back: %d", code)
	}
	if n := h.Counters().Allocations; n != Quota {
		t.Errorf("%d allocations", n)
	}
}

func TestTheServerHoldsSoManyAllocationsAndSeats(t *testing.T) {
	h := open(t, func(c *Config) { c.MaxAllocations, c.MaxSeats = 1, 2 })
	first, second := h.issue(t, 1), h.issue(t, 2)
	if _, err := h.Issue(ident.ParticipantID{3}); !errors.Is(err, ErrFull) {
		t.Error("a third seat: ", err)
	}
	if again := h.issue(t, 1); again.Username != first.Username || again.Password != first.Password {
		t.Error("a renewed seat has another credential")
	}
	if code := speak(t, h, first).ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
		t.Fatal(code)
	}
	if code := speak(t, h, second).ask(stun.MethodAllocate, transport(protocolUDP)); code != stun.CodeInsufficientCapacity {
		t.Errorf("a second allocation: %d", code)
	}
}

func TestAnothersAllocationIsNotMine(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	if code := s.ask(stun.MethodCreatePermission, peerAt(h.media)); code != stun.CodeAllocMismatch {
		t.Errorf("without an allocation: %d", code)
	}
	if code := s.ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
		t.Fatal(code)
	}
	s.cred = h.issue(t, 2)
	for _, method := range []stun.Method{stun.MethodRefresh, stun.MethodCreatePermission, stun.MethodChannelBind} {
		if code := s.ask(method, channelNumber(0x4000), peerAt(h.media)); code != stun.CodeWrongCredentials {
			t.Errorf("%s with another's credential: %d", method, code)
		}
	}
}

func TestChannelsAreBoundOnce(t *testing.T) {
	second := media(t, "udp4", "127.0.0.1:0")
	h := open(t, func(c *Config) { c.Peers = append(c.Peers, Peer{Announced: second}) })
	s := speak(t, h, h.issue(t, 1))
	s.ask(stun.MethodAllocate, transport(protocolUDP))
	for _, c := range []struct {
		number uint16
		peer   netip.AddrPort
		code   stun.ErrorCode
	}{
		{0x3FFF, h.media, stun.CodeBadRequest},
		{0x5000, h.media, stun.CodeBadRequest},
		{0x4000, h.media, 0},
		{0x4000, h.media, 0},
		{0x4001, h.media, stun.CodeBadRequest},
		{0x4000, second, stun.CodeBadRequest},
		{0x4001, second, 0},
	} {
		if code := s.ask(stun.MethodChannelBind, channelNumber(c.number), peerAt(c.peer)); code != c.code {
			t.Errorf("%x to %s: %d, not %d", c.number, c.peer, code, c.code)
		}
	}
}

// TestOnlyOurMediaIsHeard has somebody else send to the relayed address of one who has a channel to our media.
func TestOnlyOurMediaIsHeard(t *testing.T) {
	h := open(t)
	relay := allocate(t, overUDP(t, h, h.issue(t, 1)))
	echoes(t, relay, h.media, "the control")
	stranger, before := deadEnd(t), settled(t, h)
	stranger.WriteTo([]byte("not media"), relay.LocalAddr())
	until(t, "it is refused", func() bool { return h.Counters().Refused[RefusedPermission] == 1 })
	if n := h.Counters().PacketsToPeople; n != before {
		t.Errorf("%d packets came through", n-before)
	}
}

// TestNoMoreIsCarriedThanWasSent is about lengths that lie: what stood in memory before must not go with them.
func TestNoMoreIsCarriedThanWasSent(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	s.ask(stun.MethodAllocate, transport(protocolUDP))
	s.ask(stun.MethodChannelBind, channelNumber(0x4000), peerAt(h.media))
	send := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodSend, stun.ClassIndication), peerAt(h.media),
		stun.RawAttribute{Type: stun.AttrData, Value: []byte("data")}).Raw
	long := append([]byte(nil), send...)
	long[3] += 4
	for _, message := range [][]byte{{0x40, 0, 0, 100, 'x', 0, 0, 0}, long, append(send[:len(send):len(send)], 0, 0, 0, 0), send[:19], {0x40}, {}} {
		before := h.Counters().Refused[RefusedMalformed]
		s.conn.Write(message)
		until(t, "it is refused", func() bool { return h.Counters().Refused[RefusedMalformed] == before+1 })
	}
	if n := h.Counters().PacketsToMedia; n != 0 {
		t.Errorf("%d packets were carried", n)
	}
	s.conn.Write(send)
	s.conn.Write([]byte{0x40, 0, 0, 1, 'x'})
	until(t, "what is right is carried", func() bool { return h.Counters().BytesToMedia == 5 })
}

func TestAddressesAreReadToTheByte(t *testing.T) {
	id := stun.NewTransactionID()
	for _, text := range []string{"127.0.0.1:7882", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:65535"} {
		at := netip.MustParseAddrPort(text)
		m := &stun.Message{TransactionID: id}
		if err := (address{stun.AttrXORPeerAddress, at}).AddTo(m); err != nil {
			t.Fatal(err)
		}
		value, err := m.Get(stun.AttrXORPeerAddress)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := parseAddress(value, id); !ok || got != at {
			t.Errorf("%s became %s, %v", at, got, ok)
		}
		for _, bad := range [][]byte{nil, value[:3], value[:len(value)-1], append(value[:len(value):len(value)], 0), append([]byte{0, 3}, value[2:]...)} {
			if got, ok := parseAddress(bad, id); ok {
				t.Errorf("%x is read as %s", bad, got)
			}
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	h := open(t)
	c := h.issue(t, 1)
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(form, c); strings.Contains(text, c.Password) || strings.Contains(text, c.Username) {
			t.Errorf("%s prints %s", form, text)
		}
	}
}
