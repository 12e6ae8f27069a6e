package sfu

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtp"
	"github.com/pion/stun/v4"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/sfu/rtcp"
)

// reach gives an address at which a client on this machine reaches the plane.
func reach(p *Plane) netip.AddrPort {
	a := p.Addr()
	if a.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), a.Port())
	}
	return a
}

// enter connects a bare client.
func enter(t *testing.T, p *Plane, r *Room, who ident.ParticipantID, profiles ...dtls.SRTPProtectionProfile) *client.Client {
	t.Helper()
	c, err := client.New(1)
	check(t, err)
	c.Profiles = profiles
	answer, err := r.Open(who, c.Offer())
	check(t, err)
	check(t, c.Connect(t.Context(), answer, reach(p)))
	t.Cleanup(func() { c.Conn.Close() })
	until(t, "keys", func() bool { return p.Stats().Health.Ready > 0 && p.Stats().Health.Handshakes == 0 })
	return c
}

// picture makes packet n of a video: every one a whole key frame.
func picture(n int) *rtp.Packet {
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: client.VP8, SequenceNumber: uint16(n), Timestamp: uint32(n) * 3000, SSRC: 77, Marker: true},
		Payload: append([]byte{0x90, 0x80, 0x80 | byte(n>>8), byte(n), 0, byte(n)}, make([]byte, 600)...),
	}
	_ = p.SetExtension(client.Mid, []byte("1"))
	_ = p.SetExtension(client.Arrivals, []byte{byte(n >> 8), byte(n)})
	return p
}

// next reads media until the deadline; nil: none came.
func next(t *testing.T, c *client.Client, wait time.Duration) *rtp.Packet {
	t.Helper()
	b := make([]byte, 1600)
	c.Conn.SetReadDeadline(time.Now().Add(wait))
	for {
		n, err := c.Conn.Read(b)
		if err != nil {
			return nil
		}
		if client.IsMedia(b[:n]) {
			p, err := c.Open(b[:n])
			check(t, err)
			return p
		}
	}
}

// watching connects a publisher and a receiver whose slot shows the publisher.
func watching(t *testing.T, address string, profiles ...dtls.SRTPProtectionProfile) (*Plane, *Room, *client.Client, *client.Client) {
	t.Helper()
	p := running(t, address)
	r := p.Room()
	a := enter(t, p, r, person(1), profiles...)
	b := enter(t, p, r, person(2), profiles...)
	until(t, "both ready", func() bool { return p.Stats().Health.Ready == 2 })
	r.Route(person(2), []ident.ParticipantID{person(1)})
	return p, r, a, b
}

func TestMediaPassesOverBothFamiliesAndAllProfiles(t *testing.T) {
	for _, row := range []struct {
		address string
		profile dtls.SRTPProtectionProfile
	}{
		{"127.0.0.1:0", dtls.SRTP_AEAD_AES_128_GCM},
		{"[::1]:0", dtls.SRTP_AEAD_AES_128_GCM},
		{":0", dtls.SRTP_AEAD_AES_256_GCM},
		{"127.0.0.1:0", dtls.SRTP_AES128_CM_HMAC_SHA1_80},
	} {
		t.Run(row.address, func(t *testing.T) {
			_, _, a, b := watching(t, row.address, row.profile)
			_, slot := b.Slot(0)
			for i := range 20 {
				check(t, a.Send(picture(i)))
				p := next(t, b, 5*time.Second)
				if p == nil || p.SSRC != slot.SSRC || p.Payload[5] != byte(i) {
					t.Fatalf("%v: packet %d: %v", row.profile, i, p)
				}
			}
		})
	}
}

// TestReplyLeavesFromTheAddressAsked needs no second machine: loopback has 127.0.0.0/8.
func TestReplyLeavesFromTheAddressAsked(t *testing.T) {
	p := running(t, ":0")
	r := p.Room()
	for i, host := range []string{"127.0.0.1", "127.0.0.2", "::1"} {
		if six, err := net.ListenPacket("udp", net.JoinHostPort(host, "0")); err != nil {
			continue // no such family here
		} else {
			six.Close()
		}
		c, err := client.New(0)
		check(t, err)
		answer, err := r.Open(person(byte(i+1)), c.Offer())
		check(t, err)
		// The client's socket is connected: an answer from elsewhere never reaches it.
		check(t, c.Connect(t.Context(), answer, netip.AddrPortFrom(netip.MustParseAddr(host), p.Addr().Port())))
		c.Conn.Close()
	}
}

func TestForgedAndReplayedPacketsAreDropped(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	good, err := a.Seal(picture(1))
	check(t, err)
	a.Conn.Write(good)
	if next(t, b, 5*time.Second) == nil {
		t.Fatal("the good packet did not come")
	}
	for range 10 {
		a.Conn.Write(good)
	}
	forged := picture(2)
	raw, _ := forged.Marshal()
	for range 10 { // right source, wrong key
		a.Conn.Write(append(slices.Clone(raw), make([]byte, 16)...))
	}
	flipped, err := a.Seal(picture(3))
	check(t, err)
	flipped[len(flipped)-1] ^= 1
	a.Conn.Write(flipped)
	until(t, "all counted", func() bool {
		d := p.Stats().Dropped
		return d.Replayed == 10 && d.Forged == 11
	})
	if p := next(t, b, 50*time.Millisecond); p != nil {
		t.Fatalf("a forged or replayed packet was passed on: %v", p)
	}
	check(t, a.Send(picture(4)))
	if p := next(t, b, 5*time.Second); p == nil || p.Payload[5] != 4 {
		t.Fatal("the real one does not pass any more")
	}
}

func TestReportsFromOthersDoNothing(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	check(t, a.Send(picture(1)))
	next(t, b, 5*time.Second)
	asked := p.Stats().KeyFramesAsked
	_, slot := b.Slot(0)
	plain := rtcp.AppendPLI(nil, 1, slot.SSRC)
	b.Conn.Write(append(plain, make([]byte, 20)...)) // not sealed
	check(t, a.SendReports(plain))                   // sealed, but the slot is not this person's
	until(t, "counted", func() bool { return p.Stats().Dropped.Forged == 1 })
	check(t, a.Send(picture(2)))
	next(t, b, 5*time.Second)
	if n := p.Stats().KeyFramesAsked; n != asked {
		t.Fatalf("asked for %d key frames", n-asked)
	}
}

func TestRequestsForKeyFramesAreThrottled(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	_, slot := b.Slot(0)
	check(t, a.Send(picture(1)))
	next(t, b, 5*time.Second)
	begin := time.Now()
	asked := p.Stats().KeyFramesAsked
	for i := 2; time.Since(begin) < 2200*time.Millisecond; i++ {
		check(t, b.SendReports(rtcp.AppendPLI(nil, 1, slot.SSRC)))
		delta := picture(i)
		delta.Payload[4] = 1 // no key frame comes
		check(t, a.Send(delta))
		if next(t, b, time.Second) == nil {
			t.Fatal("the stream broke off")
		}
		<-time.After(5 * time.Millisecond)
	}
	if n := p.Stats().KeyFramesAsked - asked; n < 1 || n > 4 {
		t.Fatalf("%d requests in two seconds", n)
	}
}

func TestMissingPacketsComeAgainWithinABudget(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	_, slot := b.Slot(0)
	var seqs []uint16
	for i := range 40 {
		check(t, a.Send(picture(i)))
		got := next(t, b, 5*time.Second)
		seqs = append(seqs, got.SequenceNumber)
	}
	check(t, b.SendReports(rtcp.AppendNack(nil, 1, slot.SSRC, []uint16{seqs[10], seqs[30]})))
	for _, i := range []int{10, 30} {
		got := next(t, b, 5*time.Second)
		original := uint16(got.Payload[0])<<8 | uint16(got.Payload[1])
		if got.SSRC != slot.RTX || got.PayloadType != client.RTX || original != seqs[i] || got.Payload[7] != byte(i) {
			t.Fatalf("repair of %d: %v", seqs[i], got)
		}
	}
	for range 100 { // a storm: 4,000 asked for
		check(t, b.SendReports(rtcp.AppendNack(nil, 1, slot.SSRC, seqs)))
	}
	until(t, "the storm has passed", func() bool { return p.Stats().Dropped.Unanswered > 0 || p.Stats().Resent >= 250 })
	for next(t, b, 200*time.Millisecond) != nil {
	}
	if n := p.Stats().Resent; n > resendBurst+resendRefill*50*2 {
		t.Fatalf("%d packets were sent again", n)
	}
	check(t, a.Send(picture(41)))
	if got := next(t, b, 5*time.Second); got == nil || got.SSRC != slot.SSRC {
		t.Fatal("the stream did not survive the storm")
	}
}

func TestOurOwnLossesAreAskedForAndRepaired(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	check(t, a.Send(picture(0)))
	next(t, b, 5*time.Second)
	check(t, a.Send(picture(2))) // 1 is lost
	next(t, b, 5*time.Second)
	asked := false
	buf := make([]byte, 1600)
	a.Conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for !asked {
		n, err := a.Conn.Read(buf)
		check(t, err)
		if client.IsMedia(buf[:n]) || buf[0]>>6 != 2 {
			continue
		}
		plain, err := a.OpenReports(buf[:n])
		check(t, err)
		for q, rest, ok := rtcp.Next(plain); ok; q, rest, ok = rtcp.Next(rest) {
			asked = asked || q.Kind == rtcp.Nack && slices.Equal(q.Missing(nil, 9), []uint16{1})
		}
	}
	lost := picture(1)
	rtx := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: client.RTX, SequenceNumber: 900, Timestamp: lost.Timestamp, SSRC: 78, Marker: true},
		Payload: append([]byte{0, 1}, lost.Payload...),
	}
	check(t, a.Send(rtx))
	if got := next(t, b, 5*time.Second); got == nil || got.Payload[5] != 1 {
		t.Fatalf("the repaired packet was not passed on: %v", got)
	}
	check(t, a.Send(lost)) // the original turns up after all
	if got := next(t, b, 50*time.Millisecond); got != nil {
		t.Fatal("a packet was passed on twice")
	}
	if p.Stats().Dropped.Refused != 0 {
		t.Error("something was refused")
	}
}

func TestStrangersGetNoAnswer(t *testing.T) {
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	c, err := client.New(0)
	check(t, err)
	answer, err := r.Open(person(1), c.Offer())
	check(t, err)
	check(t, c.Connect(t.Context(), answer, reach(p)))
	defer c.Conn.Close()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(reach(p)))
	check(t, err)
	defer conn.Close()
	build := func(user, password string, more ...stun.Setter) []byte {
		set := append([]stun.Setter{stun.TransactionID, stun.BindingRequest, stun.NewUsername(user)}, more...)
		return stun.MustBuild(append(set, stun.MessageIntegrity(password), stun.Fingerprint)...).Raw
	}
	user := answer.Ufrag + ":" + c.Ufrag
	for name, b := range map[string][]byte{
		"wrong password": build(user, "guess"), "wrong remote": build(answer.Ufrag+":nobody", answer.Password),
		"unknown": build("nobody:"+c.Ufrag, answer.Password), "unsigned": stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw,
		"hello": {22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50}, "media": append([]byte{128, 96}, make([]byte, 60)...),
	} {
		conn.Write(b)
		conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := conn.Read(make([]byte, 1500)); err == nil {
			t.Errorf("%s: %d bytes of answer", name, n)
		}
	}
	conn.Write(build(user, answer.Password, stun.RawAttribute{Type: stun.AttrICEControlled, Value: make([]byte, 8)}))
	conn.SetReadDeadline(time.Now().Add(time.Second))
	b := make([]byte, 1500)
	n, err := conn.Read(b)
	check(t, err)
	m := &stun.Message{Raw: b[:n]}
	check(t, m.Decode())
	var code stun.ErrorCodeAttribute
	if code.GetFrom(m) != nil || code.Code != stun.CodeRoleConflict {
		t.Errorf("role conflict was answered with %v", m)
	}
}

func TestNominationMovesThePathAndAddressesAreFew(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(reach(p)))
	check(t, err)
	defer conn.Close()
	conn.Write(b.Check(client.Controlling).Raw) // not nominated: media stays
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 1600)
	_, err = conn.Read(buf)
	check(t, err)
	check(t, a.Send(picture(1)))
	if next(t, b, 5*time.Second) == nil {
		t.Fatal("a mere check moved the path")
	}
	conn.Write(b.Check(client.Controlling, client.Nominate).Raw)
	_, err = conn.Read(buf)
	check(t, err)
	check(t, a.Send(picture(2)))
	for {
		n, err := conn.Read(buf)
		check(t, err)
		if client.IsMedia(buf[:n]) {
			break
		}
	}
	for range 3 * maxRemotes {
		x, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(reach(p)))
		check(t, err)
		x.Write(b.Check(client.Controlling).Raw)
		x.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err = x.Read(buf)
		check(t, err)
		x.Close()
	}
	if n := p.Stats().Health.Addresses; n > maxRemotes+1 {
		t.Errorf("%d addresses are kept", n)
	}
}

func TestWrongFingerprintIsTornDown(t *testing.T) {
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	c, err := client.New(1)
	check(t, err)
	offer := c.Offer()
	offer.Fingerprint = "00" + offer.Fingerprint[2:]
	answer, err := r.Open(person(1), offer)
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if c.Connect(ctx, answer, reach(p)) == nil && p.Stats().Health.Ready != 0 {
		t.Fatal("a stranger's certificate was taken")
	}
	until(t, "torn down", func() bool {
		s := p.Stats()
		return s.FingerprintsMismatched == 1 && s.Health.Links == 0 && s.Health.Handshakes == 0
	})
}

func TestLivePairSurvivesAFloodOfGarbage(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(reach(p)))
	check(t, err)
	defer conn.Close()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		junk := make([]byte, 1200)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if i%50 == 0 {
				<-time.After(time.Millisecond) // some 50,000 a second, on a machine that has the time
			}
			rand.Read(junk[:32])
			junk[0] = []byte{0, 22, 128, 144, 255}[i%5]
			if i%5 == 0 {
				copy(junk, []byte{0, 1, 0, 20, 0x21, 0x12, 0xa4, 0x42})
			}
			conn.Write(junk[:20+i%1100])
		}
	}()
	for i := range 300 {
		check(t, a.Send(picture(i)))
		if got := next(t, b, 5*time.Second); got == nil || got.Payload[5] != byte(i) {
			t.Fatalf("packet %d was lost in the flood", i)
		}
	}
	close(stop)
	<-stopped
	if p.Stats().Dropped.Unknown == 0 {
		t.Error("there was no flood")
	}
}
