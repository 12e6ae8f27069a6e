package forward

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// given is the packet that went under a number.
type given struct {
	src   Source
	index int64
}

// viewer is a receiver's end of a video slot: it holds every promise that a decoder rests on.
type viewer struct {
	codec    Codec
	dd       bool
	numbered map[int64]given // what went under each number
	whole    map[int64]bool  // frames that came, by their number with rollovers
	frame    int64           // greatest frame number
	last     int64           // greatest number
	time     uint32
	id       uint16
	layer    uint8
	above    []*Frame // of VP8: what the source sent since its last base picture
	began    bool
}

func newViewer(codec Codec, dd bool) *viewer {
	return &viewer{codec: codec, dd: dd, numbered: map[int64]given{}, whole: map[int64]bool{}, frame: -1}
}

// take checks one packet that came without loss or reordering.
func (w *viewer) take(src Source, pkt *Packet, o Out) error {
	name := given{src, pkt.Index}
	if other, ok := w.numbered[o.Index]; ok {
		return fmt.Errorf("number %d is given to %v and %v", o.Index, other, name)
	}
	w.numbered[o.Index] = name
	if w.began && o.Index != w.last+1 {
		return fmt.Errorf("number %d after %d", o.Index, w.last)
	}
	if o.Blank {
		return fmt.Errorf("an empty packet without loss")
	}
	if w.began && int32(o.Time-w.time) < 0 {
		return fmt.Errorf("time runs backwards")
	}
	if o.Switched && !pkt.Enters {
		return fmt.Errorf("a switch without a key frame")
	}
	if !w.began && !o.Switched {
		return fmt.Errorf("begins without a switch")
	}
	defer func() { w.last, w.time, w.began = o.Index, o.Time, true }()
	if w.dd {
		return w.described(pkt, o)
	}
	if w.codec == VP8 {
		return w.pictures(pkt, o)
	}
	if w.codec == VP9 {
		return w.superframes(pkt, o)
	}
	return nil
}

// described holds frame numbers and references of the dependency descriptor.
func (w *viewer) described(pkt *Packet, o Out) error {
	order := w.frame + int64(int16(o.Frame-uint16(w.frame)))
	switch {
	case pkt.Frame.Key && order <= w.frame:
		return fmt.Errorf("key frame %d is not later than %d", order, w.frame)
	case order < w.frame:
		return fmt.Errorf("frame %d after %d", order, w.frame)
	case order > w.frame:
		for d := range int64(64) {
			if pkt.Frame.needs>>d&1 != 0 && !w.whole[order-d-1] {
				return fmt.Errorf("frame %d refers to %d, which was not sent", order, order-d-1)
			}
		}
	}
	w.whole[order], w.frame = true, order
	return nil
}

// pictures holds VP8's picture ids and TL0PICIDX to how a browser without descriptors reads them.
func (w *viewer) pictures(pkt *Packet, o Out) error {
	fresh := !w.began || o.Picture.ID != w.id
	if w.began && fresh && o.Picture.ID != (w.id+1)&0x7fff {
		return fmt.Errorf("picture %d after %d", o.Picture.ID, w.id)
	}
	base := pkt.Frame.Layer.Temporal == 0
	switch {
	case w.began && fresh && base && o.Picture.Layer != w.layer+1:
		return fmt.Errorf("base picture %d after %d", o.Picture.Layer, w.layer)
	case w.began && !base && o.Picture.Layer != w.layer:
		return fmt.Errorf("picture rests on base picture %d, the last was %d", o.Picture.Layer, w.layer)
	}
	w.id, w.layer = o.Picture.ID, o.Picture.Layer
	return nil
}

// rests holds VP8's pictures to what they may refer to: without the sync bit everything since the last base picture
// that is not of a higher rate (RFC 7741 4.2).
func (w *viewer) rests(h *heard, pkt *Packet, o Out) error {
	f := &pkt.Frame
	_, sync, _ := vp8Rate(h.payload)
	if f.Begins && f.Layer.Temporal == 0 {
		w.above = w.above[:0]
	}
	if o.Switched {
		clear(w.whole)
	}
	if o.Send {
		w.whole[f.Order] = true
	}
	if o.Send && f.Begins && !sync {
		for _, g := range w.above {
			if g.Layer.Temporal <= f.Layer.Temporal && !w.whole[g.Order] {
				return fmt.Errorf("picture of %v may rest on one of %v that was not sent", f.Layer, g.Layer)
			}
		}
	}
	if f.Begins && f.Layer.Temporal > 0 {
		w.above = append(w.above, f)
	}
	return nil
}

// superframes holds VP9's references as its flexible mode tells them.
func (w *viewer) superframes(pkt *Packet, o Out) error {
	f := &pkt.Frame
	order := 4*int64(o.Picture.ID) + int64(f.Layer.Spatial)
	if f.Key {
		clear(w.whole)
	}
	for d := range int64(64) {
		if f.needs>>d&1 != 0 && !w.whole[order-d-1] {
			return fmt.Errorf("frame %d refers to %d, which was not sent", order, order-d-1)
		}
	}
	w.whole[order] = true
	return nil
}

// walk plays a recording to a slot whose wishes change at random.
type walk struct {
	p      Pair
	w      *viewer
	src    map[string]Source
	want   Source
	limit  Layer
	newest map[Source]int64 // greatest index that was played
	held   int64            // arrival of the first key frame that was held back
}

func newWalk(t *rapid.T, codec Codec, rids []string, dd bool) *walk {
	k := &walk{
		p:   NewPair(Start{}, Start{Index: rapid.Int64Range(0, 0x7fff).Draw(t, "start"), Time: rapid.Uint32().Draw(t, "time")}),
		w:   newViewer(codec, dd),
		src: map[string]Source{}, newest: map[Source]int64{},
	}
	for i, r := range rids {
		k.src[r] = Source{1, uint32(i + 1)}
	}
	k.limit = Top
	return k
}

func (k *walk) wish(t *rapid.T, rids []string) {
	before := k.want
	switch rapid.IntRange(0, 5).Draw(t, "wish") {
	case 0, 1:
		k.limit = Layer{uint8(rapid.IntRange(0, 3).Draw(t, "size")), uint8(rapid.IntRange(0, 3).Draw(t, "rate"))}
		k.p.Limit(k.limit)
	case 2:
		k.want = Source{}
		k.p.Want(Video, k.want)
	default:
		k.want = k.src[rapid.SampledFrom(rids).Draw(t, "rid")]
		k.p.Want(Video, k.want)
	}
	if k.want != before && k.p.hold.at == 0 { // a picture that stands still goes on standing still
		k.held = 0
	}
}

func (k *walk) step(src Source, pkt *Packet) (Out, error) {
	waiting, shown := k.p.Waiting(Video), k.p.Shows(Video)
	o := k.p.Step(Video, src, pkt)
	if src == shown && waiting && src != k.want && pkt.Enters {
		if k.held == 0 {
			k.held = pkt.Arrival
		}
		if o.Send && pkt.Index > k.newest[src] && pkt.Arrival-k.held <= maxHold {
			return o, fmt.Errorf("a key frame of the old layer went out while another is awaited")
		}
	}
	k.newest[src] = max(k.newest[src], pkt.Index)
	if o.Send && src != k.p.Shows(Video) {
		return o, fmt.Errorf("sent what is not shown")
	}
	if o.Switched && src != k.want {
		return o, fmt.Errorf("switched to what nobody wanted")
	}
	return o, nil
}

// shifts are what a recording's numbers are moved by, so that they wrap at other places.
var shifts = []int64{0, 31000, 65000}

// read gives a recording's packets as if nothing had been lost on the way up, once for each shift.
func read(t testing.TB, name string, codec Codec, rids []string) (all []heard, packets [][]*Packet) {
	all = inOrder(recording(t, name))
	for _, by := range shifts {
		packets = append(packets, scanned(t, codec, moved(all, by), rids))
	}
	return all, packets
}

// TestViewersDecodeWhateverTheyWish is the whole promise, on recordings of every codec.
func TestViewersDecodeWhateverTheyWish(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			all, packets := read(t, r.name, r.codec, r.rids)
			rapid.Check(t, func(t *rapid.T) {
				k := newWalk(t, r.codec, r.rids, r.dd)
				every := rapid.IntRange(5, 80).Draw(t, "pace")
				for i, pkt := range packets[rapid.IntRange(0, len(packets)-1).Draw(t, "shift")] {
					if i%every == 0 {
						k.wish(t, r.rids)
					}
					o, err := k.step(k.src[all[i].rid], pkt)
					if err == nil && o.Send {
						err = k.w.take(k.src[all[i].rid], pkt, o)
					}
					if src := k.src[all[i].rid]; err == nil && r.codec == VP8 && !r.dd && src == k.p.Shows(Video) {
						err = k.w.rests(&all[i], pkt, o)
					}
					if err != nil {
						t.Fatalf("packet %d (%s, layer %v): %v", i, all[i].rid, pkt.Frame.Layer, err)
					}
					f := &pkt.Frame
					if f.Begins && o.Send && f.active != 0 && f.Layer.Temporal > k.limit.Temporal {
						t.Fatalf("packet %d of %v goes beyond %v", i, f.Layer, k.limit)
					}
				}
			})
		})
	}
}
