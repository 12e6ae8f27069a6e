package bandwidth

import "time"

// Numbers of the probes.
const (
	probeTime     = int64(25 * time.Millisecond) // how long one lasts
	probePackets  = 6                            // at least
	probeLeast    = 400                          // bytes of a packet, at least
	probeDeadline = int64(150 * time.Millisecond)
	probeAnswer   = int64(time.Second) // after its last packet; none until then: it has failed
	probeFirst    = 3.0                // times the estimate, at the start
	probeNext     = 2.0
	probePart     = 0.8                            // of its packets answered: enough to judge
	probeHeld     = 0.9                            // what comes is at least so much of what was sent: the way is wider still
	probeSafe     = 0.95                           // of what was measured is believed
	probeTrust    = 0.5                            // of the way up to that: others on the way gave way to the burst
	probeRest     = int64(1500 * time.Millisecond) // after a cut
	probeEvery    = int64(2 * time.Second)
	probeSeldom   = int64(6 * time.Second) // after failures
	probeMore     = 1.05                   // wanting less than so many times the estimate starts none
)

// Probe is a burst to send: media where there is some, else retransmissions and padding.
type Probe struct {
	Rate     Bitrate // to send it at
	Packets  int     // at least
	Bytes    int     // at least, in all; those of padding as even as may be
	Deadline int64   // ns; what has not left until then stays
}

// prober plans probes and measures them, one at a time.
type prober struct {
	want    Bitrate
	probe   Probe
	running bool
	from    float64 // the estimate when it began
	first   int64   // number of its first packet, 0: none yet
	last    int64
	count   int   // of packets sent
	bytes   int   // sent, without the last packet
	begun   int64 // ns, first packet
	ended   int64 // ns, last packet
	size    int   // of the last packet
	came    arrivals
	pause   int64 // ns between probes
	next    int64 // ns, earliest next one
}

// arrivals is what came of a probe.
type arrivals struct {
	count, bytes, firstSize int
	first, last             int64 // ns of the receiver's clock
}

// begin starts a probe if there is something to find out and the way is calm.
func (p *prober) begin(estimate Bitrate, calm bool, cut, now int64) (Probe, bool) {
	if p.running || !calm || now < p.next || float64(p.want) < probeMore*float64(estimate) {
		return Probe{}, false
	}
	if cut > 0 && now-cut < probeRest {
		return Probe{}, false
	}
	factor := probeNext
	if p.pause == 0 {
		factor = probeFirst
	}
	rate := min(Bitrate(factor*float64(estimate)), Bitrate(float64(p.want)*1.2))
	bytes := max(int(int64(rate)/8*probeTime/int64(time.Second)), probePackets*probeLeast)
	*p = prober{
		want: p.want, pause: max(p.pause, probeEvery), running: true, from: float64(estimate),
		probe: Probe{Rate: rate, Packets: probePackets, Bytes: bytes, Deadline: now + probeDeadline},
	}
	return p.probe, true
}

// hurry allows a probe at once: the way was down and has come back.
func (p *prober) hurry() {
	if !p.running {
		p.next, p.pause = 0, probeEvery
	}
}

// full tells that no packet joins the probe any more.
func (p *prober) full(now int64) bool {
	return now > p.probe.Deadline || p.count >= p.probe.Packets && p.bytes+p.size >= p.probe.Bytes
}

// sent takes a packet into the running probe.
func (p *prober) sent(n int64, sent *packet, now int64) {
	if !p.running || p.full(now) {
		return
	}
	if p.count == 0 {
		p.first, p.begun = n, now
	}
	p.last, p.ended = n, now
	p.bytes += p.size
	p.size = int(sent.size)
	p.count++
}

// arrived notes a packet of the probe.
func (p *prober) arrived(n int64, got *packet, at int64) {
	if !p.running || p.count == 0 || n < p.first || n > p.last {
		return
	}
	c := &p.came
	if c.count == 0 || at < c.first {
		c.first, c.firstSize = at, int(got.size)
	}
	if c.count == 0 || at > c.last {
		c.last = at
	}
	c.count++
	c.bytes += int(got.size)
}

// result gives what the probe has shown, once enough of it was answered.
func (p *prober) result(now int64) (float64, bool) {
	if !p.running || !p.full(now) || p.count < probePackets || float64(p.came.count) < probePart*float64(p.count) {
		return 0, false
	}
	if p.came.count < p.count && now-p.ended < probeAnswer/4 {
		return 0, false // the rest may be in the next report
	}
	came := p.came
	took := came.last - came.first
	if took <= 0 {
		p.finish(false, now)
		return 0, false
	}
	received := float64(came.bytes-came.firstSize) * 8e9 / float64(took)
	sent := float64(p.probe.Rate)
	if lasted := p.ended - p.begun; lasted > 0 {
		sent = min(sent, float64(p.bytes)*8e9/float64(lasted))
	}
	found := min(sent, received)
	if received < probeHeld*sent {
		found = p.from + (received*probeSafe-p.from)*probeTrust
	}
	p.finish(received >= probeHeld*sent, now)
	return found, true
}

// expire gives up on a probe that was not sent, or not answered.
func (p *prober) expire(now int64) {
	if p.running && now > max(p.probe.Deadline, p.ended)+probeAnswer {
		p.finish(false, now)
	}
}

// finish makes the next probe come soon after one that met no limit, later and later after others.
func (p *prober) finish(held bool, now int64) {
	p.running = false
	if held {
		p.pause, p.next = probeEvery, now+probeEvery/8
		return
	}
	p.next = now + p.pause
	p.pause = min(p.pause*3/2, probeSeldom)
}
