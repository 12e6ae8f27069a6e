package bandwidth

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

const (
	ms  = int64(time.Millisecond)
	sec = int64(time.Second)
)

// world is virtual time: what is to happen, in order. Everything in it is seeded.
type world struct {
	now    int64
	events events
	random *rand.Rand
	serial int
}

type event struct {
	at     int64
	serial int
	do     func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].serial < e[j].serial
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld(seed uint64) *world {
	return &world{now: sec, random: rand.New(rand.NewPCG(seed, 8867))}
}

func (w *world) after(d int64, do func()) {
	w.serial++
	heap.Push(&w.events, event{w.now + max(d, 0), w.serial, do})
}

func (w *world) every(d int64, do func()) {
	var again func()
	again = func() { do(); w.after(d, again) }
	w.after(d, again)
}

func (w *world) run(until int64) {
	for len(w.events) > 0 && w.events[0].at <= until {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = until
}

// link is one direction of a bottleneck: a queue that drops its tail, then a delay.
type link struct {
	w      *world
	rate   float64 // bits a second
	delay  int64
	most   int64 // ns that the queue may hold
	jitter int64 // at most, reordering included
	loss   func() bool
	queue  []parcel
	bytes  int
	busy   bool
	passed int64 // bytes
}

type parcel struct {
	size  int
	delay int64 // on top of the link's
	came  func()
	gone  func() // dropped
}

func (l *link) send(p parcel) {
	if l.loss != nil && l.loss() {
		if p.gone != nil {
			p.gone()
		}
		return
	}
	if l.busy && int64(float64(l.bytes+p.size)*8e9/l.rate) > l.most {
		if p.gone != nil {
			p.gone()
		}
		return
	}
	l.queue = append(l.queue, p)
	l.bytes += p.size
	if !l.busy {
		l.next()
	}
}

func (l *link) next() {
	l.busy = len(l.queue) > 0
	if !l.busy {
		return
	}
	p := l.queue[0]
	l.w.after(int64(float64(p.size)*8e9/l.rate), func() {
		l.queue = l.queue[1:]
		l.bytes -= p.size
		l.passed += int64(p.size)
		extra := int64(0)
		if l.jitter > 0 {
			extra = l.w.random.Int64N(l.jitter)
		}
		l.w.after(l.delay+p.delay+extra, p.came)
		l.next()
	})
}

func newLink(w *world, rate float64, delay int64) *link {
	return &link{w: w, rate: rate, delay: delay, most: 300 * ms}
}

// randomly loses packets one by one.
func (l *link) randomly(part float64) { l.loss = func() bool { return l.w.random.Float64() < part } }

// inBursts loses packets in bursts of the given mean length.
func (l *link) inBursts(part, length float64) {
	bad := false
	l.loss = func() bool {
		if bad {
			bad = l.w.random.Float64() >= 1/length
		} else {
			bad = l.w.random.Float64() < part/(1-part)/length
		}
		return bad
	}
}

// steps changes the rate at given seconds.
func (l *link) steps(steps map[int64]float64) {
	for at, rate := range steps {
		l.w.after(at*sec, func() { l.rate = rate })
	}
}

// tcp is a Reno flow: slow start, one packet more each round trip, half after a loss.
type tcp struct {
	w              *world
	way            *link
	back           int64 // delay of its acknowledgements
	window, thresh float64
	flying         int
	halved         int64
	left           int // bytes to go; below zero: for ever
	done           func()
}

const tcpPacket = 1500

func (t *tcp) push() {
	for float64(t.flying) < t.window && t.left != 0 {
		if t.left > 0 {
			t.left = max(t.left-tcpPacket, 0)
		}
		t.flying++
		t.way.send(parcel{tcpPacket, 0, func() { t.w.after(t.back, t.acked) }, func() { t.w.after(t.back+t.way.delay+t.way.most, t.dropped) }})
	}
}

func (t *tcp) acked() {
	t.flying--
	if t.window < t.thresh {
		t.window++
	} else {
		t.window += 1 / t.window
	}
	if t.left == 0 && t.flying == 0 && t.done != nil {
		t.done()
		return
	}
	t.push()
}

func (t *tcp) dropped() {
	t.flying--
	if t.left >= 0 {
		t.left += tcpPacket
	}
	if t.w.now-t.halved > t.back+t.way.delay+t.way.most {
		t.halved = t.w.now
		t.window = max(t.window/2, 2)
		t.thresh = t.window
	}
	t.push()
}

func newTCP(w *world, way *link, bytes int) *tcp {
	return &tcp{w: w, way: way, back: way.delay, window: 4, thresh: 1 << 20, left: bytes}
}
