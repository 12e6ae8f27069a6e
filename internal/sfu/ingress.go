package sfu

import (
	"encoding/binary"
	"errors"

	"incamera/internal/forward"
	"incamera/internal/sfu/rtp"
	"incamera/internal/sfu/seal"
)

// restless is how soon a track's SSRC may change again: a browser changes it by a negotiation, no sooner.
const restless = int64(500e6)

// protected opens a packet of a link's; true: a frame is whole.
func (s *shard) protected(l *link, b []byte, now int64) bool {
	if l.send.intake == 0 {
		s.stats.Dropped.Flood++
		return false
	}
	l.send.intake--
	if !rtp.Is(b) {
		s.reports(l, b, now)
		return false
	}
	h, ok := rtp.Parse(b)
	if !ok {
		s.stats.Dropped.Refused++
		return false
	}
	payload, index, err := l.net.in.Open(b, h.Size)
	if err != nil {
		s.unopened(err)
		return false
	}
	l.net.authentic = now
	s.stats.PacketsIn++
	s.stats.BytesIn += uint64(len(b))
	if x := h.Extension(l.send.arrivalsID()); len(x) == 2 {
		l.send.arrivals.Take(binary.BigEndian.Uint16(x), now)
	}
	t, repair := l.send.trackOf(&h)
	payload, ok = h.Unpad(payload)
	if t == nil || !ok {
		s.stats.Dropped.Refused++
		return false
	}
	if repair {
		return s.repaired(t.stream, &h, payload, now)
	}
	st := s.streamOf(l, t, h.SSRC, now)
	if st == nil {
		s.stats.Dropped.Refused++
		return false
	}
	st.reception.take(index, h.Time, now, st.clock.Rate)
	st.lag, st.lastAt = st.clock.Lag(&l.send.wall, h.Time, now), now
	return s.arrived(st, &h, index, payload, now)
}

func (s *shard) unopened(err error) {
	if errors.Is(err, seal.ErrReplay) {
		s.stats.Dropped.Replayed++
	} else {
		s.stats.Dropped.Forged++
	}
}

// streamOf gives the track's stream, a new one for a new SSRC; nil if it changes too often.
func (s *shard) streamOf(l *link, t *track, ssrc uint32, now int64) *stream {
	st := t.stream
	if st != nil && st.ssrc == ssrc {
		return st
	}
	if st != nil {
		if now-st.born < restless {
			return nil
		}
		st.end()
	}
	s.numbers++
	t.stream = &stream{
		link: l, track: t, ssrc: ssrc, lag: forward.NoLag, born: now,
		source: forward.Source{Publisher: l.number, Stream: s.numbers},
		clock:  forward.Clock{Rate: forward.AudioRate},
	}
	if t.kind == forward.Video {
		t.stream.clock.Rate = forward.VideoRate
	}
	l.room.appeared(l.who)
	return t.stream
}

// repaired takes a packet out of its repair packet (RFC 4588 4); without content it was a probe for bandwidth.
func (s *shard) repaired(st *stream, h *rtp.Header, payload []byte, now int64) bool {
	if st == nil || len(payload) < 2 {
		return false
	}
	index, ok := st.gaps.Index(binary.BigEndian.Uint16(payload))
	if !ok {
		return false
	}
	return s.arrived(st, h, index, payload[2:], now)
}

// arrived books a packet of a stream and lays it ready for the receivers; true: its frame is whole.
func (s *shard) arrived(st *stream, h *rtp.Header, index int64, payload []byte, now int64) bool {
	fresh, lost := st.gaps.Take(index, now)
	if !fresh {
		return false
	}
	a := arrival{payload: payload, marker: h.Marker}
	a.packet = forward.Packet{Index: index, Time: h.Time, Arrival: now, Lag: st.lag, OtherLag: st.siblingLag()}
	video := st.track.kind == forward.Video
	switch {
	case len(payload) == 0:
		a.marker = false // padding: passed on empty, so that the numbers have no hole
	case video:
		picture, ok := forward.ParseVP8(payload)
		if !ok {
			s.stats.Dropped.Refused++
			return false
		}
		a.packet.Picture, a.packet.Enters = picture, picture.Key(payload)
		st.history.put(&a.packet, payload, a.marker)
	default:
		a.packet.Enters = true
		if x := h.Extension(st.track.format.level); len(x) == 1 {
			a.level, a.levelled = x[0], true
		}
	}
	if video && a.packet.Enters {
		st.wanted = false
	} else if video && lost {
		st.wanted = true
	}
	s.in.add(st, a)
	return video && a.marker
}

// siblingLag is the lag of the publisher's other medium.
func (st *stream) siblingLag() int64 {
	if t := st.link.send.tracks[1-st.track.kind]; t != nil && t.stream != nil {
		return t.stream.lag
	}
	return forward.NoLag
}
