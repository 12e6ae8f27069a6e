package forward

import (
	"testing"
)

func TestKeyFramesAreAskedForEvery250ms(t *testing.T) {
	var k Keys
	asked := 0
	now := 1000 * ms
	for ; now < 3500*ms; now += 20 * ms {
		if k.Due(now, true) {
			asked++
		}
	}
	if asked != 10 {
		t.Fatalf("%d times in 2.5 s", asked)
	}
	for ; now < 23500*ms; now += 20 * ms {
		if k.Due(now, true) {
			asked++
		}
	}
	if asked < 20 || asked > 23 {
		t.Fatalf("%d times in vain", asked)
	}
	k.Came()
	if k.Due(now+10*ms, false) {
		t.Fatal("asked though nobody lacks one")
	}
	asked = 0
	for end := now + 3000*ms; now < end; now += 20 * ms {
		k.Wish() // a receiver that asks all the time
		if k.Due(now, false) {
			asked++
		}
	}
	if asked < 2 || asked > 4 {
		t.Fatalf("%d times in 3 s for wishes", asked)
	}
}

func TestMeterTellsWhatALayerCosts(t *testing.T) {
	all := inOrder(recording(t, "vp9full"))
	packets := scanned(t, VP9, all, []string{"-"})
	var m Meter
	// Played for three seconds, each packet as many bytes as it had.
	base, sum := 5000*ms, map[cell]int{}
	for i, p := range packets {
		now := base + int64(i)*4*ms
		m.Take(&p.Frame, all[i].size, now)
		if now > base+int64(len(packets))*4*ms-1000*ms {
			for g := p.Frame.active; g != 0; g &= g - 1 {
				if c := g.least(); p.Frame.is.at(c) != absent {
					sum[c] += all[i].size * 8
				}
			}
		}
	}
	now := base + int64(len(packets))*4*ms
	last := int64(0)
	for _, l := range []Layer{{0, 0}, {0, 1}, {0, 2}, {1, 2}, {2, 2}} {
		got, want := m.Rate(l, now), int64(sum[l.cell()])
		if got < want*8/10 || got > want*12/10 || got <= last {
			t.Errorf("%v: %d bits a second, sent %d, the layer below %d", l, got, want, last)
		}
		last = got
	}
	if m.Rate(Layer{3, 0}, now) != 0 || m.Sent(Layer{3, 0}, now) || !m.Sent(Layer{2, 2}, now) {
		t.Error("a layer that does not exist has a rate")
	}
	if l, ok := m.Best(Layer{1, 7}, now); !ok || l != (Layer{1, 2}) {
		t.Errorf("best %v %v", l, ok)
	}
	if now += 2500 * ms; m.Rate(Layer{0, 0}, now) != 0 || m.Sent(Layer{0, 0}, now) {
		t.Error("silence costs something")
	}
}

func TestMeterWithoutLayers(t *testing.T) {
	var m Meter
	for i := range int64(300) {
		m.Take(&Frame{}, 1250, 10*ms*i+77*ms)
	}
	if r := m.Rate(Layer{}, 3077*ms); r < 900_000 || r > 1_100_000 {
		t.Errorf("%d bits a second of 1,000,000", r)
	}
	if r := m.Rate(Layer{0, 1}, 3077*ms); r != 0 {
		t.Errorf("a rate that is not sent costs %d", r)
	}
}

func TestLadderPicksWhatIsSent(t *testing.T) {
	var meters [3]Meter
	var l Ladder
	for i := range meters {
		if !l.Add(Source{1, uint32(i + 1)}, &meters[i]) {
			t.Fatal("refused")
		}
	}
	now := 1000 * ms
	if _, _, ok := l.Pick(Top, now); ok {
		t.Fatal("picked a stream of which nothing came")
	}
	f := Frame{Layered: true, is: requiredByAll, active: 0b111}
	meters[1].Take(&f, 1000, now)
	for _, want := range []uint8{0, 1, 2, 3} {
		src, layer, ok := l.Pick(Layer{want, 1}, now+ms)
		if !ok || src.Stream != 2 || layer != (Layer{0, 1}) {
			t.Fatalf("size %d: %v %v %v", want, src, layer, ok)
		}
	}
	meters[0].Take(&f, 100, now)
	meters[2].Take(&f, 5000, now)
	for want, stream := range map[uint8]uint32{0: 1, 1: 2, 2: 3, 3: 3} {
		if src, _, _ := l.Pick(Layer{want, 7}, now+ms); src.Stream != stream {
			t.Fatalf("size %d: stream %d", want, src.Stream)
		}
	}
	if a, b := l.Rate(Layer{0, 2}, now+ms), l.Rate(Layer{2, 2}, now+ms); a == 0 || b != 50*a {
		t.Fatalf("%d and %d bits a second", a, b)
	}
	l.Replace(2, Source{}, nil)
	if src, _, _ := l.Pick(Top, now+ms); src.Stream != 2 {
		t.Fatalf("stream %d", src.Stream)
	}
	var one Ladder
	one.Add(Source{1, 9}, &meters[0])
	if src, layer, ok := one.Pick(Layer{2, 1}, now+ms); !ok || src.Stream != 9 || layer != (Layer{2, 1}) {
		t.Fatalf("a stream with layers in it: %v %v", src, layer)
	}
}
