package allot

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// three is a camera's usual simulcast: 180, 360 and 720 lines, two temporal layers each.
func three(who int) Published {
	return Published{Who: person(who), Layers: []Layer{
		{0, 0, 180, 100_000},
		{0, 1, 180, 150_000},
		{1, 0, 360, 300_000},
		{1, 1, 360, 500_000},
		{2, 0, 720, 1_000_000},
		{2, 1, 720, 1_500_000},
	}}
}

func screenOf(who int) Published {
	return Published{Who: person(who), Source: Screen, Layers: []Layer{{0, 0, 540, 400_000}, {1, 0, 1080, 1_200_000}}}
}

func tiles(height int, who ...int) []Tile {
	var list []Tile
	for _, n := range who {
		list = append(list, Tile{Who: person(n), Height: height})
	}
	return list
}

// say words choices: who, spatial and temporal layer, s for a screen, - for paused.
func say(choices []Choice) string {
	var words []string
	for _, c := range choices {
		name := fmt.Sprint(c.Who[0])
		if c.Source == Screen {
			name += "s"
		}
		if c.Paused {
			words = append(words, name+":-")
		} else {
			words = append(words, fmt.Sprintf("%s:%d.%d", name, c.Spatial, c.Temporal))
		}
	}
	return strings.Join(words, " ")
}

// last decides at a time and gives what is said of person 1, or what was before.
func last(m *Layers, now time.Duration, before string) string {
	for _, d := range m.Decide(now) {
		if a, ok := d.(Allocated); ok && a.Who == person(1) {
			before = say(a.Choices)
		}
	}
	return before
}

func TestFirstChoices(t *testing.T) {
	shown := func(list ...Tile) Shown { return Shown{Who: person(1), Tiles: list} }
	screen := Tile{person(2), Screen, 1080}
	for name, c := range map[string]struct {
		show   Shown
		rate   Bitrate
		voices Bitrate
		speaks int
		want   string
	}{
		"room for all":                      {shown(tiles(720, 2, 3)...), 10_000_000, 0, 0, "2:2.1 3:2.1"},
		"no more than the tile needs":       {shown(tiles(180, 2, 3)...), 10_000_000, 0, 0, "2:0.1 3:0.1"},
		"a tile between two sizes":          {shown(tiles(300, 2, 3)...), 10_000_000, 0, 0, "2:1.1 3:1.1"},
		"out of sight":                      {shown(tiles(0, 2, 3)...), 10_000_000, 0, 0, "2:- 3:-"},
		"everybody a little first":          {shown(tiles(720, 2, 3, 4)...), 400_000, 0, 0, "2:0.1 3:0.0 4:0.0"},
		"the first ones, if not all":        {shown(tiles(720, 2, 3, 4)...), 240_000, 0, 0, "2:0.0 3:0.0 4:-"},
		"then the speaker":                  {shown(tiles(720, 2, 3, 4)...), 1_400_000, 0, 4, "2:0.1 3:0.0 4:2.0"},
		"the speaker first, if not all":     {shown(tiles(720, 2, 3, 4)...), 130_000, 0, 4, "2:- 3:- 4:0.0"},
		"the screen before everybody":       {shown(append(tiles(720, 3, 4), screen)...), 1_400_000, 0, 4, "3:- 4:- 2s:1.0"},
		"less of the screen":                {shown(append(tiles(720, 3, 4), screen)...), 700_000, 0, 4, "3:0.0 4:0.0 2s:0.0"},
		"audio before video":                {shown(tiles(720, 2, 3)...), 500_000, 400_000, 0, "2:- 3:-"},
		"audio alone, more than there is":   {shown(tiles(720, 2, 3)...), 50_000, 80_000, 0, "2:- 3:-"},
		"who publishes nothing":             {shown(tiles(720, 2, 9)...), 10_000_000, 0, 0, "2:2.1 9:-"},
		"never oneself, nobody twice":       {shown(tiles(180, 1, 2, 2)...), 10_000_000, 0, 0, "2:0.1"},
		"audio only":                        {Shown{person(1), tiles(720, 2, 3), AudioOnly}, 10_000_000, 0, 0, "2:- 3:-"},
		"data saver":                        {Shown{person(1), tiles(720, 2, 3, 4), DataSaver}, 10_000_000, 0, 0, "2:0.1 3:0.1 4:0.1"},
		"data saver with a screen":          {Shown{person(1), append(tiles(720, 3), screen), DataSaver}, 10_000_000, 0, 0, "3:- 2s:0.0"},
		"nothing known of the way: nothing": {shown(tiles(720, 2, 3)...), 0, 0, 0, "2:- 3:-"},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewLayers()
			for n := 2; n <= 4; n++ {
				m.Note(three(n))
			}
			m.Note(screenOf(2))
			m.Note(c.show)
			m.Note(Estimated{person(1), c.rate})
			m.Note(Voiced{person(1), c.voices})
			if c.speaks > 0 {
				m.Note(Spoke{person(c.speaks)})
			}
			if got := last(m, time.Second, ""); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestDownAtOnceUpAfterAWhile(t *testing.T) {
	m := NewLayers()
	m.Note(three(2))
	m.Note(Shown{Who: person(1), Tiles: tiles(720, 2)})
	got := ""
	for _, step := range []struct {
		at   time.Duration
		rate Bitrate
		want string
	}{
		{0, 2_000_000, "2:2.1"},
		{500 * time.Millisecond, 1_550_000, "2:2.1"}, // less, and enough
		{600 * time.Millisecond, 600_000, "2:1.1"},   // at once
		{time.Second, 5_000_000, "2:1.1"},
		{3 * time.Second, 5_000_000, "2:1.1"}, // the first was given soon before, so the wait is longer
		{4700 * time.Millisecond, 5_000_000, "2:2.1"},
		{5 * time.Second, 50_000, "2:-"},
		{12 * time.Second, 5_000_000, "2:-"}, // and longer
		{14 * time.Second, 5_000_000, "2:2.1"},
	} {
		m.Note(Estimated{person(1), step.rate})
		if got = last(m, step.at, got); got != step.want {
			t.Fatalf("at %v with %d: %q, want %q", step.at, step.rate, got, step.want)
		}
	}
}

func TestNewScreensAreServedAtOnce(t *testing.T) {
	m := NewLayers()
	m.Note(three(2))
	m.Note(three(3))
	m.Note(Shown{Who: person(1), Tiles: tiles(180, 2)})
	m.Note(Estimated{person(1), 3_000_000})
	last(m, 0, "")
	m.Note(Shown{Who: person(1), Tiles: tiles(360, 3, 2)})
	if got := last(m, 100*time.Millisecond, ""); got != "3:1.1 2:0.1" { // the newcomer at once, more for the other later
		t.Errorf("at once %q", got)
	}
	if got := last(m, 3*time.Second, ""); got != "3:1.1 2:1.1" {
		t.Errorf("later %q", got)
	}
	m.Note(Left{person(3)})
	if got := last(m, 4*time.Second, ""); got != "3:- 2:1.1" {
		t.Errorf("after leaving %q", got)
	}
}

func TestPublishersArePausedWhereNobodyLooks(t *testing.T) {
	for name, c := range map[string]struct {
		scalable bool
		tile     int
		want     []uint8
	}{
		"simulcast":       {false, 360, []uint8{0b010}},
		"scalable":        {true, 360, []uint8{0b011}},
		"all are used":    {true, 720, nil},
		"nobody at all":   {false, 0, []uint8{0}},
		"the lowest only": {false, 90, []uint8{0b001}},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewLayers()
			p := three(2)
			p.Scalable = c.scalable
			m.Note(p)
			m.Note(Shown{Who: person(1), Tiles: tiles(c.tile, 2)})
			m.Note(Estimated{person(1), 5_000_000})
			var got []uint8
			for now := time.Duration(0); now < 10*time.Second; now += 100 * time.Millisecond {
				for _, d := range m.Decide(now) {
					if d, ok := d.(Demanded); ok {
						got = append(got, d.Spatial)
						if now < demandHold {
							t.Errorf("told at %v", now)
						}
					}
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("told %b, want %b", got, c.want)
			}
			m.Note(Shown{Who: person(1), Tiles: tiles(720, 2)})
			if c.want == nil {
				return
			}
			for _, d := range m.Decide(20 * time.Second) {
				if d, ok := d.(Demanded); ok && d.Spatial&0b100 == 0 {
					t.Errorf("then told %b", d.Spatial)
				}
			}
		})
	}
}

// TestNoiseMovesNobody: estimates and measured rates that shake by a tenth, for five minutes, at every budget.
func TestNoiseMovesNobody(t *testing.T) {
	for rate := Bitrate(100_000); rate < 8_000_000; rate += rate / 5 {
		random := rand.New(rand.NewPCG(uint64(rate), 1))
		shake := func(b Bitrate) Bitrate { return Bitrate(float64(b) * (0.9 + 0.2*random.Float64())) }
		m := NewLayers()
		changes, said := 0, ""
		m.Note(Shown{Who: person(1), Tiles: tiles(720, 2, 3, 4, 5)})
		for now := time.Duration(0); now < 5*time.Minute; now += 100 * time.Millisecond {
			if now%time.Second == 0 {
				for n := 2; n <= 5; n++ {
					p := three(n)
					for i := range p.Layers {
						p.Layers[i].Rate = shake(p.Layers[i].Rate)
					}
					m.Note(p)
				}
			}
			m.Note(Estimated{person(1), shake(rate)})
			if got := last(m, now, said); got != said {
				said = got
				changes++
			}
		}
		if changes > 5*10 {
			t.Errorf("%d changes in five minutes at %d: %s", changes, rate, said)
		}
	}
}

// TestRandomScreensKeepTheBudget walks at random: no receiver gets more than its budget or than its tiles can use,
// nothing that is not published, everything if there is room for long enough, no raise of the same tile within two
// seconds, and two machines that hear the same say the same.
func TestRandomScreensKeepTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := NewLayers(), NewLayers()
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			n := draw(t)
			a.Note(n)
			b.Note(n)
			now += rapid.SampledFrom([]time.Duration{0, 10 * time.Millisecond, time.Second, time.Minute}).Draw(t, "later")
			if x, y := a.Decide(now), b.Decide(now); !reflect.DeepEqual(x, y) {
				t.Fatalf("%v and %v", x, y)
			}
			for _, r := range a.receivers {
				within(t, a, r)
			}
		}
		for _, r := range a.receivers {
			a.Note(Estimated{r.who, 1 << 40})
		}
		a.Decide(now)
		a.Decide(now + time.Hour)
		for _, r := range a.receivers {
			for _, w := range a.wishes(r) {
				if w.have != w.most && r.mode != DataSaver {
					t.Fatalf("%v has %d of %d with room for all", r.who, w.have, w.most)
				}
			}
		}
	})
}

func draw(t *rapid.T) Notice {
	who := person(rapid.IntRange(1, 5).Draw(t, "who"))
	source := Source(rapid.IntRange(0, 1).Draw(t, "source"))
	switch rapid.IntRange(0, 7).Draw(t, "notice") {
	case 0, 1:
		var layers []Layer
		for range rapid.IntRange(0, 20).Draw(t, "layers") {
			layers = append(layers, Layer{
				uint8(rapid.IntRange(0, 9).Draw(t, "spatial")), uint8(rapid.IntRange(0, 3).Draw(t, "temporal")),
				rapid.IntRange(-1, 2000).Draw(t, "height"), Bitrate(rapid.IntRange(-1, 3_000_000).Draw(t, "rate")),
			})
		}
		return Published{who, source, rapid.Bool().Draw(t, "scalable"), layers}
	case 2, 3:
		var list []Tile
		for range rapid.IntRange(0, 8).Draw(t, "tiles") {
			list = append(list, Tile{person(rapid.IntRange(1, 6).Draw(t, "of")), Source(rapid.IntRange(0, 1).Draw(t, "what")), rapid.IntRange(-1, 2000).Draw(t, "tile")})
		}
		return Shown{who, list, Mode(rapid.IntRange(0, 2).Draw(t, "mode"))}
	case 4, 5:
		return Estimated{who, Bitrate(rapid.IntRange(-1, 8_000_000).Draw(t, "estimate"))}
	case 6:
		return Voiced{who, Bitrate(rapid.IntRange(-1, 300_000).Draw(t, "voices"))}
	default:
		if rapid.Bool().Draw(t, "leaves") {
			return Left{who}
		}
		return Spoke{who}
	}
}

func within(t *rapid.T, m *Layers, r *viewer) {
	sum := Bitrate(0)
	for i, h := range r.have {
		if h.paused {
			continue
		}
		v := m.byKey[h.key]
		if v == nil || r.mode == AudioOnly || r.tiles[i].Height <= 0 || h.key == (videoKey{r.who, Camera}) {
			t.Fatalf("%v gets %v", r.who, h)
		}
		at := slices.IndexFunc(v.layers, func(l Layer) bool { return l.Spatial == h.spatial && l.Temporal == h.temporal })
		if at < 0 || at > useful(v.layers, r.tiles[i], r.mode) {
			t.Fatalf("%v gets rung %d of %v", r.who, at, v.layers)
		}
		sum += v.layers[at].Rate
	}
	if sum > r.budget() {
		t.Fatalf("%v gets %d of %d", r.who, sum, r.budget())
	}
}
