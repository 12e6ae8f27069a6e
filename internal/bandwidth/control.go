package bandwidth

import (
	"math"
	"time"
)

// Numbers of the rate control (draft-ietf-rmcat-gcc-02 5.5).
const (
	decrease       = 0.85   // of what arrives
	growth         = 1.08   // a second, far from where it was cut last
	mostGrowth     = 80_000 // bits a second each second: farther leaps are for probes
	nearGrowth     = 30_000 // bits a second each second, near to it, whatever the round trip: long ways get their share
	contestedCut   = 0.95   // of what arrives, when others hold the queue
	limitedRatio   = 1.5    // the estimate does not grow above so many times what arrives: silence proves nothing
	limitedExtra   = 10_000 // bits a second
	leastCutGap    = int64(10 * time.Millisecond)
	mostCutGap     = int64(200 * time.Millisecond)
	contestedGap   = int64(time.Second)             // when others hold the queue
	standingTrial  = int64(1200 * time.Millisecond) // plus a round trip: until a cut shows in the queue
	vainMost       = 4                              // the last cut is of the other kind
	vainAgain      = 1
	contestedTime  = int64(10 * time.Second) // then it is tried again whose queue it is
	standingMemory = int64(5 * time.Second)  // others that come and go
	ceilingGain    = 0.05
	leastSpread    = 0.4 // of the normalised variance, as bounds of it
	mostSpread     = 2.5
)

// control raises the rate by little while the delay is steady and cuts it when the delay grows.
type control struct {
	rate    float64 // bits a second
	cut     int64   // ns, the last decrease; 0: none
	raised  int64   // ns, until when the increase is paid
	holding bool    // a queue empties, or was just cut
	mean    float64 // kbit/s that arrived at the last cuts; 0: unknown
	spread  float64 // normalised variance of it
	vain    int     // cuts in a row that left the queue standing
	stood   int64   // ns, when the queue stood last
	tried   int64   // ns, the last cut for it
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
			c.raise(acked, now)
		}
		c.holding = false
	}
	c.raised = now
}

// stands takes whether a queue stands, and tells whether to cut for it. A queue that stands after two cuts is held by
// others: giving way to them would end at nothing.
func (c *control) stands(standing bool, rtt, now int64) bool {
	if standing {
		c.stood = now
	}
	switch {
	case !standing && (now-c.stood > standingMemory || c.vain > 0 && now-c.tried < standingTrial+rtt):
		c.vain = 0 // the others are gone, or it was ours
	case !standing:
		c.tried = max(c.tried, c.cut) // the cut before counts as the first
	case now-c.tried < standingTrial+rtt:
	case c.contested() && now-c.tried < contestedTime:
	default:
		if c.contested() {
			c.vain = vainAgain
		}
		c.vain++
		c.tried = now
		return true
	}
	return false
}

// contested tells that others hold the queue.
func (c *control) contested() bool { return c.vain >= vainMost }

func (c *control) lower(acked float64, rtt, now int64) {
	if c.cut > 0 && c.holding && now-c.cut < min(max(rtt, leastCutGap), mostCutGap) {
		return
	}
	if c.contested() && now-c.cut < contestedGap {
		return
	}
	factor := decrease
	if c.contested() {
		factor = contestedCut
	}
	target := factor * c.rate
	if acked > 0 {
		target = factor * acked
		c.learn(acked)
	}
	c.rate = min(c.rate, target)
	c.cut, c.holding = now, true
}

func (c *control) raise(acked float64, now int64) {
	if c.raised == 0 {
		return
	}
	seconds := min(float64(now-c.raised)/1e9, 1)
	if c.mean > 0 && acked/1000 > c.mean+3*c.deviation() {
		c.mean = 0 // the way became wider
	}
	grown := min(c.rate*math.Pow(growth, seconds), c.rate+mostGrowth*seconds)
	if c.mean > 0 && !c.contested() {
		grown = min(grown, c.rate+nearGrowth*seconds)
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
