package forward

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestVP8DescriptorTable(t *testing.T) {
	for _, row := range []struct {
		name    string
		payload []byte
		want    Picture
		key     bool
	}{
		{"plain key frame", []byte{0x10, 0x00}, Picture{Size: 1, Begins: true}, true},
		{"plain delta frame", []byte{0x10, 0x01}, Picture{Size: 1, Begins: true}, false},
		{"continuation", []byte{0x00, 0x00}, Picture{Size: 1}, false},
		{"second partition", []byte{0x11, 0x00}, Picture{Size: 1}, false},
		{"7-bit id", []byte{0x90, 0x80, 0x7f, 0x00}, Picture{ID: 0x7f, IDAt: 2, Size: 3, Begins: true}, true},
		{"15-bit id", []byte{0x90, 0x80, 0xff, 0xfe, 0x00}, Picture{ID: 0x7ffe, IDAt: 2, Size: 4, Wide: true, Begins: true}, true},
		{"all fields", []byte{0x90, 0xf0, 0x81, 0x02, 0x03, 0x04, 0x01}, Picture{ID: 0x102, Layer: 3, IDAt: 2, LayAt: 4, Size: 6, Wide: true, Begins: true}, false},
		{"layer without id", []byte{0x90, 0x40, 0x05, 0x00}, Picture{Layer: 5, LayAt: 2, Size: 3, Begins: true}, true},
	} {
		got, ok := ParseVP8(row.payload)
		if !ok || got != row.want || got.Key(row.payload) != row.key {
			t.Errorf("%s: %+v %v key %v", row.name, got, ok, got.Key(row.payload))
		}
	}
	for _, short := range [][]byte{nil, {0x90}, {0x90, 0x80}, {0x90, 0x80, 0x80}, {0x90, 0xf0, 0x81, 0x02, 0x03}} {
		if _, ok := ParseVP8(short); ok {
			t.Errorf("took %x", short)
		}
	}
}

func FuzzVP8DescriptorPutBackIsSame(f *testing.F) {
	f.Add([]byte{0x90, 0xf0, 0x81, 0x02, 0x03, 0x04, 0x01})
	f.Add([]byte{0x90, 0x80, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := ParseVP8(b)
		if !ok {
			return
		}
		if int(p.Size) > len(b) {
			t.Fatalf("descriptor of %d bytes in %d", p.Size, len(b))
		}
		c := bytes.Clone(b)
		p.Put(c)
		if !bytes.Equal(b, c) {
			t.Fatalf("%x became %x", b, c)
		}
		p.ID, p.Layer = (p.ID+1)&p.idMask(), p.Layer+1
		p.Put(c)
		q, _ := ParseVP8(c)
		if p.IDAt != 0 && q.ID != p.ID || p.LayAt != 0 && q.Layer != p.Layer || q.Size != p.Size {
			t.Fatalf("wrote %+v, read %+v", p, q)
		}
	})
}

func TestMissingPacketsAreAskedForAndGivenUp(t *testing.T) {
	var g Gaps
	now := int64(1)
	g.Take(65534, now)
	g.Take(65538, now) // 65535, 65536, 65537 are missing
	if due := g.Due(now, nil); len(due) != 0 {
		t.Fatalf("asked at once: %v", due)
	}
	now += firstAsk
	if due := g.Due(now, nil); len(due) != 3 || due[0] != 65535 || due[1] != 0 || due[2] != 1 {
		t.Fatalf("asked for %v", due)
	}
	if fresh, _ := g.Take(65536, now); !fresh {
		t.Fatal("the repair was refused")
	}
	if fresh, _ := g.Take(65536, now); fresh {
		t.Fatal("the double was taken")
	}
	asked := 0
	for range 20 {
		now += nextAsk
		asked += len(g.Due(now, nil))
	}
	if asked != 2*(maxTries-1) || g.count != 0 {
		t.Fatalf("asked %d times more, %d still missing", asked, g.count)
	}
	if _, lost := g.Take(65538+maxGaps+2, now); !lost {
		t.Fatal("a wide hole was not reported")
	}
}

func TestGapsAgreeWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gaps
		seen := map[int64]bool{}
		newest := int64(-1)
		at := rapid.Int64Range(0, 70000).Draw(t, "start")
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			index := max(0, at+rapid.Int64Range(-1200, 40).Draw(t, "d"))
			fresh, _ := g.Take(index, 1)
			want := !seen[index] && (newest < 0 || newest-index < window)
			if newest < 0 {
				want = true
			}
			if fresh != want {
				t.Fatalf("%d after %d: fresh %v, want %v", index, newest, fresh, want)
			}
			if fresh {
				seen[index] = true
			}
			if newest < 0 || index > newest {
				newest = index
			}
			at = newest
			for _, seq := range g.Due(1<<60, nil) {
				i, _ := g.Index(seq)
				if seen[i] {
					t.Fatalf("asked for %d, which came", i)
				}
			}
		}
	})
}
