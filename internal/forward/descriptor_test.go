package forward

import (
	"bytes"
	"testing"
)

// TestDescriptorTable reads descriptors that a Chromium sent, one stream after the other.
func TestDescriptorTable(t *testing.T) {
	type row struct {
		bytes  string
		layer  Layer
		order  int64
		needs  uint64
		active cellSet
		key    bool
		begins bool
		ends   bool
	}
	for _, stream := range []struct {
		name string
		rows []row
	}{
		{"three rates, simulcast", []row{
			{"c000018002044eaaaf2860414d34538a0940404fc02cc0", Layer{0, 0}, 1, 0, 0b111, true, true, true},
			{"c50002", Layer{0, 2}, 2, 1, 0b111, false, true, true},
			{"c30003", Layer{0, 1}, 3, 1 << 1, 0b111, false, true, true},
			{"c500091240", Layer{0, 2}, 9, 1 << 2, 0b111, false, true, true},
		}},
		{"three sizes by three rates, of which one size is on", []row{
			{"c10001c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca87753013f00b3027f016704ff02cf0380", Layer{0, 0}, 1, 0, 0b111, true, true, true},
			{"c300021a00080000", Layer{0, 2}, 2, 1, 0b111, false, true, true},
			{"c200031a20100000", Layer{0, 1}, 3, 1 << 1, 0b111, false, true, true},
		}},
		{"two sizes by two rates, first of a frame of several packets", []row{
			{"c000048003187aaa0100a0a014d1413451802190888a19409fc059c13fc0b3c0", Layer{0, 0}, 4, 0, 0x303, true, true, true},
			{"830005", Layer{1, 0}, 5, 1, 0x303, false, true, false},
			{"030005", Layer{1, 0}, 5, 1, 0x303, false, false, false},
			{"430005", Layer{1, 0}, 5, 1, 0x303, false, false, true},
			{"c20006", Layer{0, 1}, 6, 1 << 1, 0x303, false, true, true},
			{"c50007", Layer{1, 1}, 7, 1 << 1, 0x303, false, true, true},
		}},
	} {
		var d descriptors
		for i, r := range stream.rows {
			var f Frame
			if !d.read(int64(i), unhex(t, r.bytes), &f) || f.far || !f.Described() {
				t.Fatalf("%s %d was not read", stream.name, i)
			}
			got := row{r.bytes, f.Layer, f.Order, f.needs, f.active, f.Key, f.Begins, f.Ends}
			if got != r {
				t.Errorf("%s %d:\n%+v\n%+v", stream.name, i, got, r)
			}
		}
	}
}

func TestDescriptorThatIsNotUnderstoodGoesToEverybody(t *testing.T) {
	key := "c000018002044eaaaf2860414d34538a0940404fc02cc0"
	for name, b := range map[string]string{
		"before any structure":  "c50002",
		"a structure cut short": key[:20],
		"extension cut short":   "c5000212",
	} {
		var d descriptors
		var f Frame
		if !d.read(5, unhex(t, b), &f) || !f.Layered || f.Key || f.is != requiredByAll || !f.far {
			t.Errorf("%s: %+v", name, f)
		}
	}
	var d descriptors
	var f Frame
	d.read(5, unhex(t, key), &f)
	if d.read(6, unhex(t, "ff0002"), &f); f.is != requiredByAll || f.Key {
		t.Errorf("an unknown template: %+v", f)
	}
	if d.read(7, unhex(t, "c500"), &f) {
		t.Error("took two bytes")
	}
	// A structure that comes late, in a repair, does not undo a later one.
	before := d.structure
	d.read(9, unhex(t, "c0000a80003a410100"), &f)
	after := d.structure
	if before == after {
		t.Fatal("the second structure was not taken")
	}
	d.read(4, unhex(t, key), &f)
	if d.structure != after {
		t.Error("an older structure was taken")
	}
}

func FuzzDescriptorIsBoundedAndRewrittenInPlace(f *testing.F) {
	for _, r := range recordings {
		for i, h := range recording(f, r.name) {
			if i < 12 && h.descriptor != nil {
				f.Add(h.descriptor, uint16(i))
			}
		}
	}
	warm := unhex(f, "c00001c0081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca87753013f00b3027f016704ff02cf0380")
	f.Fuzz(func(t *testing.T, b []byte, number uint16) {
		for _, first := range [][]byte{nil, warm} {
			var d descriptors
			var x Frame
			d.read(0, first, &x)
			x = Frame{}
			if d.read(1, b, &x) != (len(b) >= 3) {
				t.Fatal("taken or refused by something else than its size")
			}
			if x.Layer.Spatial > MaxSpatial || x.Layer.Temporal > MaxTemporal || x.Key && (x.needs != 0 || !x.Begins) {
				t.Fatalf("%+v", x)
			}
			if d.structure.count > maxTemplates || d.structure.targets > maxTargets {
				t.Fatalf("%d templates for %d targets", d.structure.count, d.structure.targets)
			}
			c := bytes.Clone(b)
			PutFrameNumber(c, number)
			if len(b) < 3 {
				continue
			}
			if c[0] != b[0] || !bytes.Equal(c[3:], b[3:]) {
				t.Fatal("more than the number changed")
			}
			var e descriptors
			var y Frame
			e.read(0, first, &x)
			e.read(1, c, &y)
			if uint16(y.Order) != number {
				t.Fatalf("wrote %d, read %d", number, uint16(y.Order))
			}
		}
	})
}
