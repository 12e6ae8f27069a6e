// Package roster is what a group looks like to a server without keys: the policy chain, the leaves, who is away, what was used. It
// follows the commits' clear parts alone, and holds each commit against the rules of the gate that need no secret (protocol/README.md
// section 3), in the same words as the page does. It is not for deciding who is asked to commit, nor for anything that is sealed.
package roster

import (
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Bounds of one group.
const (
	MaxLeaves     = 1024
	MaxAway       = 256
	maxPolicies   = 512
	maxChainBytes = 128 << 10
	maxInCommit   = 16      // policies of one commit
	maxSpent      = 1 << 15 // two hours of a storm; KeyPackages die before
)

// Leaf is one person's place in the group, with the word that let them in. Of who is away, Index and InboxKey are zero; an inbox key is
// unknown, and zero, from a revival until the leaf's next path.
type Leaf struct {
	Index                                      uint32
	Participant                                ident.ParticipantID
	Device, SignatureKey, InboxKey, Commitment [32]byte
	Role                                       statement.Role
	Admission                                  []byte
}

// member is a leaf with what only its node in the tree tells.
type member struct {
	Leaf
	known      bool // false from a revival until the next path
	identity   []byte
	encryption [32]byte
}

// State is the roster of one epoch. It never changes after it was made, so any goroutine may read it.
type State struct {
	place
	epoch   uint64
	time    uint64 // of the last commit, milliseconds since 1970
	chain   []policy
	members []member // by index
	away    []Leaf   // in the order of their going
	spent   map[[32]byte]uint64
}

// place is what every statement of the group is signed for.
type place struct {
	meeting ident.MeetingID
	hostKey [32]byte
	group   statement.GroupID

	believes bool // takes every signature for good: they have been checked
}

func (p place) signed(s statement.Statement) bool { return p.believes || s.Verify(p.meeting, p.group) }

// Refused says which rule something breaks, in the words of the page's gate.
type Refused struct{ Rule string }

func (r *Refused) Error() string { return "roster: refused: " + r.Rule }

// formRule is the rule that bytes break which are not of their one form.
const formRule = "not of the right form"

// must gives a refusal unless the rule holds.
func must(holds bool, rule string) error {
	if holds {
		return nil
	}
	return &Refused{rule}
}

// form makes a parser's error a refusal.
func form(err error) error { return must(err == nil, formRule) }

// Open begins a group at epoch 0 with the one leaf of the host that opens it. Policy 1 and the admission are signed by the host key.
// Whether the KeyPackage still lives matters to nobody: its owner is inside. Returns *Refused.
func Open(meeting ident.MeetingID, hostKey [32]byte, group statement.GroupID, policy, keyPackage, admission []byte) (*State, error) {
	s := &State{place: place{meeting: meeting, hostKey: hostKey, group: group}, spent: map[[32]byte]uint64{}}
	if err := must(statement.InGroup(group, meeting), "another group"); err != nil {
		return nil, err
	}
	chain, err := s.extend(nil, policy)
	if err != nil {
		return nil, err
	}
	s.chain = chain
	kp, err := statement.ParseKeyPackage(keyPackage)
	if err != nil {
		return nil, form(err)
	}
	word, err := statement.Parse(admission)
	if err != nil {
		return nil, form(err)
	}
	t := &trial{State: s, chain: chain, time: kp.NotBefore * 1000, statements: []statement.Statement{word}}
	if err := must(word.Kind == statement.KindAdmission && word.Signer == hostKey, "an admission that no host signed"); err != nil {
		return nil, err
	}
	added, err := t.coverAdds([]statement.KeyPackage{kp})
	if err != nil {
		return nil, err
	}
	if err := t.nobodyBarred(added); err != nil {
		return nil, err
	}
	s.members = []member{added[0].member}
	s.spent = map[[32]byte]uint64{added[0].Reference: added[0].until}
	return s, nil
}

// Group names the group.
func (s *State) Group() statement.GroupID { return s.group }

// Epoch is the number of the epoch.
func (s *State) Epoch() uint64 { return s.epoch }

// Time is that of the last commit, in milliseconds since 1970.
func (s *State) Time() uint64 { return s.time }

// Generation counts the groups of the meeting, from 1.
func (s *State) Generation() uint32 { return s.chain[0].body.Generation }

// Chain lists the policies as committed, from sequence 1; they are not to be changed.
func (s *State) Chain() [][]byte {
	raws := make([][]byte, len(s.chain))
	for i, p := range s.chain {
		raws[i] = p.raw
	}
	return raws
}

// Tip is the policy as committed.
func (s *State) Tip() Tip { return Tip{s.chain} }

// Leaves lists the live leaves in the order of their index.
func (s *State) Leaves() []Leaf {
	list := make([]Leaf, len(s.members))
	for i, m := range s.members {
		list[i] = m.Leaf
	}
	return list
}

// LeafOf finds a live leaf.
func (s *State) LeafOf(who ident.ParticipantID) (Leaf, bool) {
	at := slices.IndexFunc(s.members, func(m member) bool { return m.Participant == who })
	if at < 0 {
		return Leaf{}, false
	}
	return s.members[at].Leaf, true
}

// Away lists who is away, in the order of their going.
func (s *State) Away() []Leaf { return slices.Clone(s.away) }

// AwayOf finds who was removed for absence only.
func (s *State) AwayOf(who ident.ParticipantID) (Leaf, bool) {
	at := slices.IndexFunc(s.away, func(l Leaf) bool { return l.Participant == who })
	if at < 0 {
		return Leaf{}, false
	}
	return s.away[at], true
}
