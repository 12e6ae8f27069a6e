package roster

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
)

var start = time.UnixMilli(1_795_000_000_000)

// person is somebody with a device of their own.
type person struct {
	id     ident.ParticipantID
	device ed25519.PrivateKey
	leaf   *mls.Leaf
}

func (p *person) key() [32]byte { return public(p.device) }

func public(k ed25519.PrivateKey) [32]byte { return [32]byte(k.Public().(ed25519.PublicKey)) }

// scene is a group with its people, made from true bytes.
type scene struct {
	t       testing.TB
	hostKey ed25519.PrivateKey
	*State
	tip                             Tip
	now                             time.Time
	host, second, co, guest, newbie *person
}

func seeded(n byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)) }

func newPerson(n byte) *person {
	return &person{id: ident.ParticipantID{n}, device: seeded(n)}
}

// newScene opens a group: host, a second host, a co-host and a guest inside.
func newScene(t testing.TB) *scene {
	s := opened(t)
	s.propose(s.host.device, func(p *statement.Policy) {
		p.Hosts, p.CoHosts = sorted(s.host.key(), s.second.key()), sorted(s.co.key())
	})
	c := s.commit()
	c.Statements = append(c.Statements, s.tip.Raw())
	for _, p := range []*person{s.second, s.co, s.guest} {
		kp := s.fresh(p)
		c.Adds = append(c.Adds, kp)
		c.Statements = append(c.Statements, s.admission(s.host.device, s.Under(), p, kp, statement.RoleGuest))
	}
	s.State = s.passes(c.Encode()).Next
	return s
}

func (s *scene) Under() statement.Under { return s.tip.Under() }

// opened is a group with nobody but its host.
func opened(t testing.TB) *scene {
	s := &scene{t: t, hostKey: seeded(1), now: start}
	s.host, s.second, s.co, s.guest, s.newbie = newPerson(2), newPerson(3), newPerson(4), newPerson(5), newPerson(6)
	meeting := ident.MeetingOf(public(s.hostKey))
	group := statement.GroupID(append(bytes.Clone(meeting[:]), bytes.Repeat([]byte{7}, 16)...))
	s.State = &State{place: place{meeting: meeting, hostKey: public(s.hostKey), group: group}}
	policy := statement.Policy{Generation: 1, Sequence: 1, Allows: statement.AllowAll, OrderKey: [32]byte{8}, Hosts: sorted(s.host.key())}
	raw := s.sign(s.hostKey, statement.KindPolicy, policy)
	read, _ := statement.Parse(raw)
	under := statement.Under{Sequence: 1, Hash: read.Hash()}
	kp := s.fresh(s.host)
	state, err := Open(meeting, public(s.hostKey), group, raw, kp, s.admission(s.hostKey, under, s.host, kp, statement.RoleHost))
	if err != nil {
		t.Fatal(err)
	}
	s.State, s.tip = state, state.Tip()
	return s
}

func sorted(keys ...[32]byte) [][32]byte {
	slices.SortFunc(keys, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return keys
}

func (s *scene) sign(key ed25519.PrivateKey, kind statement.Kind, body interface{ Encode() []byte }) []byte {
	return statement.Sign(key, kind, s.meeting, s.group, body.Encode())
}

// fresh gives a person a new leaf, and its KeyPackage.
func (s *scene) fresh(p *person) []byte {
	p.leaf = mls.NewLeaf(s.meeting, p.id, p.device)
	return p.leaf.KeyPackage(s.now)
}

func reference(kp []byte) [32]byte {
	ref, err := statement.KeyPackageRef(kp)
	if err != nil {
		panic(err)
	}
	return ref
}

func (s *scene) admission(by ed25519.PrivateKey, under statement.Under, p *person, kp []byte, role statement.Role) []byte {
	return s.sign(by, statement.KindAdmission, statement.Admission{
		Under: under, Expiry: uint64(s.now.Add(10 * time.Minute).UnixMilli()),
		Entries: []statement.Admitted{{Reference: reference(kp), Participant: p.id, Device: p.key(), NameCommitment: [32]byte{9}, Role: role}},
	})
}

func (s *scene) removal(by ed25519.PrivateKey, p *person) []byte {
	return s.sign(by, statement.KindRemoval, statement.Removal{
		Under: s.Under(), Participant: p.id, Device: p.key(), SignatureKey: p.leaf.SignatureKey(),
	})
}

func (s *scene) leave(p *person) []byte {
	return s.sign(p.device, statement.KindLeave, statement.Leave{Participant: p.id, SignatureKey: p.leaf.SignatureKey()})
}

// rejoin gives the person a new leaf, and the word for it.
func (s *scene) rejoin(p *person) (kp, raw []byte) {
	old := p.leaf.SignatureKey()
	kp = s.fresh(p)
	return kp, s.sign(p.device, statement.KindRejoin, statement.Rejoin{Participant: p.id, SignatureKey: old, Reference: reference(kp)})
}

// next is a policy behind tip with a change.
func (s *scene) next(by ed25519.PrivateKey, change func(*statement.Policy)) []byte {
	p := s.tip.Policy()
	p.Sequence, p.Previous = p.Sequence+1, s.Under().Hash
	change(&p)
	return s.sign(by, statement.KindPolicy, p)
}

func (s *scene) propose(by ed25519.PrivateKey, change func(*statement.Policy)) []byte {
	s.t.Helper()
	raw := s.next(by, change)
	tip, err := s.Propose(s.tip, raw, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tip = tip
	return raw
}

func (s *scene) index(p *person) uint32 {
	leaf, ok := s.LeafOf(p.id)
	if !ok {
		panic("roster: nobody of this id")
	}
	return leaf.Index
}

// commit is one of the host with a path.
func (s *scene) commit() mls.Commit {
	s.now = s.now.Add(time.Second)
	return mls.Commit{Group: s.group, Epoch: s.epoch, Sender: s.index(s.host), Time: s.now, Path: s.host.leaf, Leaves: 4}
}

// adding is a commit that adds the newbie.
func (s *scene) adding() mls.Commit {
	c := s.commit()
	kp := s.fresh(s.newbie)
	c.Adds = [][]byte{kp}
	c.Statements = [][]byte{s.admission(s.host.device, s.Under(), s.newbie, kp, statement.RoleGuest)}
	return c
}

func (s *scene) enveloped(by *person, commit []byte) []byte {
	return s.sign(by.device, statement.KindCommit, statement.Envelope{Epoch: s.epoch, Commit: sha256.Sum256(commit)})
}

func (s *scene) check(commit []byte) (Change, error) {
	return s.Check(s.host.id, commit, s.enveloped(s.host, commit))
}

func (s *scene) passes(commit []byte) Change {
	s.t.Helper()
	change, err := s.check(commit)
	if err != nil {
		s.t.Fatal(err)
	}
	return change
}

// rule is the rule that an error names, or nothing.
func rule(t testing.TB, err error) string {
	t.Helper()
	var refused *Refused
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return refused.Rule
	}
	t.Fatal(err)
	return ""
}
