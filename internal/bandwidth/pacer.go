package bandwidth

import "time"

// Class is how urgent a packet is.
type Class uint8

// The classes, the most urgent first.
const (
	Audio   Class = iota // never waits
	Resend               // a repair
	Video                //
	Padding              // only what probes need
)

// Numbers of the pacer.
const (
	paceFactor = 2.5  // times the estimate: a frame leaves well before the next one comes
	leastBurst = 6000 // bytes, five packets: what one message to the kernel should carry at least
	videoBurst = int64(10 * time.Millisecond)
	debtMost   = int64(500 * time.Millisecond) // audio's debt is not counted beyond
)

// Pacer is a leaky bucket of one receiver: what leaves fills it, time empties it at 2.5 times the estimate. It holds no
// packets; one that may not leave waits with its owner. The zero value lets nothing but audio through until Pace.
type Pacer struct {
	perSecond int64 // bytes
	debt      int64 // bytes times 1e9, so that nothing is rounded away
	at        int64 // ns

	probe   int   // bytes that a probe still lacks
	packets int   // and packets
	rate    int64 // bytes a second of the probe
	until   int64 // ns, its deadline
	size    int   // bytes of it
	begun   int64 // ns
}

// Pace sets the rate from the estimate.
func (p *Pacer) Pace(estimate Bitrate, now int64) {
	p.drain(now)
	p.perSecond = int64(paceFactor * float64(max(estimate, 0)) / 8)
}

// Take tells whether a packet of so many bytes may leave now, and counts it if so. Audio always may. A repair may while
// less than two bursts wait to drain, video while less than one.
func (p *Pacer) Take(class Class, size int, now int64) bool {
	p.drain(now)
	if class != Audio && p.debt > p.room(class) {
		return false
	}
	p.debt = min(p.debt+int64(size)*1e9, max(p.perSecond*debtMost, 4*leastBurst*1e9))
	p.probe, p.packets = max(p.probe-size, 0), max(p.packets-1, 0)
	return true
}

// Wait is how long until a packet of the class may leave, in ns; 0: now. Without a rate it is a second.
func (p *Pacer) Wait(class Class, now int64) int64 {
	p.drain(now)
	over := p.debt - p.room(class)
	switch {
	case class == Audio || over <= 0:
		return 0
	case p.perSecond == 0:
		return int64(time.Second)
	}
	return (over + p.perSecond - 1) / p.perSecond
}

// Begin starts a probe. While it lasts video and repairs may leave at its rate too.
func (p *Pacer) Begin(probe Probe, now int64) {
	p.drain(now)
	p.probe, p.packets, p.until = probe.Bytes, probe.Packets, probe.Deadline
	p.rate, p.size, p.begun = int64(probe.Rate/8), probe.Bytes, now
}

// Due is how many bytes of padding or repair the probe lacks now to keep its rate; 0 when it is over. They are
// counted when Take is called for them with Padding.
func (p *Pacer) Due(now int64) int {
	if p.probe == 0 && p.packets == 0 || now > p.until {
		p.probe, p.packets = 0, 0
		return 0
	}
	if p.probe == 0 {
		return p.packets * leastBurst / 5 // in bytes enough, in packets not
	}
	due := int(max(now-p.begun, 0)*p.rate/int64(time.Second)) + leastBurst/5
	return min(max(due-(p.size-p.probe), 0), p.probe)
}

// room is the debt at which a class waits, in bytes times 1e9.
func (p *Pacer) room(class Class) int64 {
	one := max(leastBurst*1e9, p.perSecond*videoBurst)
	switch class {
	case Resend:
		return 2 * one
	case Padding:
		return max(4*one, int64(p.probe)*1e9)
	default:
		return one
	}
}

func (p *Pacer) drain(now int64) {
	passed := now - p.at
	if passed <= 0 {
		return
	}
	p.at = now
	if p.perSecond == 0 || passed >= int64(10*time.Second) {
		if p.perSecond > 0 {
			p.debt = 0
		}
		return
	}
	p.debt = max(p.debt-passed*p.perSecond, 0)
}

// spreadMost is the latest that a key frame's begin is put off: the picture shown meanwhile is the old one.
const spreadMost = int64(100 * time.Millisecond)

// Spread gives the key frames of many receivers turns, so that they do not meet in the server's own queue. The zero
// value is ready. Full means: latecomers go at once after spreadMost.
type Spread struct {
	free int64 // ns, when the last turn is over
}

// Turn is when the frame of so many bytes may begin on a way out of so many bits a second, shared by all receivers.
func (s *Spread) Turn(size int, uplink Bitrate, now int64) int64 {
	begin := min(max(s.free, now), now+spreadMost)
	s.free = begin + int64(float64(max(size, 0))*8e9/float64(max(uplink, 1)))
	s.free = min(s.free, now+spreadMost)
	return begin
}
