package testkit

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// State is a group at one epoch as its members hold it, kept from the plans of the commits alone: what the server
// makes of the same commits is held against it.
type State struct {
	Epoch, Time uint64
	Chain       [][]byte // policies as committed, from sequence 1
	Policy      statement.Policy
	Under       statement.Under
	leaves      map[uint32]seated
	away        []seated
	spent       map[[32]byte]uint64 // reference of a KeyPackage: milliseconds until it is dead
}

// seated is a leaf with its word.
type seated struct {
	participant                      ident.ParticipantID
	device, signatureKey, commitment [32]byte
	role                             statement.Role
	admission                        []byte
}

// plan is what a commit does, as its author meant it.
type plan struct {
	author      [32]byte // device key
	epoch, time uint64
	policies    [][]byte
	adds        []planned
	removes     []leaving
	words       map[[32]byte][]byte // by the reference of each Add: what covers it
}

type planned struct {
	seated
	reference [32]byte
	until     uint64 // milliseconds
}

type leaving struct {
	participant ident.ParticipantID
	absent      bool // without any other word
}

// find gives the leaf index of a participant.
func (s State) find(who ident.ParticipantID) (uint32, bool) {
	for index, l := range s.leaves {
		if l.participant == who {
			return index, true
		}
	}
	return 0, false
}

// Has tells whether a participant has a leaf.
func (s State) Has(who ident.ParticipantID) bool {
	_, in := s.find(who)
	return in
}

// known gives a leaf or who is away, by participant.
func (s State) known(who ident.ParticipantID) (seated, bool) {
	if index, in := s.find(who); in {
		return s.leaves[index], true
	}
	at := slices.IndexFunc(s.away, func(a seated) bool { return a.participant == who })
	if at < 0 {
		return seated{}, false
	}
	return s.away[at], true
}

// Authority is 2 for a host's device under the newest policy, 1 for a co-host's, 0 for others.
func (s State) Authority(device [32]byte) int {
	switch {
	case slices.Contains(s.Policy.Hosts, device):
		return 2
	case slices.Contains(s.Policy.CoHosts, device):
		return 1
	}
	return 0
}

// Barred tells whether the newest policy bars a device.
func (s State) Barred(device [32]byte) bool { return slices.Contains(s.Policy.Barred, device) }

// width is how many places the tree has up to its last leaf.
func (s State) width() uint32 {
	last := uint32(0)
	for index := range s.leaves {
		last = max(last, index+1)
	}
	return last
}

// free is where the next Add goes: the leftmost empty leaf (RFC 9420 12.1.1).
func (s State) free() uint32 {
	index := uint32(0)
	for _, taken := s.leaves[index]; taken; _, taken = s.leaves[index] {
		index++
	}
	return index
}

// apply gives the next epoch's state.
func (s State) apply(p plan) State {
	next := State{
		Epoch: s.Epoch + 1, Time: p.time, Chain: slices.Clone(s.Chain), Policy: s.Policy, Under: s.Under,
		leaves: maps.Clone(s.leaves), away: slices.Clone(s.away), spent: maps.Clone(s.spent),
	}
	maps.DeleteFunc(next.spent, func(_ [32]byte, until uint64) bool { return until < p.time })
	for _, raw := range p.policies {
		next.chain(raw)
	}
	for _, r := range p.removes {
		next.remove(r)
	}
	for _, add := range p.adds {
		next.spent[add.reference] = add.until
		next.away = slices.DeleteFunc(next.away, func(a seated) bool { return a.participant == add.participant })
		next.leaves[next.free()] = add.seated
	}
	next.away = slices.DeleteFunc(next.away, func(a seated) bool { return next.Barred(a.device) })
	return next
}

func (s *State) chain(raw []byte) {
	signed, err := statement.Parse(raw)
	if err != nil {
		panic("testkit: a policy of our own: " + err.Error())
	}
	policy, err := statement.ParsePolicy(signed.Body)
	if err != nil {
		panic("testkit: a policy of our own: " + err.Error())
	}
	s.Chain, s.Policy = append(s.Chain, raw), policy
	s.Under = statement.Under{Sequence: policy.Sequence, Hash: signed.Hash()}
}

func (s *State) remove(r leaving) {
	s.away = slices.DeleteFunc(s.away, func(a seated) bool { return a.participant == r.participant })
	index, in := s.find(r.participant)
	if !in {
		return
	}
	if r.absent {
		s.away = append(s.away, s.leaves[index])
	}
	delete(s.leaves, index)
}

// Encode is the state as `revive` tells it to a server that forgot (protocol/README.md section 6).
func (s State) Encode() []byte {
	var admissions, spent, away, leaves []byte
	indices := slices.Sorted(maps.Keys(s.leaves))
	told := map[string]bool{}
	tell := func(l seated) {
		if !told[string(l.admission)] {
			told[string(l.admission)] = true
			admissions = append(admissions, l.admission...)
		}
	}
	for _, index := range indices {
		l := s.leaves[index]
		tell(l)
		leaves = binary.BigEndian.AppendUint32(leaves, index)
		leaves = slices.Concat(leaves, l.participant[:], l.device[:], l.signatureKey[:])
	}
	for _, l := range s.away {
		tell(l)
		away = slices.Concat(away, l.participant[:], l.device[:], l.signatureKey[:])
	}
	byBytes := func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }
	for _, reference := range slices.SortedFunc(maps.Keys(s.spent), byBytes) {
		spent = binary.BigEndian.AppendUint64(append(spent, reference[:]...), s.spent[reference])
	}
	b := []byte{1}
	for _, part := range [][]byte{slices.Concat(s.Chain...), admissions, spent, away} {
		b = vector4(b, part)
	}
	return vector4(binary.BigEndian.AppendUint64(b, s.Time), leaves)
}

func vector4(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
}

// rising puts keys into the order of a policy's lists, each once.
func rising(keys [][32]byte) [][32]byte {
	sorted := slices.SortedFunc(slices.Values(keys), func(a, b [32]byte) int { return cmp.Or(bytes.Compare(a[:], b[:])) })
	return slices.Compact(sorted)
}
