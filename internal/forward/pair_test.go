package forward

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = int64(time.Millisecond)

var (
	annika = Source{Publisher: 1, Stream: 11}
	bela   = Source{Publisher: 2, Stream: 21}
)

// video makes a packet of a video with both running numbers.
func video(index int64, ticks uint32, at int64, key bool, id uint16, layer uint8) *Packet {
	return &Packet{
		Index: index, Time: ticks, Arrival: at, OtherLag: NoLag, Enters: key,
		Picture: Picture{ID: id, Layer: layer, IDAt: 2, LayAt: 4, Size: 5, Wide: true},
	}
}

func TestSlotGoesOnWithTheOldSourceUntilTheKeyFrame(t *testing.T) {
	p := NewPair(Start{}, Start{Index: 100, Time: 5000})
	p.Want(Video, annika)
	if p.Step(Video, annika, video(7, 0, 1, false, 1, 1)).Send {
		t.Fatal("began without a key frame")
	}
	first := p.Step(Video, annika, video(8, 90, 2, true, 2, 2))
	if !first.Send || !first.Switched || first.Index != 101 {
		t.Fatalf("first packet: %+v", first)
	}
	p.Want(Video, bela)
	if !p.Waiting(Video) || p.Step(Video, bela, video(60000, 7, 3, false, 9, 9)).Send {
		t.Fatal("entered the new source without a key frame")
	}
	if o := p.Step(Video, annika, video(9, 180, 4, false, 3, 3)); !o.Send || o.Index != 102 {
		t.Fatalf("the old source stopped: %+v", o)
	}
	o := p.Step(Video, bela, video(60001, 7, 5*ms, true, 77, 200))
	if !o.Switched || o.Index != 103 || o.Picture.ID != 4 || o.Picture.Layer != 4 {
		t.Fatalf("switch: %+v", o)
	}
	if p.Step(Video, annika, video(10, 270, 6, false, 4, 4)).Send {
		t.Fatal("the old source goes on after the switch")
	}
	if p.Step(Video, bela, video(60000, 7, 6*ms, false, 76, 199)).Send {
		t.Fatal("a packet from before the switch took a number that was given out")
	}
	p.Want(Video, Source{})
	if p.Step(Video, bela, video(60002, 8, 7*ms, true, 78, 201)).Send {
		t.Fatal("an emptied slot shows something")
	}
}

func TestSequenceWrapsWithTheRolloverCounted(t *testing.T) {
	p := NewPair(Start{Index: 65530 & 0x7fff}, Start{Index: 32767})
	p.Want(Video, annika)
	last := int64(32767)
	for i := range int64(200_000) {
		o := p.Step(Video, annika, video(65500+i, uint32(i*3000), i*33*ms+1, true, uint16(i)&0x7fff, uint8(i)))
		if o.Index != last+1 {
			t.Fatalf("packet %d: index %d after %d", i, o.Index, last)
		}
		last = o.Index
	}
}

func TestLeapOfASourceIsClosed(t *testing.T) {
	p := NewPair(Start{}, Start{Index: 10})
	p.Want(Video, annika)
	p.Step(Video, annika, video(100, 0, 1, true, 0, 0))
	if o := p.Step(Video, annika, video(100+maxJump, 0, 2, false, 0, 0)); o.Index != 11+maxJump {
		t.Fatalf("a loss was hidden: %d", o.Index)
	}
	if o := p.Step(Video, annika, video(100+9*maxJump, 0, 3, false, 0, 0)); o.Index != 12+maxJump {
		t.Fatalf("a leap was shown: %d", o.Index)
	}
	if p.Step(Video, annika, video(100+maxJump-1, 0, 4, false, 0, 0)).Send {
		t.Fatal("a packet from before the leap took a number that was given out")
	}
}

func TestMissingNumberLeadsBackToTheSource(t *testing.T) {
	p := NewPair(Start{}, Start{Index: 65000})
	p.Want(Video, annika)
	for i := range int64(10) {
		p.Step(Video, annika, video(500+i, 0, 1+i, true, 0, 0))
	}
	p.Want(Video, bela)
	for i := range int64(1000) {
		p.Step(Video, bela, video(9000+i, 0, 100+i, true, 0, 0))
	}
	// annika had 65001 to 65010, bela 65011 to 66010, whose low bits wrap.
	for _, row := range []struct {
		seq   uint16
		index int64
		ok    bool
	}{
		{65010, 0, false},
		{65011, 9000, true},
		{65535, 9524, true},
		{0, 9525, true},
		{uint16(66010 - 65536), 9999, true},
		{uint16(66011 - 65536), 0, false},
	} {
		index, ok := p.Origin(Video, row.seq)
		if ok != row.ok || index != row.index {
			t.Errorf("%d: %d %v, want %d %v", row.seq, index, ok, row.index, row.ok)
		}
	}
}

func TestLipsStayTogetherOverASwitch(t *testing.T) {
	p := NewPair(Start{Time: 1 << 31}, Start{Time: 77})
	p.Want(Audio, annika)
	p.Want(Video, annika)
	play := func(k Kind, s Source, i, at, lag, other int64) Out {
		rate := int64(VideoRate)
		if k == Audio {
			rate = AudioRate
		}
		pkt := &Packet{Index: i, Time: uint32((at - lag) / ms * rate / 1000), Arrival: at, Lag: lag, OtherLag: other, Enters: true}
		return p.Step(k, s, pkt)
	}
	base := int64(1_000_000) * ms
	for i := range int64(50) {
		play(Audio, annika, i, base+i*20*ms, 10*ms, 15*ms)
		play(Video, annika, i, base+i*20*ms, 15*ms, 10*ms)
	}
	before := p.slots[Video].lastTicks
	// Bela's voice is 120 ms old when it comes, the picture 30 ms.
	p.Want(Audio, bela)
	p.Want(Video, bela)
	at := base + 51*20*ms
	v := play(Video, bela, 1, at, 30*ms, 120*ms)
	a := play(Audio, bela, 1, at, 120*ms, 30*ms)
	if int32(v.Time-before) <= 0 {
		t.Fatal("video's time ran backwards")
	}
	// Both are on one clock: the line gives voice and picture of one instant one server time.
	sound := p.slots[Audio].base + int64(int32(a.Time-p.slots[Audio].baseTicks))*int64(time.Second)/AudioRate
	picture := p.slots[Video].base + int64(int32(v.Time-p.slots[Video].baseTicks))*int64(time.Second)/VideoRate
	if d := (picture + 30*ms) - (sound + 120*ms); d < -2*ms || d > 2*ms {
		t.Fatalf("voice and picture of one instant are %v apart", time.Duration(d))
	}
}

func TestWallClockFollowsTheLeastDelayAndDrift(t *testing.T) {
	var w Wall
	w.Report(1000*ms, 5000*ms)
	w.Report(2000*ms, 6050*ms) // a late report
	if w.offset < 4000*ms || w.offset > 4001*ms {
		t.Fatalf("offset %v", time.Duration(w.offset))
	}
	c := Clock{Rate: VideoRate}
	c.Report(2000*ms, 90000)
	if lag := c.Lag(&w, 90000+9000, 6150*ms); lag < 49*ms || lag > 51*ms {
		t.Fatalf("lag %v", time.Duration(lag))
	}
	if lag := c.Lag(&w, 90000+1<<30, 6150*ms); lag != 0 {
		t.Fatalf("believed a lag of %v", time.Duration(lag))
	}
}

// TestNoNumberIsGivenTwice walks at random through switches, losses, reordering, leaps and wraps.
func TestNoNumberIsGivenTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPair(Start{}, Start{Index: rapid.Int64Range(0, 0x7fff).Draw(t, "start"), Time: rapid.Uint32().Draw(t, "time")})
		sources := []Source{annika, bela, {3, 31}, {1, 12}}
		next := make([]int64, len(sources))
		for i := range next {
			next[i] = rapid.Int64Range(0, 1<<17).Draw(t, "index")
		}
		late := map[int][]int64{}
		given := map[int64]bool{}
		newest := int64(-1)
		now := int64(1)
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			now += rapid.Int64Range(0, 50*ms).Draw(t, "pass")
			i := rapid.IntRange(0, len(sources)-1).Draw(t, "source")
			var index int64
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				p.Want(Video, sources[i])
				continue
			case 1: // lost for now
				late[i] = append(late[i], next[i])
				next[i]++
				continue
			case 2:
				next[i] += rapid.Int64Range(1, 3*maxJump).Draw(t, "leap")
				continue
			case 3:
				if len(late[i]) == 0 {
					continue
				}
				index = late[i][0]
				late[i] = late[i][1:]
			default:
				index = next[i]
				next[i]++
			}
			pkt := video(index, rapid.Uint32().Draw(t, "ticks"), now, rapid.IntRange(0, 3).Draw(t, "key") == 0, uint16(index)&0x7fff, uint8(index))
			o := p.Step(Video, sources[i], pkt)
			if !o.Send {
				continue
			}
			if given[o.Index] {
				t.Fatalf("index %d twice", o.Index)
			}
			given[o.Index] = true
			if o.Switched && o.Index != newest+1 && newest >= 0 {
				t.Fatalf("switch to %d after %d", o.Index, newest)
			}
			newest = max(newest, o.Index)
			if p.Shows(Video) != sources[i] {
				t.Fatalf("sent what is not shown")
			}
			if back, ok := p.Origin(Video, uint16(o.Index)); !ok || back != index {
				t.Fatalf("%d leads back to %d %v, not %d", o.Index, back, ok, index)
			}
		}
	})
}
