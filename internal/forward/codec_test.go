package forward

import "testing"

func TestKeyFramesOfSealedCodecs(t *testing.T) {
	for _, row := range []struct {
		name    string
		codec   Codec
		payload string
		key     bool
	}{
		{"AV1, dummy sequence header and a frame", AV1, "28020800305d9c", true},
		{"AV1, a whole sequence header", AV1, "680f080021070081", true},
		{"AV1, delta", AV1, "103440aa", false},
		{"AV1, rest of a key frame", AV1, "905c34e7f8", false},
		{"AV1, new sequence and a continuation at once", AV1, "a8020800", false},
		{"AV1, header alone", AV1, "28", false},
		{"H264, parameter set", H264, "6742c01f8c8d40", true},
		{"H264, parameter sets together", H264, "7800046742c01f000468ce3c80", true},
		{"H264, parameter sets the other way round", H264, "78000468ce3c8000046742c01f", true},
		{"H264, beginning of a fragmented parameter set", H264, "7c8742c0", true},
		{"H264, rest of it", H264, "7c0742c0", false},
		{"H264, key picture after its parameter sets", H264, "7c85b80004", false},
		{"H264, delta", H264, "61e0004000be4053", false},
		{"H264, together and cut short", H264, "78001367", false},
		{"H264, together and empty", H264, "7800000000", false},
		{"VP9, whole and sealed", VP9, "880102", true},
		{"VP9, delta", VP9, "c8050102", false},
		{"VP9, with structure", VP9, "be91391010014000b4834983420013f00b31d8e0", true},
		{"VP9, larger size of a key picture", VP9, "a8053301ffff", false},
		{"VP8, key", VP8, "90e08ec81a20901c", true},
		{"VP8, delta", VP8, "b0e08ec91aa03109", false},
	} {
		s := NewScanner(row.codec)
		p := Packet{Index: 1}
		if ok := s.Read(&p, unhex(t, row.payload), nil); !ok || p.Enters != row.key {
			t.Errorf("%s: %v %v", row.name, ok, p.Enters)
		}
	}
}

func TestVP9DescriptorTable(t *testing.T) {
	for _, row := range []struct {
		name, bytes string
		want        vp9
	}{
		{"key with structure", "be91391010014000b4834983420013f00b31d8e0", vp9{
			picture: Picture{ID: 0x1139, IDAt: 1, Size: 9, Wide: true, Begins: true}, sizes: 1, layered: true, up: true, begins: true, ends: true,
		}},
		{"flexible, one reference", "fd913a500287000000", vp9{
			picture: Picture{ID: 0x113a, IDAt: 1, Size: 5, Wide: true, Begins: true}, layer: Layer{0, 2}, layered: true, up: true, inter: true, begins: true, ends: true,
			pictures: [3]uint8{1}, refers: 1,
		}},
		{"not flexible", "ec05420700", vp9{
			picture: Picture{ID: 5, Layer: 7, IDAt: 1, LayAt: 3, Size: 4, Begins: true}, layer: Layer{1, 2}, layered: true, inter: true, begins: true, ends: true,
		}},
	} {
		got, ok := parseVP9(unhex(t, row.bytes))
		if !ok {
			t.Errorf("%s was refused", row.name)
			continue
		}
		if row.name == "flexible, one reference" {
			got.picture.Size, row.want.picture.Size = 0, 0
		}
		if got != row.want {
			t.Errorf("%s:\n%+v\n%+v", row.name, got, row.want)
		}
	}
	for _, short := range []string{"", "80", "8081", "a080", "a08001", "d0800303", "d08003030303", "0a", "0a10", "0a0802", "0a080204"} {
		if v, ok := parseVP9(unhex(t, short)); ok {
			t.Errorf("took %s as %+v", short, v)
		}
	}
}

func FuzzScannerNeverPanics(f *testing.F) {
	for _, r := range recordings {
		for i, h := range recording(f, r.name) {
			if i < 12 {
				f.Add(uint8(r.codec), h.payload, h.descriptor)
			}
		}
	}
	f.Fuzz(func(t *testing.T, codec uint8, payload, descriptor []byte) {
		s := NewScanner(Codec(codec % 4))
		src := Source{1, 1}
		p := NewPair(Start{}, Start{})
		p.Want(Video, src)
		given := map[int64]bool{}
		for i := range int64(4) {
			pkt := Packet{Index: i * 3, Arrival: i + 1, OtherLag: NoLag}
			if !s.Read(&pkt, payload, descriptor) {
				return
			}
			if int(pkt.Picture.Size) > len(payload) {
				t.Fatalf("a descriptor of %d bytes in %d", pkt.Picture.Size, len(payload))
			}
			if o := p.Step(Video, src, &pkt); o.Send {
				if given[o.Index] {
					t.Fatal("a number twice")
				}
				given[o.Index] = true
				o.Picture.Put(append([]byte(nil), payload...))
			}
			p.Limit(Layer{uint8(i), uint8(i)})
		}
	})
}
