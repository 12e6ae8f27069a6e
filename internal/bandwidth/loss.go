package bandwidth

import (
	"math"
	"time"
)

// Numbers of the loss-based bound (draft-ietf-rmcat-gcc-02 6, and our own test of whose loss it is).
const (
	lossWindow   = int64(300 * time.Millisecond)
	lossSample   = 25 // packets at least, else the window goes on
	trialSample  = 75 // after a cut: losses come in bursts
	lossLittle   = 0.02
	lossMuch     = 0.10
	lossGross    = 0.25 // so much at once: straight down to what arrives
	lossGrowth   = 1.3  // a second
	lossGain     = 0.3
	mostInherent = 0.5
	futile       = 0.7  // of the loss from before a cut is left: the cut was in vain
	proofStep    = 1.2  // times what was sent at the proof
	proofGain    = 1.08 // times what came then, at least
	proofBlock   = int64(10 * time.Second)
)

// lossBound lowers the rate for losses that sending less would prevent. Loss that a cut did not lessen is the way's
// own (radio, a bad line): it is called inherent, and only what exceeds it counts from then on.
type lossBound struct {
	bound      float64 // bits a second
	ratio      float64 // lost part, smoothed
	inherent   float64 // lost part that is not ours
	excess     float64 // of the last window
	got, lost  int     // packets of the open window
	since      int64   // ns, when it began
	flow       proof
	cutFrom    float64 // the bound before the cut that is on trial; 0: none is
	cutLoss    float64 // and the lost part
	cutSettled int64   // ns, when the cut shows
}

// proof is what has shown that loss is inherent: so much was sent, so much came. Sending more must bring more.
type proof struct {
	sent, came             float64 // bits a second, smoothed
	provenSent, provenCame float64 // at the last verdict, or since then; 0: none
	blocked                int64   // ns, no growth until then
}

// take notes one window and tells whether the proof fails: more is sent, and no more comes.
func (p *proof) take(came, part float64, now int64) bool {
	if came <= 0 {
		return false
	}
	p.sent += lossGain * (came/(1-part) - p.sent)
	p.came += lossGain * (came - p.came)
	if p.provenSent == 0 || p.sent < proofStep*p.provenSent {
		return false
	}
	if p.came < proofGain*p.provenCame {
		p.blocked = now + proofBlock
		return true
	}
	p.provenSent, p.provenCame = p.sent, p.came
	return false
}

// note counts packets; one that came after all takes its loss back.
func (l *lossBound) note(got, lost int) {
	l.got += got
	l.lost += lost
}

// calm tells that the losses leave room for more.
func (l *lossBound) calm() bool { return l.excess < lossMuch && l.cutFrom == 0 }

// update closes the window if it is full. Estimate and acked are the present rates.
func (l *lossBound) update(estimate, acked, most float64, rtt, now int64) {
	if l.since == 0 || now < l.cutSettled {
		l.got, l.lost, l.since = 0, 0, now
		return
	}
	if n := l.got + l.lost; now-l.since < lossWindow || n < lossSample || l.cutFrom > 0 && n < trialSample {
		return
	}
	part := min(max(float64(l.lost)/float64(l.got+l.lost), 0), 1)
	seconds := min(float64(now-l.since)/1e9, 1)
	l.got, l.lost, l.since = 0, 0, now
	l.ratio += lossGain * (part - l.ratio)
	if l.ratio < l.inherent {
		l.inherent += lossGain * (l.ratio - l.inherent)
	}
	if l.flow.take(acked*(1-l.inherent), min(part, 0.9), now) {
		l.inherent /= 2
		l.bound = min(l.bound, l.flow.provenSent)
		l.flow.provenSent = 0
	}
	if l.inherent < lossLittle {
		l.flow.provenSent = 0
	}
	l.verdict(part)
	part = min(part, l.ratio) // one bad moment is not enough
	l.excess = max(0, (part-l.inherent)/(1-l.inherent))
	switch {
	case l.excess > lossMuch:
		l.cut(part, min(l.bound, estimate), acked, rtt, now)
	case l.excess < lossLittle && now >= l.flow.blocked:
		l.bound = min(max(l.bound, estimate)*math.Pow(lossGrowth, seconds), most)
	}
}

// verdict judges the cut that is on trial.
func (l *lossBound) verdict(part float64) {
	if l.cutFrom == 0 {
		return
	}
	if part > futile*l.cutLoss {
		l.inherent = min(max(l.inherent, min(part, l.cutLoss)), mostInherent)
		l.bound = max(l.bound, l.cutFrom)
		if l.flow.provenSent == 0 {
			l.flow.provenSent, l.flow.provenCame = l.flow.sent, l.flow.came
		}
	}
	l.cutFrom = 0
}

// cut lowers the bound and puts that on trial. Acked is without the inherent loss.
func (l *lossBound) cut(part, from, acked float64, rtt, now int64) {
	if acked > 0 {
		from = min(from, acked/(1-l.excess)) // no more than what is sent
	}
	l.cutFrom, l.cutLoss = max(l.cutFrom, from), part
	to := from * (1 - l.excess/2)
	if l.excess > lossGross && acked > 0 {
		to = min(to, max(acked, from/4))
	}
	l.bound = min(l.bound, to)
	l.cutSettled = now + rtt + int64(100*time.Millisecond)
}
