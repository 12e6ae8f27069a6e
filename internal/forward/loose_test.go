package forward

import "testing"

// TestCodecsOwnDescriptorIsTrustedNoFurtherThanItPromises climbs through a VP9 that names no references: the layer
// after each frame, given the layer before.
func TestCodecsOwnDescriptorIsTrustedNoFurtherThanItPromises(t *testing.T) {
	for _, row := range []struct {
		name        string
		now, limit  Layer
		frame       vp9
		want        Layer
		asksForKeys bool
	}{
		{"a rate up", Layer{0, 0}, Layer{0, 2}, vp9{layer: Layer{0, 0}, inter: true, up: true}, Layer{0, 2}, false},
		{"a rate up without a promise", Layer{0, 0}, Layer{0, 2}, vp9{layer: Layer{0, 0}, inter: true}, Layer{0, 0}, false},
		{"the next rate", Layer{0, 0}, Layer{0, 2}, vp9{layer: Layer{0, 1}, inter: true, up: true}, Layer{0, 2}, false},
		{"over a rate that was left out", Layer{0, 0}, Layer{0, 2}, vp9{layer: Layer{0, 2}, inter: true, up: true}, Layer{0, 0}, false},
		{"in the middle of a picture", Layer{1, 0}, Layer{1, 2}, vp9{layer: Layer{1, 0}, inter: true, up: true, between: true}, Layer{1, 0}, false},
		{"a size up", Layer{0, 1}, Layer{2, 2}, vp9{layer: Layer{0, 0}, inter: true}, Layer{0, 1}, true},
		{"a size up where it begins anew, at the same rate", Layer{0, 1}, Layer{1, 2}, vp9{layer: Layer{1, 0}, between: true}, Layer{1, 1}, false},
		{"key picture", Layer{0, 0}, Layer{2, 2}, vp9{begins: true}, Layer{2, 2}, false},
		{"down at once", Layer{2, 2}, Layer{0, 1}, vp9{layer: Layer{0, 0}, inter: true}, Layer{0, 1}, false},
		{"down and never up meanwhile", Layer{2, 0}, Layer{0, 2}, vp9{layer: Layer{0, 0}, inter: true}, Layer{0, 0}, false},
		{"not down in the middle of a picture", Layer{2, 2}, Layer{0, 2}, vp9{layer: Layer{1, 0}, inter: true, between: true}, Layer{2, 2}, false},
	} {
		v := sieve{limit: row.limit.cell(), now: row.now.cell()}
		v.frames.begin(4*9+3, true)
		for k := range uint(8) {
			v.frames.note(k, true, false)
		}
		var f Frame
		row.frame.frame(10, 3, &f)
		v.frames.advance(f.Order - 1)
		v.frames.note(0, true, false)
		v.opens(&f)
		if v.now.layer() != row.want || v.lacks() != row.asksForKeys {
			t.Errorf("%s: %v, lacks %v", row.name, v.now.layer(), v.lacks())
		}
	}
}

// TestSmallerSizeIsWaitedForBeforeAKeyFrameIsAskedFor holds for sizes that rest on smaller ones at key frames only.
func TestSmallerSizeIsWaitedForBeforeAKeyFrameIsAskedFor(t *testing.T) {
	s := newStage(t, "av1k", AV1, "-")
	wide := s.next(0, func(f *Frame) bool { return f.Key && f.active>>8 != 0 })
	s.play(wide, wide+10)
	s.p.Limit(Layer{0, 7})
	frames := 0
	for i := wide + 10; !s.p.Lacks(Video); i++ {
		f := &s.packets[i].Frame
		if f.Key || frames > patience {
			t.Fatalf("none was asked for in %d frames", frames)
		}
		if f.Begins {
			frames++
		}
		if s.p.Step(Video, s.src, s.packets[i]); s.p.Layer().Spatial != 1 {
			t.Fatal("left for a size that cannot be decoded")
		}
	}
	if frames != patience {
		t.Fatalf("asked for after %d frames", frames)
	}
}

func TestLateHeadOfAKeyFrameIsNotHeldBack(t *testing.T) {
	low, high := Source{1, 1}, Source{1, 2}
	p := NewPair(Start{}, Start{})
	p.Want(Video, low)
	p.Step(Video, low, video(1, 0, 10*ms, true, 1, 1))
	p.Step(Video, low, video(3, 90, 20*ms, false, 2, 2)) // the rest of it
	p.Want(Video, high)
	if !p.Step(Video, low, video(2, 90, 30*ms, true, 2, 2)).Send || !p.Step(Video, low, video(4, 180, 40*ms, false, 3, 3)).Send {
		t.Fatal("the picture stands still")
	}
}
