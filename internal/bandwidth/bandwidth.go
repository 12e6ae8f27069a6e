// Package bandwidth estimates what one receiver's way can carry, from transport-wide feedback, and says
// when a packet may leave. Its machines are pure: times are handed in, as ns of any steady clock. It is
// not for who gets the bits, which is allot's, and it holds no packets.
package bandwidth

import "time"

// Bitrate is in bits a second, of all that a receiver is sent with transport-wide numbers.
type Bitrate int64

// Config bounds one receiver's estimate.
type Config struct {
	Min   Bitrate // never estimated below: what audio needs in any case
	Start Bitrate // until the first feedback
	Max   Bitrate // never estimated above
}

// Default is for meetings: audio and its repair at least, 1080p and some tiles at most.
var Default = Config{Min: 80_000, Start: 400_000, Max: 20_000_000}

// Arrival is what a transport-wide report says of one packet, in the report's order
// (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1).
type Arrival struct {
	At   int64 // ns of the receiver's clock; nothing if Lost
	Seq  uint16
	Lost bool
}

// Times of the feedback.
const (
	firstRTT     = int64(100 * time.Millisecond) // until one was measured
	maxRTT       = int64(2 * time.Second)
	silentFor    = int64(500 * time.Millisecond) // plus two round trips without feedback: the way is taken to be down
	silentFactor = 0.8                           // of the estimate, each time that silentFor passes
)

// Estimator estimates the way to one receiver (draft-ietf-rmcat-gcc-02, sender side). One goroutine owns it.
type Estimator struct {
	config Config
	sent   ring
	delay  gradient
	queue  standing
	acked  meter
	loss   lossBound
	rate   control
	probes prober
	rtt    int64
	now    int64 // latest time told
	heard  int64 // latest feedback, or the first packet sent after all before were answered
	silent bool  // feedback stays away
	shaken bool  // feedback came back after it stayed away
}

// New gives the estimator of a new connection. Bounds that contradict each other are put in order.
func New(c Config) *Estimator {
	c.Min = max(c.Min, 1)
	c.Max = max(c.Max, c.Min)
	c.Start = min(max(c.Start, c.Min), c.Max)
	e := &Estimator{config: c, rtt: firstRTT}
	e.delay.init()
	e.rate = control{rate: float64(c.Start)}
	e.loss = lossBound{bound: float64(c.Max)}
	e.probes = prober{want: c.Max}
	return e
}

// Sent notes a packet that leaves: its transport-wide number, the next after the last, and its bytes on the wire.
func (e *Estimator) Sent(seq uint16, size int, now int64) {
	e.tell(now)
	if e.sent.idle() {
		e.heard = e.now
	}
	n := e.sent.put(seq, size, e.now)
	e.probes.sent(n, e.sent.at(n), e.now)
}

// Feedback takes one report and the round trip measured last, 0 if none was. Reports may be lost, repeated or
// late; what they say of packets that were never sent, or forgotten, is ignored.
func (e *Estimator) Feedback(report []Arrival, rtt, now int64) {
	e.tell(now)
	if rtt > 0 {
		e.rtt = min(rtt, maxRTT)
	}
	e.skipped(report)
	usage, news := normal, false
	for i := range report {
		n, p := e.sent.find(report[i].Seq)
		if p == nil {
			continue
		}
		news = true
		switch {
		case report[i].Lost:
			e.lose(p)
		case p.state == acknowledged:
		default:
			usage = max(usage, e.arrive(n, p, report[i].At))
		}
		e.sent.told = max(e.sent.told, n)
	}
	if !news {
		return
	}
	e.heard = e.now
	e.shaken = e.shaken || e.silent
	e.silent = false
	e.settle(usage)
}

// Tick does what falls due without feedback; call it every 100 ms or oftener.
func (e *Estimator) Tick(now int64) {
	e.tell(now)
	if !e.sent.idle() && e.now-e.heard > silentFor+2*e.rtt {
		e.heard += silentFor
		e.silent = true
		e.rate.rate = max(e.rate.rate*silentFactor, float64(e.config.Min))
		e.delay.init()
		e.acked = meter{}
	}
	e.probes.expire(e.now)
}

// Estimate is what may be sent, audio, repair and probes included.
func (e *Estimator) Estimate() Bitrate {
	return e.clamp(min(e.rate.rate, e.loss.bound))
}

// Want says what the allotment would send if there were room: more than the estimate makes it probe.
func (e *Estimator) Want(rate Bitrate) { e.probes.want = min(max(rate, 0), e.config.Max) }

// Acknowledged is what arrived lately, 0 until that is known.
func (e *Estimator) Acknowledged() Bitrate { return Bitrate(e.acked.rate()) }

// Loss is the lost part of what was sent lately, 0 to 1.
func (e *Estimator) Loss() float64 { return e.loss.ratio }

// Probe tells whether a probe begins now. From here on until its bytes have left or its deadline passed, all that
// is sent belongs to it.
func (e *Estimator) Probe(now int64) (Probe, bool) {
	e.tell(now)
	calm := !e.silent && e.delay.usage == normal && e.loss.calm()
	if e.shaken && calm {
		e.shaken = false
		e.probes.hurry()
	}
	return e.probes.begin(e.Estimate(), calm, e.rate.cut, e.now)
}

func (e *Estimator) tell(now int64) { e.now = max(e.now, now) }

func (e *Estimator) clamp(rate float64) Bitrate {
	return Bitrate(min(max(rate, float64(e.config.Min)), float64(e.config.Max)))
}

// skipped presumes that packets between two reports arrived as others do: their report was lost.
func (e *Estimator) skipped(report []Arrival) {
	first := int64(-1)
	at := int64(-1)
	for i := range report {
		n, p := e.sent.find(report[i].Seq)
		if p != nil && first < 0 {
			first = n
		}
		if p != nil && !report[i].Lost {
			at = report[i].At
			break
		}
	}
	if at < 0 || e.sent.told == 0 {
		return
	}
	bytes := 0
	for n := max(e.sent.told+1, e.sent.newest-ringSize+1); n < first; n++ {
		if p := e.sent.at(n); p.state == flying {
			p.state = presumed
			bytes += int(p.size)
		}
	}
	e.acked.take(at, int(float64(bytes)*(1-e.loss.ratio)))
}

func (e *Estimator) lose(p *packet) {
	if p.state == flying {
		p.state = lost
		e.loss.note(0, 1)
	}
}

func (e *Estimator) arrive(n int64, p *packet, at int64) usage {
	switch p.state {
	case lost:
		e.loss.note(1, -1)
		e.acked.take(at, int(p.size))
	case flying:
		e.loss.note(1, 0)
		e.acked.take(at, int(p.size))
	case presumed:
		e.loss.note(1, 0)
	}
	p.state = acknowledged
	e.probes.arrived(n, p, at)
	e.queue.take(at-e.sent.time(p), e.now)
	return e.delay.take(e.sent.time(p), at)
}

// settle draws the conclusions of one report.
func (e *Estimator) settle(worst usage) {
	acked := e.acked.rate() / (1 - e.loss.inherent) // what would have come without the loss that is not ours
	before := min(e.rate.rate, e.loss.bound)
	e.loss.update(before, acked, float64(e.config.Max), e.rtt, e.now)
	u := e.delay.usage
	if worst == overuse {
		u = overuse
	}
	if e.rate.stands(e.queue.stands(), e.rtt, e.now) {
		u = overuse
	}
	e.rate.update(u, acked, e.rtt, e.now)
	if found, ok := e.probes.result(e.now); ok {
		e.proven(found)
	}
	e.rate.rate = float64(e.clamp(e.rate.rate))
	e.loss.bound = float64(e.clamp(e.loss.bound))
}

// proven takes what a probe has shown: the way carries at least this.
func (e *Estimator) proven(found float64) {
	if e.delay.usage == overuse || found <= float64(e.Estimate()) {
		return
	}
	e.rate.jump(found, e.now)
	e.loss.bound = max(e.loss.bound, found)
}
