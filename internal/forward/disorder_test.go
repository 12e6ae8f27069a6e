package forward

import (
	"testing"

	"pgregory.net/rapid"
)

// TestLostAndLatePacketsNeverShareANumber plays recordings with losses and late arrivals on the way up: numbers
// are unique, whatever came late finds the number that was kept for it, and a retransmission says the same again.
func TestLostAndLatePacketsNeverShareANumber(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			all, packets := read(t, r.name, r.codec, r.rids)
			rapid.Check(t, func(t *rapid.T) {
				k := newWalk(t, r.codec, r.rids, r.dd)
				played := packets[rapid.IntRange(0, len(packets)-1).Draw(t, "shift")]
				every := rapid.IntRange(5, 80).Draw(t, "pace")
				lossy := rapid.IntRange(2, 40).Draw(t, "loss")
				d := &disorder{walk: k, sent: map[int64]Out{}}
				for n, i := range disordered(t, len(all), lossy) {
					if i%every == 0 {
						k.wish(t, r.rids)
					}
					pkt := *played[i]
					pkt.Arrival = int64(n+1) * 3 * ms
					if err := d.play(k.src[all[i].rid], &pkt); err != "" {
						t.Fatalf("packet %d: %s", i, err)
					}
				}
			})
		})
	}
}

// disordered is an order of n packets in which one in some comes up to 60 places late.
func disordered(t *rapid.T, n, some int) []int {
	late := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 12).Draw(t, "late")
	order := make([]int, 0, n)
	due := map[int][]int{}
	for i := range n {
		if i%some == 0 {
			at := i + late[i/some%len(late)]
			due[at] = append(due[at], i)
		} else {
			order = append(order, i)
		}
		order = append(order, due[i]...)
		delete(due, i)
	}
	return order
}

type disorder struct {
	*walk
	sent map[int64]Out // of the current source, by its index
	now  Source
	high int64
}

func (d *disorder) play(src Source, pkt *Packet) string {
	o, err := d.step(src, pkt)
	if err != nil {
		return err.Error()
	}
	if !o.Send {
		return ""
	}
	if _, ok := d.w.numbered[o.Index]; ok {
		return "its number is that of another"
	}
	d.w.numbered[o.Index] = given{src, pkt.Index}
	if d.high != 0 && o.Index > d.high+200 {
		return "a hole of numbers that nobody lost"
	}
	d.high = max(d.high, o.Index)
	if o.Switched || src != d.now {
		clear(d.sent)
		d.now = src
	}
	d.sent[pkt.Index] = o
	back, ok := d.p.Origin(Video, uint16(o.Index))
	if !ok || back != pkt.Index {
		return "its number leads elsewhere"
	}
	again := d.p.Again(Video, pkt)
	if !again.Send {
		return "it cannot be sent again"
	}
	again.Switched = o.Switched
	if again != o {
		return "it would be sent again as another"
	}
	return ""
}

// TestRetransmissionIsWhatWentOut asks for every number after a while in which layers and rates changed.
func TestRetransmissionIsWhatWentOut(t *testing.T) {
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			all, packets := read(t, r.name, r.codec, r.rids)
			rapid.Check(t, func(t *rapid.T) {
				k := newWalk(t, r.codec, r.rids, r.dd)
				src := k.src[r.rids[0]]
				k.p.Want(Video, src)
				sent := map[int64]Out{}
				byIndex := map[int64]*Packet{}
				every := rapid.IntRange(5, 80).Draw(t, "pace")
				newest := int64(-1)
				for i, pkt := range packets[0] {
					if i%every == 0 {
						k.p.Limit(Layer{uint8(rapid.IntRange(0, 3).Draw(t, "size")), uint8(rapid.IntRange(0, 3).Draw(t, "rate"))})
					}
					if k.src[all[i].rid] != src {
						continue
					}
					if o := k.p.Step(Video, src, pkt); o.Send {
						sent[o.Index], byIndex[o.Index], newest = o, pkt, o.Index
					}
				}
				for n := max(newest-60, 0); n <= newest; n++ {
					o, ok := sent[n]
					if !ok {
						continue
					}
					index, ok := k.p.Origin(Video, uint16(n))
					if !ok || index != byIndex[n].Index {
						t.Fatalf("number %d leads to %d %v, it was %d", n, index, ok, byIndex[n].Index)
					}
					again := k.p.Again(Video, byIndex[n])
					if f := &byIndex[n].Frame; f.Layered && k.p.sieve.frames.newest-f.Order >= frameWindow {
						if again.Send {
							t.Fatal("what is forgotten is sent again")
						}
						continue
					}
					if again.Frame != o.Frame || again.Picture != o.Picture || again.Time != o.Time || again.Index != o.Index || again.Ends != o.Ends || again.Blank || !again.Send {
						t.Fatalf("%+v went out, %+v would go again", o, again)
					}
				}
				if _, ok := k.p.Origin(Video, uint16(newest+1)); ok {
					t.Fatal("a number that was not given out leads somewhere")
				}
			})
		})
	}
}
