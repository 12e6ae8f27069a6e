package forward

import "time"

// Clock rates of the two media, in ticks a second (RFC 7587 4.1, RFC 7741 4.1).
const (
	AudioRate = 48000
	VideoRate = 90000
)

// maxLag bounds what a publisher's reports may claim about the age of a packet; beyond it they are not believed.
const maxLag = int64(10 * time.Second)

// Wall maps one publisher's wall clock to the server's. The zero value knows nothing.
type Wall struct {
	offset int64 // least of arrival minus sender's time, ns: the path's shortest delay and the clocks' difference
	at     int64 // arrival of the last report
	known  bool
}

// Report takes the sender's wall clock out of a sender report and the report's arrival, both in ns.
// The least offset is let grow by 100 parts in a million, more than two clocks drift apart.
func (w *Wall) Report(sent, arrival int64) {
	offset := arrival - sent
	creep := max(0, arrival-w.at) / 10_000
	if !w.known || offset < w.offset+creep {
		w.offset = offset
	} else {
		w.offset += creep
	}
	w.at, w.known = arrival, true
}

// Clock maps the RTP time of one source to its publisher's wall clock. Rate is fixed.
type Clock struct {
	Rate  int64 // ticks a second
	sent  int64 // sender's wall clock of the last report, ns
	ticks uint32
	known bool
}

// Report takes both times out of a sender report (RFC 3550 6.4.1).
func (c *Clock) Report(sent int64, ticks uint32) { c.sent, c.ticks, c.known = sent, ticks, true }

// Lag gives how old a packet was at its arrival, in ns: arrival minus capture on the server's clock.
// Zero as long as there is no report, or none that can be believed.
func (c *Clock) Lag(w *Wall, ticks uint32, arrival int64) int64 {
	if !c.known || !w.known {
		return 0
	}
	captured := c.sent + int64(int32(ticks-c.ticks))*int64(time.Second)/c.Rate + w.offset
	lag := arrival - captured
	if lag > maxLag || lag < -maxLag {
		return 0
	}
	return lag
}
