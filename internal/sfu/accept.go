package sfu

import (
	"crypto/rand"
	"encoding/binary"

	"incamera/internal/forward"
	"incamera/internal/sfu/rtp"
	"incamera/internal/wire"
)

// Header extensions that the server reads. Of these it writes the level alone.
const (
	uriMid      = "urn:ietf:params:rtp-hdrext:sdes:mid"
	uriLevel    = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	uriArrivals = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// format is what the server takes of one coding: Opus, or VP8 with its repair.
type format struct {
	ok       bool
	main     uint8
	repair   uint8
	repaired bool // repair is there
	mid      uint8
	arrivals uint8
	level    uint8 // 0: none was agreed
}

// choose picks from a coding; sends tells whether a section that sends uses it. The level of sound goes both ways,
// therefore its id must fit the form that is written.
func choose(c *wire.MediaCoding, sends bool) (format, wire.MediaAccept) {
	f := format{}
	accept := wire.MediaAccept{Payloads: []int{}, Extensions: []int{}}
	want := "opus"
	if c.Kind == "video" {
		want = "VP8"
	}
	for _, k := range c.Codecs {
		if k.Name == want {
			f.ok, f.main = true, uint8(k.Payload)
			accept.Payloads = append(accept.Payloads, k.Payload)
			break
		}
	}
	for _, k := range c.Codecs {
		if f.ok && k.Name == "rtx" && k.Primary == int(f.main) {
			f.repaired, f.repair = true, uint8(k.Payload)
			accept.Payloads = append(accept.Payloads, k.Payload)
			break
		}
	}
	if !f.ok {
		return f, accept
	}
	for _, x := range c.Extensions {
		switch {
		case sends && x.URI == uriMid:
			f.mid = uint8(x.ID)
		case sends && x.URI == uriArrivals:
			f.arrivals = uint8(x.ID)
		case c.Kind == "audio" && x.URI == uriLevel && x.ID <= rtp.MaxOneByteID:
			f.level = uint8(x.ID)
		default:
			continue
		}
		accept.Extensions = append(accept.Extensions, x.ID)
	}
	return f, accept
}

// accept answers the sections of a checked offer and fits the connection out with its tracks and slots.
func (l *link) accept(offer *wire.MediaOffer, answer *wire.MediaAnswer) {
	sends := make([]bool, len(offer.Codings))
	for _, s := range offer.Sections {
		sends[s.Coding] = sends[s.Coding] || active(s.Role)
	}
	formats := make([]format, len(offer.Codings))
	for i := range offer.Codings {
		f, a := choose(&offer.Codings[i], sends[i])
		formats[i] = f
		answer.Codings = append(answer.Codings, a)
	}
	numbers := ssrcs{used: map[uint32]bool{0: true}}
	l.send.ssrc = numbers.next()
	for i, s := range offer.Sections {
		f := formats[s.Coding]
		src := wire.MediaSource{}
		switch s.Role {
		case wire.RoleMicrophone:
			src.Active = l.send.add(forward.Audio, s.Mid, f)
		case wire.RoleCamera:
			src.Active = l.send.add(forward.Video, s.Mid, f)
		case wire.RoleSlotVideo:
			voice := formats[offer.Sections[i-1].Coding]
			p := l.addPair(voice, f, &numbers)
			answer.Sections[i-1] = p.slots[forward.Audio].source()
			src = p.slots[forward.Video].source()
		}
		answer.Sections = append(answer.Sections, src)
	}
}

// active tells the roles under which media comes in; the screen follows in a later version.
func active(role string) bool { return role == wire.RoleMicrophone || role == wire.RoleCamera }

// ssrcs hands out random numbers, each once (RFC 3550 8.1).
type ssrcs struct{ used map[uint32]bool }

func (s *ssrcs) next() uint32 {
	for {
		n := random32()
		if !s.used[n] {
			s.used[n] = true
			return n
		}
	}
}

func random32() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:])
}

// start gives a slot's random first numbers.
func start() forward.Start {
	return forward.Start{Index: int64(random32() & 0x7fff), Time: random32()}
}
