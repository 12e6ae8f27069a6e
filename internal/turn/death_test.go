package turn

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v4"

	"incamera/internal/ident"
)

func TestARevokedSeatIsCutOffAtOnce(t *testing.T) {
	h := open(t)
	gone, stays := h.issue(t, 1), h.issue(t, 2)
	relay, control := allocate(t, overUDP(t, h, gone)), allocate(t, overUDP(t, h, stays))
	echoes(t, relay, h.media, "before")
	before := settled(t, h)
	h.Revoke(ident.ParticipantID{1})
	if n := h.Counters().Allocations; n != 1 {
		t.Errorf("%d allocations are left", n)
	}
	relay.WriteTo([]byte("after"), net.UDPAddrFromAddrPort(h.media))
	until(t, "the packet is refused", func() bool { return h.Counters().Refused[RefusedMismatch] > 0 })
	if h.Counters().PacketsToMedia != before {
		t.Error("it was carried")
	}
	if code := speak(t, h, gone).ask(stun.MethodAllocate, transport(protocolUDP)); code != stun.CodeUnauthorized {
		t.Errorf("a new allocation: %d", code)
	}
	echoes(t, control, h.media, "who stays is heard")
}

// settled gives the packets carried to media once all that were sent are counted.
func settled(t *testing.T, h house) uint64 {
	t.Helper()
	until(t, "all is counted", func() bool { c := h.Counters(); return c.PacketsToMedia == c.PacketsToPeople })
	return h.Counters().PacketsToMedia
}

func TestACredentialLivesTenMinutesUnlessRenewed(t *testing.T) {
	h := open(t)
	left, kept := h.issue(t, 1), h.issue(t, 2)
	for _, c := range []Credential{left, kept} {
		if code := speak(t, h, c).ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
			t.Fatal(code)
		}
	}
	if end := time.Until(left.Expires); end > Life || end < Life-time.Minute {
		t.Errorf("it expires in %v", end)
	}
	h.mu.Lock()
	h.seats[ident.ParticipantID{1}].expires = time.Now().Add(-time.Nanosecond)
	h.mu.Unlock()
	if code := speak(t, h, left).ask(stun.MethodAllocate, transport(protocolUDP)); code != stun.CodeUnauthorized {
		t.Errorf("with an expired credential: %d", code)
	}
	if h.Renew(ident.ParticipantID{1}) || !h.Renew(ident.ParticipantID{2}) {
		t.Error("the dead are renewed or the living are not")
	}
	until(t, "its allocation ends", func() bool { return h.Counters().Allocations == 1 && h.Counters().Credentials == 1 })
	h.sweep(time.Now().Add(Life - time.Minute))
	if h.Counters().Credentials != 1 {
		t.Error("the other one died too early")
	}
	h.sweep(time.Now().Add(Life + time.Second))
	if c := h.Counters(); c.Credentials != 0 || c.Allocations != 0 {
		t.Errorf("left after ten minutes: %+v", c)
	}
}

func TestAnAllocationLivesTenMinutesWhateverIsAsked(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	for _, method := range []stun.Method{stun.MethodAllocate, stun.MethodRefresh} {
		if code := s.ask(method, transport(protocolUDP), lifetime(time.Hour)); code != 0 {
			t.Fatal(code)
		}
	}
	h.mu.Lock()
	h.seats[ident.ParticipantID{1}].expires = time.Now().Add(time.Hour)
	h.mu.Unlock()
	h.sweep(time.Now().Add(Life - time.Second))
	if h.Counters().Allocations != 1 {
		t.Error("it ended early")
	}
	h.sweep(time.Now().Add(Life))
	if h.Counters().Allocations != 0 {
		t.Error("it lives on")
	}
}

func TestPermissionsAndChannelsExpire(t *testing.T) {
	own := Peer{Announced: netip.MustParseAddrPort("203.0.113.1:7882"), Local: netip.MustParseAddrPort("127.0.0.1:7882")}
	now := time.Now()
	a := &allocation{}
	a.permit(own, now)
	if _, channel, ok := a.incoming(own.Local, now.Add(permissionLife-1)); !ok || channel != 0 {
		t.Error("no permission")
	}
	if _, ok := a.byPeer(own.Announced, now.Add(permissionLife)); ok {
		t.Error("the permission does not end")
	}
	if !a.bind(0x4000, own, now) {
		t.Fatal("not bound")
	}
	if to, ok := a.byChannel(0x4000, now); !ok || to != own.Local {
		t.Errorf("the channel leads to %s, %v", to, ok)
	}
	if _, ok := a.byChannel(0x4000, now.Add(permissionLife)); ok {
		t.Error("the channel outlives its permission")
	}
	a.permit(own, now.Add(permissionLife))
	if _, ok := a.byChannel(0x4000, now.Add(channelLife-1)); !ok {
		t.Error("a renewed permission does not keep the channel")
	}
	a.permit(own, now.Add(channelLife-1))
	if _, ok := a.byChannel(0x4000, now.Add(channelLife)); ok {
		t.Error("the channel does not end")
	}
	if at, channel, ok := a.incoming(own.Local, now.Add(channelLife)); !ok || channel != 0 || at != own.Announced {
		t.Errorf("what comes after the channel: %s %x %v", at, channel, ok)
	}
	if !a.bind(0x4001, own, now.Add(channelLife)) {
		t.Error("an expired number holds the peer")
	}
}

func TestAnAddressThatIsNoLongerOursIsNotReached(t *testing.T) {
	h := open(t)
	relay := allocate(t, overUDP(t, h, h.issue(t, 1)))
	echoes(t, relay, h.media, "ours")
	if err := h.Announce([]Peer{{Announced: media(t, "udp4", "127.0.0.1:0")}}); err != nil {
		t.Fatal(err)
	}
	before := settled(t, h)
	relay.WriteTo([]byte("not ours"), net.UDPAddrFromAddrPort(h.media))
	until(t, "the packet is refused", func() bool { return h.Counters().Refused[RefusedPermission] > 0 })
	if h.Counters().PacketsToMedia != before {
		t.Error("it was carried")
	}
}

func TestANonceExpiresAndIsItsOwners(t *testing.T) {
	h := open(t)
	s := speak(t, h, h.issue(t, 1))
	if code := s.ask(stun.MethodAllocate, transport(protocolUDP)); code != 0 {
		t.Fatal(code)
	}
	own := netip.MustParseAddrPort(s.conn.LocalAddr().String())
	other := netip.AddrPortFrom(own.Addr(), own.Port()^1)
	for what, nonce := range map[string]string{
		"old":        h.nonces.make(own, time.Now().Add(-Life)),
		"another's":  h.nonces.make(other, time.Now()),
		"tomorrow's": h.nonces.make(own, time.Now().Add(time.Hour)),
		"invented":   "AAAAAAAAAAAAAAAA",
		"short":      "A",
	} {
		answer := s.send(patience, stun.NewType(stun.MethodRefresh, stun.ClassRequest), stun.NewUsername(s.cred.Username), stun.NewRealm(s.realm),
			stun.NewNonce(nonce), stun.NewLongTermIntegrity(s.cred.Username, s.realm, s.cred.Password))
		if answer == nil || codeOf(t, answer) != stun.CodeStaleNonce {
			t.Errorf("%s nonce: %v", what, answer)
		}
	}
	s.nonce = h.nonces.make(own, time.Now().Add(-Life))
	if code := s.ask(stun.MethodRefresh); code != 0 {
		t.Errorf("with the new nonce: %d", code)
	}
}
