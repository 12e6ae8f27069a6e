package sfu

import (
	"slices"

	"incamera/internal/forward"
	"incamera/internal/sfu/rtcp"
	"incamera/internal/sfu/rtp"
)

// maxLearned bounds the SSRCs that one connection's media is known under: two media, their repair and replacements.
// Full means: all are forgotten and learned again, which costs a key frame.
const maxLearned = 16

// publisher is what a person sends.
type publisher struct {
	ssrc     uint32 // under which we report to the person
	tracks   [2]*track
	learned  map[uint32]learned
	wall     forward.Wall
	arrivals rtcp.Arrivals
	told     int64 // last transport-wide feedback
	reported int64 // last receiver report
	intake   int   // budget of packets
}

// track is one medium that an offer announced: a microphone or a camera.
type track struct {
	kind   forward.Kind
	mid    string
	format format
	stream *stream // nil until its first packet
}

// learned is what an SSRC stands for.
type learned struct {
	track  *track
	repair bool
}

func (p *publisher) add(k forward.Kind, mid string, f format) bool {
	if f.ok {
		p.tracks[k] = &track{kind: k, mid: mid, format: f}
	}
	return f.ok
}

// trackOf finds the track of an authenticated packet: by what was learned of its SSRC, else by its mid, else by
// its payload type if only one track has it. Nil: the offer announced nothing like it.
func (p *publisher) trackOf(h *rtp.Header) (t *track, repair bool) {
	if l, ok := p.learned[h.SSRC]; ok {
		if l.repair && h.Payload == l.track.format.repair || !l.repair && h.Payload == l.track.format.main {
			return l.track, l.repair
		}
		return nil, false
	}
	t = p.byMid(h)
	if t == nil {
		t = p.byPayload(h.Payload)
	}
	if t == nil {
		return nil, false
	}
	switch {
	case h.Payload == t.format.main:
	case t.format.repaired && h.Payload == t.format.repair:
		repair = true
	default:
		return nil, false
	}
	if len(p.learned) >= maxLearned {
		clear(p.learned)
	}
	p.learned[h.SSRC] = learned{t, repair}
	return t, repair
}

func (p *publisher) byMid(h *rtp.Header) *track {
	for _, t := range p.tracks {
		if t != nil && t.format.mid != 0 && string(h.Extension(t.format.mid)) == t.mid {
			return t
		}
	}
	return nil
}

func (p *publisher) byPayload(payload uint8) *track {
	var found *track
	for _, t := range p.tracks {
		if t == nil || payload != t.format.main && (!t.format.repaired || payload != t.format.repair) {
			continue
		}
		if found != nil {
			return nil
		}
		found = t
	}
	return found
}

// arrivalsID is the extension that carries the transport-wide number; 0: none was agreed.
func (p *publisher) arrivalsID() uint8 {
	for _, t := range p.tracks {
		if t != nil && t.format.arrivals != 0 {
			return t.format.arrivals
		}
	}
	return 0
}

// stream is one medium as it comes in under one SSRC, and the slots that it goes to.
// hot: read for every packet.
type stream struct {
	link   *link
	track  *track
	source forward.Source
	ssrc   uint32

	receivers []*slot // those that pass it on or wait for it
	clock     forward.Clock
	gaps      forward.Gaps
	history   history
	reception reception

	lag    int64 // of the last packet; forward.NoLag before it
	lastAt int64 // arrival of the last packet
	born   int64
	asked  int64 // last request for a key frame
	wanted bool  // a receiver asked for one, and waits for its turn

	// The packets of the pending batch, as indices into it.
	batch       uint64
	first, last int32
}

func (st *stream) drop(s *slot) {
	if i := slices.Index(st.receivers, s); i >= 0 {
		st.receivers = slices.Delete(st.receivers, i, i+1)
	}
}

// end takes the stream from everybody and wipes its history.
func (st *stream) end() {
	for len(st.receivers) > 0 {
		s := st.receivers[0]
		if s.now == st || s.next == st {
			s.pair.stop(s)
		} else {
			st.drop(s)
		}
	}
	st.history.wipe()
}
