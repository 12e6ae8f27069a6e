package forward

import "math/bits"

// Bounds of layers in all codecs (AV1 RTP specification A.8.3.1).
const (
	MaxSpatial  = 3
	MaxTemporal = 7
)

// Layer is a quality of a picture: a size and a rate. Both count from zero, the least.
type Layer struct{ Spatial, Temporal uint8 }

// Top is every layer that there can be.
var Top = Layer{MaxSpatial, MaxTemporal}

// cell is a layer as a number: 8 spatial + temporal, so that a better size ranks above any rate.
type cell uint8

const cells = (MaxSpatial + 1) * (MaxTemporal + 1)

func (l Layer) cell() cell {
	return cell(min(l.Spatial, MaxSpatial)<<3 | min(l.Temporal, MaxTemporal))
}

func (c cell) spatial() uint8  { return uint8(c >> 3) }
func (c cell) temporal() uint8 { return uint8(c & 7) }
func (c cell) layer() Layer    { return Layer{c.spatial(), c.temporal()} }

// What a frame is to who receives a layer (AV1 RTP specification A.4, decode target indication).
const (
	absent      = 0 // not part of it
	discardable = 1
	enterable   = 2 // from here on the layer can be decoded, if this frame can
	required    = 3
)

// indications holds two bits for every cell.
type indications uint64

const requiredByAll = ^indications(0)

func (x indications) at(c cell) uint8 { return uint8(x>>(2*c)) & 3 }

func (x *indications) set(c cell, v uint8) { *x = *x&^(3<<(2*c)) | indications(v&3)<<(2*c) }

// cellSet is a set of cells.
type cellSet uint32

// grid is all layers up to one.
func grid(top Layer) cellSet {
	var g cellSet
	row := cellSet(2)<<min(top.Temporal, MaxTemporal) - 1
	for s := range min(top.Spatial, MaxSpatial) + 1 {
		g |= row << (8 * s)
	}
	return g
}

// best is the best member within limit, else the least member; false for the empty set.
func (g cellSet) best(limit cell) (cell, bool) {
	row := cellSet(2)<<limit.temporal() - 1
	for s := int(limit.spatial()); s >= 0; s-- {
		if in := g >> (8 * s) & row; in != 0 {
			return cell(8*s + bits.Len32(uint32(in)) - 1), true
		}
	}
	return g.least(), g != 0
}

// least is the least member of a set that is not empty.
func (g cellSet) least() cell { return cell(bits.TrailingZeros32(uint32(g)) & (cells - 1)) }

// Frame is what a packet says in clear of the frame that it is of. The zero Frame has no layers: it
// goes to everybody. Of one frame all packets say the same, but for Begins, Ends and Key.
type Frame struct {
	is      indications
	needs   uint64  // bit d-1: the frame d before this one by order is referred to
	active  cellSet // layers that are being sent; none: not known
	Order   int64   // number of the frame with its rollovers, greater for later frames
	Layer   Layer
	Layered bool // Order and Layer are known
	Begins  bool // first packet of the frame
	Ends    bool // last packet of the frame
	Key     bool // a receiver can begin with this packet: the first one of a key frame
	far     bool // it refers to a frame further back than needs can say
	loose   bool // from the codec's own descriptor, which knows no references
	dense   bool // frames that are left out must leave no hole in the picture ids (RFC 7741)
}

// Described tells whether the packet came with a dependency descriptor.
func (f *Frame) Described() bool { return f.Layered && !f.loose }
