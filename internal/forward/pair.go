package forward

import (
	"math"
	"time"
)

// Kind is the medium of a slot.
type Kind uint8

// The two media of a pair.
const (
	Audio Kind = iota
	Video
)

// Source names a stream of a publisher. The zero Source is nobody.
type Source struct{ Publisher, Stream uint32 }

// NoLag stands for a lag that is not known.
const NoLag = math.MinInt64

// Packet is what a source's packet says about itself. Index is never given twice for one source.
type Packet struct {
	Index    int64 // sequence number with its rollovers (RFC 3711 3.3.1)
	Arrival  int64 // ns of the server's clock
	Lag      int64 // arrival minus capture, ns
	OtherLag int64 // the same of the publisher's other medium, or NoLag
	Time     uint32
	Enters   bool // a receiver can begin with this packet: sound, or the first packet of a key frame
	Picture  Picture
}

// Out is what becomes of a packet for one receiver.
type Out struct {
	Index    int64 // sequence number with its rollovers; never the same twice for one slot
	Time     uint32
	Picture  Picture
	Send     bool
	Switched bool // the slot shows the packet's source from this packet on
}

// Start is the random beginning of one slot's numbers (RFC 3550 5.1, RFC 3711 3.3.1).
type Start struct {
	Index int64 // below 2^15, so that the receiver counts no rollover too many
	Time  uint32
}

// Pair is the audio slot and the video slot of a receiver that show the same person. Both get one
// time shift, so that voice and lips stay together over a switch. It is owned by one goroutine.
type Pair struct {
	slots     [2]slot
	publisher uint32 // whose lag the shift was chosen for
	shift     int64  // added to capture times, ns
}

// How far a shift may stay larger than needed before it is taken back, and its margin.
const (
	shiftSlack  = int64(60 * time.Millisecond)
	shiftMargin = int64(2 * time.Millisecond)
)

// NewPair makes a pair that shows nobody.
func NewPair(audio, video Start) Pair {
	return Pair{slots: [2]slot{newSlot(AudioRate, audio), newSlot(VideoRate, video)}}
}

// Want says whose stream the slot is to show next; the current one goes on until that stream can be
// entered. The zero Source empties the slot at once.
func (p *Pair) Want(k Kind, src Source) {
	s := &p.slots[k]
	s.wanted = src
	if src == (Source{}) {
		s.current = src
	}
}

// Waiting tells whether the slot is to show a stream that it could not enter yet.
func (p *Pair) Waiting(k Kind) bool { return p.slots[k].wanted != p.slots[k].current }

// Shows gives the stream that the slot passes on now.
func (p *Pair) Shows(k Kind) Source { return p.slots[k].current }

// Step decides about one packet of a source.
func (p *Pair) Step(k Kind, src Source, pkt *Packet) Out {
	s := &p.slots[k]
	if src == s.current {
		return s.pass(pkt)
	}
	if src != s.wanted || !pkt.Enters {
		return Out{}
	}
	p.align(k, src, pkt)
	return s.enter(src, pkt, p.shift)
}

// align chooses the pair's shift at the first switch of either medium to a publisher: no less than
// keeps both media's time from running backwards.
func (p *Pair) align(k Kind, src Source, pkt *Packet) {
	if p.publisher == src.Publisher {
		return
	}
	p.publisher = src.Publisher
	need := int64(NoLag)
	if s := &p.slots[k]; s.running() {
		need = pkt.Lag - s.lag() + shiftMargin
	}
	if o := &p.slots[1-k]; o.running() && pkt.OtherLag != NoLag {
		need = max(need, pkt.OtherLag-o.lag()+shiftMargin)
	}
	if need > p.shift || (need != NoLag && p.shift-need > shiftSlack) {
		p.shift = need
	}
}

// Origin gives the source's index behind a sequence number that a receiver reports missing; false
// if the number was not given to the current source, or not at all.
func (p *Pair) Origin(k Kind, seq uint16) (int64, bool) {
	s := &p.slots[k]
	out := s.last + int64(int16(seq-uint16(s.last)))
	if !s.running() || out > s.last || out-s.ahead < s.first {
		return 0, false
	}
	return out - s.ahead, true
}

// Again gives the numbers with which a packet of the current source was or would be passed on, without
// counting it: for a retransmission, which goes under a sequence number of its own.
func (p *Pair) Again(k Kind, pkt *Packet) Out {
	s := &p.slots[k]
	return s.number(pkt)
}

// Report gives the pair of times for the slot's sender report: wall clock in ns of the server's clock
// and RTP time; false as long as the source has not reported (RFC 3550 6.4.1).
func (p *Pair) Report(k Kind, c *Clock, w *Wall) (wall int64, ticks uint32, ok bool) {
	s := &p.slots[k]
	if s.current == (Source{}) || !c.known || !w.known {
		return 0, 0, false
	}
	return c.sent + w.offset + p.shift, c.ticks + s.later, true
}
