package forward

// Ladder is one video as its sender offers it: up to four streams of rising size (simulcast, RFC 8853), or one
// stream with layers in it. It maps a layer of the whole to a stream and a layer of that stream.
type Ladder struct {
	rungs [MaxSpatial + 1]rung
	count int
}

type rung struct {
	source Source
	meter  *Meter
}

// Add puts a stream above those that are there; false if there are four.
func (l *Ladder) Add(src Source, m *Meter) bool {
	if l.count == len(l.rungs) {
		return false
	}
	l.rungs[l.count] = rung{src, m}
	l.count++
	return true
}

// Replace gives the stream of a size a new source, as when its SSRC changes. The zero Source: it is gone.
func (l *Ladder) Replace(spatial uint8, src Source, m *Meter) {
	if int(spatial) < l.count {
		l.rungs[spatial] = rung{src, m}
	}
}

// Pick gives the stream and its layer that come nearest to a wanted layer: the largest size that is being sent and not
// larger than wanted, else the smallest. False if nothing is being sent.
func (l *Ladder) Pick(want Layer, now int64) (Source, Layer, bool) {
	if l.count == 1 {
		r := &l.rungs[0]
		return r.source, want, r.alive(now)
	}
	for s := min(int(want.Spatial), l.count-1); s >= 0; s-- {
		if r := &l.rungs[s]; r.alive(now) {
			return r.source, Layer{0, want.Temporal}, true
		}
	}
	for s := int(want.Spatial) + 1; s < l.count; s++ {
		if r := &l.rungs[s]; r.alive(now) {
			return r.source, Layer{0, want.Temporal}, true
		}
	}
	return Source{}, Layer{}, false
}

// Rate gives what it costs to pass a layer of the whole on, in bits a second; zero if it is not being sent.
func (l *Ladder) Rate(want Layer, now int64) int64 {
	switch {
	case l.count == 1 && l.rungs[0].meter != nil:
		return l.rungs[0].meter.Rate(want, now)
	case l.count > 1 && int(want.Spatial) < l.count && l.rungs[want.Spatial].meter != nil:
		return l.rungs[want.Spatial].meter.Rate(Layer{0, want.Temporal}, now)
	}
	return 0
}

func (r *rung) alive(now int64) bool {
	if r.source == (Source{}) || r.meter == nil {
		return false
	}
	_, ok := r.meter.Best(Top, now)
	return ok
}
