package sfu

import (
	"incamera/internal/forward"
	"incamera/internal/sfu/rtp"
	"incamera/internal/sfu/seal"
	"incamera/internal/sfu/udp"
)

// arenaSize is the sealed bytes of one batch of messages: what stays in a core's cache until it is sent. Full means: the
// batch goes out.
const arenaSize = 256 << 10

// egress seals packets behind one another into messages and sends the messages in batches.
type egress struct {
	conn     batchConn
	arena    []byte
	used     int
	messages [udp.MaxBatch]udp.Message
	count    int
	header   [rtp.HeaderSize + rtp.ByteSize]byte

	// the open message
	path    *udp.Path
	start   int
	segment int // size of every packet but the last
	packets int
	short   bool // the last packet is smaller: the message is full

	sent, bytes uint64
}

func (e *egress) init(conn batchConn) {
	e.conn = conn
	e.arena = make([]byte, arenaSize)
}

// begin opens a message to a receiver.
func (e *egress) begin(path *udp.Path) { e.path = path }

// place makes room for a packet of the given size, in the open message if it fits there.
func (e *egress) place(size int) {
	if e.packets > 0 && (e.short || size > e.segment || e.packets == udp.MaxSegments || e.used-e.start+size > udp.MaxMessage) {
		e.finish()
	}
	if e.used+size > len(e.arena) {
		e.finish()
		e.flush()
	}
	if e.packets == 0 {
		e.start, e.segment = e.used, size
	}
}

// placed books the packet that now lies in the arena.
func (e *egress) placed(size int) {
	e.used += size
	e.packets++
	e.short = size < e.segment
	e.sent++
	e.bytes += uint64(size)
}

// finish closes the open message.
func (e *egress) finish() {
	if e.packets == 0 {
		return
	}
	m := udp.Message{Path: e.path, Data: e.arena[e.start:e.used]}
	if e.packets > 1 {
		m.Segment = e.segment
	}
	e.packets, e.short = 0, false
	e.messages[e.count] = m
	e.count++
	if e.count == len(e.messages) {
		e.flush()
	}
}

// flush sends what is finished. Nothing may be open. A closed socket swallows it.
func (e *egress) flush() {
	if e.count > 0 {
		_ = e.conn.WriteBatch(e.messages[:e.count])
		clear(e.messages[:e.count])
	}
	e.count, e.used = 0, 0
}

// one lays a datagram ready that is sealed already, or is not to be.
func (e *egress) one(path *udp.Path, data []byte) {
	if len(data) == 0 || len(data) > bufferSize {
		return
	}
	if e.used+len(data) > len(e.arena) {
		e.flush()
	}
	copy(e.arena[e.used:], data)
	e.messages[e.count] = udp.Message{Path: path, Data: e.arena[e.used : e.used+len(data)]}
	e.used += len(data)
	e.count++
	if e.count == len(e.messages) {
		e.flush()
	}
}

// head writes the header of a packet for a slot, with the level of the sound for who has agreed on it.
func (e *egress) head(x *slot, a *arrival, out *forward.Out) []byte {
	rtp.Put(e.header[:], x.format.main, a.marker, uint16(out.Index), out.Time, x.ssrc)
	if !a.levelled || x.format.level == 0 {
		return e.header[:rtp.HeaderSize]
	}
	rtp.PutByte(e.header[:], x.format.level, a.level)
	return e.header[:]
}

// seal lays one packet of a slot into the open message: header, prefix and payload, with the picture's numbers put
// in if they differ from those that came. Index is never used twice for the header's SSRC.
func (e *egress) seal(out *seal.Sender, header, prefix, payload []byte, came, goes *forward.Picture, index int64) bool {
	size := len(header) + len(prefix) + len(payload) + out.Overhead()
	e.place(size)
	if len(prefix) > 0 || came.ID != goes.ID || came.Layer != goes.Layer {
		at := e.arena[e.used+len(header):]
		n := copy(at, prefix)
		copy(at[n:], payload)
		goes.Put(at[n : n+len(payload)])
		payload = at[: n+len(payload) : n+len(payload)]
	}
	sealed, err := out.Seal(e.arena[:e.used], header, payload, index)
	if err != nil {
		return false
	}
	e.placed(len(sealed) - e.used)
	return true
}

// flush passes on everything that waits.
func (s *shard) flush() {
	for _, st := range s.in.order {
		for _, x := range st.receivers {
			s.deliver(st, x)
		}
	}
	s.out.flush()
	s.in.reset()
}

// deliver passes a stream's packets on to one slot.
func (s *shard) deliver(st *stream, x *slot) {
	l := x.pair.link
	if !l.ready() {
		return
	}
	s.out.begin(&l.net.path)
	for i := st.first; i >= 0; i = s.in.pending[i].next {
		a := &s.in.pending[i]
		out := x.pair.state.Step(x.kind, st.source, &a.packet)
		if !out.Send {
			continue
		}
		if out.Switched {
			x.entered(st)
		}
		header := s.out.head(x, a, &out)
		if s.out.seal(l.net.out, header, nil, a.payload, &a.packet.Picture, &out.Picture, out.Index) {
			x.packets++
			x.octets += uint32(len(a.payload))
		}
	}
	s.out.finish()
}
