//go:build !race

package forward

import "testing"

// TestLayersAllocateNothing is the whole way of a packet: read, measured, chosen and numbered.
func TestLayersAllocateNothing(t *testing.T) {
	for _, r := range recordings {
		all := inOrder(recording(t, r.name))
		s, m := NewScanner(r.codec), &Meter{}
		src := Source{1, 1}
		p := NewPair(Start{}, Start{})
		p.Want(Video, src)
		i := 0
		if n := testing.AllocsPerRun(len(all)-1, func() {
			h := &all[i]
			i++
			if h.rid != r.rids[0] {
				return
			}
			pkt := Packet{Index: h.index, Time: h.time, Arrival: int64(i) * ms, OtherLag: NoLag}
			s.Read(&pkt, h.payload, h.descriptor)
			m.Take(&pkt.Frame, h.size, pkt.Arrival)
			p.Limit(Layer{uint8(i / 40 % 3), uint8(i / 60 % 3)})
			if o := p.Step(Video, src, &pkt); o.Send {
				PutFrameNumber(h.descriptor, o.Frame)
				p.Origin(Video, uint16(o.Index))
				p.Again(Video, &pkt)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", r.name, n)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	for _, r := range recordings {
		b.Run(r.name, func(b *testing.B) {
			all := inOrder(recording(b, r.name))
			var packets []*Packet
			for i, p := range scanned(b, r.codec, all, r.rids) {
				if all[i].rid == r.rids[0] {
					packets = append(packets, p)
				}
			}
			span := packets[len(packets)-1].Index - packets[0].Index + 1
			src := Source{1, 1}
			p := NewPair(Start{}, Start{})
			p.Want(Video, src)
			p.Limit(Layer{1, 1})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				pkt := *packets[i%len(packets)]
				pkt.Index += int64(i/len(packets)) * span
				p.Step(Video, src, &pkt)
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, r := range recordings {
		b.Run(r.name, func(b *testing.B) {
			all := inOrder(recording(b, r.name))
			s := NewScanner(r.codec)
			var pkt Packet
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h := &all[i%len(all)]
				pkt.Index = int64(i)
				s.Read(&pkt, h.payload, h.descriptor)
			}
		})
	}
}
