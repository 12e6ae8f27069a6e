package forward

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// heard is one packet of a recording: what a Chromium sent, in the order of arrival. A line of testdata has the
// stream's rid, the sequence number with its rollovers, time, marker, payload's size, descriptor and the payload's
// first bytes.
type heard struct {
	rid                 string
	index               int64
	time                uint32
	marker              bool
	size                int
	descriptor, payload []byte
}

var recordings = []struct {
	name   string
	codec  Codec
	rids   []string // from the smallest
	dd     bool
	sizes  uint8 // spatial layers in one stream
	rates  uint8
	pinned bool // a picture of a larger size refers to smaller ones at key frames only
}{
	{"vp8sim", VP8, []string{"q", "h", "f"}, true, 1, 3, false},
	{"vp8no", VP8, []string{"q", "h", "f"}, false, 1, 3, false},
	{"h264", H264, []string{"q", "h", "f"}, true, 1, 1, false},
	{"vp9key", VP9, []string{"-"}, true, 3, 3, true},
	{"vp9full", VP9, []string{"-"}, true, 3, 3, false},
	{"vp9no", VP9, []string{"-"}, false, 3, 3, true},
	{"av1", AV1, []string{"-"}, true, 1, 3, false},
	{"av1k", AV1, []string{"-"}, true, 2, 2, true},
}

func recording(t testing.TB, name string) []heard {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []heard
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var h heard
		var marker int
		var d, p string
		if _, err := fmt.Sscan(lines.Text(), &h.rid, &h.index, &h.time, &marker, &h.size, &d, &p); err != nil {
			t.Fatal(err)
		}
		h.marker = marker == 1
		if d != "-" {
			h.descriptor = unhex(t, d)
		}
		h.payload = unhex(t, p)
		all = append(all, h)
	}
	if len(all) == 0 {
		t.Fatal("an empty recording")
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scanned reads a recording as a publisher's stream would be: one scanner for each rid.
func scanned(t rapid.TB, codec Codec, all []heard, rids []string) []*Packet {
	t.Helper()
	scanners := map[string]*Scanner{}
	for _, r := range rids {
		s := NewScanner(codec)
		scanners[r] = &s
	}
	out := make([]*Packet, len(all))
	for i, h := range all {
		p := &Packet{Index: h.index, Time: h.time, Arrival: int64(i+1) * 3 * ms, OtherLag: NoLag}
		if !scanners[h.rid].Read(p, h.payload, h.descriptor) {
			t.Fatalf("packet %d was refused", i)
		}
		out[i] = p
	}
	return out
}

// inOrder undoes what was lost and sent again on the way up.
func inOrder(all []heard) []heard {
	out := slices.Clone(all)
	places := map[string][]int{}
	for i, h := range all {
		places[h.rid] = append(places[h.rid], i)
	}
	for _, at := range places {
		of := make([]heard, len(at))
		for i, k := range at {
			of[i] = all[k]
		}
		slices.SortFunc(of, func(a, b heard) int { return int(a.index - b.index) })
		for i, k := range at {
			out[k] = of[i]
		}
	}
	return out
}

// moved adds to all indices and frame numbers, so that they wrap elsewhere.
func moved(all []heard, by int64) []heard {
	out := slices.Clone(all)
	for i := range out {
		out[i].index += by
		if d := slices.Clone(out[i].descriptor); d != nil {
			PutFrameNumber(d, binary.BigEndian.Uint16(d[1:])+uint16(by))
			out[i].descriptor = d
		}
	}
	return out
}

// TestRecordingsAgreeWithTheirCodecs reads each recording by its dependency descriptors and by its codec.
func TestRecordingsAgreeWithTheirCodecs(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			all := recording(t, r.name)
			both := scanned(t, r.codec, all, r.rids)
			bare := make([]heard, len(all))
			for i, h := range all {
				bare[i] = h
				bare[i].descriptor = nil
			}
			alone := scanned(t, r.codec, bare, r.rids)
			keys := map[string]int{}
			rates, sizes := uint8(0), uint8(0)
			began := map[string]bool{}
			for i, p := range both {
				h := all[i]
				if p.Frame.Described() != r.dd {
					t.Fatalf("packet %d: described %v", i, p.Frame.Described())
				}
				if p.Enters != alone[i].Enters && !(p.Enters && r.codec == VP9) {
					t.Fatalf("packet %d: enters %v by the descriptor, %v by the codec", i, p.Enters, alone[i].Enters)
				}
				if p.Enters {
					keys[h.rid]++
					began[h.rid] = true
				}
				if p.Frame.far {
					t.Fatalf("packet %d %x was not understood", i, h.descriptor)
				}
				if a := alone[i].Frame; a.Layered && p.Frame.Layered && p.Frame.Layer != a.Layer {
					t.Fatalf("packet %d: layer %v by the descriptor, %v by the codec", i, p.Frame.Layer, a.Layer)
				}
				if a := alone[i].Frame; r.codec == VP9 && (a.Begins != p.Frame.Begins || a.Ends != p.Frame.Ends) {
					t.Fatalf("packet %d: frame borders", i)
				}
				rates, sizes = max(rates, p.Frame.Layer.Temporal+1), max(sizes, p.Frame.Layer.Spatial+1)
			}
			for _, rid := range r.rids {
				if !began[rid] || keys[rid] < 2 {
					t.Errorf("%s: %d key frames", rid, keys[rid])
				}
			}
			if rates != r.rates || sizes != r.sizes {
				t.Errorf("%d sizes of %d rates", sizes, rates)
			}
		})
	}
}

// TestReferencesOfRecordingsExist checks that each frame refers to frames of its own stream that came before.
func TestReferencesOfRecordingsExist(t *testing.T) {
	for _, r := range recordings {
		if !r.dd {
			continue
		}
		all := recording(t, r.name)
		came := map[string]map[int64]bool{}
		for i, p := range scanned(t, r.codec, all, r.rids) {
			rid := all[i].rid
			if came[rid] == nil {
				came[rid] = map[int64]bool{}
			}
			came[rid][p.Frame.Order] = true
			for d := range int64(64) {
				if p.Frame.needs>>d&1 != 0 && !came[rid][p.Frame.Order-d-1] {
					t.Fatalf("%s packet %d: frame %d refers to %d, which did not come", r.name, i, p.Frame.Order, p.Frame.Order-d-1)
				}
			}
			if !p.Frame.Key && p.Frame.needs == 0 && p.Frame.Begins {
				t.Fatalf("%s packet %d: a frame without references is no key frame", r.name, i)
			}
		}
	}
}
