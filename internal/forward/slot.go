package forward

import "time"

// maxJump is how far a source's numbers may leap before the slot closes the hole instead of showing
// it: more than any loss, less than the 2^15 beyond which receivers lose count of rollovers.
const maxJump = 2048

// slot is one medium of a pair: the numbers it gave out last and what it adds to a source's.
// hot: read and written for every packet of every receiver.
type slot struct {
	current, wanted Source

	// Sequence: out = in + ahead.
	first  int64 // least index of the current source that may go out
	newest int64 // greatest index of the current source that went out
	ahead  int64
	last   int64 // greatest index given out

	// Time: one line for ever, baseTicks at base; out = in + later.
	rate      int64
	base      int64
	baseTicks uint32
	later     uint32
	lastTicks uint32
	lastAt    int64 // arrival of the packet with lastTicks; 0: none yet

	// VP8's running numbers.
	idAhead, lastID       uint16
	layerAhead, lastLayer uint8
}

func newSlot(rate int64, start Start) slot {
	return slot{rate: rate, last: start.Index, baseTicks: start.Time, lastTicks: start.Time}
}

// running tells whether the slot ever passed a packet on.
func (s *slot) running() bool { return s.lastAt != 0 }

// lag is how far the slot's last RTP time lay behind its arrival, ns.
func (s *slot) lag() int64 {
	return s.lastAt - s.base - int64(int32(s.lastTicks-s.baseTicks))*int64(time.Second)/s.rate
}

// ticksAt is the slot's RTP time at a time of the server's clock.
func (s *slot) ticksAt(t int64) uint32 {
	d := t - s.base
	sec := int64(time.Second)
	return s.baseTicks + uint32(d/sec*s.rate+d%sec*s.rate/sec)
}

// enter begins a source with its packet.
func (s *slot) enter(src Source, pkt *Packet, shift int64) Out {
	fresh := !s.running()
	s.current = src
	s.rebase(pkt.Index)
	if fresh {
		s.base = pkt.Arrival
	} else {
		s.rebaseLine(pkt.Arrival)
	}
	ticks := s.ticksAt(pkt.Arrival - pkt.Lag + shift)
	if !fresh && int32(ticks-s.lastTicks) <= 0 {
		ticks = s.lastTicks + uint32(s.rate/200)
	}
	s.later = ticks - pkt.Time
	if v := pkt.Picture; !fresh && v.IDAt != 0 {
		s.idAhead = s.lastID + 1 - v.ID
		s.layerAhead = s.lastLayer + 1 - v.Layer
	}
	out := s.pass(pkt)
	out.Switched = true
	return out
}

// rebaseLine measures the line of time from a later point, so that it never leaves the range of 32-bit ticks.
func (s *slot) rebaseLine(now int64) { s.baseTicks, s.base = s.ticksAt(now), now }

// rebase makes an index of the source the next to go out, and all before it late.
func (s *slot) rebase(index int64) {
	s.first, s.newest = index, index-1
	s.ahead = s.last + 1 - index
}

// pass numbers one more packet of the current source.
func (s *slot) pass(pkt *Packet) Out {
	if pkt.Index < s.first {
		return Out{} // from before the switch: its number is taken
	}
	if pkt.Index > s.newest+maxJump {
		s.rebase(pkt.Index)
	}
	if pkt.Arrival-s.base > int64(time.Hour) {
		s.rebaseLine(pkt.Arrival)
	}
	out := s.number(pkt)
	out.Send = true
	if pkt.Index > s.newest {
		s.newest, s.last = pkt.Index, out.Index
		if int32(out.Time-s.lastTicks) > 0 || s.lastAt == 0 {
			s.lastTicks, s.lastAt = out.Time, pkt.Arrival
		}
		if out.Picture.IDAt != 0 {
			s.lastID = out.Picture.ID
		}
		if out.Picture.LayAt != 0 {
			s.lastLayer = out.Picture.Layer
		}
	}
	return out
}

func (s *slot) number(pkt *Packet) Out {
	out := Out{Index: pkt.Index + s.ahead, Time: pkt.Time + s.later, Picture: pkt.Picture}
	if out.Picture.IDAt != 0 {
		out.Picture.ID = (out.Picture.ID + s.idAhead) & out.Picture.idMask()
	}
	if out.Picture.LayAt != 0 {
		out.Picture.Layer += s.layerAhead
	}
	return out
}
