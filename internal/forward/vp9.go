package forward

// vp9 is what a VP9 payload descriptor says (RFC 9628 4.2). Nothing beyond it is read: the rest is sealed.
type vp9 struct {
	picture  Picture
	layer    Layer
	pictures [3]uint8 // how many pictures back those lie that it refers to
	refers   int      // of pictures
	sizes    uint8    // spatial layers, if the scalability structure is there; else 0
	layered  bool     // layer is there
	inter    bool     // refers to earlier pictures
	between  bool     // refers to the next lower spatial layer of its own picture
	up       bool     // later frames of higher rates refer to no earlier ones of those rates
	begins   bool
	ends     bool
}

// parseVP9 reads the descriptor at the head of a VP9 payload; false means that it is cut short.
func parseVP9(b []byte) (v vp9, ok bool) {
	if len(b) == 0 {
		return v, false
	}
	flags := b[0]
	v.inter, v.begins, v.ends = flags&0x40 != 0, flags&0x08 != 0, flags&0x04 != 0
	at := 1
	if flags&0x80 != 0 {
		if len(b) < 2 || b[1]&0x80 != 0 && len(b) < 3 {
			return v, false
		}
		v.picture.IDAt, v.picture.ID, at = 1, uint16(b[1]&0x7f), 2
		if b[1]&0x80 != 0 {
			v.picture.Wide, v.picture.ID, at = true, v.picture.ID<<8|uint16(b[2]), 3
		}
	}
	if flags&0x20 != 0 {
		if at, ok = v.readLayer(b, at, flags&0x10 != 0); !ok {
			return v, false
		}
	}
	for flags&0x50 == 0x50 {
		if at >= len(b) || v.refers == len(v.pictures) {
			return v, false
		}
		v.pictures[v.refers] = b[at] >> 1
		v.refers++
		at++
		if b[at-1]&1 == 0 {
			break
		}
	}
	if flags&0x02 != 0 {
		if at, ok = v.readStructure(b, at); !ok {
			return v, false
		}
	}
	v.picture.Begins = v.begins
	v.picture.Size = uint8(min(at, 255))
	return v, at <= len(b)
}

func (v *vp9) readLayer(b []byte, at int, flexible bool) (int, bool) {
	if at >= len(b) {
		return at, false
	}
	x := b[at]
	v.layered = true
	v.layer = Layer{Spatial: x >> 1 & 7, Temporal: x >> 5}
	v.up, v.between = x&0x10 != 0, x&1 != 0
	at++
	if flexible {
		return at, true
	}
	if at >= len(b) {
		return at, false
	}
	v.picture.LayAt, v.picture.Layer = uint8(at), b[at]
	return at + 1, true
}

// readStructure reads over the scalability structure (RFC 9628 4.2.1) but for the number of its layers.
func (v *vp9) readStructure(b []byte, at int) (int, bool) {
	if at >= len(b) {
		return at, false
	}
	x := b[at]
	v.sizes = x>>5 + 1
	at++
	if x&0x10 != 0 {
		at += 4 * int(v.sizes)
	}
	if x&0x08 == 0 {
		return at, at <= len(b)
	}
	if at >= len(b) {
		return at, false
	}
	n := int(b[at])
	at++
	for range n {
		if at >= len(b) {
			return at, false
		}
		at += 1 + int(b[at]>>2&3)
	}
	return at, at <= len(b)
}

// key tells whether the packet begins a picture that refers to none.
func (v *vp9) key() bool { return v.begins && !v.inter && v.layer.Spatial == 0 && !v.between }

// frame says the same as a frame of layers: a layer takes in all lower ones. Sizes is how many spatial layers are sent.
func (v *vp9) frame(id int64, sizes uint8, f *Frame) {
	l := Layer{min(v.layer.Spatial, MaxSpatial), v.layer.Temporal}
	*f = Frame{Order: 4*id + int64(l.Spatial), Layer: l, Layered: true, Begins: v.begins, Ends: v.ends, Key: v.key(), loose: true}
	f.active = grid(Layer{min(sizes, MaxSpatial+1) - 1, MaxTemporal})
	for c := range cell(cells) {
		if c.spatial() < l.Spatial || c.temporal() < l.Temporal {
			continue
		}
		x := uint8(required)
		switch {
		case l.Spatial == 0 && (v.up || !v.inter), c.spatial() == l.Spatial && !v.inter:
			x = enterable
		}
		f.is.set(c, x)
	}
	if v.between {
		f.needs = 1
	}
	for _, p := range v.pictures[:v.refers] {
		if p == 0 || p > 16 {
			f.far = true
		} else {
			f.needs |= 1 << (4*p - 1)
		}
	}
}
