package turn

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"

	"incamera/internal/ident"
	"incamera/internal/sfu"
	bare "incamera/internal/sfu/client"
)

// TestAPictureGoesThroughTheRelayToOurMediaPlane has a person who sends by TLS through the relay and one who watches by UDP.
func TestAPictureGoesThroughTheRelayToOurMediaPlane(t *testing.T) {
	plane, err := sfu.Listen(sfu.Config{Listen: ":0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- plane.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), plane.Addr().Port())
	h := open(t, func(c *Config) { c.Peers = []Peer{{Announced: at}} })
	serverTLS, clientTLS := certificate(t)
	l, err := tls.Listen("tcp4", "127.0.0.1:0", serverTLS)
	if err != nil {
		t.Fatal(err)
	}
	_, relays := h.Split(l)
	go h.ServeListener(relays)
	line, err := tls.Dial("tcp4", l.Addr().String(), clientTLS)
	if err != nil {
		t.Fatal(err)
	}
	room, sender, watcher := plane.Room(), ident.ParticipantID{1}, ident.ParticipantID{2}
	a := enter(t, room, sender, bridge(t, allocate(t, overStream(t, line, h.issue(t, 1))), at))
	b := enter(t, room, watcher, at)
	room.Route(watcher, []ident.ParticipantID{sender})
	buf := make([]byte, maxMessage)
	for n := range 100 {
		if err := a.Send(picture(n)); err != nil {
			t.Fatal(err)
		}
		b.Conn.SetReadDeadline(time.Now().Add(patience / 100))
		size, err := b.Conn.Read(buf)
		if err != nil || !bare.IsMedia(buf[:size]) {
			continue
		}
		if _, err := b.Open(buf[:size]); err == nil {
			return
		}
	}
	t.Errorf("no picture came; the relay counted %+v", h.Counters())
}

// enter brings a bare peer into a room, by an address.
func enter(t *testing.T, room *sfu.Room, who ident.ParticipantID, by netip.AddrPort) *bare.Client {
	t.Helper()
	c, err := bare.New(1)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := room.Open(who, c.Offer())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context(), answer, by); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Conn.Close() })
	return c
}

// bridge gives an address of this machine behind which is a peer seen through a relayed socket.
func bridge(t *testing.T, relay net.PacketConn, peer netip.AddrPort) netip.AddrPort {
	t.Helper()
	near := deadEnd(t)
	from := make(chan netip.AddrPort, 1)
	go func() {
		buf := make([]byte, maxMessage)
		for known := false; ; known = true {
			n, who, err := near.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if !known {
				from <- who
			}
			relay.WriteTo(buf[:n], net.UDPAddrFromAddrPort(peer))
		}
	}()
	go func() {
		buf, to := make([]byte, maxMessage), netip.AddrPort{}
		for {
			n, _, err := relay.ReadFrom(buf)
			if err != nil {
				return
			}
			if !to.IsValid() {
				to = <-from
			}
			near.WriteToUDPAddrPort(buf[:n], to)
		}
	}()
	return netip.MustParseAddrPort(near.LocalAddr().String())
}

// picture makes packet n of a video: every one a whole key frame.
func picture(n int) *rtp.Packet {
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: bare.VP8, SequenceNumber: uint16(n), Timestamp: uint32(n) * 3000, SSRC: 77, Marker: true},
		Payload: append([]byte{0x90, 0x80, 0x80 | byte(n>>8), byte(n), 0, byte(n)}, make([]byte, 600)...),
	}
	p.SetExtension(bare.Mid, []byte("1"))
	p.SetExtension(bare.Arrivals, []byte{byte(n >> 8), byte(n)})
	return p
}
