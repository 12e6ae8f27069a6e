package allot

import (
	"slices"
	"time"

	"incamera/internal/ident"
)

// Bitrate is in bits a second.
type Bitrate int64

// Source is what a publisher's video shows.
type Source uint8

const (
	Camera Source = iota
	Screen
)

// Mode is what a receiver has asked for.
type Mode uint8

const (
	Full      Mode = iota
	DataSaver      // the lowest sizes, and little in all
	AudioOnly      // no video
)

// Layer is one choice that a video offers.
type Layer struct {
	Spatial, Temporal uint8
	Height            int     // of the picture, pixels
	Rate              Bitrate // measured, of all that is passed on for this choice; 0: not known now
}

// Tile is one video that a screen shows.
type Tile struct {
	Who    ident.ParticipantID
	Source Source
	Height int // device pixels; 0: not in sight
}

// Notice is what happened.
type Notice interface{ notice() }

// Published is a video and its layers; again when rates were measured anew. Without layers: it stopped.
type Published struct {
	Who      ident.ParticipantID
	Source   Source
	Scalable bool // a spatial layer needs those below it (SVC)
	Layers   []Layer
}

// Shown is what a receiver's screen shows, most important first. It makes a receiver known.
type Shown struct {
	Who   ident.ParticipantID
	Tiles []Tile
	Mode  Mode
}

// Estimated is what the way to a receiver carries, audio included.
type Estimated struct {
	Who  ident.ParticipantID
	Rate Bitrate
}

// Voiced is what the voices that a receiver hears take, measured; it is never given to video.
type Voiced struct {
	Who  ident.ParticipantID
	Rate Bitrate
}

// Spoke is the new active speaker.
type Spoke struct{ Who ident.ParticipantID }

// Left is a member who is gone, as a publisher and as a receiver.
type Left struct{ Who ident.ParticipantID }

func (Published) notice() {}
func (Shown) notice()     {}
func (Estimated) notice() {}
func (Voiced) notice()    {}
func (Spoke) notice()     {}
func (Left) notice()      {}

// Choice is what a receiver gets of one video.
type Choice struct {
	Who               ident.ParticipantID
	Source            Source
	Spatial, Temporal uint8
	Paused            bool
}

// Decision is what to do.
type Decision interface{ decision() }

// Allocated is a receiver's new choices, in the order of its tiles. Needs is the estimate that would serve every wish.
type Allocated struct {
	Who     ident.ParticipantID
	Choices []Choice
	Needs   Bitrate
}

// Demanded tells a publisher which spatial layers anyone wants, a bit for each; the rest may be paused.
type Demanded struct {
	Who     ident.ParticipantID
	Source  Source
	Spatial uint8
}

func (Allocated) decision() {}
func (Demanded) decision()  {}

// Numbers of the allotment.
const (
	maxTiles      = 64
	maxLayers     = 16
	maxSpatial    = 8
	raiseMargin   = 0.9  // of the budget is given to who gets more
	lowerMargin   = 0.95 // is left when it was too much, so that the next bit of noise does no harm
	raiseEvery    = 2 * time.Second
	raiseSeldom   = 16 * time.Second // after raises that had to be taken back
	relapse       = 20 * time.Second // a raise that was taken back within was too early
	forgiven      = 30 * time.Second
	demandHold    = 3 * time.Second // a layer goes on when nobody wants it any more
	saverRate     = Bitrate(500_000)
	enoughHeight  = 0.8 // of the tile: sharp enough
	needsNoise    = 8   // a change of Needs by less than an eighth is not told
	rateRiseShift = 1   // the smoothing of measured rates: half way up
	rateFallShift = 3   // an eighth down
)

type videoKey struct {
	who    ident.ParticipantID
	source Source
}

// video is one publication.
type video struct {
	key      videoKey
	scalable bool
	layers   []Layer // by spatial, then temporal; rates smoothed, never 0
	wanted   [maxSpatial]time.Duration
	told     uint8
	fresh    bool // was published since the last decision
}

// Layers decides which layers each receiver gets, within what its way carries: audio first, then the screen, the active
// speaker, then the rest. One goroutine owns it.
type Layers struct {
	videos    []*video // in order of arrival
	byKey     map[videoKey]*video
	receivers []*viewer
	byWho     map[ident.ParticipantID]*viewer
	speaker   ident.ParticipantID
}

// NewLayers gives the machine of an empty meeting.
func NewLayers() *Layers {
	return &Layers{byKey: map[videoKey]*video{}, byWho: map[ident.ParticipantID]*viewer{}}
}

// Note takes what happened. Nothing is decided until Decide.
func (m *Layers) Note(n Notice) {
	switch n := n.(type) {
	case Published:
		m.published(n)
	case Shown:
		m.shown(n)
	case Estimated:
		if r := m.byWho[n.Who]; r != nil && r.estimate != n.Rate {
			r.estimate, r.dirty = max(n.Rate, 0), true
		}
	case Voiced:
		if r := m.byWho[n.Who]; r != nil && r.voices != n.Rate {
			r.voices, r.dirty = max(n.Rate, 0), true
		}
	case Spoke:
		if m.speaker != n.Who {
			m.speaker = n.Who
			for _, r := range m.receivers {
				r.reordered, r.dirty = true, true
			}
		}
	case Left:
		m.stop(videoKey{n.Who, Camera})
		m.stop(videoKey{n.Who, Screen})
		delete(m.byWho, n.Who)
		m.receivers = slices.DeleteFunc(m.receivers, func(r *viewer) bool { return r.who == n.Who })
	}
}

// Decide gives what is to change now. Call it at once after an estimate that fell, else every 100 to 500 ms. Now never
// goes back.
func (m *Layers) Decide(now time.Duration) []Decision {
	var out []Decision
	for _, r := range m.receivers {
		if a, changed := m.decide(r, now); changed {
			out = append(out, a)
		}
	}
	for _, v := range m.videos {
		if d, changed := m.demand(v, now); changed {
			out = append(out, d)
		}
	}
	return out
}

// published takes a publication's layers and smooths what was measured: noise must not move anybody.
func (m *Layers) published(n Published) {
	key := videoKey{n.Who, n.Source}
	layers := ladder(n.Layers)
	v := m.byKey[key]
	switch {
	case len(layers) == 0:
		m.stop(key)
		return
	case v == nil:
		v = &video{key: key, fresh: true}
		m.videos, m.byKey[key] = append(m.videos, v), v
	}
	for i := range layers {
		layers[i].Rate = smoothed(v.layers, layers[i])
	}
	same := slices.EqualFunc(v.layers, layers, func(a, b Layer) bool {
		return a.Spatial == b.Spatial && a.Temporal == b.Temporal && a.Height == b.Height
	})
	for _, r := range m.receivers {
		if r.shows(key) {
			r.stale, r.dirty = r.stale || !same, true
		}
	}
	v.layers, v.scalable = layers, n.Scalable
}

// stop takes a publication away from everybody.
func (m *Layers) stop(key videoKey) {
	if m.byKey[key] == nil {
		return
	}
	delete(m.byKey, key)
	m.videos = slices.DeleteFunc(m.videos, func(v *video) bool { return v.key == key })
	for _, r := range m.receivers {
		r.dirty = r.dirty || r.shows(key)
	}
}

// ladder puts layers in order and drops what does not fit.
func ladder(layers []Layer) []Layer {
	out := slices.DeleteFunc(slices.Clone(layers), func(l Layer) bool { return l.Spatial >= maxSpatial })
	slices.SortStableFunc(out, func(a, b Layer) int {
		return int(a.Spatial)<<8 + int(a.Temporal) - int(b.Spatial)<<8 - int(b.Temporal)
	})
	out = slices.CompactFunc(out, func(a, b Layer) bool { return a.Spatial == b.Spatial && a.Temporal == b.Temporal })
	return out[:min(len(out), maxLayers)]
}

// smoothed is the rate of a layer, given what was known of it.
func smoothed(known []Layer, l Layer) Bitrate {
	i := slices.IndexFunc(known, func(k Layer) bool { return k.Spatial == l.Spatial && k.Temporal == l.Temporal })
	switch {
	case i < 0 && l.Rate <= 0:
		return nominal(l)
	case i < 0:
		return l.Rate
	case l.Rate <= 0:
		return known[i].Rate
	case l.Rate > known[i].Rate:
		return known[i].Rate + (l.Rate-known[i].Rate+1)>>rateRiseShift
	}
	return max(known[i].Rate-(known[i].Rate-l.Rate)>>rateFallShift, 1)
}

// nominal is what a layer takes as a rule: 150 kbit/s at 180 lines, 500 at 360, 1,700 at 720.
func nominal(l Layer) Bitrate {
	lines := Bitrate(max(l.Height, 90))
	return lines * lines * 10 / 3
}

// demand finds out which spatial layers of a video anyone gets, and keeps them a while longer.
func (m *Layers) demand(v *video, now time.Duration) (Demanded, bool) {
	if v.fresh { // all are being sent
		v.fresh = false
		for i := range v.wanted {
			v.wanted[i] = now
		}
		v.told = v.spatial()
	}
	for _, r := range m.receivers {
		for _, h := range r.have {
			if h.key != v.key || h.paused {
				continue
			}
			v.wanted[h.spatial] = now
			for below := range h.spatial {
				if v.scalable {
					v.wanted[below] = now
				}
			}
		}
	}
	mask := uint8(0)
	for i, at := range v.wanted {
		if now-at < demandHold || now == at {
			mask |= 1 << i
		}
	}
	mask &= v.spatial()
	changed := mask != v.told
	v.told = mask
	return Demanded{v.key.who, v.key.source, mask}, changed
}

// spatial is the layers that there are.
func (v *video) spatial() uint8 {
	mask := uint8(0)
	for _, l := range v.layers {
		mask |= 1 << l.Spatial
	}
	return mask
}
