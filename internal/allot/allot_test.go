package allot

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"incamera/internal/ident"
)

func person(n int) ident.ParticipantID { return ident.ParticipantID{byte(n)} }

func people(list ...int) []ident.ParticipantID {
	out := make([]ident.ParticipantID, len(list))
	for i, n := range list {
		if n > 0 {
			out[i] = person(n)
		}
	}
	return out
}

func TestSlots(t *testing.T) {
	open := func(n, slots int) Input { return Opened{person(n), slots} }
	for name, c := range map[string]struct {
		story []Input
		want  []ident.ParticipantID // what person 1 gets
	}{
		"alone":                          {[]Input{open(1, 2)}, people(0, 0)},
		"by arrival":                     {[]Input{open(1, 2), open(3, 2), open(2, 2), open(4, 2)}, people(3, 2)},
		"never oneself":                  {[]Input{open(2, 2), open(1, 3)}, people(2, 0, 0)},
		"those on screen first":          {[]Input{open(1, 2), open(2, 2), open(3, 2), open(4, 2), Viewed{person(1), people(4, 3)}}, people(4, 3)},
		"who stays keeps the place":      {[]Input{open(1, 3), open(2, 1), open(3, 1), open(4, 1), open(5, 1), Viewed{person(1), people(5, 4, 2)}}, people(2, 5, 4)},
		"a gap is filled":                {[]Input{open(1, 2), open(2, 1), open(3, 1), open(4, 1), Closed{person(2)}}, people(4, 3)},
		"who is not there is not wanted": {[]Input{open(1, 2), open(2, 1), Viewed{person(1), people(7, 2)}}, people(2, 0)},
		"opened anew with more":          {[]Input{open(1, 1), open(2, 1), open(3, 1), open(1, 3)}, people(2, 3, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			m := New()
			var got []ident.ParticipantID
			for _, in := range c.story {
				for _, e := range m.Step(in) {
					if e.Who == person(1) {
						got = e.Slots
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestRandomStoriesKeepSlotsStable walks at random: nobody in two slots, nobody who is not there, nobody
// sees themselves, no slot empty while somebody is left over, and who stays wanted stays in place.
func TestRandomStoriesKeepSlotsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := New()
		told := map[ident.ParticipantID][]ident.ParticipantID{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := person(rapid.IntRange(1, 7).Draw(t, "who"))
			var in Input
			switch rapid.IntRange(0, 3).Draw(t, "input") {
			case 0, 1:
				in = Opened{who, rapid.IntRange(0, 4).Draw(t, "slots")}
				delete(told, who)
			case 2:
				in = Closed{who}
				delete(told, who)
			default:
				in = Viewed{who, people(rapid.SliceOfN(rapid.IntRange(1, 9), 0, 5).Draw(t, "wanted")...)}
			}
			before := map[ident.ParticipantID][]ident.ParticipantID{}
			for p, slots := range told {
				before[p] = slots
			}
			for _, e := range m.Step(in) {
				told[e.Who] = e.Slots
			}
			for p, slots := range told {
				check(t, m, p, slots, before[p])
			}
		}
	})
}

func check(t *rapid.T, m *Machine, who ident.ParticipantID, slots, before []ident.ParticipantID) {
	filled := 0
	for i, p := range slots {
		if p.IsZero() {
			continue
		}
		filled++
		if p == who || !m.Open(p) || slices.Contains(slots[:i], p) {
			t.Fatalf("%v gets %v", who, slots)
		}
		if was := slices.Index(before, p); was >= 0 && was != i && len(before) == len(slots) {
			t.Fatalf("%v moved from %d to %d of %v", p, was, i, who)
		}
	}
	if want := min(len(slots), len(m.arrived)-1); filled != want {
		t.Fatalf("%v gets %d of %d", who, filled, want)
	}
}
