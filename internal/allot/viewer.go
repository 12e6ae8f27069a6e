package allot

import (
	"slices"
	"time"

	"incamera/internal/ident"
)

// held is what a receiver has of one video.
type held struct {
	key               videoKey
	spatial, temporal uint8
	paused            bool
}

// viewer is one receiver.
type viewer struct {
	who      ident.ParticipantID
	tiles    []Tile
	mode     Mode
	estimate Bitrate
	voices   Bitrate

	have      []held // in the order of tiles
	stale     bool   // what is shown, or offered, has changed: decide anew at once
	reordered bool   // the active speaker has changed: decide anew when it is time
	dirty     bool   // anything has changed since the last decision
	served    bool   // there is nothing more to wish for
	told      bool   // there was a decision
	needs     Bitrate
	pace      pace
}

// pace is when a receiver's choices moved.
type pace struct {
	moved           bool // the times mean something
	raised, lowered time.Duration
	pause           time.Duration // between raises
}

// wish is one tile that there is a video for, with what may be chosen: rungs of its layers, -1 for none.
type wish struct {
	tile   int
	layers []Layer
	rank   int // 0 screen, 1 active speaker, 2 the rest
	most   int // the highest rung of use
	have   int // the present rung
	known  bool
}

func (r *viewer) shows(key videoKey) bool {
	return slices.ContainsFunc(r.tiles, func(t Tile) bool { return t.Who == key.who && t.Source == key.source })
}

// shown takes over a receiver's screen; who was there keeps what they have.
func (m *Layers) shown(n Shown) {
	r := m.byWho[n.Who]
	if r == nil {
		r = &viewer{who: n.Who, pace: pace{pause: raiseEvery}}
		m.receivers, m.byWho[n.Who] = append(m.receivers, r), r
	}
	var tiles []Tile
	var have []held
	for _, t := range n.Tiles {
		key := videoKey{t.Who, t.Source}
		if len(tiles) == maxTiles || t.Who == n.Who && t.Source == Camera || slices.ContainsFunc(have, func(h held) bool { return h.key == key }) {
			continue
		}
		h := held{key: key, paused: true}
		if i := slices.IndexFunc(r.have, func(h held) bool { return h.key == key }); i >= 0 {
			h = r.have[i]
		}
		tiles, have = append(tiles, t), append(have, h)
	}
	r.stale = r.stale || r.mode != n.Mode || !slices.Equal(r.tiles, tiles)
	r.tiles, r.have, r.mode, r.dirty = tiles, have, n.Mode, true
}

// wishes lists what a receiver would like, the most important first.
func (m *Layers) wishes(r *viewer) []wish {
	list := make([]wish, 0, len(r.tiles))
	for i, t := range r.tiles {
		v := m.byKey[videoKey{t.Who, t.Source}]
		if v == nil {
			continue
		}
		w := wish{tile: i, layers: v.layers, rank: 2, most: useful(v.layers, t, r.mode), have: -1, known: !r.have[i].paused}
		if t.Source == Screen {
			w.rank = 0
		} else if t.Who == m.speaker {
			w.rank = 1
		}
		if w.known {
			w.have = min(rung(v.layers, r.have[i]), w.most)
		}
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b wish) int { return a.rank - b.rank })
	return list
}

// useful is the highest rung that a tile has a use for.
func useful(layers []Layer, t Tile, mode Mode) int {
	if t.Height <= 0 || mode == AudioOnly {
		return -1
	}
	spatial := layers[len(layers)-1].Spatial
	for _, l := range layers {
		if float64(l.Height) >= enoughHeight*float64(t.Height) {
			spatial = l.Spatial
			break
		}
	}
	if mode == DataSaver && t.Source == Camera {
		spatial = layers[0].Spatial
	}
	most := 0
	for i, l := range layers {
		if l.Spatial <= spatial {
			most = i
		}
	}
	return most
}

// rung finds what is had among the layers that there are now, the next lower one if it is gone, -1 for none.
func rung(layers []Layer, h held) int {
	at := -1
	for i, l := range layers {
		if l.Spatial < h.spatial || l.Spatial == h.spatial && l.Temporal <= h.temporal {
			at = i
		}
	}
	return at
}

// budget is what video may take.
func (r *viewer) budget() Bitrate {
	b := max(r.estimate-r.voices, 0)
	if r.mode == DataSaver {
		b = min(b, saverRate)
	}
	return b
}

// decide chooses for one receiver: down at once when it is too much, up not oftener than every two seconds and with a
// margin, anew when what is shown changes.
func (m *Layers) decide(r *viewer, now time.Duration) (Allocated, bool) {
	resting := r.pace.resting(now)
	if !r.dirty && (r.served || resting) {
		return Allocated{}, false
	}
	wishes, budget := m.wishes(r), r.budget()
	keep, all := make([]int, len(wishes)), make([]int, len(wishes))
	for i := range wishes {
		keep[i], all[i] = wishes[i].have, wishes[i].most
	}
	next := keep
	switch {
	case cost(wishes, keep) > budget:
		next = fit(wishes, none(wishes), keep, part(budget, lowerMargin))
		r.pace.relapsed(now)
	case r.stale && resting: // newcomers may have what is left
		next = fit(wishes, keep, ceiling(wishes), part(budget, raiseMargin))
		r.reordered = true
	case r.stale || r.reordered && !resting:
		next = fit(wishes, none(wishes), all, part(budget, raiseMargin))
		r.reordered = false
	case !resting:
		next = fit(wishes, keep, all, part(budget, raiseMargin))
	}
	if more(keep, next) {
		r.pace.raised, r.pace.moved = now, true
	}
	changed := r.take(wishes, next) || !r.told
	needs := Bitrate(float64(cost(wishes, all))/raiseMargin) + r.voices
	if off := max(needs-r.needs, r.needs-needs); changed || off > r.needs/needsNoise {
		r.needs, changed = needs, true
	}
	r.stale, r.dirty, r.told = false, false, true
	r.served = !r.reordered && slices.Equal(next, all)
	return Allocated{r.who, r.choices(), r.needs}, changed
}

// resting tells that it is too early for more.
func (p *pace) resting(now time.Duration) bool {
	return p.moved && now-max(p.raised, p.lowered) < p.pause
}

// relapsed notes that a receiver got too much; soon after a raise it waits longer with the next.
func (p *pace) relapsed(now time.Duration) {
	switch {
	case p.moved && now-p.raised < relapse:
		p.pause = min(2*p.pause, raiseSeldom)
	case !p.moved || now-p.lowered > forgiven:
		p.pause = raiseEvery
	}
	p.lowered, p.moved = now, true
}

// take makes the rungs the receiver's choices, and tells whether any differs.
func (r *viewer) take(wishes []wish, rungs []int) bool {
	next := make([]held, len(r.tiles))
	for i, t := range r.tiles {
		next[i] = held{key: videoKey{t.Who, t.Source}, paused: true}
	}
	for i, w := range wishes {
		if rungs[i] >= 0 {
			l := w.layers[rungs[i]]
			next[w.tile].spatial, next[w.tile].temporal, next[w.tile].paused = l.Spatial, l.Temporal, false
		}
	}
	changed := !slices.Equal(r.have, next)
	r.have = next
	return changed
}

func (r *viewer) choices() []Choice {
	out := make([]Choice, len(r.have))
	for i, h := range r.have {
		out[i] = Choice{h.key.who, h.key.source, h.spatial, h.temporal, h.paused}
	}
	return out
}
