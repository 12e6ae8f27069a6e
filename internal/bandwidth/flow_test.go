package bandwidth

import (
	"slices"
	"testing"
)

// flow is one media flow over a link: audio, video as the estimate allows, probes by padding, reports each 100 ms.
type flow struct {
	w         *world
	t         testing.TB
	way, back *link
	extra     int64 // delay on each way, its own
	e         *Estimator
	pacer     Pacer
	most      float64 // of the video, bits a second
	ladder    []float64
	seq       uint16
	waiting   []outgoing // for the pacer
	filler    int        // bytes of a packet of padding
	sent      map[uint16]int64
	off       bool

	// the receiver
	got      map[uint16]int64
	from     uint16
	newest   uint16
	heard    bool
	lastCame int64

	// what was seen
	received  []int64 // bytes, by second
	audio     int     // packets
	audioSent int
	queues    []int64 // ns
	rates     []Bitrate
	padding   int64
}

type outgoing struct {
	size  int
	class Class
}

func startFlow(t testing.TB, w *world, way, back *link, most float64) *flow {
	f := &flow{
		w: w, t: t, way: way, back: back, e: New(Config{Min: 80_000, Start: 300_000, Max: 6_000_000}), most: most,
		sent: map[uint16]int64{}, got: map[uint16]int64{}, received: make([]int64, 400), from: 65_000, newest: 64_999, seq: 65_000,
	}
	f.e.Want(Bitrate(most) + 40_000)
	w.every(20*ms, func() {
		f.audioSent++
		f.leave(outgoing{120, Audio})
	})
	w.every(33*ms, f.frame)
	w.every(5*ms, f.pace)
	w.every(100*ms, f.report)
	w.every(50*ms, func() {
		f.e.Tick(w.now)
		r := f.e.Estimate()
		if r < f.e.config.Min || r > f.e.config.Max {
			t.Fatalf("estimate %d", r)
		}
		f.rates = append(f.rates, r)
	})
	return f
}

// frame encodes a picture for the present estimate: any rate, or the rungs of a ladder as a server has them.
func (f *flow) frame() {
	if f.off {
		return
	}
	rate := min(float64(f.e.Estimate())-48_000, f.most)
	if f.ladder != nil {
		at := 0.0
		for _, rung := range f.ladder {
			if rung <= rate {
				at = rung
			}
		}
		rate = at
	}
	size := int(rate / 8 * 0.033 * (0.8 + 0.4*f.w.random.Float64()))
	for ; size > 0; size -= 1150 {
		f.waiting = append(f.waiting, outgoing{min(size, 1150) + 50, Video})
	}
	f.pace()
}

func (f *flow) pace() {
	now := f.w.now
	f.pacer.Pace(f.e.Estimate(), now)
	if p, ok := f.e.Probe(now); ok {
		f.pacer.Begin(p, now)
		f.filler = p.Bytes/p.Packets + 1
	}
	for due := f.pacer.Due(now); due > 0; {
		p := outgoing{min(due, 1200, f.filler), Padding}
		if len(f.waiting) > 0 {
			p = f.waiting[0]
			f.waiting = f.waiting[1:]
		} else {
			f.padding += int64(p.size)
		}
		f.pacer.Take(Padding, p.size, now)
		f.leave(p)
		due -= p.size
	}
	for len(f.waiting) > 0 && f.pacer.Take(f.waiting[0].class, f.waiting[0].size, now) {
		f.leave(f.waiting[0])
		f.waiting = f.waiting[1:]
	}
	if len(f.waiting) > 400 { // as the server: what is too old is dropped
		f.waiting = f.waiting[200:]
	}
}

func (f *flow) leave(p outgoing) {
	seq := f.seq
	f.seq++
	at := f.w.now
	f.sent[seq] = at
	delete(f.sent, seq-5000)
	f.e.Sent(seq, p.size, at)
	f.way.send(parcel{p.size, f.extra, func() { f.arrive(seq, p, at) }, nil})
}

func (f *flow) arrive(seq uint16, p outgoing, at int64) {
	now := f.w.now
	f.got[seq] = now
	if !f.heard || int16(seq-f.newest) > 0 {
		f.newest, f.lastCame = seq, now
	}
	f.heard = true
	if p.class == Audio {
		f.audio++
	}
	if p.class != Padding {
		f.received[now/sec] += int64(p.size)
	}
	f.queues = append(f.queues, now-at-f.way.delay-f.extra)
}

// report sends what a browser would: all from the last report's end to the newest.
func (f *flow) report() {
	if !f.heard || int16(f.newest-f.from) < 0 {
		return
	}
	var report []Arrival
	for seq := f.from; seq != f.newest+1; seq++ {
		at, ok := f.got[seq]
		delete(f.got, seq)
		report = append(report, Arrival{Seq: seq, At: at / 250_000 * 250_000, Lost: !ok})
	}
	f.from = f.newest + 1
	newest, held := f.newest, f.w.now-f.lastCame
	f.back.send(parcel{60 + 2*len(report), f.extra, func() {
		f.e.Feedback(report, f.w.now-f.sent[newest]-held, f.w.now)
	}, nil})
}

// mean is the rate received between two seconds.
func (f *flow) mean(from, to int64) float64 {
	sum := int64(0)
	for s := from; s < to; s++ {
		sum += f.received[s+1] // the world begins at one second
	}
	return float64(sum) * 8 / float64(to-from)
}

// p95 is the queue delay that 95 of 100 packets stay below.
func (f *flow) p95() int64 {
	sorted := slices.Clone(f.queues)
	slices.Sort(sorted)
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)*95/100]
}

// reaches is how many seconds after a moment a second's rate is at least so much, -1 if never within 30.
func (f *flow) reaches(from int64, rate float64) int64 {
	for s := int64(0); s < 30; s++ {
		if f.mean(from+s, from+s+1) >= rate {
			return s + 1
		}
	}
	return -1
}

// turns counts how often the estimate changes its direction by more than a tenth.
func (f *flow) turns(from, to int64) int {
	turns, up := 0, true
	pivot := f.rates[from*20]
	for _, r := range f.rates[from*20 : to*20] {
		switch {
		case up && r > pivot, !up && r < pivot:
			pivot = r
		case up && float64(r) < 0.9*float64(pivot), !up && float64(r) > 1.1*float64(pivot):
			up, pivot = !up, r
			turns++
		}
	}
	return turns
}
