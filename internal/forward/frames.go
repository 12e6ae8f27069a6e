package forward

import "math/bits"

// unroller counts the rollovers of a number of few bits.
type unroller struct {
	newest int64
	begun  bool
}

// take gives the number of width bits with its rollovers, the nearest to the greatest so far.
func (u *unroller) take(n uint16, width uint) int64 {
	if !u.begun {
		u.begun, u.newest = true, int64(n)
	}
	up := 64 - width
	order := u.newest + int64(uint64(n)-uint64(u.newest))<<up>>up
	u.newest = max(u.newest, order)
	return order
}

// frameWindow is how many frames a slot looks back.
const frameWindow = 128

// frames remembers of the last 128 frames of a slot's source which were seen and which were passed on.
type frames struct {
	newest     int64 // bit k of the sets is frame newest-k
	seen, sent set128
	edge       set128 // of the size that was passed on then: with its last packet the picture ends for the receiver
	begun      bool
}

// begin forgets everything but one frame, which is passed on.
func (f *frames) begin(order int64, edge bool) {
	*f = frames{newest: order, begun: true}
	f.note(0, true, edge)
}

// advance makes a later frame the newest.
func (f *frames) advance(order int64) {
	n := uint64(order - f.newest)
	f.seen, f.sent, f.edge, f.newest = f.seen.up(n), f.sent.up(n), f.edge.up(n), order
}

// place is the bit of a frame that is not later than the newest; false if it is too old.
func (f *frames) place(order int64) (uint, bool) {
	k := f.newest - order
	return uint(k), uint64(k) < frameWindow
}

func (f *frames) note(k uint, sent, edge bool) {
	word, bit := k/64%2, uint64(1)<<(k%64)
	f.seen[word] |= bit
	if sent {
		f.sent[word] |= bit
	}
	if edge {
		f.edge[word] |= bit
	}
}

// before tells which of the 64 frames before one were passed on: bit d-1 is the frame d before it.
func (f *frames) before(order int64) uint64 {
	k, ok := f.place(order)
	if !ok || k+1 >= frameWindow {
		return 0
	}
	return f.sent.down(k + 1)
}

// leftOut counts the frames after one that were seen and not passed on; false if the frame is too old to tell.
func (f *frames) leftOut(order int64) (uint16, bool) {
	if order >= f.newest {
		return 0, true
	}
	k, ok := f.place(order)
	if !ok {
		return 0, false
	}
	out := set128{f.seen[0] &^ f.sent[0], f.seen[1] &^ f.sent[1]}
	return uint16(out.below(k)), true
}

// set128 is a set of small numbers.
type set128 [2]uint64

func (s set128) has(k uint) bool { return s[k/64]>>(k%64)&1 != 0 }

// up adds n to every member; those beyond 127 fall out.
func (s set128) up(n uint64) set128 {
	if n >= 64 {
		return set128{0, s[0] << min(n-64, 64)}
	}
	return set128{s[0] << n, s[1]<<n | s[0]>>(64-n)}
}

// down gives the members from k to k+63, less k.
func (s set128) down(k uint) uint64 {
	if k >= 64 {
		return s[1] >> (k - 64)
	}
	return s[0]>>k | s[1]<<(64-k)
}

// below counts the members less than k.
func (s set128) below(k uint) int {
	if k > 64 {
		return bits.OnesCount64(s[0]) + bits.OnesCount64(s[1]&(1<<(k-64)-1))
	}
	if k == 64 {
		return bits.OnesCount64(s[0])
	}
	return bits.OnesCount64(s[0] & (1<<k - 1))
}

// holes remembers which of the last 1,024 indices of a source were left out on purpose.
type holes [window / 64]uint64

func (h *holes) has(index int64) bool { return h[index/64%(window/64)]>>(index%64)&1 != 0 }

// advance makes room for the indices after newest, up to index, of which the last is left out or not.
func (h *holes) advance(newest, index int64, out bool) {
	if index-newest >= window {
		*h = holes{}
	} else {
		for i := newest + 1; i <= index; i++ {
			h[i/64%(window/64)] &^= 1 << (i % 64)
		}
	}
	if out {
		h[index/64%(window/64)] |= 1 << (index % 64)
	}
}

// count gives how many indices after one, up to newest, were left out; newest is less than 1,024 ahead.
func (h *holes) count(index, newest int64) (n int64) {
	for i := index + 1; i <= newest; {
		word := h[i/64%(window/64)] >> (i % 64)
		step := 64 - i%64
		if rest := newest - i + 1; rest < step {
			word &= 1<<rest - 1
		}
		n += int64(bits.OnesCount64(word))
		i += step
	}
	return n
}
