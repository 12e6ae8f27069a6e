//go:build !race

package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/sfu/udp"
)

// TestForwardingAllocatesNothing holds for every profile that is sealed by our own hand.
func TestForwardingAllocatesNothing(t *testing.T) {
	t.Run("picture", func(t *testing.T) { allocatesNothing(t, picture) })
	t.Run("sound with its level", func(t *testing.T) {
		allocatesNothing(t, func(n int) *rtp.Packet { return voice(n, client.Level, byte(n)) })
	})
}

func allocatesNothing(t *testing.T, packet func(n int) *rtp.Packet) {
	t.Helper()
	m, p := still(t)
	m.keep = false
	r := p.Room()
	defer r.Close()
	a := puppetOf(t, r, person(1), 0, gcm128)
	for i := range 20 {
		puppetOf(t, r, person(byte(i+2)), 1, gcm128)
		r.Route(person(byte(i+2)), []ident.ParticipantID{person(1)})
	}
	const runs = 500
	var all []udp.Datagram
	for i := range runs + 2 {
		all = append(all, a.sealed(t, packet(i)))
	}
	s := p.shard
	i := 0
	step := func() {
		n := s.in.free()
		n[0].Path, n[0].Data = all[i].Path, n[0].Data[:copy(n[0].Data, all[i].Data)]
		i++
		s.batch(1, time.Now())
		s.flush()
	}
	step()
	before := s.out.sent
	if n := testing.AllocsPerRun(runs, step); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if sent := s.out.sent - before; sent != 20*(runs+1) {
		t.Errorf("%d packets were passed on", sent)
	}
}

func BenchmarkForwardToHundred(b *testing.B) {
	m, p := still(b)
	m.keep = false
	r := p.Room()
	defer r.Close()
	a := puppetOf(b, r, person(1), 0, gcm128)
	for i := range 100 {
		puppetOf(b, r, person(byte(i+2)), 1, gcm128)
		r.Route(person(byte(i+2)), []ident.ParticipantID{person(1)})
	}
	s := p.shard
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		a.link.send.intake = intakeBurst
		d := a.sealed(b, picture(i))
		n := s.in.free()
		n[0].Path, n[0].Data = d.Path, n[0].Data[:copy(n[0].Data, d.Data)]
		b.StartTimer()
		s.batch(1, time.Now())
	}
}
