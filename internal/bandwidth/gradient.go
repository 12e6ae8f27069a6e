package bandwidth

import "time"

// usage is what the delay says of the way.
type usage uint8

const (
	underuse usage = iota // a queue empties
	normal
	overuse // a queue grows
)

// Numbers of the detector (draft-ietf-rmcat-gcc-02 5.3 to 5.5, with a trend line in place of the Kalman filter). Units of
// the line are ms.
const (
	burst       = int64(5 * time.Millisecond) // packets sent within are one group
	burstAtMost = int64(100 * time.Millisecond)
	jump        = int64(3 * time.Second) // a clock was set: begin anew
	trendSize   = 20                     // groups
	trendCount  = 60                     // groups until the gain is full
	trendGain   = 4.0
	smoothing   = 0.9
	overuseTime = 10.0 // ms
	thresholdAt = 12.5
	thresholdLo = 6.0
	thresholdHi = 600.0
	gainUp      = 0.0087
	gainDown    = 0.039
	spike       = 15.0 // farther above the threshold it does not follow
)

// group is packets that left together.
type group struct {
	firstSent, lastSent, firstCame, lastCame int64
}

// gradient finds out whether the delay grows.
type gradient struct {
	group, before group
	groups        int // of the two that are filled
	disorder      int // groups in a row that came before their forerunner
	line          line
	threshold     threshold
	usage         usage
}

func (g *gradient) init() {
	*g = gradient{usage: normal, threshold: threshold{at: max(g.threshold.at, thresholdAt)}}
}

// take notes that a packet sent at one time came at another, and gives what the delay says now.
func (g *gradient) take(sent, came int64) usage {
	if g.groups == 0 {
		g.group, g.groups = group{sent, sent, came, came}, 1
		return g.usage
	}
	if sent < g.group.firstSent {
		return g.usage // out of order
	}
	if g.together(sent, came) {
		g.group.lastSent = max(g.group.lastSent, sent)
		g.group.lastCame = max(g.group.lastCame, came)
		return g.usage
	}
	if g.groups == 2 {
		g.compare()
	}
	if g.groups > 0 {
		g.before = g.group
	}
	g.group, g.groups = group{sent, sent, came, came}, min(g.groups+1, 2)
	return g.usage
}

// together tells whether a packet belongs to the group: sent at once, or held up and let go at once.
func (g *gradient) together(sent, came int64) bool {
	if sent-g.group.firstSent <= burst {
		return true
	}
	gap := came - g.group.lastCame
	return gap-(sent-g.group.lastSent) < 0 && gap <= burst && came-g.group.firstCame < burstAtMost
}

// compare takes the delay between the two groups into the line.
func (g *gradient) compare() {
	sent, came := g.group.lastSent-g.before.lastSent, g.group.lastCame-g.before.lastCame
	if came-sent > jump || sent-came > jump {
		g.init()
		return
	}
	if came < 0 {
		if g.disorder++; g.disorder >= 3 {
			g.init()
		}
		return
	}
	g.disorder = 0
	trend := g.line.add(millis(came-sent), millis(g.group.lastCame))
	g.usage = g.threshold.judge(trend, millis(sent), millis(g.group.lastCame))
}

func millis(ns int64) float64 { return float64(ns) / 1e6 }

// line is the trend of the delay over the last groups.
type line struct {
	x, y             [trendSize]float64
	count            int // groups ever
	origin           float64
	summed, smoothed float64
}

// add takes one difference of delay and gives the slope, weighted by how much it is known.
func (l *line) add(delta, at float64) float64 {
	if l.count == 0 {
		l.origin = at
	}
	l.summed += delta
	l.smoothed = smoothing*l.smoothed + (1-smoothing)*l.summed
	i := l.count % trendSize
	l.x[i], l.y[i] = at-l.origin, l.smoothed
	l.count++
	if l.count < trendSize {
		return 0
	}
	return l.slope() * trendGain * float64(min(l.count, trendCount))
}

func (l *line) slope() float64 {
	var sumX, sumY float64
	for i := range l.x {
		sumX += l.x[i]
		sumY += l.y[i]
	}
	meanX, meanY := sumX/trendSize, sumY/trendSize
	var over, under float64
	for i := range l.x {
		over += (l.x[i] - meanX) * (l.y[i] - meanY)
		under += (l.x[i] - meanX) * (l.x[i] - meanX)
	}
	if under == 0 {
		return 0
	}
	return over / under
}

// threshold says how steep is too steep; it adapts, so that flows that fill queues do not starve this one.
type threshold struct {
	at      float64
	over    float64 // ms above it
	groups  int     // in a row above it
	trend   float64 // the last
	adapted float64 // ms, when
	usage   usage
}

// judge compares a trend with the threshold; step is the ms between the groups.
func (t *threshold) judge(trend, step, now float64) usage {
	switch {
	case trend > t.at:
		if t.groups == 0 {
			step /= 2 // it was passed somewhere in between
		}
		t.over += step
		t.groups++
		if t.over > overuseTime && t.groups > 1 && trend >= t.trend {
			t.over, t.groups = 0, 0
			t.usage = overuse
		}
	case trend < -t.at:
		t.over, t.groups, t.usage = 0, 0, underuse
	default:
		t.over, t.groups, t.usage = 0, 0, normal
	}
	t.trend = trend
	t.adapt(max(trend, -trend), now)
	return t.usage
}

func (t *threshold) adapt(trend, now float64) {
	step := min(now-t.adapted, 100)
	t.adapted = now
	if trend > t.at+spike {
		return
	}
	gain := gainUp
	if trend < t.at {
		gain = gainDown
	}
	t.at = min(max(t.at+gain*(trend-t.at)*max(step, 0), thresholdLo), thresholdHi)
}
