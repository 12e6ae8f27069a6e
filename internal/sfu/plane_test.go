package sfu

import (
	"testing"

	"github.com/pion/rtp"

	"incamera/internal/ident"
)

// markOf reads the letter that a film puts behind VP8's descriptor of four bytes and first byte.
func markOf(p *rtp.Packet) byte {
	if len(p.Payload) < 6 {
		return 0
	}
	return p.Payload[5]
}

func TestTwoPeopleSeeAndHearEachOther(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			p := running(t, address)
			r := p.Room()
			a, b := newClient(t, 1), newClient(t, 1)
			a.join(r, person(1))
			b.join(r, person(2))
			r.Route(person(1), []ident.ParticipantID{person(2)})
			r.Route(person(2), []ident.ParticipantID{person(1)})
			(&film{c: a, mark: 'A'}).roll()
			(&film{c: b, mark: 'B'}).roll()
			until(t, "pictures both ways", func() bool { return len(a.packets("v0")) > 20 && len(b.packets("v0")) > 20 })
			until(t, "sound both ways", func() bool { return len(a.packets("a0")) > 10 && len(b.packets("a0")) > 10 })
			first := b.packets("v0")[0]
			if first.Payload[4]&1 != 0 || markOf(first) != 'A' {
				t.Errorf("the first picture is not a key frame of the other: %x", first.Payload[:6])
			}
		})
	}
}
