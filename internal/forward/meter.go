package forward

import "time"

// A meter's window is 8 steps of 125 ms.
const (
	meterStep  = int64(125 * time.Millisecond)
	meterSteps = 8
)

// Meter measures what each layer of one video costs to pass on, over a sliding second. The zero value has
// measured nothing.
type Meter struct {
	bytes [meterSteps][cells]uint32
	total [cells]uint32
	step  int64 // number of the newest
	began int64 // arrival of the first packet; 0: there was none
	seen  cellSet
	late  cellSet // seen in the second before
	shift int64   // step at which seen was begun
}

// Take counts a packet of so many bytes on the wire.
func (m *Meter) Take(f *Frame, size int, now int64) {
	if m.began == 0 {
		m.began = max(now, 1)
		m.step = now / meterStep
		m.shift = m.step
	}
	m.pass(now)
	row := &m.bytes[m.step%meterSteps]
	own := f.Layer.cell()
	if !f.Layered {
		own = 0
	}
	m.seen |= 1 << own
	if !f.Layered || f.active == 0 || f.loose {
		for c := own; c < cells; c++ {
			if c.temporal() >= own.temporal() {
				row[c] += uint32(size)
				m.total[c] += uint32(size)
			}
		}
		return
	}
	m.seen &^= 1 << own // the decode targets tell better
	for g := f.active; g != 0; g &= g - 1 {
		c := g.least()
		if f.is.at(c) != absent {
			row[c] += uint32(size)
			m.total[c] += uint32(size)
			m.seen |= 1 << c
		}
	}
}

// pass moves the window on to now.
func (m *Meter) pass(now int64) {
	step := now / meterStep
	for range min(step-m.step, meterSteps) {
		m.step++
		row := &m.bytes[m.step%meterSteps]
		for c := range row {
			m.total[c] -= row[c]
			row[c] = 0
		}
	}
	m.step = max(m.step, step)
	if n := m.step - m.shift; n >= meterSteps {
		m.late, m.seen, m.shift = m.seen, 0, m.step
		if n >= 2*meterSteps {
			m.late = 0
		}
	}
}

// Rate gives what it costs to pass a layer on with all that it needs, in bits a second of the last second; zero
// for a layer that is not sent.
func (m *Meter) Rate(l Layer, now int64) int64 {
	m.pass(now)
	c := l.cell()
	if (m.seen|m.late)>>c&1 == 0 {
		return 0
	}
	span := min(max(now-m.began, meterStep), meterStep*(meterSteps-1)+now%meterStep)
	return int64(m.total[c]) * 8 * int64(time.Second) / span
}

// Sent tells whether a layer was sent within the last two seconds.
func (m *Meter) Sent(l Layer, now int64) bool {
	m.pass(now)
	return (m.seen|m.late)>>l.cell()&1 != 0
}

// Best gives the best layer within limit that is being sent; false if none was for two seconds.
func (m *Meter) Best(limit Layer, now int64) (Layer, bool) {
	m.pass(now)
	c, ok := (m.seen | m.late).best(limit.cell())
	return c.layer(), ok
}
