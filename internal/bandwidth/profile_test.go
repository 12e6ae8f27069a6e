package bandwidth

import (
	"fmt"
	"slices"
	"testing"
)

// The profiles are those of RFC 8867 5.1 to 5.7, over a queue that holds 300 ms. Times are virtual and chances
// seeded, so the numbers are exact.

// most is what a source may send; the profiles' 1.5 Mbit/s is raised, so that the way is the limit.
const most = 4e6

// seeded runs a story in worlds of several seeds.
func seeded(t *testing.T, story func(t *testing.T, w *world)) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { story(t, newWorld(seed)) })
	}
}

func play(w *world, seconds int64) { w.run(sec + seconds*sec) }

// must checks the promises for one flow on a way of its own.
func must(t *testing.T, f *flow, phases [][3]float64) {
	t.Helper()
	sent, could := 0.0, 0.0
	for i, p := range phases { // from, to, capacity
		from, to := int64(p[0]), int64(p[1])
		rate := f.mean(from, to)
		t.Logf("%3d s to %3d s: %4.0f of %4.0f kbit/s, 70 %% after %d s", from, to, rate/1e3, p[2]/1e3, f.reaches(from, 0.7*p[2]))
		sent, could = sent+rate*float64(to-from), could+p[2]*float64(to-from)
		if after := f.reaches(from, 0.7*p[2]); after < 0 || after > 10 {
			t.Errorf("phase %d: 70 %% after %d s", i, after)
		}
	}
	t.Logf("utilisation %.0f %%, queue delay p95 %d ms, padding %d kB", 100*sent/could, f.p95()/ms, f.padding/1000)
	if sent < 0.7*could {
		t.Errorf("utilisation %.0f %%", 100*sent/could)
	}
	if f.p95() >= 300*ms {
		t.Errorf("queue delay p95 %d ms", f.p95()/ms)
	}
}

func TestVariableCapacityOfOneFlow(t *testing.T) { // 5.1
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 1e6, 50*ms), newLink(w, 10e6, 50*ms)
		way.steps(map[int64]float64{40: 2.5e6, 60: 0.6e6, 80: 1e6})
		f := startFlow(t, w, way, back, most)
		play(w, 100)
		must(t, f, [][3]float64{{0, 40, 1e6}, {40, 60, 2.5e6}, {60, 80, 0.6e6}, {80, 100, 1e6}})
	})
}

// together checks that flows fill their way and share it.
func together(t *testing.T, flows []*flow, from, to int64, capacity, unfair float64) {
	t.Helper()
	sum, rates := 0.0, make([]float64, len(flows))
	for i, f := range flows {
		rates[i] = f.mean(from, to)
		sum += rates[i]
		if f.p95() >= 300*ms {
			t.Errorf("queue delay p95 %d ms", f.p95()/ms)
		}
	}
	t.Logf("%3d s to %3d s: %.0f of %.0f kbit/s, each %.0f, p95 %d ms", from, to, sum/1e3, capacity/1e3, rates, flows[0].p95()/ms)
	if sum < 0.7*capacity {
		t.Errorf("%d s to %d s: %.0f of %.0f", from, to, sum, capacity)
	}
	if slices.Max(rates) > unfair*slices.Min(rates) {
		t.Errorf("%d s to %d s: shares %.0f", from, to, rates)
	}
}

func TestVariableCapacityOfTwoFlows(t *testing.T) { // 5.2
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 4e6, 50*ms), newLink(w, 10e6, 50*ms)
		way.steps(map[int64]float64{25: 2e6, 50: 3.5e6, 75: 1e6, 100: 2e6})
		flows := []*flow{startFlow(t, w, way, back, most), startFlow(t, w, way, back, most)}
		play(w, 125)
		for i, c := range []float64{4e6, 2e6, 3.5e6, 1e6, 2e6} {
			together(t, flows, int64(25*i), int64(25*i+25), c, 4)
			together(t, flows, int64(25*i+10), int64(25*i+25), c, 4)
		}
	})
}

func TestCongestedFeedback(t *testing.T) { // 5.3
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 2e6, 50*ms), newLink(w, 2e6, 50*ms)
		way.steps(map[int64]float64{20: 1e6, 40: 0.5e6, 60: 2e6})
		back.steps(map[int64]float64{35: 0.8e6, 70: 2e6})
		f := startFlow(t, w, way, back, most)
		g := startFlow(t, w, back, way, most)
		play(w, 100)
		must(t, f, [][3]float64{{0, 20, 2e6}, {20, 40, 1e6}, {40, 60, 0.5e6}, {60, 100, 2e6}})
		must(t, g, [][3]float64{{0, 35, 2e6}, {35, 70, 0.8e6}, {70, 100, 2e6}})
	})
}

func TestCompetingMediaFlows(t *testing.T) { // 5.4
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 3.5e6, 50*ms), newLink(w, 10e6, 50*ms)
		var flows []*flow
		for i := range int64(3) {
			w.after(20*i*sec, func() { flows = append(flows, startFlow(t, w, way, back, most)) })
		}
		play(w, 120)
		together(t, flows[:1], 10, 20, 3.5e6, 1)
		together(t, flows[:2], 30, 40, 3.5e6, 6)
		together(t, flows, 60, 120, 3.5e6, 4)
	})
}

func TestRoundTripFairness(t *testing.T) { // 5.5
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 4e6, 0), newLink(w, 10e6, 0)
		var flows []*flow
		for i, delay := range []int64{10, 25, 50, 100, 150} {
			w.after(int64(10*i)*sec, func() {
				f := startFlow(t, w, way, back, most)
				f.extra = delay * ms
				flows = append(flows, f)
			})
		}
		play(w, 200)
		together(t, flows, 100, 200, 4e6, 10)
	})
}

func TestBesideLongTCP(t *testing.T) { // 5.6
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 2e6, 50*ms), newLink(w, 10e6, 50*ms)
		f := startFlow(t, w, way, back, most)
		w.after(10*sec, newTCP(w, way, -1).push)
		play(w, 130)
		share, all := f.mean(20, 130), float64(way.passed)*8/131
		t.Logf("%.0f kbit/s of 2000 beside TCP, %.0f in all, p95 %d ms", share/1e3, all/1e3, f.p95()/ms)
		if share < 0.22*2e6 {
			t.Errorf("starved by TCP: %.0f", share)
		}
		if all < 0.7*2e6 || f.p95() >= 300*ms {
			t.Errorf("%.0f in all, p95 %d ms", all, f.p95()/ms)
		}
	})
}

func TestBesideShortTCP(t *testing.T) { // 5.7
	seeded(t, func(t *testing.T, w *world) {
		way, back := newLink(w, 2e6, 50*ms), newLink(w, 10e6, 50*ms)
		f := startFlow(t, w, way, back, most)
		for range 10 {
			var again func()
			again = func() {
				w.after(int64(w.random.ExpFloat64()*10e9), func() {
					flow := newTCP(w, way, 100_000+w.random.IntN(900_000))
					flow.done = again
					flow.push()
				})
			}
			again()
		}
		play(w, 120)
		share, all := f.mean(10, 120), float64(way.passed)*8/121
		t.Logf("%.0f kbit/s of 2000 beside short TCP, %.0f in all, p95 %d ms", share/1e3, all/1e3, f.p95()/ms)
		if share < 0.04*2e6 || all < 0.7*2e6 || f.p95() >= 300*ms {
			t.Errorf("share %.0f of %.0f, p95 %d ms", share, all, f.p95()/ms)
		}
	})
}
