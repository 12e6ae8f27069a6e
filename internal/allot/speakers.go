package allot

import (
	"math"
	"slices"
	"time"

	"incamera/internal/ident"
)

// Numbers of the choice of voices. Levels are dB below overload, as RFC 6464 3 has them: 0 is the loudest, 127 silence.
const (
	voicesHeard   = 5 // at once, where more people than that have a microphone on
	speechLevel   = 50.0
	silentLevel   = 127.0
	riseTime      = 60 * time.Millisecond  // of the smoothing, towards louder
	fallTime      = time.Second            // and towards quieter
	staleAfter    = 300 * time.Millisecond // without a packet: silence is not sent
	voiceMargin   = 6.0                    // dB that a newcomer is louder than a voice that is heard
	voiceHold     = time.Second
	dominantAfter = 400 * time.Millisecond // of speech, and louder than the one before for so long
	dominantHold  = 2 * time.Second
)

// voice is one microphone.
type voice struct {
	who      ident.ParticipantID
	loud     float64       // 127 less the level, smoothed: 0 is silence
	at       time.Duration // of the smoothing
	packet   time.Duration // the last one
	speaking time.Duration // since when, -1: is silent
	ahead    time.Duration // since when louder than the dominant speaker, -1: is not
	since    time.Duration // when the voice was let in
	heard    bool
}

// Speakers chooses whose voices a meeting hears and who is the active speaker, from the audio levels alone. Times are of
// any steady clock and never go back. One goroutine owns it.
type Speakers struct {
	voices   []*voice // in order of arrival
	byWho    map[ident.ParticipantID]*voice
	dominant ident.ParticipantID
	since    time.Duration // when it became that
	most     int
}

// NewSpeakers gives the machine of an empty meeting. At most so many voices are heard at once, 5 for 0.
func NewSpeakers(most int) *Speakers {
	if most <= 0 {
		most = voicesHeard
	}
	return &Speakers{byWho: map[ident.ParticipantID]*voice{}, most: most}
}

// Join adds a microphone; twice is once.
func (s *Speakers) Join(who ident.ParticipantID, now time.Duration) {
	if s.byWho[who] != nil || who.IsZero() {
		return
	}
	v := &voice{who: who, at: now, packet: now, speaking: -1, ahead: -1, since: now}
	s.byWho[who] = v
	s.voices = append(s.voices, v)
}

// Leave takes a microphone away.
func (s *Speakers) Leave(who ident.ParticipantID) {
	delete(s.byWho, who)
	s.voices = slices.DeleteFunc(s.voices, func(v *voice) bool { return v.who == who })
	if s.dominant == who {
		s.dominant = ident.ParticipantID{}
	}
}

// Level notes the level of one packet (RFC 6464 3): 0 is the loudest, 127 silence. It allocates nothing; those who did
// not join are ignored.
func (s *Speakers) Level(who ident.ParticipantID, level uint8, now time.Duration) {
	if v := s.byWho[who]; v != nil {
		v.smooth(silentLevel-float64(min(level, 127)), now)
		v.packet = max(v.packet, now)
	}
}

// smooth moves the loudness towards what came, over the time since the last step.
func (v *voice) smooth(loud float64, now time.Duration) {
	passed := max(now-v.at, 0)
	slow := fallTime
	if loud > v.loud {
		slow = riseTime
	}
	v.loud += (loud - v.loud) * (1 - math.Exp(-float64(passed)/float64(slow)))
	v.at = max(v.at, now)
	if v.loud < silentLevel-speechLevel {
		v.speaking = -1
	} else if v.speaking < 0 {
		v.speaking = now
	}
}

// Tick chooses anew and tells what changed: the voices that are heard, and the active speaker. Call it every 50 to
// 200 ms.
func (s *Speakers) Tick(now time.Duration) (voices, dominant bool) {
	for _, v := range s.voices {
		if now-v.packet > staleAfter {
			v.smooth(0, now)
		}
	}
	return s.choose(now), s.lead(now)
}

// choose lets voices in. While all fit all are heard.
func (s *Speakers) choose(now time.Duration) bool {
	changed := false
	heard := 0
	for _, v := range s.voices {
		if v.heard {
			heard++
		}
	}
	for _, v := range s.byLoudness() {
		switch {
		case v.heard:
		case heard < s.most:
			heard++
			v.heard, v.since, changed = true, now, true
		default:
			out := s.yields(v, now)
			if v.speaking < 0 || out == nil {
				continue
			}
			out.heard = false
			v.heard, v.since, changed = true, now, true
		}
	}
	return changed
}

// byLoudness lists the voices, the loudest first, those who came first before others.
func (s *Speakers) byLoudness() []*voice {
	list := slices.Clone(s.voices)
	slices.SortStableFunc(list, func(a, b *voice) int {
		switch {
		case a.loud > b.loud:
			return -1
		case a.loud < b.loud:
			return 1
		}
		return 0
	})
	return list
}

// yields finds the quietest voice that makes room for a newcomer: a silent one, or one much quieter that had its time.
func (s *Speakers) yields(newcomer *voice, now time.Duration) *voice {
	var out *voice
	for _, v := range s.voices {
		if v.heard && (out == nil || v.loud < out.loud) {
			out = v
		}
	}
	switch {
	case out == nil:
	case out.speaking < 0:
		return out
	case newcomer.loud >= out.loud+voiceMargin && now-out.since >= voiceHold:
		return out
	}
	return nil
}

// lead chooses the active speaker: who has spoken for a moment, when the one before is silent or much quieter, not
// oftener than every two seconds. In silence the last one stays.
func (s *Speakers) lead(now time.Duration) bool {
	leader := s.byWho[s.dominant]
	var next *voice
	for _, v := range s.voices {
		ahead := v != leader && v.speaking >= 0 &&
			(leader == nil || leader.speaking < 0 || v.loud >= leader.loud+voiceMargin)
		switch {
		case !ahead:
			v.ahead = -1
			continue
		case v.ahead < 0:
			v.ahead = now
		}
		long := now-v.speaking >= dominantAfter && now-v.ahead >= dominantAfter
		if long && (next == nil || v.loud > next.loud) {
			next = v
		}
	}
	if next == nil || leader != nil && now-s.since < dominantHold {
		return false
	}
	s.dominant, s.since = next.who, now
	for _, v := range s.voices {
		v.ahead = -1
	}
	return true
}

// Heard lists whose voices are passed on, in order of arrival.
func (s *Speakers) Heard() []ident.ParticipantID {
	var list []ident.ParticipantID
	for _, v := range s.voices {
		if v.heard {
			list = append(list, v.who)
		}
	}
	return list
}

// Dominant is the active speaker, zero while nobody has spoken.
func (s *Speakers) Dominant() ident.ParticipantID { return s.dominant }
