package sfu

import (
	"incamera/internal/forward"
	"incamera/internal/sfu/rtcp"
)

// canonicalName is the same for all slots: it must name nobody.
const canonicalName = "incamera"

// tick does what falls due: departures, requests to publishers, and reports.
func (s *shard) tick(now int64) {
	for i := len(s.links) - 1; i >= 0; i-- { // a link that ends here takes no other with it
		l := s.links[i]
		if l.gone(now) {
			s.close(l)
			continue
		}
		l.net.answers = min(l.net.answers+checkRefill, checkBurst)
		if !l.ready() {
			continue
		}
		l.send.intake = min(l.send.intake+intakeRefill, intakeBurst)
		l.show.resend = min(l.show.resend+resendRefill, resendBurst)
		l.show.ask = min(l.show.ask+askRefill, askBurst)
		s.attend(l, now)
		for _, p := range l.show.pairs {
			p.slots[forward.Video].impatient(now)
			p.slots[forward.Audio].impatient(now)
		}
	}
	for _, x := range s.desk.owed {
		x.owed = false
		s.report(x)
	}
	clear(s.desk.owed)
	s.desk.owed = s.desk.owed[:0]
	s.out.flush()
}

// attend sends a publisher what it needs to know.
func (s *shard) attend(l *link, now int64) {
	b := s.desk.plain[:0]
	p := &l.send
	if now-p.reported >= reportEvery {
		p.reported = now
		b = s.receiverReport(l, b, now)
	}
	for _, t := range p.tracks {
		if t == nil || t.stream == nil {
			continue
		}
		if t.kind == forward.Video {
			b = s.request(t.stream, b, now)
		}
		if now-p.told >= arrivalsEvery {
			p.told = now
			b = p.arrivals.Append(b, p.ssrc, t.stream.ssrc)
		}
	}
	s.desk.plain = b[:0]
	s.sendReports(l, b)
}

// receiverReport appends a report on all streams, and the limit for the video.
func (s *shard) receiverReport(l *link, b []byte, now int64) []byte {
	var blocks [2]rtcp.Block
	n := 0
	for _, t := range l.send.tracks {
		if t != nil && t.stream != nil {
			blocks[n] = t.stream.reception.block(t.stream.ssrc, now)
			n++
		}
	}
	if n == 0 {
		return b
	}
	b = rtcp.AppendReceiverReport(b, l.send.ssrc, blocks[:n])
	if t := l.send.tracks[forward.Video]; t != nil && t.stream != nil {
		b = rtcp.AppendREMB(b, l.send.ssrc, publisherRate, t.stream.ssrc)
	}
	return b
}

// request appends what a video lacks: missing packets, and a key frame if somebody waits for one.
func (s *shard) request(st *stream, b []byte, now int64) []byte {
	if now-st.lastAt > silence {
		return b
	}
	if st.track.format.repaired {
		if s.desk.missing = st.gaps.Due(now, s.desk.missing[:0]); len(s.desk.missing) > 0 {
			b = rtcp.AppendNack(b, st.link.send.ssrc, st.ssrc, s.desk.missing)
		}
	}
	if st.awaited() && now-st.asked >= keyRetry || st.wanted && now-st.asked >= keySpacing {
		st.asked = now
		st.wanted = false
		s.stats.KeyFramesAsked++
		b = rtcp.AppendPLI(b, st.link.send.ssrc, st.ssrc)
	}
	return b
}

// awaited tells whether a receiver that can be sent to waits to enter the stream.
func (st *stream) awaited() bool {
	for _, x := range st.receivers {
		if x.now != st && x.pair.link.ready() {
			return true
		}
	}
	return false
}

// report sends a slot's receiver its sender report (RFC 3550 6.4.1), once the source has sent one.
func (s *shard) report(x *slot) {
	l := x.pair.link
	if !l.ready() || x.now == nil {
		return
	}
	wall, ticks, ok := x.pair.state.Report(x.kind, &x.now.clock, &x.now.link.send.wall)
	if !ok {
		return
	}
	b := rtcp.AppendSenderReport(s.desk.plain[:0], x.ssrc, wall, ticks, x.packets, x.octets)
	b = rtcp.AppendName(b, x.ssrc, canonicalName)
	s.desk.plain = b[:0]
	s.sendReports(l, b)
}

func (s *shard) sendReports(l *link, plain []byte) {
	if len(plain) == 0 {
		return
	}
	sealed, err := l.net.out.SealReports(nil, plain)
	if err == nil {
		s.out.one(&l.net.path, sealed)
	}
}
