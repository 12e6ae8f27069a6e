package forward

import "math/bits"

// Bounds of a dependency structure (AV1 RTP specification A.8.3.1).
const (
	maxTemplates = 64
	maxTargets   = 32
)

// bitReader reads bits, most significant first. Beyond the end it gives zeros and short is set.
type bitReader struct {
	b     []byte
	at    int
	short bool
}

// take reads n bits, at most 32.
func (r *bitReader) take(n int) (v uint32) {
	if r.at+n > 8*len(r.b) {
		r.short, r.at = true, 8*len(r.b)
		return 0
	}
	for n > 0 {
		have := 8 - r.at&7
		k := min(have, n)
		v = v<<k | uint32(r.b[r.at>>3])>>(have-k)&(1<<k-1)
		r.at += k
		n -= k
	}
	return v
}

func (r *bitReader) flag() bool { return r.take(1) == 1 }

// below reads a number less than n in its shortest form, ns(n); n is at least 1.
func (r *bitReader) below(n uint32) uint32 {
	w := bits.Len32(n)
	m := uint32(1)<<w - n
	v := r.take(w - 1)
	if v < m {
		return v
	}
	return v<<1 - m + r.take(1)
}

// template is what frames with one template id have in common.
type template struct {
	is    indications
	needs uint64
	layer Layer
}

// structure is a source's template dependency structure (AV1 RTP specification A.8.3.3), as far as a forwarder
// needs it: chains are read over. The zero value knows no template.
type structure struct {
	templates [maxTemplates]template
	count     int    // of templates
	offset    uint32 // template id of the first
	targets   int
	chains    int
	cells     [maxTargets]cell // of each decode target
	known     cellSet
}

// read takes the structure out of a descriptor; false if it is cut short or breaks a bound.
func (s *structure) read(r *bitReader) bool {
	*s = structure{offset: r.take(6), targets: int(r.take(5)) + 1}
	if !s.readLayers(r) {
		return false
	}
	var table [maxTemplates][maxTargets]uint8
	for i := range s.count {
		for d := range s.targets {
			table[i][d] = uint8(r.take(2))
		}
	}
	if r.short {
		return false
	}
	s.place(&table)
	for i := range s.count {
		for r.flag() {
			s.templates[i].needs |= 1 << r.take(4)
		}
	}
	s.readChains(r)
	if r.flag() { // resolutions
		for range s.templates[s.count-1].layer.Spatial + 1 {
			r.take(16)
			r.take(16)
		}
	}
	return !r.short
}

// readLayers reads the layer of each template.
func (s *structure) readLayers(r *bitReader) bool {
	var at Layer
	for {
		if s.count == maxTemplates || r.short {
			return false
		}
		s.templates[s.count].layer = at
		s.count++
		switch r.take(2) {
		case 0:
		case 1:
			at.Temporal++
		case 2:
			at = Layer{Spatial: at.Spatial + 1}
		case 3:
			return true
		}
		if at.Temporal > MaxTemporal || at.Spatial > MaxSpatial {
			return false
		}
	}
}

// place finds the layer of each decode target, the greatest of its frames', and turns the indications by target
// into indications by layer. Of two targets of one layer the first counts.
func (s *structure) place(table *[maxTemplates][maxTargets]uint8) {
	for d := range s.targets {
		var top Layer
		for i := range s.count {
			if table[i][d] != absent {
				top.Spatial = max(top.Spatial, s.templates[i].layer.Spatial)
				top.Temporal = max(top.Temporal, s.templates[i].layer.Temporal)
			}
		}
		c := top.cell()
		s.cells[d] = c
		if s.known>>c&1 != 0 {
			continue
		}
		s.known |= 1 << c
		for i := range s.count {
			s.templates[i].is.set(c, table[i][d])
		}
	}
}

func (s *structure) readChains(r *bitReader) {
	s.chains = int(r.below(uint32(s.targets) + 1))
	if s.chains == 0 {
		return
	}
	for range s.targets {
		r.below(uint32(s.chains))
	}
	for i := 0; i < s.count && !r.short; i++ {
		for range s.chains {
			r.take(4)
		}
	}
}

// activeOf turns a set of decode targets into the set of their layers.
func (s *structure) activeOf(targets uint32) (g cellSet) {
	for d := range s.targets {
		if targets>>d&1 != 0 {
			g |= 1 << s.cells[d]
		}
	}
	return g
}
