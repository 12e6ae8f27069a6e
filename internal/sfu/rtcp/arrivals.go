package rtcp

import (
	"encoding/binary"
	"time"
)

// Limits of the feedback: packets kept, and told of in one report.
const (
	arrivalsKept = 1024
	arrivalsTold = 400
)

// Units of the feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1).
const (
	referenceUnit = int64(64 * time.Millisecond)
	deltaUnit     = int64(250 * time.Microsecond)
)

// Symbols of a packet's status.
const (
	notReceived = 0
	smallDelta  = 1
	largeDelta  = 2
)

// Arrivals notes when the packets of one connection came, by their transport-wide numbers, and reports it.
// Full means: the oldest are forgotten untold. The zero value is ready; one goroutine owns it.
type Arrivals struct {
	at      [arrivalsKept]int64 // ns, 0: not received
	next    int64               // first number to tell of
	newest  int64
	count   uint8 // of reports
	started bool
}

// Take notes one packet; at is in ns of any steady clock and above zero.
func (a *Arrivals) Take(seq uint16, at int64) {
	if !a.started {
		// Begin above zero, so that numbers from before the first stay positive.
		a.started = true
		a.next = int64(seq) + 1<<16
		a.newest = a.next - 1
	}
	n := a.newest + int64(int16(seq-uint16(a.newest)))
	if n <= a.newest-arrivalsKept {
		return
	}
	for i := max(a.newest+1, n-arrivalsKept+1); i <= n; i++ {
		a.at[i%arrivalsKept] = 0
	}
	a.newest = max(a.newest, n)
	a.next = max(a.next, a.newest-arrivalsKept+1)
	a.at[n%arrivalsKept] = at
	a.next = min(a.next, n) // came late: tell again from here
}

// Append appends a report of what came since the last one, dst unchanged if nothing did.
func (a *Arrivals) Append(dst []byte, ssrc, media uint32) []byte {
	from := a.next
	for a.started && from <= a.newest && a.at[from%arrivalsKept] == 0 {
		from++ // losses are told once something after them came
	}
	if !a.started || from > a.newest {
		return dst
	}
	from = max(a.next, from-arrivalsTold/2)
	first := from
	for a.at[first%arrivalsKept] == 0 {
		first++
	}
	reference := a.at[first%arrivalsKept] / referenceUnit
	var symbols [arrivalsTold]uint8
	var deltas [2 * arrivalsTold]byte
	told, filled := 0, 0
	last := reference * referenceUnit
	for n := from; n <= a.newest && told < arrivalsTold; n++ {
		at := a.at[n%arrivalsKept]
		if at == 0 {
			symbols[told] = notReceived
			told++
			continue
		}
		d := (at - last) / deltaUnit
		if d < -1<<15 || d >= 1<<15 {
			break
		}
		last += d * deltaUnit
		if d >= 0 && d < 256 {
			symbols[told], deltas[filled] = smallDelta, byte(d)
			filled++
		} else {
			symbols[told] = largeDelta
			binary.BigEndian.PutUint16(deltas[filled:], uint16(d))
			filled += 2
		}
		told++
	}
	a.next = from + int64(told)
	start := len(dst)
	dst = appendWords(appendHeader(dst, formatArrivals, typeTransport, 0), ssrc, media)
	dst = appendWords(dst, uint32(uint16(from))<<16|uint32(told), uint32(reference&0xffffff)<<8|uint32(a.count))
	a.count++
	dst = appendChunks(dst, symbols[:told])
	dst = append(dst, deltas[:filled]...)
	return pad(dst, start)
}

// appendChunks codes the symbols as runs where seven or more are equal, else seven at a time.
func appendChunks(dst []byte, symbols []uint8) []byte {
	for len(symbols) > 0 {
		run := 1
		for run < len(symbols) && symbols[run] == symbols[0] {
			run++
		}
		if run >= 7 || run == len(symbols) {
			dst = binary.BigEndian.AppendUint16(dst, uint16(symbols[0])<<13|uint16(run))
			symbols = symbols[run:]
			continue
		}
		chunk := uint16(3) << 14 // a vector of two-bit symbols
		n := min(7, len(symbols))
		for i, s := range symbols[:n] {
			chunk |= uint16(s) << (12 - 2*i)
		}
		dst = binary.BigEndian.AppendUint16(dst, chunk)
		symbols = symbols[n:]
	}
	return dst
}

// pad fills the packet that begins at start to whole words and sets its length (RFC 3550 6.4.1, padding).
func pad(dst []byte, start int) []byte {
	if n := (len(dst) - start) % 4; n != 0 {
		fill := 4 - n
		for range fill - 1 {
			dst = append(dst, 0)
		}
		dst = append(dst, byte(fill))
		dst[start] |= 0x20
	}
	binary.BigEndian.PutUint16(dst[start+2:], uint16((len(dst)-start)/4-1))
	return dst
}
