package sfu

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"

	"incamera/internal/forward"
	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/sfu/rtcp"
	"incamera/internal/sfu/udp"
)

// scene is a running plane over memory: a publisher, and a receiver whose slot shows it.
type scene struct {
	m    *memory
	p    *Plane
	r    *Room
	a, b *puppet
}

// begin sets the scene inside a bubble; at the bubble's end nothing of it is left.
func begin(t *testing.T) scene {
	t.Helper()
	m, p := still(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if h := p.Stats().Health; h != (Health{}) {
			t.Errorf("left alive: %+v", h)
		}
	})
	r := p.Room()
	a, b := puppetOf(t, r, person(1), 1, gcm128), puppetOf(t, r, person(2), 1, gcm128)
	r.Route(person(2), []ident.ParticipantID{person(1)})
	return scene{m, p, r, a, b}
}

func TestFrameLeavesWholeAndAHalfOneAfterAMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, a, b := s.m, s.a, s.b
		for i := range 3 { // the marker is on the last only
			q := picture(i)
			q.Marker = i == 2
			m.in <- a.sealed(t, q)
		}
		synctest.Wait()
		m.mu.Lock()
		n := 0
		for _, x := range m.out {
			if x.Path.Remote == b.path.Remote {
				n++
				if x.Segment == 0 {
					t.Error("a frame of three packets went as one packet")
				}
			}
		}
		m.mu.Unlock()
		if n != 1 || len(b.opened(t, m.sent(b.path.Remote))) != 3 {
			t.Fatalf("%d messages", n)
		}
		q := picture(3)
		q.Marker = false
		m.in <- a.sealed(t, q)
		synctest.Wait()
		if len(m.sent(b.path.Remote)) != 0 {
			t.Fatal("half a frame left at once")
		}
		time.Sleep(holdFor)
		synctest.Wait()
		if len(b.opened(t, m.sent(b.path.Remote))) != 1 {
			t.Fatal("half a frame waits for ever")
		}
	})
}

// TestSoundLeavesAtOnceButForAHalfFrame holds also that sound is never held longer than the frame that it waits with.
func TestSoundLeavesAtOnceButForAHalfFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		left := func() int {
			synctest.Wait()
			return len(s.b.opened(t, s.m.sent(s.b.path.Remote)))
		}
		s.m.in <- s.a.sealed(t, voice(1, client.Level, 9))
		if n := left(); n != 1 {
			t.Fatalf("%d packets left at once", n)
		}
		q := picture(0)
		q.Marker = false
		s.m.in <- s.a.sealed(t, q)
		s.m.in <- s.a.sealed(t, voice(2, client.Level, 9))
		if n := left(); n != 0 {
			t.Fatalf("%d packets of a half frame left", n)
		}
		time.Sleep(holdFor)
		if n := left(); n != 2 {
			t.Fatalf("%d packets after the wait", n)
		}
		s.m.in <- s.a.sealed(t, voice(3, client.Level, 9))
		if n := left(); n != 1 {
			t.Fatal("sound waits for a frame that has left")
		}
	})
}

func TestConsentLapsesAfterThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, p, a := s.m, s.p, s.a
		time.Sleep(29 * time.Second)
		m.in <- a.sealed(t, picture(1)) // media is no consent
		synctest.Wait()
		if h := p.Stats().Health; h.Links != 2 {
			t.Fatalf("closed early: %+v", h)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if h := p.Stats().Health; h.Links != 0 || h.Addresses != 0 {
			t.Fatalf("still open: %+v", h)
		}
	})
}

func TestAlertIsAHintThatSilenceConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, p, a, b := s.m, s.p, s.a, s.b
		alert := make([]byte, 40)
		alert[0] = recordAlert
		m.in <- udp.Datagram{Path: a.path, Data: alert}
		m.in <- udp.Datagram{Path: b.path, Data: alert}
		for i := range 4 { // a goes on sending: the alert was forged
			time.Sleep(3 * time.Second)
			m.in <- a.sealed(t, picture(i))
			synctest.Wait()
		}
		if p.Stats().Health.Links != 1 || a.link.closed || !b.link.closed {
			t.Fatal("the silent one is to go, the other to stay")
		}
	})
}

func TestKeyFrameIsAskedForUntilItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, a, b := s.m, s.a, s.b
		asked := func() int {
			n := 0
			for _, x := range m.sent(a.path.Remote) {
				plain, err := a.in.DecryptRTCP(nil, x, nil)
				if err != nil {
					t.Fatal(err)
				}
				for q, rest, ok := rtcp.Next(plain); ok; q, rest, ok = rtcp.Next(rest) {
					if q.Kind == rtcp.KeyFrame {
						n++
					}
				}
			}
			return n
		}
		n := 0
		for i := range 20 { // two seconds of delta frames
			q := picture(i)
			q.Payload[4] = 1
			m.in <- a.sealed(t, q)
			time.Sleep(100 * time.Millisecond)
			n += asked()
		}
		if n < 7 || n > 9 {
			t.Errorf("%d requests in two seconds, eight are due", n)
		}
		if len(b.opened(t, m.sent(b.path.Remote))) != 0 {
			t.Fatal("shown without a key frame")
		}
		m.in <- a.sealed(t, picture(21))
		time.Sleep(time.Second)
		if n := asked(); n != 0 {
			t.Errorf("asked %d times after it came", n)
		}
		if len(b.opened(t, m.sent(b.path.Remote))) != 1 {
			t.Error("the key frame was not passed on")
		}
	})
}

func TestOldSourceDoesNotGoOnForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, r, a, b := s.m, s.r, s.a, s.b
		c := puppetOf(t, r, person(3), 0, gcm128)
		delta := func(i int) udp.Datagram {
			q := picture(i)
			q.Payload[4] = 1
			return c.sealed(t, q)
		}
		m.in <- a.sealed(t, picture(0))
		m.in <- delta(0)
		synctest.Wait()
		m.sent(b.path.Remote)
		r.Route(person(2), []ident.ParticipantID{person(3)})
		got := 0
		for i := 1; i <= 30; i++ {
			m.in <- a.sealed(t, picture(i))
			m.in <- delta(i) // the new one's key frame never comes
			time.Sleep(100 * time.Millisecond)
			got = len(b.opened(t, m.sent(b.path.Remote)))
			if i == 5 && got != 1 {
				t.Fatal("the old source stopped at once")
			}
		}
		if got != 0 {
			t.Fatal("the old source is still shown")
		}
	})
}

func TestReportsFollowTheSourceOnOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		m, a, b := s.m, s.a, s.b
		m.in <- a.sealed(t, picture(10))
		synctest.Wait()
		got := b.opened(t, m.sent(b.path.Remote))[0]
		// Captured 70 ms before now, by a clock that is an hour ahead.
		m.in <- a.reports(t, rtcp.AppendSenderReport(nil, 77, time.Now().Add(time.Hour).UnixNano(), 10*3000, 1, 1))
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		found := false
		for _, x := range m.sent(b.path.Remote) {
			plain, err := b.in.DecryptRTCP(nil, x, nil)
			if err != nil {
				t.Fatal(err)
			}
			q, _, ok := rtcp.Next(plain)
			if !ok || q.Kind != rtcp.SenderReport {
				continue
			}
			found = true
			wall, ticks := q.Times()
			if d := time.Since(time.Unix(0, wall)); d < 0 || d > 100*time.Millisecond || ticks != got.Timestamp {
				t.Errorf("report of %v ago and %d ticks, the packet had %d", d, ticks, got.Timestamp)
			}
		}
		if !found {
			t.Error("no sender report")
		}
	})
}

func TestFloodOfAMemberIsCutToItsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		const flood = intakeBurst + 500
		for i := range flood {
			s.m.in <- s.a.sealed(t, picture(i))
		}
		synctest.Wait()
		d := s.p.Stats()
		if d.Dropped.Flood < 400 || d.PacketsOut > intakeBurst+intakeRefill {
			t.Errorf("%d of %d were dropped, %d passed on", d.Dropped.Flood, flood, d.PacketsOut)
		}
		time.Sleep(time.Second)
		s.m.sent(s.b.path.Remote)
		s.m.in <- s.a.sealed(t, picture(flood))
		synctest.Wait()
		if len(s.b.opened(t, s.m.sent(s.b.path.Remote))) != 1 {
			t.Error("a second later it is still cut off")
		}
	})
}

func TestShutHoldsForWhatWaitsAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		s.m.in <- s.a.sealed(t, picture(1))
		half := picture(2)
		half.Marker = false
		s.m.in <- s.a.sealed(t, half)
		synctest.Wait()
		st := s.a.link.send.tracks[forward.Video].stream
		memory := st.history.bytes
		s.m.sent(s.b.path.Remote)
		s.r.Shut(person(1))
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		if n := len(s.b.opened(t, s.m.sent(s.b.path.Remote))); n != 0 {
			t.Errorf("%d packets came from one who was shut out", n)
		}
		if !bytes.Equal(memory, make([]byte, len(memory))) || st.history.bytes != nil {
			t.Error("the history is not wiped")
		}
		if len(st.receivers) != 0 || s.b.link.show.pairs[0].slots[forward.Video].now != nil {
			t.Error("the slot still holds the stream")
		}
	})
}

func TestStreamForgetsAReceiverThatIsShut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		s.m.in <- s.a.sealed(t, picture(1))
		synctest.Wait()
		st := s.a.link.send.tracks[forward.Video].stream
		if len(st.receivers) != 1 {
			t.Fatalf("%d receivers", len(st.receivers))
		}
		s.r.Shut(person(2))
		if len(st.receivers) != 0 {
			t.Error("a closed connection is kept")
		}
	})
}

func TestResendsAreBoundedByTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		slot := s.b.link.show.pairs[0].slots[forward.Video].source()
		for i := range 300 {
			s.m.in <- s.a.sealed(t, picture(i))
		}
		synctest.Wait()
		var seqs []uint16
		for _, q := range s.b.opened(t, s.m.sent(s.b.path.Remote)) {
			seqs = append(seqs, q.SequenceNumber)
		}
		s.m.in <- s.b.reports(t, rtcp.AppendNack(nil, 1, slot.SSRC, seqs[:200]))
		s.m.in <- s.b.reports(t, rtcp.AppendNack(nil, 1, slot.SSRC, seqs[:200]))
		synctest.Wait()
		if n := s.p.Stats().Resent; n < resendBurst || n > resendBurst+2*resendRefill {
			t.Errorf("%d packets were sent again", n)
		}
		s.b.opened(t, s.m.sent(s.b.path.Remote))
	})
}

func TestAddressInUseIsNotGivenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := begin(t)
		s.m.in <- s.a.sealed(t, picture(1))
		synctest.Wait()
		c := s.b.link.net.credentials
		forged := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(c.Ufrag+":"+c.Remote),
			stun.MessageIntegrity(c.Password), stun.Fingerprint).Raw
		s.m.in <- udp.Datagram{Path: s.a.path, Data: forged} // b checks from a's address
		in := s.p.Stats().PacketsIn
		s.m.in <- s.a.sealed(t, picture(2))
		synctest.Wait()
		if s.p.Stats().PacketsIn != in+1 {
			t.Error("a's packets are taken for b's")
		}
		time.Sleep(6 * time.Second)
		s.m.in <- udp.Datagram{Path: s.a.path, Data: forged} // a network gave b the address of one who left
		synctest.Wait()
		if s.p.shard.byRemote[s.a.path.Remote] != s.b.link {
			t.Error("an address that nobody uses is kept from its new owner")
		}
	})
}
