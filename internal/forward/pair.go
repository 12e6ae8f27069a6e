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
	Frame    Frame
}

// Out is what becomes of a packet for one receiver.
type Out struct {
	Index    int64 // sequence number with its rollovers; never the same twice for one slot
	Time     uint32
	Picture  Picture
	Frame    uint16 // frame number for the dependency descriptor, if the packet came with one
	Send     bool
	Blank    bool // without payload and descriptor: the number was kept for a packet that is not of the slot's layer
	Ends     bool // the last packet of its picture for this receiver: to be marked
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
	sieve     sieve // of the video
	hold      hold
	publisher uint32 // whose lag the shift was chosen for
	shift     int64  // added to capture times, ns
}

// hold keeps back a video from its next key frame on while another video of the same publisher is to take its place:
// browsers that read frame numbers drop the second of two key frames of one instant.
type hold struct {
	from int64 // index of the key frame
	at   int64 // when it came; 0: nothing is held
	over bool  // it took too long: key frames of the old video go on
}

// maxHold is how long a picture may stand still for a better one, in ns: two requests for a key frame.
const maxHold = int64(500 * time.Millisecond)

// How far a shift may stay larger than needed before it is taken back, and its margin.
const (
	shiftSlack  = int64(60 * time.Millisecond)
	shiftMargin = int64(2 * time.Millisecond)
)

// NewPair makes a pair that shows nobody, and that passes every layer on.
func NewPair(audio, video Start) Pair {
	return Pair{
		slots: [2]slot{newSlot(AudioRate, audio), newSlot(VideoRate, video)},
		sieve: sieve{limit: Top.cell(), now: Top.cell()},
	}
}

// Want says whose stream the slot is to show next; the current one goes on until that stream can be
// entered. The zero Source empties the slot at once; another call resumes it at a key frame.
func (p *Pair) Want(k Kind, src Source) {
	s := &p.slots[k]
	if k == Video && src != s.wanted {
		p.hold.over = false
	}
	s.wanted = src
	if src == (Source{}) {
		s.current = src
		if k == Video {
			p.hold = hold{}
		}
	}
}

// Limit says which layer of its source the video slot is to pass on at most. Down it takes effect with the next frame
// that allows it, up with the next that can be decoded.
func (p *Pair) Limit(top Layer) { p.sieve.limit = top.cell() }

// Layer gives the layer of its source that the video slot passes on.
func (p *Pair) Layer() Layer { return p.sieve.now.layer() }

// Waiting tells whether the slot is to show a stream that it could not enter yet.
func (p *Pair) Waiting(k Kind) bool {
	return p.slots[k].wanted != p.slots[k].current || k == Video && p.hold.at != 0
}

// Lacks tells whether the slot needs a key frame of the stream it is to show: to enter it, or to change to the layer
// it is to have.
func (p *Pair) Lacks(k Kind) bool {
	s := &p.slots[k]
	return s.wanted != (Source{}) && (p.Waiting(k) || k == Video && p.sieve.lacks())
}

// Shows gives the stream that the slot passes on now.
func (p *Pair) Shows(k Kind) Source { return p.slots[k].current }

// Step decides about one packet of a source.
func (p *Pair) Step(k Kind, src Source, pkt *Packet) Out {
	s := &p.slots[k]
	v := p.sieveOf(k)
	if src == (Source{}) {
		return Out{}
	}
	if src == s.current {
		if k == Audio || !p.holds(s, pkt) {
			return s.pass(pkt, v)
		}
		if !pkt.Enters || p.hold.at != 0 && !p.released(s, pkt) {
			return Out{}
		}
		p.hold.at = 0
		return s.again(pkt, v)
	}
	if src != s.wanted || !pkt.Enters {
		return Out{}
	}
	p.align(k, src, pkt)
	if k == Video {
		p.hold = hold{}
	}
	return s.enter(src, pkt, p.shift, v)
}

func (p *Pair) sieveOf(k Kind) *sieve {
	if k == Video {
		return &p.sieve
	}
	return nil
}

// holds tells whether a packet of the current video is held back.
func (p *Pair) holds(s *slot, pkt *Packet) bool {
	h := &p.hold
	if h.at != 0 {
		return pkt.Index >= h.from
	}
	if s.wanted == s.current || s.wanted.Publisher != s.current.Publisher || h.over || !pkt.Enters || pkt.Index <= s.newest {
		return false
	}
	h.at, h.from = max(pkt.Arrival, 1), pkt.Index
	return true
}

// released tells whether a key frame of a video that is held back ends that: it is to stay after all, or the other
// one did not come.
func (p *Pair) released(s *slot, pkt *Packet) bool {
	if pkt.Index <= p.hold.from {
		return false
	}
	if s.wanted == s.current {
		return true
	}
	p.hold.over = pkt.Arrival-p.hold.at > maxHold
	return p.hold.over
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
	return s.origin(s.last+int64(int16(seq-uint16(s.last))), p.sieveOf(k))
}

// Again gives the numbers with which a packet of the current source was passed on, without counting it: for a
// retransmission, which goes under a sequence number of its own. Send is false if they are forgotten.
func (p *Pair) Again(k Kind, pkt *Packet) Out {
	out := p.slots[k].number(pkt, p.sieveOf(k))
	if k == Video && out.Send {
		went, known := p.sieve.went(&pkt.Frame)
		out.Send, out.Blank = known, known && !went
	}
	return out
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
