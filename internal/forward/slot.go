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

// enter begins a source with its packet. V is the slot's sieve, nil for sound.
func (s *slot) enter(src Source, pkt *Packet, shift int64, v *sieve) Out {
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
	s.begin(pkt, v)
	out := s.pass(pkt, v)
	out.Switched = true
	return out
}

// again goes on with the same source at a key frame, after packets of it were held back.
func (s *slot) again(pkt *Packet, v *sieve) Out {
	s.rebase(pkt.Index)
	s.begin(pkt, v)
	return s.pass(pkt, v)
}

// begin makes frame and picture numbers go on from the last ones with a key frame.
func (s *slot) begin(pkt *Packet, v *sieve) {
	if p := pkt.Picture; s.running() && p.IDAt != 0 {
		s.idAhead = s.lastID + 1 - p.ID
		s.layerAhead = s.lastLayer + 1 - p.Layer
	}
	if v != nil {
		v.begin(&pkt.Frame)
	}
}

// rebaseLine measures the line of time from a later point, so that it never leaves the range of 32-bit ticks.
func (s *slot) rebaseLine(now int64) { s.baseTicks, s.base = s.ticksAt(now), now }

// rebase makes an index of the source the next to go out, and all before it late.
func (s *slot) rebase(index int64) {
	s.first, s.newest = index, index-1
	s.ahead = s.last + 1 - index
}

// pass numbers one more packet of the current source, or leaves it out.
func (s *slot) pass(pkt *Packet, v *sieve) Out {
	if pkt.Index < s.first {
		return Out{} // from before the switch: its number is taken
	}
	if pkt.Index > s.newest+maxJump {
		s.rebase(pkt.Index)
	}
	if pkt.Arrival-s.base > int64(time.Hour) {
		s.rebaseLine(pkt.Arrival)
	}
	late := pkt.Index <= s.newest
	if v != nil {
		if !late && v.restarts(&pkt.Frame) {
			s.begin(pkt, v)
		}
		goes := v.passes(&pkt.Frame, late)
		if !late {
			v.holes.advance(s.newest, pkt.Index, !goes)
		}
		if !goes {
			return s.leave(pkt, v, late)
		}
	}
	out := s.number(pkt, v)
	if pkt.Index > s.newest && out.Send {
		s.newest, s.last = pkt.Index, out.Index
		s.count(&out, pkt.Arrival)
	}
	return out
}

// count keeps what the next numbers go on from.
func (s *slot) count(out *Out, arrival int64) {
	if int32(out.Time-s.lastTicks) > 0 || s.lastAt == 0 {
		s.lastTicks, s.lastAt = out.Time, arrival
	}
	if out.Picture.IDAt != 0 {
		s.lastID = out.Picture.ID
	}
	if out.Picture.LayAt != 0 {
		s.lastLayer = out.Picture.Layer
	}
}

// leave leaves a packet out: those after it close up. The number of a late one was kept for it already and goes
// out empty.
func (s *slot) leave(pkt *Packet, v *sieve, late bool) Out {
	if late {
		out := s.number(pkt, v)
		out.Blank = true
		return out
	}
	s.newest = pkt.Index
	s.ahead--
	s.last = s.newest + s.ahead
	return Out{}
}

// number gives a packet's numbers. It is not to be sent if it is so old that they are forgotten.
func (s *slot) number(pkt *Packet, v *sieve) Out {
	out := Out{Index: pkt.Index + s.ahead, Time: pkt.Time + s.later, Picture: pkt.Picture, Send: true}
	var left uint16
	if v != nil {
		f := &pkt.Frame
		out.Frame = uint16(f.Order + v.ahead)
		out.Ends = v.ends(f)
		if pkt.Index < s.newest {
			if s.newest-pkt.Index >= window {
				return Out{}
			}
			out.Index += v.holes.count(pkt.Index, s.newest)
		}
		if f.dense {
			later, ok := v.frames.leftOut(f.Order)
			if !ok {
				return Out{}
			}
			left = v.left - later
		}
	}
	if out.Picture.IDAt != 0 {
		out.Picture.ID = (out.Picture.ID + s.idAhead - left) & out.Picture.idMask()
	}
	if out.Picture.LayAt != 0 {
		out.Picture.Layer += s.layerAhead
	}
	return out
}

// origin gives the index of the source whose packet has the number out.
func (s *slot) origin(out int64, v *sieve) (int64, bool) {
	if !s.running() || s.current == (Source{}) || out > s.last {
		return 0, false
	}
	index := out - s.ahead
	if v != nil {
		// Each turn corrects by what was left out after the guess, and never passes the answer.
		for range window {
			if s.newest-index >= window || index < s.first {
				return 0, false
			}
			over := index + s.ahead + v.holes.count(index, s.newest) - out
			if over == 0 && (index > s.newest || !v.holes.has(index)) {
				break
			}
			index -= max(over, 1)
		}
	}
	return index, index >= s.first
}
