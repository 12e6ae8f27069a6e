// Package allot decides whose picture and sound goes into which slot of each receiver, at which quality, and who
// speaks. Its machines are pure. It is not for finding out what a way carries, and it knows no packets.
package allot

import (
	"slices"

	"incamera/internal/ident"
)

// Input is what happened.
type Input interface{ input() }

// Opened is a member whose media connection is open: they publish, and they receive in Slots slots.
// Again with another number for one whose connection was made anew.
type Opened struct {
	Who   ident.ParticipantID
	Slots int
}

// Closed is a member whose media connection is gone.
type Closed struct{ Who ident.ParticipantID }

// Viewed says whom a member sees on screen, most important first.
type Viewed struct {
	Who    ident.ParticipantID
	Wanted []ident.ParticipantID
}

func (Opened) input() {}
func (Closed) input() {}
func (Viewed) input() {}

// Effect is a receiver's new slots; a zero id is an empty slot.
type Effect struct {
	Who   ident.ParticipantID
	Slots []ident.ParticipantID
}

type receiver struct {
	slots  []ident.ParticipantID
	wanted []ident.ParticipantID
}

// Machine holds the slots of one meeting. One goroutine owns it.
type Machine struct {
	receivers map[ident.ParticipantID]*receiver
	arrived   []ident.ParticipantID // publishers, the first to come first
}

// New gives the machine of an empty meeting.
func New() *Machine { return &Machine{receivers: map[ident.ParticipantID]*receiver{}} }

// Open tells whether who has a media connection.
func (m *Machine) Open(who ident.ParticipantID) bool { return m.receivers[who] != nil }

// Step takes one input and gives the receivers whose slots changed, the first to come first.
func (m *Machine) Step(in Input) []Effect {
	fresh := ident.ParticipantID{} // a receiver that has to be told in any case
	switch in := in.(type) {
	case Opened:
		if m.receivers[in.Who] == nil {
			m.arrived = append(m.arrived, in.Who)
		}
		m.receivers[in.Who] = &receiver{slots: make([]ident.ParticipantID, in.Slots)}
		fresh = in.Who
	case Closed:
		delete(m.receivers, in.Who)
		m.arrived = slices.DeleteFunc(m.arrived, func(who ident.ParticipantID) bool { return who == in.Who })
	case Viewed:
		if r := m.receivers[in.Who]; r != nil {
			r.wanted = slices.Clone(in.Wanted)
		}
	}
	var out []Effect
	for _, who := range m.arrived {
		r := m.receivers[who]
		slots := m.fill(who, r)
		if who == fresh || !slices.Equal(slots, r.slots) {
			r.slots = slots
			out = append(out, Effect{who, slices.Clone(slots)})
		}
	}
	return out
}

// fill chooses whom a receiver gets and leaves everybody who stays where they are.
func (m *Machine) fill(who ident.ParticipantID, r *receiver) []ident.ParticipantID {
	chosen := m.choose(who, r)
	next := make([]ident.ParticipantID, len(r.slots))
	for i, have := range r.slots {
		if at := slices.Index(chosen, have); at >= 0 {
			next[i] = have
			chosen = slices.Delete(chosen, at, at+1)
		}
	}
	for i := range next {
		if next[i].IsZero() && len(chosen) > 0 {
			next[i], chosen = chosen[0], chosen[1:]
		}
	}
	return next
}

// choose is whom a receiver gets: those on screen, then the others by arrival, as many as there are slots.
func (m *Machine) choose(who ident.ParticipantID, r *receiver) []ident.ParticipantID {
	chosen := make([]ident.ParticipantID, 0, len(r.slots))
	take := func(list []ident.ParticipantID) {
		for _, other := range list {
			if len(chosen) < len(r.slots) && other != who && m.receivers[other] != nil && !slices.Contains(chosen, other) {
				chosen = append(chosen, other)
			}
		}
	}
	take(r.wanted)
	take(m.arrived)
	return chosen
}
