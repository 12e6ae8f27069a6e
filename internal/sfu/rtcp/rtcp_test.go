package rtcp

import (
	"reflect"
	"testing"
	"time"

	pion "github.com/pion/rtcp"
	"pgregory.net/rapid"
)

// stock reads what we wrote with another's parser.
func stock(t require, b []byte) []pion.Packet {
	t.Helper()
	ps, err := pion.Unmarshal(b)
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return ps
}

type require interface {
	Helper()
	Fatalf(format string, args ...any)
}

func TestOthersReadWhatWeWrite(t *testing.T) {
	at := time.Date(2026, 11, 3, 1, 2, 3, 500_000_000, time.UTC).UnixNano()
	var b []byte
	b = AppendSenderReport(b, 1, at, 77, 3, 4)
	b = AppendName(b, 1, "incamera")
	b = AppendName(b, 1, "a")
	b = AppendReceiverReport(b, 2, []Block{{SSRC: 5, Fraction: 9, Lost: 10, Highest: 11, Jitter: 12, Last: 13, Delay: 14}})
	b = AppendPLI(b, 2, 5)
	b = AppendNack(b, 2, 5, []uint16{65534, 65535, 0, 14, 15, 99})
	b = AppendREMB(b, 2, 3_000_000, 5)
	ps := stock(t, b)
	sr := ps[0].(*pion.SenderReport)
	if sr.SSRC != 1 || sr.RTPTime != 77 || sr.PacketCount != 3 || sr.OctetCount != 4 || uint32(sr.NTPTime) != 1<<31 {
		t.Errorf("%+v", sr)
	}
	for i, name := range []string{"incamera", "a"} {
		if sd := ps[1+i].(*pion.SourceDescription); sd.Chunks[0].Items[0].Text != name {
			t.Errorf("%+v", sd)
		}
	}
	rr := ps[3].(*pion.ReceiverReport).Reports[0]
	if rr != (pion.ReceptionReport{SSRC: 5, FractionLost: 9, TotalLost: 10, LastSequenceNumber: 11, Jitter: 12, LastSenderReport: 13, Delay: 14}) {
		t.Errorf("%+v", rr)
	}
	if p := ps[4].(*pion.PictureLossIndication); p.MediaSSRC != 5 {
		t.Errorf("%+v", p)
	}
	var missing []uint16
	for _, n := range ps[5].(*pion.TransportLayerNack).Nacks {
		missing = append(missing, n.PacketList()...)
	}
	if !reflect.DeepEqual(missing, []uint16{65534, 65535, 0, 14, 15, 99}) {
		t.Errorf("nack %v", missing)
	}
	if r := ps[6].(*pion.ReceiverEstimatedMaximumBitrate); r.Bitrate < 2_990_000 || r.Bitrate > 3_000_000 || r.SSRCs[0] != 5 {
		t.Errorf("%+v", r)
	}
}

func TestWeReadWhatOthersWrite(t *testing.T) {
	b, err := pion.Marshal([]pion.Packet{
		&pion.SenderReport{SSRC: 1, NTPTime: toNTP(123456789_000_000_000), RTPTime: 5},
		&pion.SourceDescription{Chunks: []pion.SourceDescriptionChunk{{Source: 1, Items: []pion.SourceDescriptionItem{{Type: pion.SDESCNAME, Text: "x"}}}}},
		&pion.PictureLossIndication{SenderSSRC: 2, MediaSSRC: 3},
		&pion.FullIntraRequest{SenderSSRC: 2, MediaSSRC: 3, FIR: []pion.FIREntry{{SSRC: 4}}},
		&pion.TransportLayerNack{SenderSSRC: 2, MediaSSRC: 6, Nacks: pion.NackPairsFromSequenceNumbers([]uint16{7, 9, 300})},
	})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	var media []uint32
	for p, rest, ok := Next(b); ok; p, rest, ok = Next(rest) {
		kinds, media = append(kinds, p.Kind), append(media, p.Media)
		switch p.Kind {
		case SenderReport:
			if wall, ticks := p.Times(); wall < 123456789_000_000_000-1 || wall > 123456789_000_000_000 || ticks != 5 {
				t.Errorf("times %d %d", wall, ticks)
			}
		case Nack:
			if m := p.Missing(nil, 99); !reflect.DeepEqual(m, []uint16{7, 9, 300}) {
				t.Errorf("missing %v", m)
			}
			if m := p.Missing(nil, 2); len(m) != 2 {
				t.Errorf("limit ignored: %v", m)
			}
		case KeyFrame, Other:
		}
	}
	if !reflect.DeepEqual(kinds, []Kind{SenderReport, Other, KeyFrame, KeyFrame, Nack}) || !reflect.DeepEqual(media, []uint32{1, 0, 3, 4, 6}) {
		t.Errorf("%v %v", kinds, media)
	}
}

// TestArrivalsAreToldAsTheyCame feeds random arrivals and reads the reports with another's parser.
func TestArrivalsAreToldAsTheyCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a Arrivals
		seq := rapid.Uint16().Draw(t, "start")
		now := int64(time.Hour)
		came := map[uint16]int64{}
		told := map[uint16]int64{}
		for range rapid.IntRange(1, 30).Draw(t, "reports") {
			for range rapid.IntRange(0, 40).Draw(t, "packets") {
				now += rapid.Int64Range(0, int64(300*time.Millisecond)).Draw(t, "gap")
				if rapid.IntRange(0, 4).Draw(t, "lost") > 0 {
					a.Take(seq, now)
					came[seq] = now
				}
				seq++
			}
			for b := a.Append(nil, 1, 2); len(b) > 0; b = a.Append(nil, 1, 2) {
				read(t, b, told)
			}
		}
		if len(told) != len(came) {
			t.Fatalf("%d came, %d were told", len(came), len(told))
		}
		for s, at := range came {
			if d := told[s] - at; d < -int64(time.Millisecond) || d > int64(time.Millisecond) {
				t.Fatalf("%d: told %v off", s, time.Duration(d))
			}
		}
	})
}

func read(t *rapid.T, b []byte, told map[uint16]int64) {
	cc := stock(t, b)[0].(*pion.TransportLayerCC)
	at := int64(cc.ReferenceTime) * referenceUnit
	s, delta := cc.BaseSequenceNumber, 0
	symbol := func(kind uint16) {
		if kind != notReceived {
			at += cc.RecvDeltas[delta].Delta * int64(time.Microsecond)
			told[s] = at
			delta++
		}
		s++
	}
	left := int(cc.PacketStatusCount)
	for _, c := range cc.PacketChunks {
		switch c := c.(type) {
		case *pion.RunLengthChunk:
			for range c.RunLength {
				symbol(c.PacketStatusSymbol)
				left--
			}
		case *pion.StatusVectorChunk:
			for _, k := range c.SymbolList[:min(left, len(c.SymbolList))] {
				symbol(k)
				left--
			}
		}
	}
	if left != 0 {
		t.Fatalf("%d statuses are missing", left)
	}
}

func FuzzCompoundNeverPanics(f *testing.F) {
	f.Add(AppendNack(AppendSenderReport(nil, 1, 2, 3, 4, 5), 1, 2, []uint16{1, 5}))
	f.Add(AppendREMB(AppendPLI(nil, 1, 2), 1, 5, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		for p, rest, ok := Next(b); ok; p, rest, ok = Next(rest) {
			if len(rest) >= len(b) {
				t.Fatal("no progress")
			}
			switch p.Kind {
			case SenderReport:
				p.Times()
				p.Middle()
			case Nack:
				if len(p.Missing(nil, 10)) > 10 {
					t.Fatal("limit ignored")
				}
			case KeyFrame, Other:
			}
			b = rest
		}
	})
}

func FuzzArrivalsStayReadable(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 2, 9, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Arrivals
		now := int64(1)
		for ; len(b) >= 3; b = b[3:] {
			now += int64(b[2]) * int64(b[2]) * int64(time.Millisecond)
			a.Take(uint16(b[0])<<8|uint16(b[1]), now)
			if b[2]%4 == 0 {
				if r := a.Append(nil, 1, 2); len(r) > 0 {
					stock(t, r)
				}
			}
		}
	})
}
