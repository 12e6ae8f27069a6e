package sfu

import (
	"context"
	"net/netip"

	"incamera/internal/forward"
	"incamera/internal/ident"
	"incamera/internal/sfu/dtls"
	"incamera/internal/sfu/ice"
	"incamera/internal/sfu/seal"
	"incamera/internal/sfu/udp"
	"incamera/internal/wire"
)

// link is the server's end of one person's connection. All of it is the shard's.
type link struct {
	shard  *shard
	room   *Room
	who    ident.ParticipantID
	number uint32 // names the publisher to forward

	net  transport
	send publisher // what the person sends
	show receiver  // what the person is shown

	closed bool
}

// transport is the connection below the media.
type transport struct {
	credentials ice.Credentials
	peer        [32]byte // SHA-256 of the peer's certificate

	shake   *dtls.Handshake // nil unless under way
	cancel  context.CancelFunc
	records dtls.Keys // what the handshake left to be sent again, and at the end
	resends int

	out *seal.Sender // nil until shaken
	in  *seal.Opener

	path    udp.Path // where media goes
	known   bool     // path is set
	remotes []netip.AddrPort

	checked   int64 // the last authenticated check, or the opening
	authentic int64 // the last authenticated packet of any kind
	hinted    int64 // an alert came that could not be read; 0: none
	answers   int   // budget of checks
}

// receiver is what the person is shown.
type receiver struct {
	pairs  []*pair
	bySSRC map[uint32]*slot
	resend int // budgets
	ask    int
}

// pair is a slot's sound and picture.
type pair struct {
	link  *link
	state forward.Pair
	slots [2]slot
}

// slot is one medium of a pair.
type slot struct {
	pair   *pair
	kind   forward.Kind
	format format
	ssrc   uint32
	rtx    uint32

	now    *stream // passed on
	next   *stream // to be passed on; equals now when there is nothing to wait for
	since  int64   // when next was set
	repair int64   // last index on the RTX stream

	packets, octets uint32 // sent, for reports
	owed            bool   // a sender report is due
}

func (s *slot) source() wire.MediaSource {
	return wire.MediaSource{Active: s.format.ok, SSRC: s.ssrc, RTX: s.rtx}
}

// addPair makes one more pair of slots.
func (l *link) addPair(voice, picture format, numbers *ssrcs) *pair {
	p := &pair{link: l, state: forward.NewPair(start(), start())}
	for k, f := range []format{voice, picture} {
		s := &p.slots[k]
		s.pair, s.kind, s.format, s.repair = p, forward.Kind(k), f, start().Index
		if !f.ok {
			continue
		}
		s.ssrc = numbers.next()
		l.show.bySSRC[s.ssrc] = s
		if f.repaired && s.kind == forward.Video {
			s.rtx = numbers.next()
		}
	}
	l.show.pairs = append(l.show.pairs, p)
	return p
}

// ready tells whether media can flow.
func (l *link) ready() bool { return l.net.out != nil && l.net.known && !l.closed }

// point says whom a pair shows from now on: audio and video streams of one publisher, nil where there is
// none. The old video goes on until the new one's key frame, if there is a new one.
func (p *pair) point(to [2]*stream, now int64) {
	for k := range p.slots {
		s := &p.slots[k]
		st := to[k]
		if !s.format.ok || s.next == st {
			continue
		}
		if s.next != nil && s.next != s.now {
			s.next.drop(s)
		}
		s.next, s.since = st, now
		if st == nil {
			p.stop(s)
			continue
		}
		p.state.Want(s.kind, st.source)
		if st != s.now {
			st.receivers = append(st.receivers, s)
		}
	}
}

// stop empties a slot at once.
func (p *pair) stop(s *slot) {
	if s.now != nil {
		s.now.drop(s)
	}
	if s.next != nil && s.next != s.now {
		s.next.drop(s)
	}
	s.now, s.next = nil, nil
	p.state.Want(s.kind, forward.Source{})
}

// entered books that the slot has switched to the stream that it waited for.
func (s *slot) entered(st *stream) {
	if s.now != nil && s.now != st {
		s.now.drop(s)
	}
	s.now = st
	s.pair.link.shard.owe(s)
}

// impatient stops the old source of a slot that has waited too long for the new one.
func (s *slot) impatient(now int64) {
	if s.now == nil || s.next == s.now || now-s.since < keyPatience {
		return
	}
	s.now.drop(s)
	s.now = nil
	s.pair.state.Want(s.kind, forward.Source{})
	s.pair.state.Want(s.kind, s.next.source)
}
