package sfu

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/pion/rtp"

	"incamera/internal/ident"
)

// markOf reads the letter that a film puts behind VP8's descriptor of four bytes and first byte.
func markOf(p *rtp.Packet) byte {
	if len(p.Payload) < 6 {
		return 0
	}
	return p.Payload[5]
}

func TestTwoPeopleSeeAndHearEachOther(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			p := running(t, address)
			r := p.Room()
			a, b := newBrowser(t, 1), newBrowser(t, 1)
			a.join(r, person(1))
			b.join(r, person(2))
			r.Route(person(1), []ident.ParticipantID{person(2)})
			r.Route(person(2), []ident.ParticipantID{person(1)})
			(&film{c: a, mark: 'A'}).roll()
			(&film{c: b, mark: 'B'}).roll()
			until(t, "pictures both ways", func() bool { return len(a.packets("v0")) > 20 && len(b.packets("v0")) > 20 })
			until(t, "sound both ways", func() bool { return len(a.packets("a0")) > 10 && len(b.packets("a0")) > 10 })
			first := b.packets("v0")[0]
			if first.Payload[4]&1 != 0 || markOf(first) != 'A' {
				t.Errorf("the first picture is not a key frame of the other: %x", first.Payload[:6])
			}
		})
	}
}

func TestSwitchOfASlotIsOneUnbrokenStream(t *testing.T) {
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	people := map[byte]*browser{'A': newBrowser(t, 0), 'B': newBrowser(t, 0)}
	people['A'].join(r, person('A'))
	people['B'].join(r, person('B'))
	w := newBrowser(t, 1)
	w.join(r, person('W'))
	for mark, c := range people {
		(&film{c: c, mark: mark, seq: uint16(mark) * 900, ts: uint32(mark) << 24, voice: uint16(mark) * 700}).roll()
	}
	show := byte('A')
	for range 6 {
		r.Route(person('W'), []ident.ParticipantID{person(show)})
		seen := len(w.packets("v0"))
		until(t, "the new picture", func() bool {
			all := w.packets("v0")
			return len(all) > seen+4 && markOf(all[len(all)-1]) == show
		})
		show ^= 'A' ^ 'B'
	}
	unbroken(t, w.packets("v0"))
}

// unbroken holds a received video to what a decoder needs over switches.
func unbroken(t *testing.T, all []*rtp.Packet) {
	t.Helper()
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if b.SequenceNumber != a.SequenceNumber+1 {
			t.Fatalf("packet %d: number %d after %d", i, b.SequenceNumber, a.SequenceNumber)
		}
		if int32(b.Timestamp-a.Timestamp) < 0 {
			t.Fatalf("packet %d: time ran backwards by %d", i, a.Timestamp-b.Timestamp)
		}
		ida, idb := idOf(a), idOf(b)
		if idb != ida && idb != (ida+1)&0x7fff {
			t.Fatalf("packet %d: picture %d after %d", i, idb, ida)
		}
		if markOf(a) != markOf(b) && (b.Payload[4]&1 != 0 || b.Payload[0]&0x10 == 0) {
			t.Fatalf("packet %d: the switch is not at a key frame", i)
		}
	}
}

func idOf(p *rtp.Packet) uint16 { return uint16(p.Payload[2]&0x7f)<<8 | uint16(p.Payload[3]) }

func TestShutStopsAtOnceAndForgets(t *testing.T) {
	p, r, a, b := watching(t, "127.0.0.1:0")
	check(t, a.Send(picture(1)))
	if next(t, b, 5*time.Second) == nil {
		t.Fatal("nothing flows")
	}
	r.Shut(person(2))
	out := p.Stats().PacketsOut
	check(t, a.Send(picture(2)))
	until(t, "taken in", func() bool { return p.Stats().Health.Links == 1 && p.Stats().PacketsIn >= 2 })
	if n := p.Stats().PacketsOut; n != out || next(t, b, 50*time.Millisecond) != nil {
		t.Fatal("media went to one who was shut out")
	}
	in := p.Stats().PacketsIn
	r.Shut(person(1))
	check(t, a.Send(picture(3)))
	until(t, "refused", func() bool { return p.Stats().Dropped.Unknown > 0 })
	if p.Stats().PacketsIn != in {
		t.Fatal("media came from one who was shut out")
	}
	if h := p.Stats().Health; h != (Health{Rooms: 1}) {
		t.Fatalf("left: %+v", h)
	}
	r.Close()
	if _, err := r.Open(person(1), a.Offer()); !errors.Is(err, ErrClosed) {
		t.Fatalf("a closed room opened: %v", err)
	}
	r.Route(person(1), nil)
	r.Close()
	if h := p.Stats().Health; h != (Health{}) {
		t.Fatalf("left: %+v", h)
	}
}

func TestReplacedConnectionKeepsItsSlotsAndIsShown(t *testing.T) {
	p, r, a, b := watching(t, "127.0.0.1:0")
	check(t, a.Send(picture(1)))
	next(t, b, 5*time.Second)
	a2 := enter(t, p, r, person(1))
	b2 := enter(t, p, r, person(2))
	until(t, "both ready", func() bool { return p.Stats().Health.Ready == 2 && p.Stats().Health.Links == 2 })
	check(t, a2.Send(picture(5)))
	if got := next(t, b2, 5*time.Second); got == nil || got.Payload[5] != 5 {
		t.Fatal("the new connections do not show what the old ones did")
	}
}

func TestLossOnTheWayDownIsRepaired(t *testing.T) {
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	a, b := newBrowser(t, 0), newBrowser(t, 1)
	a.join(r, person(1))
	lost := 0
	b.drop = func(q *rtp.Packet) bool {
		if q.PayloadType != 96 || q.SequenceNumber%10 != 3 {
			return false
		}
		lost++
		return true
	}
	b.join(r, person(2))
	r.Route(person(2), []ident.ParticipantID{person(1)})
	(&film{c: a, mark: 'A'}).roll()
	until(t, "a hundred packets", func() bool { return len(b.packets("v0")) > 100 })
	until(t, "repairs", func() bool { return p.Stats().Resent >= 5 })
	seen := map[uint16]bool{}
	all := b.packets("v0")
	for _, q := range all {
		seen[q.SequenceNumber] = true
	}
	holes := 0
	for s := all[0].SequenceNumber; s != all[len(all)-40].SequenceNumber; s++ {
		if !seen[s] {
			holes++
		}
	}
	if holes > 0 {
		t.Errorf("%d of %d lost packets never came again", holes, lost)
	}
}

func TestEverythingIsGoneAfterwards(t *testing.T) {
	before := runtime.NumGoroutine()
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	for i := range 8 {
		enter(t, p, r, person(byte(i+1)))
	}
	until(t, "no goroutine per connection", func() bool { return runtime.NumGoroutine() <= before+2 })
	r.Close()
	if h := p.Stats().Health; h != (Health{}) {
		t.Fatalf("left: %+v", h)
	}
}

func TestSecondServerOfAFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	p, err := Listen(Config{Listen: "127.0.0.1:0", DataDir: dir})
	check(t, err)
	if _, err := Listen(Config{Listen: "127.0.0.1:0", DataDir: dir}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, p.Run(ctx))
	p, err = Listen(Config{Listen: "127.0.0.1:0", DataDir: dir})
	check(t, err)
	check(t, p.Run(ctx))
}
