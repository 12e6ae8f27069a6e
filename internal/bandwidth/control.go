package bandwidth

import (
	"math"
	"time"
)

// Numbers of the rate control (draft-ietf-rmcat-gcc-02 5.5).
const (
	decrease     = 0.85 // of what arrives
	growth       = 1.08 // a second, far from where it was cut last
	leastGrowth  = 4000 // bits a second each second, near to it
	packetBits   = 1200 * 8
	limitedRatio = 1.5    // the estimate does not grow above so many times what arrives: silence proves nothing
	limitedExtra = 10_000 // bits a second
	leastCutGap  = int64(10 * time.Millisecond)
	mostCutGap   = int64(200 * time.Millisecond)
	ceilingGain  = 0.05
	leastSpread  = 0.4 // of the normalised variance, as bounds of it
	mostSpread   = 2.5
)

// control raises the rate by little while the delay is steady and cuts it when the delay grows.
type control struct {
	rate    float64 // bits a second
	cut     int64   // ns, the last decrease; 0: none
	raised  int64   // ns, until when the increase is paid
	holding bool    // a queue empties, or was just cut
	mean    float64 // kbit/s that arrived at the last cuts; 0: unknown
	spread  float64 // normalised variance of it
}

// update takes what the delay says, and what arrives, 0 if that is not known.
func (c *control) update(u usage, acked float64, rtt, now int64) {
	switch u {
	case overuse:
		c.lower(acked, rtt, now)
	case underuse:
		c.holding = true
	case normal:
		if !c.holding {
			c.raise(acked, rtt, now)
		}
		c.holding = false
	}
	c.raised = now
}

func (c *control) lower(acked float64, rtt, now int64) {
	if c.cut > 0 && c.holding && now-c.cut < min(max(rtt, leastCutGap), mostCutGap) {
		return
	}
	target := decrease * c.rate
	if acked > 0 {
		target = decrease * acked
		c.learn(acked)
	}
	c.rate = min(c.rate, target)
	c.cut, c.holding = now, true
}

func (c *control) raise(acked float64, rtt, now int64) {
	if c.raised == 0 {
		return
	}
	seconds := min(float64(now-c.raised)/1e9, 1)
	if c.mean > 0 && acked/1000 > c.mean+3*c.deviation() {
		c.mean = 0 // the way became wider
	}
	grown := c.rate * math.Pow(growth, seconds)
	if c.mean > 0 {
		response := 2 * float64(rtt+int64(100*time.Millisecond)) / 1e9
		grown = c.rate + max(leastGrowth, packetBits/response)*seconds
	}
	if acked > 0 {
		grown = min(grown, limitedRatio*acked+limitedExtra)
	}
	c.rate = max(c.rate, grown)
}

// learn remembers what arrived when the way was full.
func (c *control) learn(acked float64) {
	k := acked / 1000
	if c.mean > 0 && k < c.mean-3*c.deviation() {
		c.mean = 0
	}
	if c.mean == 0 {
		c.mean, c.spread = k, leastSpread
		return
	}
	off := c.mean - k
	c.mean += ceilingGain * (k - c.mean)
	c.spread = (1-ceilingGain)*c.spread + ceilingGain*off*off/max(c.mean, 1)
	c.spread = min(max(c.spread, leastSpread), mostSpread)
}

func (c *control) deviation() float64 { return math.Sqrt(c.spread * c.mean) }

// jump takes a rate that was proven.
func (c *control) jump(rate float64, now int64) {
	c.rate, c.raised, c.holding = max(c.rate, rate), now, false
	if c.mean > 0 && rate/1000 > c.mean+3*c.deviation() {
		c.mean = 0
	}
}
