package sfu

import (
	"time"

	"incamera/internal/forward"
	"incamera/internal/sfu/udp"
)

// intake is the memory of the reader: datagrams, and the packets among them that wait for the rest of their
// frame. Full means: they are passed on at once.
type intake struct {
	buffers [][bufferSize]byte
	window  [udp.MaxBatch]udp.Datagram
	used    int
	since   time.Time // when the oldest waiting packet came
	pending []arrival
	half    bool      // some of them are of a frame whose end has not come
	order   []*stream // that have packets waiting
	number  uint64    // of the batch
}

// arrival is one media packet, opened.
type arrival struct {
	packet  forward.Packet
	payload []byte // lies in a buffer
	marker  bool
	next    int32 // of the same stream, -1: none

	level    uint8 // of the sound, as the publisher says (RFC 6464 3)
	levelled bool  // level is there
}

func (in *intake) init() {
	in.buffers = make([][bufferSize]byte, bufferCount)
	in.pending = make([]arrival, 0, bufferCount)
	in.order = make([]*stream, 0, bufferCount)
	in.number = 1
}

// free lends the buffers that the next read may fill.
func (in *intake) free() []udp.Datagram {
	for i := range in.window {
		in.window[i].Data = in.buffers[in.used+i][:]
	}
	return in.window[:]
}

func (in *intake) datagram(i int) *udp.Datagram { return &in.window[i] }

func (in *intake) waiting() bool { return len(in.pending) > 0 }

// booked keeps the n buffers of the last read if a packet waits in any; true: there is no room for one more read.
func (in *intake) booked(n int, now time.Time) bool {
	if !in.waiting() {
		in.used = 0
		return false
	}
	if in.used == 0 {
		in.since = now
	}
	in.used += n
	return in.used > bufferCount-udp.MaxBatch
}

// add appends a packet to those of its stream.
func (in *intake) add(st *stream, a arrival) {
	a.next = -1
	in.half = in.half || st.track.kind == forward.Video && !a.marker
	n := int32(len(in.pending))
	in.pending = append(in.pending, a)
	if st.batch != in.number {
		st.batch, st.first = in.number, n
		in.order = append(in.order, st)
	} else {
		in.pending[st.last].next = n
	}
	st.last = n
}

func (in *intake) reset() {
	clear(in.order)
	in.used, in.pending, in.order, in.half = 0, in.pending[:0], in.order[:0], false
	in.number++
}
