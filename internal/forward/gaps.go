package forward

import "time"

// Limits of the books about one source.
const (
	window   = 1024 // indices looked back for doubles; older packets are dropped
	maxGaps  = 64   // missing packets asked for at a time; a wider hole is given up
	maxTries = 6
)

// Intervals of asking for a missing packet: first after reordering had its chance, then once a round trip.
const (
	firstAsk = int64(10 * time.Millisecond)
	nextAsk  = int64(60 * time.Millisecond)
)

// Gaps keeps, for one source, which packets came and which are missing. The zero value has seen nothing.
// Full (more than 64 missing) means: all are given up and Take reports the loss.
type Gaps struct {
	seen    [window / 64]uint64
	newest  int64
	missing [maxGaps]gap
	count   int
	started bool
}

type gap struct {
	index int64
	due   int64 // when to ask next, ns
	tries int
}

// Take books one packet: fresh is false for a double or a packet too old to tell; lost is true when a
// hole was too wide to be asked for.
func (g *Gaps) Take(index, now int64) (fresh, lost bool) {
	if index < 0 {
		return false, false // from before the first packet of all
	}
	if !g.started {
		g.started, g.newest = true, index
		g.mark(index)
		return true, false
	}
	if index <= g.newest {
		if g.newest-index >= window || g.has(index) {
			return false, false
		}
		g.mark(index)
		g.fill(index)
		return true, false
	}
	lost = g.advance(index, now)
	g.mark(index)
	return true, lost
}

// advance moves the window up to index and notes what was skipped.
func (g *Gaps) advance(index, now int64) (lost bool) {
	from := g.newest + 1
	for i := max(from, index-window+1); i <= index; i++ {
		g.seen[i/64%(window/64)] &^= 1 << (i % 64)
	}
	g.newest = index
	if index-from+int64(g.count) > maxGaps {
		g.count = 0
		return true
	}
	for i := from; i < index; i++ {
		g.missing[g.count] = gap{index: i, due: now + firstAsk}
		g.count++
	}
	return false
}

// Due appends the sequence numbers to ask for now, in order. A packet that did not come after six
// requests is given up.
func (g *Gaps) Due(now int64, dst []uint16) []uint16 {
	kept := 0
	for i := range g.count {
		m := g.missing[i]
		if g.newest-m.index >= window || m.tries >= maxTries && m.due <= now {
			continue
		}
		if m.due <= now {
			m.due, m.tries = now+nextAsk, m.tries+1
			dst = append(dst, uint16(m.index))
		}
		g.missing[kept] = m
		kept++
	}
	g.count = kept
	return dst
}

// Index gives the index behind a sequence number of this source, the nearest to the newest.
func (g *Gaps) Index(seq uint16) (int64, bool) {
	return g.newest + int64(int16(seq-uint16(g.newest))), g.started
}

func (g *Gaps) fill(index int64) {
	for i := range g.count {
		if g.missing[i].index == index {
			copy(g.missing[i:g.count], g.missing[i+1:g.count])
			g.count--
			return
		}
	}
}

func (g *Gaps) mark(index int64)     { g.seen[index/64%(window/64)] |= 1 << (index % 64) }
func (g *Gaps) has(index int64) bool { return g.seen[index/64%(window/64)]&(1<<(index%64)) != 0 }
