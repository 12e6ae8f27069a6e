package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/stun/v4"

	"incamera/internal/ident"
	"incamera/internal/sfu/rtcp"
	"incamera/internal/sfu/udp"
)

// handed gives a datagram to the plane as the reader would.
func handed(p *Plane, d udp.Datagram) {
	s := p.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.in.free()
	in[0].Path, in[0].Data = d.Path, in[0].Data[:copy(in[0].Data, d.Data)]
	s.batch(1, time.Now())
	s.flush()
}

// FuzzStrangerNeverMovesAnything hands the plane whatever comes from an address that proved nothing.
func FuzzStrangerNeverMovesAnything(f *testing.F) {
	f.Add(stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b"), stun.MessageIntegrity("x"), stun.Fingerprint).Raw)
	f.Add([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4, 5})
	f.Add(append([]byte{0x90, 96, 0, 1}, make([]byte, 60)...))
	f.Add(append([]byte{0x80, 200, 0, 6}, make([]byte, 60)...))
	m, p := still(f)
	r := p.Room()
	puppetOf(f, r, person(1), 1, gcm128)
	health := p.Stats().Health
	stranger := udp.Path{Remote: puppetOf(f, r, person(2), 0, gcm128).path.Remote}
	r.Shut(person(2))
	m.sent(stranger.Remote)
	f.Fuzz(func(t *testing.T, b []byte) {
		handed(p, udp.Datagram{Path: stranger, Data: b})
		if h := p.Stats().Health; h != health {
			t.Fatalf("%+v became %+v", health, h)
		}
		if out := m.sent(stranger.Remote); len(out) != 0 {
			t.Fatalf("a stranger was answered: %x", out)
		}
	})
}

// FuzzMemberNeverPanicsThePlane hands the plane sealed media and reports of any content from a member.
func FuzzMemberNeverPanicsThePlane(f *testing.F) {
	pic, _ := picture(3).Marshal()
	f.Add(pic[12:], uint16(1), uint8(0x90), uint8(96), false)
	f.Add([]byte{0, 1, 0x90, 0x80, 1, 0}, uint16(2), uint8(0x80), uint8(97), false)
	f.Add([]byte{1, 2, 3}, uint16(3), uint8(0xb0), uint8(111), false)
	f.Add(rtcp.AppendNack(nil, 1, 2, []uint16{5, 6}), uint16(0), uint8(0), uint8(0), true)
	f.Add(rtcp.AppendSenderReport(rtcp.AppendPLI(nil, 1, 2), 77, -1, 2, 3, 4), uint16(0), uint8(0), uint8(0), true)
	f.Fuzz(func(t *testing.T, body []byte, seq uint16, first, payload uint8, report bool) {
		if len(body) > 1200 {
			return
		}
		m, p := still(t)
		r := p.Room()
		defer r.Close()
		a, b := puppetOf(t, r, person(1), 1, gcm128), puppetOf(t, r, person(2), 1, gcm128)
		r.Route(person(2), []ident.ParticipantID{person(1)})
		r.Route(person(1), []ident.ParticipantID{person(2)})
		handed(p, a.sealed(t, picture(2)))
		handed(p, b.sealed(t, picture(2)))
		if report {
			sealed, err := a.out.EncryptRTCP(nil, body, nil)
			if err != nil {
				return
			}
			handed(p, udp.Datagram{Path: a.path, Data: sealed})
		} else {
			raw := append([]byte{first&0x3f | 0x80, payload, byte(seq >> 8), byte(seq), 0, 0, 0, 1, 0, 0, 0, 77}, body...)
			if new(rtp.Packet).Unmarshal(raw) != nil {
				return // what cannot be parsed cannot be sealed; FuzzStranger has it
			}
			sealed, err := a.out.EncryptRTP(nil, raw, nil)
			if err != nil {
				return
			}
			handed(p, udp.Datagram{Path: a.path, Data: sealed})
		}
		p.shard.mu.Lock()
		p.shard.tick(p.shard.clock() + int64(time.Second))
		p.shard.mu.Unlock()
		b.opened(t, m.sent(b.path.Remote)) // replay protection: no number twice
	})
}
