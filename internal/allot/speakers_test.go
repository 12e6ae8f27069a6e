package allot

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hall plays microphones: a packet each 20 ms, a tick each 100 ms.
type hall struct {
	s                *Speakers
	now              time.Duration
	voices, dominant int // changes
}

func newHall(people int) *hall {
	h := &hall{s: NewSpeakers(0)}
	for n := 1; n <= people; n++ {
		h.s.Join(person(n), 0)
	}
	return h
}

// play lets people speak at levels for a time; those who are not named send silence.
func (h *hall) play(long time.Duration, levels map[int]uint8) {
	for end := h.now + long; h.now < end; {
		h.now += 20 * time.Millisecond
		for _, v := range h.s.voices {
			level, ok := levels[int(v.who[0])]
			if !ok {
				level = 127
			}
			h.s.Level(v.who, level, h.now)
		}
		if h.now%(100*time.Millisecond) == 0 {
			voices, dominant := h.s.Tick(h.now)
			if voices {
				h.voices++
			}
			if dominant {
				h.dominant++
			}
		}
	}
}

func TestInSmallMeetingsEverybodyIsHeard(t *testing.T) {
	h := newHall(5)
	h.play(time.Second, nil)
	if got := h.s.Heard(); !slices.Equal(got, people(1, 2, 3, 4, 5)) {
		t.Errorf("heard %v", got)
	}
	h.play(time.Minute, map[int]uint8{1: 20, 3: 25, 5: 10})
	if h.voices != 1 {
		t.Errorf("%d changes", h.voices)
	}
}

func TestWhoSpeaksIsHeardAtOnce(t *testing.T) {
	h := newHall(12)
	h.play(time.Second, nil)
	h.play(100*time.Millisecond, map[int]uint8{12: 25})
	if !slices.Contains(h.s.Heard(), person(12)) {
		t.Errorf("after 100 ms heard %v", h.s.Heard())
	}
	h.play(20*time.Second, nil)
	if !slices.Contains(h.s.Heard(), person(12)) {
		t.Error("a voice goes though nobody needs its place")
	}
}

func TestTheLoudestAreHeardAndOnlyClearlyLouderOnesReplaceThem(t *testing.T) {
	h := newHall(8)
	crowd := map[int]uint8{1: 30, 2: 30, 3: 30, 4: 30, 5: 30}
	h.play(3*time.Second, crowd)
	crowd[6] = 27 // a little louder
	h.play(3*time.Second, crowd)
	if slices.Contains(h.s.Heard(), person(6)) {
		t.Error("a little louder replaced somebody")
	}
	crowd[7] = 15
	h.play(time.Second, crowd)
	if got := h.s.Heard(); !slices.Contains(got, person(7)) || len(got) != 5 {
		t.Errorf("heard %v", got)
	}
}

func TestActiveSpeaker(t *testing.T) {
	h := newHall(3)
	h.play(time.Second, nil)
	if !h.s.Dominant().IsZero() {
		t.Errorf("in silence %v", h.s.Dominant())
	}
	h.play(200*time.Millisecond, map[int]uint8{2: 20}) // a cough
	h.play(time.Second, nil)
	if !h.s.Dominant().IsZero() {
		t.Errorf("after a cough %v", h.s.Dominant())
	}
	h.play(time.Second, map[int]uint8{2: 20})
	if h.s.Dominant() != person(2) {
		t.Errorf("after a second of speech %v", h.s.Dominant())
	}
	h.play(10*time.Second, map[int]uint8{2: 20, 3: 22}) // both: the first stays
	h.play(10*time.Second, nil)                         // silence: the last stays
	if h.s.Dominant() != person(2) || h.dominant != 1 {
		t.Errorf("%v after %d changes", h.s.Dominant(), h.dominant)
	}
	h.play(2*time.Second, map[int]uint8{3: 30})
	if h.s.Dominant() != person(3) {
		t.Errorf("then %v", h.s.Dominant())
	}
	h.s.Leave(person(3))
	if !h.s.Dominant().IsZero() {
		t.Error("one who left is the active speaker")
	}
}

func TestActiveSpeakerStaysForTwoSeconds(t *testing.T) {
	h := newHall(2)
	h.play(700*time.Millisecond, map[int]uint8{1: 35})
	if h.s.Dominant() != person(1) {
		t.Fatalf("first %v", h.s.Dominant())
	}
	h.play(1500*time.Millisecond, map[int]uint8{2: 5}) // louder by far, and alone
	if h.s.Dominant() != person(1) {
		t.Error("changed within two seconds")
	}
	h.play(time.Second, map[int]uint8{2: 5})
	if h.s.Dominant() != person(2) {
		t.Error("did not change after two seconds")
	}
}

// TestSilenceThatIsNotSentIsSilence: with discontinuous transmission the packets stop in mid-sentence.
func TestSilenceThatIsNotSentIsSilence(t *testing.T) {
	s := NewSpeakers(1)
	s.Join(person(1), 0)
	s.Join(person(2), 0)
	now := time.Duration(0)
	for ; now < time.Second; now += 20 * time.Millisecond {
		s.Level(person(1), 10, now)
		s.Tick(now)
	}
	for ; now < 4*time.Second; now += 20 * time.Millisecond {
		s.Level(person(2), 40, now)
		s.Tick(now)
	}
	if got := s.Heard(); !slices.Equal(got, people(2)) || s.Dominant() != person(2) {
		t.Errorf("heard %v, active %v", got, s.Dominant())
	}
}

// TestBabbleChangesLittle: thirty people talk at random levels for a minute.
func TestBabbleChangesLittle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	h := newHall(30)
	for range 300 {
		levels := map[int]uint8{}
		for n := 1; n <= 30; n++ {
			levels[n] = uint8(25 + random.IntN(12))
		}
		h.play(200*time.Millisecond, levels)
	}
	if h.voices > 60 || h.dominant > 30 {
		t.Errorf("%d changes of voices, %d of the speaker", h.voices, h.dominant)
	}
}

func TestLevelsAllocateNothing(t *testing.T) {
	s := NewSpeakers(0)
	who := person(1)
	s.Join(who, 0)
	now := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		now += 20 * time.Millisecond
		s.Level(who, 30, now)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRandomVoices walks at random: as many are heard as there are places, only those who are there, and the active
// speaker is one of them and stays two seconds at least while there.
func TestRandomVoices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 4).Draw(t, "most")
		s := NewSpeakers(most)
		now, since := time.Duration(0), time.Duration(0)
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			who := person(rapid.IntRange(1, 7).Draw(t, "who"))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				s.Join(who, now)
			case 1:
				s.Leave(who)
			default:
				s.Level(who, rapid.Uint8().Draw(t, "level"), now)
			}
			now += time.Duration(rapid.IntRange(0, 400).Draw(t, "ms")) * time.Millisecond
			before := s.Dominant()
			_, dominant := s.Tick(now)
			if dominant != (before != s.Dominant()) || dominant && !before.IsZero() && now-since < dominantHold {
				t.Fatalf("from %v to %v after %v", before, s.Dominant(), now-since)
			}
			if dominant {
				since = now
			}
			if got := s.Heard(); len(got) != min(most, len(s.voices)) {
				t.Fatalf("heard %v of %d", got, len(s.voices))
			}
			if d := s.Dominant(); !d.IsZero() && s.byWho[d] == nil {
				t.Fatalf("%v is not there", d)
			}
		}
	})
}
