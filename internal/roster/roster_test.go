package roster

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// told is what a device would say of the roster to a server that restarted.
func told(s *State) []byte {
	var policies, admissions, spent, away, leaves []byte
	for _, raw := range s.Chain() {
		policies = append(policies, raw...)
	}
	seat := func(b []byte, l Leaf) []byte {
		return slices.Concat(b, l.Participant[:], l.Device[:], l.SignatureKey[:])
	}
	for _, l := range s.Leaves() {
		admissions = append(admissions, l.Admission...)
		leaves = seat(binary.BigEndian.AppendUint32(leaves, l.Index), l)
	}
	for _, l := range s.away {
		admissions = append(admissions, l.Admission...)
		away = seat(away, l)
	}
	for reference, until := range s.spent {
		spent = binary.BigEndian.AppendUint64(append(spent, reference[:]...), until)
	}
	b := []byte{1}
	for _, part := range [][]byte{policies, admissions, spent, away} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	b = binary.BigEndian.AppendUint64(b, s.time)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(leaves))), leaves...)
}

func (s *scene) revived(state []byte) (*State, error) {
	return Revive(s.meeting, public(s.hostKey), s.group, s.epoch, state)
}

func TestARevivedRosterGoesOn(t *testing.T) {
	s := newScene(t)
	c := s.commit()
	c.Removes = []uint32{s.index(s.guest)} // absent
	s.State = s.passes(c.Encode()).Next
	back, err := s.revived(told(s.State))
	if err != nil {
		t.Fatal(err)
	}
	same(t, back, s.State)
	s.State = back
	if leaf, ok := back.LeafOf(s.host.id); !ok || leaf.InboxKey != [32]byte{} {
		t.Error("an inbox key that nobody told")
	}
	change := s.passes(s.commit().Encode())
	if leaf, _ := change.Next.LeafOf(s.host.id); leaf.InboxKey != s.host.leaf.Inbox {
		t.Error("the path does not tell the inbox key")
	}
	s.State = change.Next
	c = s.commit()
	kp, raw := s.rejoin(s.guest)
	c.Adds, c.Statements = [][]byte{kp}, [][]byte{raw}
	if got := s.passes(c.Encode()).Added; len(got) != 1 || !got[0].Rejoin || got[0].Commitment != [32]byte{9} {
		t.Errorf("who is away comes back with the word of before: %+v", got)
	}
}

func TestRevivalsThatAreRefused(t *testing.T) {
	s := newScene(t)
	last := func(l []member) *member { return &l[len(l)-1] }
	for want, spoil := range map[string]func(c *State){
		"":                                func(*State) {},
		"a leaf that nobody admitted":     func(c *State) { last(c.members).Device = [32]byte{99} },
		"leaves out of order":             func(c *State) { slices.Reverse(c.members) },
		"too many or too few":             func(c *State) { c.members = nil },
		"two leaves with one key or name": func(c *State) { c.away = []Leaf{c.members[0].Leaf} },
		"policy chain":                    func(c *State) { c.chain = append(slices.Clip(c.chain), c.chain[1]) },
		"no policy":                       func(c *State) { c.chain = nil },
		"first policy":                    func(c *State) { c.chain = c.chain[1:] },
		"an admission that no host signed": func(c *State) {
			last(c.members).Admission = s.admission(s.guest.device, s.Under(), s.guest, s.fresh(s.guest), 0)
		},
		"an admission with a role": func(c *State) {
			last(c.members).Admission = s.admission(s.host.device, s.Under(), s.guest, s.fresh(s.guest), 2)
		},
		"an admission under another policy": func(c *State) {
			last(c.members).Admission = s.admission(s.host.device, statement.Under{}, s.guest, s.fresh(s.guest), 0)
		},
	} {
		c := *s.State
		c.members = slices.Clone(c.members)
		spoil(&c)
		_, err := s.revived(told(&c))
		if got := rule(t, err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c := *s.State
	c.members = slices.Clone(c.members)
	for index, want := range map[uint32]string{MaxLeaves - 1: "", MaxLeaves: "leaves out of order"} {
		last(c.members).Index = index
		if _, err := s.revived(told(&c)); rule(t, err) != want {
			t.Errorf("a leaf at %d: %v", index, err)
		}
	}
	whole := told(s.State)
	for _, raw := range [][]byte{nil, whole[:len(whole)-1], append(slices.Clone(whole), 0)} {
		if _, err := s.revived(raw); rule(t, err) != formRule {
			t.Error("a state that is not of the form was taken")
		}
	}
}

func TestARevivalBarsNobodyAgain(t *testing.T) {
	s := newScene(t)
	bar := s.propose(s.host.device, func(p *statement.Policy) { p.Barred = [][32]byte{s.guest.key()} })
	c := *s.State
	c.chain = s.tip.chain
	if _, err := s.revived(told(&c)); rule(t, err) != "somebody barred" {
		t.Error("a barred leaf was revived")
	}
	if read, _ := statement.Parse(bar); s.tip.Under().Hash != read.Hash() || !s.tip.Barred(s.guest.key()) {
		t.Error("the tip is not the newest policy")
	}
}

func TestNewLeavesTakeTheLowestFreePlaces(t *testing.T) {
	s := newScene(t) // 0 host, 1 second, 2 co-host, 3 guest
	c := s.commit()
	c.Removes = []uint32{s.index(s.co), s.index(s.second)}
	third := newPerson(60)
	for _, p := range []*person{s.newbie, third} {
		kp := s.fresh(p)
		c.Adds = append(c.Adds, kp)
		c.Statements = append(c.Statements, s.admission(s.host.device, s.Under(), p, kp, 0))
	}
	change := s.passes(c.Encode())
	s.State = change.Next
	if s.index(s.newbie) != 1 || s.index(third) != 2 || s.index(s.guest) != 3 {
		t.Errorf("leaves %+v", s.Leaves())
	}
	for i, l := range s.Leaves() {
		if l.Index != uint32(i) {
			t.Errorf("leaf %d stands at %d", l.Index, i)
		}
	}
	if len(change.Removed) != 2 || change.Removed[0].How != Absent || len(s.away) != 2 || s.away[0].Participant != s.co.id {
		t.Errorf("away %+v in the order of their going", s.away)
	}
}

func TestWhyALeafWent(t *testing.T) {
	for want, build := range map[How]func(s *scene) []byte{
		Absent:  func(s *scene) []byte { return nil },
		Left:    func(s *scene) []byte { return s.leave(s.guest) },
		Removed: func(s *scene) []byte { return s.removal(s.co.device, s.guest) },
	} {
		s := newScene(t)
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		if raw := build(s); raw != nil {
			c.Statements = [][]byte{raw}
		}
		change := s.passes(c.Encode())
		_, away := change.Next.AwayOf(s.guest.id)
		if change.Removed[0].How != want || away != (want == Absent) {
			t.Errorf("how %d, want %d; away %v", change.Removed[0].How, want, away)
		}
	}
}

func TestWhatIsUsedIsForgottenWhenItHasDied(t *testing.T) {
	s := newScene(t)
	before := len(s.spent)
	s.now = s.now.Add(3 * time.Hour)
	s.State = s.passes(s.commit().Encode()).Next
	if before != 4 || len(s.spent) != 0 {
		t.Errorf("%d references, then %d", before, len(s.spent))
	}
}

func TestTheOldestAwayGoesFirst(t *testing.T) {
	s := newScene(t)
	for i := range MaxAway {
		s.away = append(s.away, Leaf{Participant: ident.ParticipantID{200, byte(i)}, Device: key(byte(i)), SignatureKey: [32]byte{3, byte(i)}})
	}
	c := s.commit()
	c.Removes = []uint32{s.index(s.guest)}
	away := s.passes(c.Encode()).Next.away
	if len(away) != MaxAway || away[0].Participant != s.away[1].Participant || away[MaxAway-1].Participant != s.guest.id {
		t.Errorf("%d are away", len(away))
	}
}

func TestAChainIsAtMost512PoliciesAnd128KiB(t *testing.T) {
	for name, barred := range map[string]int{"policies": 0, "bytes": 500} {
		s := opened(t)
		chain, size := s.chain, len(s.chain[0].raw)
		for {
			raw := s.next(s.host.device, func(p *statement.Policy) {
				p.Barred = nil
				for i := range barred {
					p.Barred = append(p.Barred, [32]byte{99, byte(i >> 8), byte(i)})
				}
			})
			longer, err := s.extend(chain, raw)
			if err != nil {
				full := len(chain) == maxPolicies || size+len(raw) > maxChainBytes
				if rule(t, err) != "policy chain too long" || !full {
					t.Errorf("%s: %v after %d policies, %d bytes", name, err, len(chain), size)
				}
				break
			}
			chain, size = longer, size+len(raw)
			s.tip = Tip{chain}
		}
		if len(chain) > maxPolicies || size > maxChainBytes {
			t.Errorf("%s: %d policies, %d bytes", name, len(chain), size)
		}
	}
}

func TestAMeetingOpensByTheHostKeyAlone(t *testing.T) {
	s := opened(t)
	if got := s.Leaves(); len(got) != 1 || got[0].Role != statement.RoleHost || got[0].InboxKey != s.host.leaf.Inbox || s.Epoch() != 0 || s.Generation() != 1 {
		t.Fatalf("%+v", got)
	}
	kp := s.fresh(s.host)
	policy := s.Chain()[0]
	byHost := s.admission(s.hostKey, s.Under(), s.host, kp, statement.RoleHost)
	for want, try := range map[string][3][]byte{
		"":                                 {policy, kp, byHost},
		"an admission that no host signed": {policy, kp, s.admission(s.host.device, s.Under(), s.host, kp, statement.RoleGuest)},
		"an Add without admission":         {policy, s.fresh(s.host), byHost},
		"first policy":                     {s.next(s.host.device, func(p *statement.Policy) { p.Sequence, p.Previous = 1, [32]byte{} }), kp, byHost},
		formRule:                           {policy, kp[1:], byHost},
	} {
		_, err := Open(s.meeting, public(s.hostKey), s.group, try[0], try[1], try[2])
		if got := rule(t, err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	other := s.group
	other[0]++
	if _, err := Open(s.meeting, public(s.hostKey), other, policy, kp, byHost); rule(t, err) != "another group" {
		t.Error("a group of another meeting")
	}
}

func TestAPolicyThatComesSecondIsStale(t *testing.T) {
	s := newScene(t)
	first := s.next(s.host.device, func(p *statement.Policy) { p.Allows = 0 })
	late := s.next(s.second.device, func(p *statement.Policy) { p.Locked = true })
	tip, err := s.Propose(s.tip, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Propose(tip, late, nil); !errors.Is(err, ErrStale) {
		t.Errorf("the second policy: %v", err)
	}
	if tip.Policy().Allows != 0 || s.Tip().Policy().Allows != statement.AllowAll {
		t.Error("what waits is not what is committed")
	}
}

func FuzzReviveNeverPanics(f *testing.F) {
	s := newScene(f)
	f.Add(told(s.State))
	for _, j := range readJudged(f)[:8] {
		f.Add(j.State)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		back, err := s.revived(b)
		if err == nil && (len(back.Leaves()) == 0 || len(back.Leaves()) > MaxLeaves || len(back.away) > MaxAway) {
			t.Fatal("out of bounds")
		}
	})
}

func FuzzCheckNeverPanics(f *testing.F) {
	cases := readJudged(f)
	states := make(map[string]*State)
	for i, j := range cases {
		states[string(j.State)] = j.revive(f, j.Epoch, j.State)
		f.Add(uint16(i), j.Commit)
	}
	f.Fuzz(func(t *testing.T, n uint16, commit []byte) {
		s := states[string(cases[int(n)%len(cases)].State)]
		change, err := s.gate(commit)
		if err == nil && change.Next.Epoch() != s.Epoch()+1 {
			t.Fatal("a commit that leads nowhere")
		}
	})
}
