package forward

import "encoding/binary"

// descriptorMin is the mandatory part of a dependency descriptor; it is all that is rewritten.
const descriptorMin = 3

// descriptors reads the dependency descriptors of one source (AV1 RTP specification A.8). The zero value has read none.
type descriptors struct {
	structure, spare structure
	active           cellSet // that the sender says it sends
	index            int64   // of the packet that brought the structure
	told             int64   // of the packet that told active
	numbers          unroller
}

// read takes a packet's descriptor; false if it is shorter than its mandatory part. A descriptor that refers to a
// structure that did not come, or is cut short, gives a frame that all layers require.
func (d *descriptors) read(index int64, b []byte, f *Frame) bool {
	if len(b) < descriptorMin {
		return false
	}
	vague := Frame{
		Order: d.numbers.take(binary.BigEndian.Uint16(b[1:]), 16), Layered: true,
		Begins: b[0]&0x80 != 0, Ends: b[0]&0x40 != 0, is: requiredByAll, far: true,
	}
	*f = vague
	id := uint32(b[0] & 0x3f)
	r := bitReader{b: b, at: 8 * descriptorMin}
	var flags [5]bool // structure, active targets, custom indications, references, chains
	if len(b) > descriptorMin {
		for i := range flags {
			flags[i] = r.flag()
		}
	}
	s := &d.structure
	if flags[0] {
		s = &d.spare
		if !s.read(&r) {
			return true
		}
	}
	active := d.active
	if flags[0] {
		active = s.known
	}
	if flags[1] {
		active = s.activeOf(r.take(s.targets))
	}
	i := (id + 64 - s.offset) % 64
	if int(i) >= s.count || r.short {
		return true
	}
	f.far = false
	define(s, &s.templates[i], flags[2], flags[3], &r, f)
	if r.short {
		*f = vague
		return true
	}
	f.Key = flags[0] && f.Begins && f.needs == 0 && !f.far
	d.keep(index, flags[0], flags[1], active)
	f.active = active
	return true
}

// define is the frame dependency definition (A.8.3.4) without the chains.
func define(s *structure, t *template, indicates, refers bool, r *bitReader, f *Frame) {
	f.Layer, f.is, f.needs = t.layer, t.is, t.needs
	if indicates {
		f.is = 0
		var placed cellSet
		for k := range s.targets {
			v := uint8(r.take(2))
			if c := s.cells[k]; placed>>c&1 == 0 {
				placed |= 1 << c
				f.is.set(c, v)
			}
		}
	}
	if !refers {
		return
	}
	f.needs = 0
	for !r.short {
		size := int(r.take(2))
		if size == 0 {
			return
		}
		if back := r.take(4 * size); back < 64 {
			f.needs |= 1 << back
		} else {
			f.far = true
		}
	}
}

// keep takes over what a packet says for those after it, unless a later one has said it already.
func (d *descriptors) keep(index int64, structured, told bool, active cellSet) {
	if structured && index >= d.index {
		d.structure, d.index = d.spare, index
	}
	if (structured || told) && index >= d.told {
		d.active, d.told = active, index
	}
}

// PutFrameNumber writes the frame number into a dependency descriptor; one that is cut short stays as it is.
func PutFrameNumber(descriptor []byte, number uint16) {
	if len(descriptor) >= descriptorMin {
		binary.BigEndian.PutUint16(descriptor[1:], number)
	}
}
