package bandwidth

import "time"

// Numbers of the standing queue.
const (
	baseWindow    = int64(60 * time.Second) // the least delay is looked for in one to two of them
	recentWindow  = int64(time.Second)
	standingDelay = int64(40 * time.Millisecond) // more than that all the time is a queue that stands
)

// standing finds a queue that does not empty: the gradient does not see it once it is as long as it gets. The zero
// value is ready.
type standing struct {
	base, recent lowest
}

// lowest is the least of the window before and the present one.
type lowest struct {
	before, now int64
	since       int64 // ns; 0: nothing yet
}

func (l *lowest) take(value, window, now int64) {
	switch {
	case l.since == 0 || now-l.since > 2*window:
		l.before, l.now, l.since = value, value, now
	case now-l.since > window:
		l.before, l.now, l.since = l.now, value, now
	default:
		l.now = min(l.now, value)
	}
}

func (l *lowest) value() int64 { return min(l.before, l.now) }

// take notes one packet's delay, of two clocks that differ by anything.
func (s *standing) take(delay, now int64) {
	s.base.take(delay, baseWindow, now)
	s.recent.take(delay, recentWindow, now)
}

// stands tells that the queue was not empty for a second at least.
func (s *standing) stands() bool {
	return s.recent.value()-s.base.value() > standingDelay
}
