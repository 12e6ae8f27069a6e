package sfu

import "incamera/internal/sfu/rtcp"

// reception keeps what a receiver report says about one source (RFC 3550 A.3, A.8).
type reception struct {
	base     int64 // first index
	highest  int64
	received int64
	started  bool

	expectedBefore, receivedBefore int64

	jitter   int64 // in 16ths of a tick
	transit  int64 // arrival minus RTP time, in ticks
	reported uint32
	reportAt int64 // ns; 0: no sender report yet
}

// take books one packet; arrival in ns, rate in ticks a second.
func (r *reception) take(index int64, ticks uint32, arrival, rate int64) {
	transit := int64(uint32(arrival/1e9*rate+arrival%1e9*rate/1e9) - ticks)
	if !r.started {
		r.started, r.base, r.highest, r.transit = true, index, index, transit
	}
	d := int64(int32(uint32(transit - r.transit)))
	if d < 0 {
		d = -d
	}
	r.transit = transit
	r.jitter += d - (r.jitter+8)/16
	r.highest = max(r.highest, index)
	r.received++
}

// sent books a sender report.
func (r *reception) sent(middle uint32, now int64) { r.reported, r.reportAt = middle, now }

// block makes the report and begins the next interval.
func (r *reception) block(ssrc uint32, now int64) rtcp.Block {
	expected := r.highest - r.base + 1
	b := rtcp.Block{SSRC: ssrc, Highest: uint32(r.highest), Jitter: uint32(r.jitter / 16)}
	b.Lost = uint32(min(max(0, expected-r.received), 0x7fffff))
	interval, lost := expected-r.expectedBefore, (expected-r.expectedBefore)-(r.received-r.receivedBefore)
	if interval > 0 && lost > 0 {
		b.Fraction = uint8(min(255, lost*256/interval))
	}
	r.expectedBefore, r.receivedBefore = expected, r.received
	if r.reportAt != 0 {
		b.Last = r.reported
		b.Delay = uint32(min((now-r.reportAt)/1000*65536/1e6, 0xffffffff))
	}
	return b
}
