package forward

// sieve chooses the frames of a video slot's source that are of the slot's layer, and remembers what it chose.
type sieve struct {
	limit cell  // the most that is wanted
	now   cell  // what is passed on
	short uint8 // frames for which another size was wanted than was passed on

	frames frames
	holes  holes  // indices left out
	left   uint16 // frames left out, on which picture ids close up
	ahead  int64  // added to a frame's order
	last   int64  // greatest frame number given out, with its rollovers
}

// patience is how many frames a smaller size is waited for before a key frame is asked for: the lowest layers of
// a whole cycle have come by then.
const patience = 24

// begin starts a source, or goes on with one that numbers its frames anew, with a key frame.
func (v *sieve) begin(f *Frame) {
	v.frames, v.holes, v.left, v.short = frames{}, holes{}, 0, 0
	v.now = v.first(f)
	if !f.Layered {
		return
	}
	v.ahead = v.last + 1 - f.Order
	v.last++
	v.frames.begin(f.Order, v.edge(f))
}

// first is the layer to begin with: the best that can be entered with the frame.
func (v *sieve) first(f *Frame) cell {
	want, ok := f.active.best(v.limit)
	if !ok {
		return v.limit
	}
	for c := int(want); c >= 0; c-- {
		if f.active>>c&1 != 0 && f.is.at(cell(c)) == enterable {
			return cell(c)
		}
	}
	return want
}

// restarts tells whether the source's frame numbers begin anew with the packet, which is not late.
func (v *sieve) restarts(f *Frame) bool {
	return f.Key && f.Layered && v.frames.begun && f.Order < v.frames.newest
}

// passes decides about one packet of the current source; late means that later ones went before it.
func (v *sieve) passes(f *Frame, late bool) bool {
	if !f.Layered {
		return true
	}
	if !v.frames.begun {
		v.ahead = v.last + 1 - f.Order
		v.last++
		v.frames.begin(f.Order, v.edge(f))
		return true
	}
	if f.Order > v.frames.newest {
		return v.opens(f)
	}
	k, ok := v.frames.place(f.Order)
	if !ok {
		return !late && f.is.at(v.now) != absent
	}
	if v.frames.seen.has(k) {
		return v.frames.sent.has(k)
	}
	if f.is.at(v.now) == absent {
		return false // and is asked again for each packet: its numbers are reserved already
	}
	v.frames.note(k, true, v.edge(f))
	return true
}

// opens decides about a frame of which nothing came before.
func (v *sieve) opens(f *Frame) bool {
	v.frames.advance(f.Order)
	if want, ok := f.active.best(v.limit); ok {
		v.aim(f, want)
	}
	goes := f.is.at(v.now) != absent
	v.frames.note(0, goes, v.edge(f))
	if goes {
		v.last = max(v.last, f.Order+v.ahead)
	} else {
		v.left++
	}
	return goes
}

// aim moves towards the wanted layer as far as the frame allows.
func (v *sieve) aim(f *Frame, want cell) {
	v.now = v.next(f, want)
	switch {
	case want.spatial() == v.now.spatial():
		v.short = 0
	case want > v.now:
		v.short = patience
	default:
		v.short = min(v.short+1, patience)
	}
}

// lacks tells whether only a key frame brings the size that is wanted.
func (v *sieve) lacks() bool { return v.short == patience }

func (v *sieve) next(f *Frame, want cell) cell {
	if want == v.now {
		return want
	}
	if f.loose && want < v.now && f.Layer.Spatial == 0 {
		return want&0x38 | min(want&7, v.now&7)
	}
	if !f.far && f.needs&^v.frames.before(f.Order) == 0 {
		if c, ok := v.entry(f, want); ok {
			return c
		}
	}
	if v.now.temporal() <= v.limit.temporal() {
		return v.now
	}
	// A lower rate of the same size needs nothing: its frames were all passed on.
	row := f.active & (0xff << (v.now & 0x38))
	if c, ok := row.best(v.now&0x38 | v.limit&7); ok && c < v.now {
		return c
	}
	return v.now
}

// entry is the layer nearest to the wanted one that can be entered with the frame: going up it is better than now.
func (v *sieve) entry(f *Frame, want cell) (cell, bool) {
	least, top := 0, v.limit.temporal()
	row := want.spatial()
	if want > v.now {
		least = int(v.now) + 1
	}
	fixed := f.loose && !f.Key
	if fixed {
		// What such a descriptor promises holds for who has the layers below, from the start of a picture on.
		row = v.now.spatial()
		switch s := f.Layer.Spatial; {
		case s > row && want > v.now:
			row, top = s, min(top, v.now.temporal())
		case s > 0 || f.Layer.Temporal > v.now.temporal()+1:
			return 0, false
		}
	}
	for c := int(want); c >= least; c-- {
		in := cell(c)
		if f.active>>in&1 == 0 || in.temporal() > top || fixed && in.spatial() != row {
			continue
		}
		if f.is.at(in) == enterable {
			return in, true
		}
	}
	return 0, false
}

func (v *sieve) edge(f *Frame) bool { return f.Layer.Spatial == v.now.spatial() }

// ends tells whether the packet is the last of its picture for the receiver: those of larger sizes are left out.
func (v *sieve) ends(f *Frame) bool {
	if !f.Ends || !f.Layered {
		return false
	}
	k, ok := v.frames.place(f.Order)
	return ok && v.frames.edge.has(k)
}

// went tells whether a packet that came went out with its content; known is false if that is forgotten.
func (v *sieve) went(f *Frame) (went, known bool) {
	if !f.Layered || !v.frames.begun {
		return true, true
	}
	k, ok := v.frames.place(f.Order)
	return ok && v.frames.sent.has(k), ok
}
