package sfu

import (
	"encoding/binary"

	"incamera/internal/forward"
	"incamera/internal/sfu/rtcp"
	"incamera/internal/sfu/rtp"
)

// maxCompound bounds the packets looked at in one compound; further ones are passed over.
const maxCompound = 32

// reportSpacing bounds the sender reports believed of one source.
const reportSpacing = int64(200e6)

// reports takes a compound of a link's: about what it sends, and what it asks for as a receiver.
func (s *shard) reports(l *link, b []byte, now int64) {
	plain, err := l.net.in.OpenReports(b)
	if err != nil {
		s.unopened(err)
		return
	}
	l.net.authentic = now
	s.stats.PacketsIn++
	s.stats.BytesIn += uint64(len(b))
	for range maxCompound {
		p, rest, ok := rtcp.Next(plain)
		if !ok {
			return
		}
		plain = rest
		switch p.Kind {
		case rtcp.SenderReport:
			s.senderReport(l, p, now)
		case rtcp.Nack:
			s.resend(l, p)
		case rtcp.KeyFrame:
			if x := l.show.bySSRC[p.Media]; x != nil && x.next != nil && x.kind == forward.Video {
				x.next.wanted = true
			}
		case rtcp.Other:
		}
	}
}

// senderReport maps the publisher's clocks and passes the news on to the receivers.
func (s *shard) senderReport(l *link, p rtcp.Packet, now int64) {
	known, ok := l.send.learned[p.Media]
	if !ok || known.repair || known.track.stream == nil || known.track.stream.ssrc != p.Media {
		return
	}
	st := known.track.stream
	if now-st.reception.reportAt < reportSpacing {
		return
	}
	wall, ticks := p.Times()
	l.send.wall.Report(wall, now)
	st.clock.Report(wall, ticks)
	st.reception.sent(p.Middle(), now)
	for _, x := range st.receivers {
		if x.now == st {
			s.owe(x)
		}
	}
}

// resend answers a receiver's request for missing packets from the source's history, on the repair stream.
func (s *shard) resend(l *link, p rtcp.Packet) {
	x := l.show.bySSRC[p.Media]
	if x == nil || x.rtx == 0 || x.now == nil || !l.ready() {
		return
	}
	s.desk.missing = p.Missing(s.desk.missing[:0], l.show.ask)
	l.show.ask -= len(s.desk.missing)
	s.out.begin(&l.net.path)
	for _, seq := range s.desk.missing {
		if l.show.resend == 0 || !s.again(l, x, seq) {
			s.stats.Dropped.Unanswered++
			continue
		}
		l.show.resend--
		s.stats.Resent++
	}
	s.out.finish()
	s.out.flush()
}

// again lays one packet ready once more, under a number of the repair stream's own (RFC 4588 4).
func (s *shard) again(l *link, x *slot, seq uint16) bool {
	index, ok := x.pair.state.Origin(x.kind, seq)
	if !ok {
		return false
	}
	e, payload := x.now.history.get(index)
	if e == nil {
		return false
	}
	out := x.pair.state.Again(x.kind, &e.packet)
	var original [2]byte
	binary.BigEndian.PutUint16(original[:], seq)
	x.repair++
	rtp.Put(s.out.header[:], x.format.repair, e.marker, uint16(x.repair), out.Time, x.rtx)
	return s.out.seal(l.net.out, s.out.header[:rtp.HeaderSize], original[:], payload, &e.packet.Picture, &out.Picture, x.repair)
}
