package bandwidth

import (
	"testing"

	"pgregory.net/rapid"
)

// TestImpairedWays drives a flow for a minute over 2 Mbit/s with one fault each, and several seeds.
func TestImpairedWays(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(way, back *link)
		loss  float64 // the way's own
		least float64 // kbit/s that arrive in the mean from 10 s on
		turns int     // at most, from 10 s on
	}{
		"nothing":                 {func(_, _ *link) {}, 0, 1400, 25},
		"jitter of 30 ms":         {func(way, _ *link) { way.jitter = 30 * ms }, 0, 1400, 25},
		"jitter of 100 ms":        {func(way, _ *link) { way.jitter = 100 * ms }, 0, 150, 40},
		"5 % loss":                {func(way, _ *link) { way.randomly(0.05) }, 0.05, 1400, 25},
		"10 % loss":               {func(way, _ *link) { way.randomly(0.10) }, 0.1, 1200, 30},
		"20 % loss":               {func(way, _ *link) { way.randomly(0.20) }, 0.2, 1000, 40},
		"30 % loss":               {func(way, _ *link) { way.randomly(0.30) }, 0.3, 800, 50},
		"10 % loss in bursts":     {func(way, _ *link) { way.inBursts(0.10, 5) }, 0.1, 800, 50},
		"30 % loss in bursts":     {func(way, _ *link) { way.inBursts(0.30, 5) }, 0.3, 500, 60},
		"a queue of 20 ms":        {func(way, _ *link) { way.most = 20 * ms }, 0, 1000, 60},
		"a queue of a second":     {func(way, _ *link) { way.most = sec }, 0, 1400, 25},
		"half the reports lost":   {func(_, back *link) { back.randomly(0.5) }, 0, 1400, 40},
		"reports and media lost":  {func(way, back *link) { way.randomly(0.1); back.randomly(0.5) }, 0.1, 800, 60},
		"reports late and shaken": {func(_, back *link) { back.delay = 300 * ms; back.jitter = 150 * ms }, 0, 1200, 40},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(6) {
				w := newWorld(seed)
				way, back := newLink(w, 2e6, 50*ms), newLink(w, 10e6, 50*ms)
				c.spoil(way, back)
				f := startFlow(t, w, way, back, most)
				play(w, 60)
				rate, turns := f.mean(10, 60)/1e3, f.turns(10, 60)
				gone := 1 - float64(f.audio)/float64(f.audioSent)
				t.Logf("%4.0f kbit/s, %d turns, queue delay p95 %d ms, %2.0f %% of the audio lost, %2.0f %% of all at the end", rate, turns, f.p95()/ms, 100*gone, 100*f.e.Loss())
				if rate < c.least || gone > c.loss+0.05 || f.e.Loss() > c.loss+0.38 || turns > c.turns || f.p95() >= 200*ms {
					t.Errorf("seed %d: %.0f kbit/s, %d turns, p95 %d ms", seed, rate, turns, f.p95()/ms)
				}
			}
		})
	}
}

// TestLossNeverTakesTheAudio: at 30 % loss on a way of 150 kbit/s the estimate stays above what audio needs.
func TestLossNeverTakesTheAudio(t *testing.T) {
	w := newWorld(1)
	way, back := newLink(w, 150e3, 50*ms), newLink(w, 10e6, 50*ms)
	way.randomly(0.3)
	f := startFlow(t, w, way, back, most)
	play(w, 60)
	if kept := float64(f.audio) / float64(f.audioSent); kept < 0.6 {
		t.Errorf("%.0f %% of the audio came, 70 %% would without a queue", 100*kept)
	}
	if f.p95() >= 300*ms {
		t.Errorf("p95 %d ms", f.p95()/ms)
	}
}

// TestRungsAreProbedFor: a server can send in few steps only; growth to the next needs a probe, and succeeds.
func TestRungsAreProbedFor(t *testing.T) {
	w := newWorld(1)
	way, back := newLink(w, 2e6, 50*ms), newLink(w, 10e6, 50*ms)
	f := startFlow(t, w, way, back, most)
	f.ladder = []float64{100e3, 350e3, 1e6, 1.5e6}
	play(w, 60)
	t.Logf("%.0f kbit/s, %d kB of padding", f.mean(10, 60)/1e3, f.padding/1000)
	if f.mean(10, 60) < 1.4e6 {
		t.Errorf("%.0f", f.mean(10, 60))
	}
	f.e.Want(1.6e6) // served: nothing more is probed for
	before := f.padding
	play(w, 90)
	if f.padding != before && f.e.Estimate() > 1_700_000 {
		t.Errorf("%d bytes of padding for nothing", f.padding-before)
	}
}

// TestSilenceProvesNothing: a flow of audio alone, that wants no more, does not grow beyond what it proved.
func TestSilenceProvesNothing(t *testing.T) {
	w := newWorld(1)
	way, back := newLink(w, 50e6, 50*ms), newLink(w, 10e6, 50*ms)
	f := startFlow(t, w, way, back, most)
	f.off = true
	f.e.Want(50_000)
	play(w, 60)
	if got := f.e.Estimate(); got > 310_000 {
		t.Errorf("estimate %d with 48 kbit/s sent", got)
	}
	if f.padding > 0 {
		t.Errorf("%d bytes of padding", f.padding)
	}
}

// TestOutage: thirty seconds without anything, and back within ten.
func TestOutage(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(seed)
		way, back := newLink(w, 2e6, 50*ms), newLink(w, 10e6, 50*ms)
		f := startFlow(t, w, way, back, most)
		w.after(20*sec, func() { way.randomly(1); back.randomly(1) })
		w.after(50*sec, func() { way.loss, back.loss = nil, nil })
		play(w, 30)
		padding := f.padding
		play(w, 45)
		if f.padding != padding {
			t.Errorf("%d bytes of padding into a dead way", f.padding-padding)
		}
		if got := f.e.Estimate(); got > 2*f.e.config.Min {
			t.Errorf("estimate %d on a dead way", got)
		}
		play(w, 80)
		back70 := f.reaches(50, 0.7*2e6)
		t.Logf("70 %% after %d s", back70)
		if back70 < 0 || back70 > 10 {
			t.Errorf("70 %% after %d s", back70)
		}
	}
}

// TestAnyStory walks at random through times, numbers and reports that make no sense: the estimate stays in its
// bounds, and probes have sizes and deadlines that can be met.
func TestAnyStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Bitrate(rapid.IntRange(-1, 1e6).Draw(t, "min")), Bitrate(rapid.IntRange(0, 1e7).Draw(t, "start")), Bitrate(rapid.IntRange(-1, 1e8).Draw(t, "max"))}
		e := New(c)
		now := rapid.Int64Range(0, 1<<50).Draw(t, "begin")
		seq := rapid.Uint16().Draw(t, "seq")
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += rapid.SampledFrom([]int64{-sec, 0, 1, ms, 5 * ms, 100 * ms, sec, 3600 * sec}).Draw(t, "later")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				for range rapid.IntRange(1, 50).Draw(t, "packets") {
					seq += rapid.SampledFrom([]uint16{1, 1, 1, 1, 0, 2, 1000, 1 << 15}).Draw(t, "step")
					e.Sent(seq, rapid.IntRange(-1, 1<<17).Draw(t, "size"), now)
				}
			case 2:
				var report []Arrival
				at := now + rapid.Int64Range(-sec, sec).Draw(t, "clock")
				first := seq - rapid.Uint16Range(0, 60).Draw(t, "first")
				for i := range rapid.Uint16Range(0, 60).Draw(t, "told") {
					at += rapid.SampledFrom([]int64{0, ms, 20 * ms, -ms, -1 << 40, 1 << 40}).Draw(t, "gap")
					report = append(report, Arrival{at, first + i, rapid.IntRange(0, 5).Draw(t, "lost") == 0})
				}
				e.Feedback(report, rapid.Int64Range(-1, 1<<40).Draw(t, "rtt"), now)
			case 3:
				e.Tick(now)
			case 4:
				e.Want(Bitrate(rapid.Int64Range(-1, 1<<60).Draw(t, "want")))
				if p, ok := e.Probe(now); ok && (p.Rate <= 0 || p.Bytes <= 0 || p.Packets <= 0 || p.Deadline < now) {
					t.Fatalf("probe %+v", p)
				}
			}
			if got := e.Estimate(); got < e.config.Min || got > e.config.Max || e.Acknowledged() < 0 || !(e.Loss() >= 0 && e.Loss() <= 1) {
				t.Fatalf("estimate %d of %+v, acknowledged %d, loss %v", got, e.config, e.Acknowledged(), e.Loss())
			}
		}
	})
}

// TestNothingIsAllocated: per packet, per report and per tick.
func TestNothingIsAllocated(t *testing.T) {
	e, report := New(Default), make([]Arrival, 10)
	var pacer Pacer
	seq, now := uint16(0), sec
	if n := testing.AllocsPerRun(500, func() {
		for i := range report {
			seq++
			now += ms
			pacer.Pace(e.Estimate(), now)
			pacer.Take(Video, 1200, now)
			e.Sent(seq, 1200, now)
			report[i] = Arrival{now + 30*ms, seq, seq%7 == 0}
		}
		e.Feedback(report, 60*ms, now)
		e.Tick(now)
		if p, ok := e.Probe(now); ok {
			pacer.Begin(p, now)
		}
		pacer.Due(now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
