package forward

import "testing"

// stage plays one stream of a recording to a pair that wants it.
type stage struct {
	p       Pair
	src     Source
	packets []*Packet
	heard   []heard
}

func newStage(t *testing.T, name string, codec Codec, rid string) *stage {
	t.Helper()
	all := inOrder(recording(t, name))
	s := &stage{p: NewPair(Start{}, Start{Index: 100}), src: Source{1, 1}}
	var one []heard
	for _, h := range all {
		if h.rid == rid {
			one = append(one, h)
		}
	}
	s.heard, s.packets = one, scanned(t, codec, one, []string{rid})
	s.p.Want(Video, s.src)
	return s
}

// next gives the first packet from i on that is so.
func (s *stage) next(i int, is func(*Frame) bool) int {
	for ; i < len(s.packets); i++ {
		if is(&s.packets[i].Frame) {
			return i
		}
	}
	return -1
}

func (s *stage) play(from, to int) (out []Out) {
	for _, p := range s.packets[from:to] {
		if o := s.p.Step(Video, s.src, p); o.Send {
			out = append(out, o)
		}
	}
	return out
}

func isKey(f *Frame) bool { return f.Key }

func TestRateChangesWithoutAKeyFrame(t *testing.T) {
	s := newStage(t, "av1", AV1, "-")
	first := s.next(0, isKey)
	second := s.next(first+1, isKey)
	if second < 0 {
		second = len(s.packets)
	}
	if second-first < 30 {
		t.Fatalf("%d packets between key frames", second-first)
	}
	all := s.play(first, first+10)
	if len(all) != 10 || s.p.Layer() != (Layer{0, 2}) {
		t.Fatalf("%d of 10, layer %v", len(all), s.p.Layer())
	}
	s.p.Limit(Layer{0, 0})
	for _, p := range s.packets[first+10 : first+20] {
		if o := s.p.Step(Video, s.src, p); o.Send && p.Frame.Begins && p.Frame.Layer.Temporal > 0 {
			t.Fatalf("%v went out", p.Frame.Layer)
		}
	}
	if s.p.Lacks(Video) {
		t.Fatal("a key frame is asked for to drop a rate")
	}
	s.p.Limit(Top)
	s.play(first+20, second)
	if s.p.Layer() != (Layer{0, 2}) || s.p.Lacks(Video) {
		t.Fatalf("layer %v, lacks %v", s.p.Layer(), s.p.Lacks(Video))
	}
}

func TestLargerSizeBeginsWithItsKeyFrame(t *testing.T) {
	s := newStage(t, "vp9no", VP9, "-")
	full := newStage(t, "av1k", AV1, "-")
	for _, s := range []*stage{s, full} {
		wide := s.next(0, func(f *Frame) bool { return f.Key && f.active>>8 != 0 })
		s.p.Limit(Layer{0, 7})
		s.play(wide, wide+20)
		if s.p.Layer().Spatial != 0 || s.p.Lacks(Video) {
			t.Fatalf("limited to the least: %v, lacks %v", s.p.Layer(), s.p.Lacks(Video))
		}
		s.p.Limit(Top)
		again := s.next(wide+20, isKey)
		s.play(wide+20, again)
		if s.p.Layer().Spatial != 0 || !s.p.Lacks(Video) {
			t.Fatalf("before the key frame: %v, lacks %v", s.p.Layer(), s.p.Lacks(Video))
		}
		s.play(again, again+1)
		if s.p.Layer().Spatial == 0 || s.p.Lacks(Video) {
			t.Fatalf("at the key frame: %v, lacks %v", s.p.Layer(), s.p.Lacks(Video))
		}
	}
}

func TestLastPacketOfALowerSizeIsMarked(t *testing.T) {
	s := newStage(t, "av1k", AV1, "-")
	wide := s.next(0, func(f *Frame) bool { return f.Key && f.active>>8 != 0 })
	s.p.Limit(Layer{0, 7})
	marks, sent := 0, 0
	for i := wide; i < wide+60; i++ {
		o := s.p.Step(Video, s.src, s.packets[i])
		if !o.Send {
			continue
		}
		sent++
		if s.heard[i].marker {
			t.Fatalf("packet %d is of the larger size", i)
		}
		if o.Ends != s.packets[i].Frame.Ends {
			t.Fatalf("packet %d: ends %v", i, o.Ends)
		}
		if o.Ends {
			marks++
		}
	}
	if marks == 0 || sent == marks {
		t.Fatalf("%d marks on %d packets", marks, sent)
	}
}

func TestOldKeyFrameIsHeldBackForTheNewLayers(t *testing.T) {
	low, high := Source{1, 1}, Source{1, 2}
	frame := func(order int64, key bool) Frame {
		f := Frame{Order: order, Layered: true, Begins: true, Ends: true, Key: key, is: requiredByAll, active: 1}
		if key {
			f.is.set(0, enterable)
		} else {
			f.needs = 1 << 1
		}
		return f
	}
	pkt := func(index, at, order int64, key bool) *Packet {
		return &Packet{Index: index, Time: uint32(at / ms * 90), Arrival: at, OtherLag: NoLag, Enters: key, Frame: frame(order, key)}
	}
	begin := func() Pair {
		p := NewPair(Start{}, Start{})
		p.Want(Video, low)
		p.Step(Video, low, pkt(1, 10*ms, 10, true))
		p.Want(Video, high)
		if !p.Step(Video, low, pkt(2, 20*ms, 12, false)).Send {
			t.Fatal("the old layer stopped before its key frame")
		}
		if p.Step(Video, low, pkt(3, 30*ms, 14, true)).Send || p.Step(Video, low, pkt(4, 40*ms, 16, false)).Send {
			t.Fatal("the old layer's key frame went out")
		}
		if !p.Lacks(Video) {
			t.Fatal("no key frame is asked for")
		}
		return p
	}
	p := begin()
	// The key frame of the same instant, with a lower number than the old layer's has.
	o := p.Step(Video, high, pkt(900, 50*ms, 13, true))
	if !o.Switched || o.Index != 3 || o.Frame <= 3 {
		t.Fatalf("%+v", o)
	}
	if _, ok := p.Origin(Video, 2); ok {
		t.Fatal("a number from before the switch leads somewhere")
	}
	// It stays after all: with its next key frame.
	p = begin()
	p.Want(Video, low)
	if !p.Lacks(Video) || p.Step(Video, low, pkt(5, 50*ms, 18, false)).Send {
		t.Fatal("goes on without what it refers to")
	}
	if o := p.Step(Video, low, pkt(6, 60*ms, 20, true)); !o.Send || o.Index != 3 || p.Lacks(Video) {
		t.Fatalf("%+v, lacks %v", o, p.Lacks(Video))
	}
	// The other does not come.
	p = begin()
	if p.Step(Video, low, pkt(7, 30*ms+maxHold, 20, true)).Send {
		t.Fatal("gave up too soon")
	}
	if o := p.Step(Video, low, pkt(8, 31*ms+maxHold, 22, true)); !o.Send || o.Index != 3 {
		t.Fatalf("the picture stands still for ever: %+v", o)
	}
	if o := p.Step(Video, low, pkt(9, 61*ms+maxHold, 24, true)); !o.Send {
		t.Fatal("the picture stands still again")
	}
	if o := p.Step(Video, high, pkt(901, 91*ms+maxHold, 23, true)); !o.Switched {
		t.Fatal("the other one is forgotten")
	}
}

func TestPausedSlotGoesOnWithoutAHole(t *testing.T) {
	s := newStage(t, "vp9full", VP9, "-")
	first := s.next(0, isKey)
	before := s.play(first, first+9)
	s.p.Want(Video, Source{})
	if s.p.Lacks(Video) || len(s.play(first+9, first+30)) != 0 {
		t.Fatal("a paused slot passes packets on or asks for some")
	}
	s.p.Want(Video, s.src)
	if !s.p.Lacks(Video) {
		t.Fatal("a slot that resumes asks for nothing")
	}
	key := s.next(first+30, isKey)
	after := s.play(first+30, key+3)
	if len(before) == 0 || len(after) == 0 || !after[0].Switched || after[0].Index != before[len(before)-1].Index+1 {
		t.Fatalf("%+v then %+v", before, after)
	}
	if int16(after[0].Frame-before[len(before)-1].Frame) != 1 {
		t.Fatalf("frame %d after %d", after[0].Frame, before[len(before)-1].Frame)
	}
}

func TestLatePacketOfADroppedRateLeavesNoHole(t *testing.T) {
	s := newStage(t, "av1", AV1, "-")
	first := s.next(0, isKey)
	s.p.Limit(Layer{0, 0})
	i := s.next(first+4, func(f *Frame) bool { return f.Layer.Temporal == 2 && f.Begins && f.Ends })
	s.play(first, i)
	out := append(s.play(i+1, i+12), s.play(i, i+1)...)
	last := out[len(out)-1]
	if !last.Blank {
		t.Fatalf("%+v", last)
	}
	for n, o := range out[1 : len(out)-1] {
		if o.Index != out[n].Index+1 && !(last.Index == o.Index-1) {
			t.Fatalf("a hole before %d", o.Index)
		}
	}
	if again := s.p.Again(Video, s.packets[i]); !again.Blank {
		t.Fatalf("asked for again it would be %+v", again)
	}
}

func TestSourceThatNumbersAnewIsShownOn(t *testing.T) {
	src := Source{1, 1}
	p := NewPair(Start{}, Start{})
	p.Want(Video, src)
	var last Out
	for i, order := range []int64{500, 501, 502, 3, 4, 5, -900, -899} {
		f := Frame{Order: order, Layered: true, Begins: true, is: requiredByAll, active: 1, Key: order == 500 || order == 3 || order == -900}
		f.is.set(0, enterable)
		o := p.Step(Video, src, &Packet{Index: int64(i), Time: uint32(i), Arrival: int64(i+1) * ms, OtherLag: NoLag, Enters: f.Key, Frame: f})
		if !o.Send || i > 0 && (o.Frame != last.Frame+1 || o.Index != last.Index+1) {
			t.Fatalf("frame %d: %+v after %+v", order, o, last)
		}
		last = o
	}
}

func TestLayerThatIsNoLongerSentIsLeft(t *testing.T) {
	src := Source{1, 1}
	p := NewPair(Start{}, Start{})
	p.Want(Video, src)
	both, one := cellSet(0x101), cellSet(1)
	send := func(order int64, key bool, needs uint64, spatial uint8, active cellSet) Out {
		f := Frame{Order: order, Layered: true, Begins: true, Ends: true, Key: key, needs: needs, active: active, Layer: Layer{spatial, 0}}
		for c := Layer(f.Layer).cell(); c <= 8; c += 8 {
			f.is.set(c, enterable)
		}
		return p.Step(Video, src, &Packet{Index: order, Time: uint32(order / 2 * 3000), Arrival: order*16*ms + 1, OtherLag: NoLag, Enters: key, Frame: f})
	}
	send(0, true, 0, 0, both)
	if o := send(1, false, 1, 1, both); !o.Send || !o.Ends || p.Layer().Spatial != 1 {
		t.Fatalf("%+v", o)
	}
	if o := send(2, false, 2, 0, one); !o.Send || !o.Ends || p.Layer().Spatial != 0 || p.Lacks(Video) {
		t.Fatalf("%+v, layer %v", o, p.Layer())
	}
}
