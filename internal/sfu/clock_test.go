package sfu

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/ident"
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
