package roster

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
)

// breach is one rule of the gate: a commit that passes, and the same with the one thing that breaks the rule.
type breach struct {
	rule  string
	build func(s *scene, broken bool) []byte
}

// pick gives the second where it breaks.
func pick[T any](broken bool, good, bad T) T {
	if broken {
		return bad
	}
	return good
}

func key(n byte) [32]byte { return [32]byte{n, 1} }

// framingBreaches are of rule 1.
var framingBreaches = []breach{
	{"another group", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Group[20] = pick(broken, c.Group[20], c.Group[20]+1)
		return c.Encode()
	}},
	{"another epoch", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Epoch += pick[uint64](broken, 0, 1)
		return c.Encode()
	}},
	{"sender is no member", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Sender = pick[uint32](broken, c.Sender, 77)
		return c.Encode()
	}},
	{"time earlier than the commit before", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Time = time.UnixMilli(int64(s.time) - pick[int64](broken, 0, 1))
		return c.Encode()
	}},
	{"a proposal by reference", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Adds[0] = append(c.Adds[0], pick(broken, nil, append([]byte{2, 32}, make([]byte, 32)...))...)
		return c.Encode()
	}},
	{"a proposal of another type", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Adds[0] = append(c.Adds[0], pick(broken, nil, []byte{1, 0, 7, 0})...)
		return c.Encode()
	}},
	{formRule, func(s *scene, broken bool) []byte {
		return append(s.commit().Encode(), pick(broken, nil, []byte{0})...)
	}},
	{"a leaf named twice", func(s *scene, broken bool) []byte {
		c, i := s.commit(), s.index(s.guest)
		c.Removes = pick(broken, []uint32{i}, []uint32{i, i})
		return c.Encode()
	}},
	{"a Remove of nobody", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{pick(broken, s.index(s.guest), 99)}
		return c.Encode()
	}},
	{"the sender removes itself", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{pick(broken, s.index(s.guest), c.Sender)}
		return c.Encode()
	}},
	{"a statement of another kind", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Statements = pick(broken, nil, [][]byte{s.sign(s.host.device, statement.KindEnd, statement.End{Under: s.Under()})})
		return c.Encode()
	}},
	{"statements out of order", func(s *scene, broken bool) []byte {
		c := s.adding()
		policy := s.next(s.host.device, func(p *statement.Policy) { p.Allows = 0 })
		c.Statements = pick(broken, [][]byte{policy, c.Statements[0]}, [][]byte{c.Statements[0], policy})
		return c.Encode()
	}},
	{"too many policies", func(s *scene, broken bool) []byte {
		c := s.commit()
		for range pick(broken, 16, 17) {
			raw := s.next(s.host.device, func(p *statement.Policy) { p.Allows ^= statement.AllowChat })
			chain, err := s.extend(s.tip.chain, raw)
			if err != nil {
				s.t.Fatal(err)
			}
			s.tip = Tip{chain}
			c.Statements = append(c.Statements, raw)
		}
		return c.Encode()
	}},
	{"a statement that covers nothing", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = pick(broken, []uint32{s.index(s.guest)}, nil)
		c.Statements = [][]byte{s.removal(s.host.device, s.guest)}
		return c.Encode()
	}},
}

// changing is a commit with one policy.
func changing(s *scene, raw []byte) []byte {
	c := s.commit()
	c.Statements = [][]byte{raw}
	return c.Encode()
}

// policyBreaches are of rule 2.
var policyBreaches = []breach{
	{"policy signature", func(s *scene, broken bool) []byte {
		raw := s.next(s.host.device, func(p *statement.Policy) { p.Locked = true })
		raw[len(raw)-1] ^= pick[byte](broken, 0, 1)
		return changing(s, raw)
	}},
	{"policy chain", func(s *scene, broken bool) []byte {
		return changing(s, s.next(s.host.device, func(p *statement.Policy) { p.Previous[0] ^= pick[byte](broken, 0, 1) }))
	}},
	{"policy signer", func(s *scene, broken bool) []byte {
		return changing(s, s.next(pick(broken, s.co, s.guest).device, func(p *statement.Policy) { p.Locked = true }))
	}},
	{"a policy beyond what its signer may change", func(s *scene, broken bool) []byte {
		return changing(s, s.next(pick(broken, s.host, s.co).device, func(p *statement.Policy) { p.Allows = 0 }))
	}},
	{"a lower label without the consent of all", func(s *scene, broken bool) []byte {
		s.State = s.passes(changing(s, s.propose(s.host.device, func(p *statement.Policy) { p.Label, p.Allows = statement.Sensitive, 0 }))).Next
		raw := s.next(s.host.device, func(p *statement.Policy) { p.Label = statement.Routine })
		read, _ := statement.Parse(raw)
		c := s.commit()
		c.Statements = [][]byte{raw}
		for _, p := range pick(broken, []*person{s.second, s.co, s.guest}, []*person{s.second, s.co}) {
			c.Statements = append(c.Statements, s.sign(p.device, statement.KindConsent, statement.Consent{Policy: read.Hash()}))
		}
		return c.Encode()
	}},
	{"a consent with a bad signature", func(s *scene, broken bool) []byte {
		s.State = s.passes(changing(s, s.propose(s.host.device, func(p *statement.Policy) { p.Label, p.Allows = statement.Sensitive, 0 }))).Next
		raw := s.next(s.host.device, func(p *statement.Policy) { p.Label = statement.Routine })
		read, _ := statement.Parse(raw)
		c := s.commit()
		c.Statements = [][]byte{raw}
		for _, p := range []*person{s.second, s.co, s.guest} {
			c.Statements = append(c.Statements, s.sign(p.device, statement.KindConsent, statement.Consent{Policy: read.Hash()}))
		}
		last := c.Statements[3]
		last[len(last)-1] ^= pick[byte](broken, 0, 1)
		return c.Encode()
	}},
}

// addBreaches are of rule 3.
var addBreaches = []breach{
	{"an Add without admission", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Statements = pick(broken, c.Statements, nil)
		return c.Encode()
	}},
	{"a KeyPackage used before", func(s *scene, broken bool) []byte {
		c := s.adding()
		if broken {
			s.State = s.passes(c.Encode()).Next
			again := s.commit()
			again.Adds, again.Statements = c.Adds, c.Statements
			again.Removes = []uint32{s.index(s.newbie)}
			return again.Encode()
		}
		return c.Encode()
	}},
	{"an Add of somebody else than admitted", func(s *scene, broken bool) []byte {
		c := s.adding()
		other := pick(broken, s.newbie, &person{id: s.newbie.id, device: seeded(30)})
		c.Statements[0] = s.admission(s.host.device, s.Under(), other, c.Adds[0], statement.RoleGuest)
		return c.Encode()
	}},
	{"KeyPackage: signature", func(s *scene, broken bool) []byte { return s.spoiled(broken, 1) }},
	{"KeyPackage: leaf signature", func(s *scene, broken bool) []byte { return s.spoiled(broken, 70) }},
	{"KeyPackage: not alive at this time", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Time = s.now.Add(pick(broken, 0, 2*time.Hour))
		a, _ := statement.Parse(c.Statements[0])
		body, _ := statement.ParseAdmission(a.Body)
		body.Expiry = uint64(c.Time.UnixMilli())
		c.Statements[0] = s.sign(s.host.device, statement.KindAdmission, body)
		return c.Encode()
	}},
	{"KeyPackage: lives too long", func(s *scene, broken bool) []byte {
		c := s.commit()
		s.newbie.leaf = mls.NewLeaf(s.meeting, s.newbie.id, s.newbie.device)
		s.newbie.leaf.Lifetime += pick(broken, 0, time.Second)
		kp := s.newbie.leaf.KeyPackage(s.now)
		c.Adds = [][]byte{kp}
		c.Statements = [][]byte{s.admission(s.host.device, s.Under(), s.newbie, kp, statement.RoleGuest)}
		return c.Encode()
	}},
	{"KeyPackage: credential not signed by its device", func(s *scene, broken bool) []byte {
		c := s.commit()
		s.newbie.leaf = mls.NewLeaf(pick(broken, s.meeting, ident.MeetingID{}), s.newbie.id, s.newbie.device)
		kp := s.newbie.leaf.KeyPackage(s.now)
		c.Adds = [][]byte{kp}
		c.Statements = [][]byte{s.admission(s.host.device, s.Under(), s.newbie, kp, statement.RoleGuest)}
		return c.Encode()
	}},
	{"an admission that no host signed", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Statements[0] = s.admission(pick(broken, s.co, s.guest).device, s.Under(), s.newbie, c.Adds[0], statement.RoleGuest)
		return c.Encode()
	}},
	{"an admission under another policy", func(s *scene, broken bool) []byte {
		c, under := s.adding(), s.Under()
		under.Hash[0] ^= pick[byte](broken, 0, 1)
		c.Statements[0] = s.admission(s.host.device, under, s.newbie, c.Adds[0], statement.RoleGuest)
		return c.Encode()
	}},
	{"an admission that expired", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Time = c.Time.Add(10*time.Minute + pick(broken, 0, time.Millisecond))
		return c.Encode()
	}},
	{"an admission with a role", func(s *scene, broken bool) []byte {
		c := s.adding()
		c.Statements[0] = s.admission(s.host.device, s.Under(), s.newbie, c.Adds[0], pick(broken, statement.RoleGuest, statement.RoleHost))
		return c.Encode()
	}},
	{"an admission by the host key of somebody who is no host", func(s *scene, broken bool) []byte {
		c := s.adding()
		policy := s.next(s.hostKey, func(p *statement.Policy) {
			p.Hosts = sorted(append(slices.Clone(p.Hosts), pick(broken, s.newbie.key(), key(40)))...)
		})
		c.Statements = [][]byte{policy, s.admission(s.hostKey, s.Under(), s.newbie, c.Adds[0], statement.RoleHost)}
		return c.Encode()
	}},
	{"an admission from before a lock, bar or demotion", func(s *scene, broken bool) []byte {
		c := s.adding()
		policy := s.next(s.host.device, func(p *statement.Policy) {
			p.Barred = pick(broken, nil, [][32]byte{key(41)})
			p.Allows = 0
		})
		c.Statements = slices.Insert(c.Statements, 0, policy)
		return c.Encode()
	}},
	{"an admission to a locked meeting", func(s *scene, broken bool) []byte {
		if broken {
			s.State = s.passes(changing(s, s.propose(s.host.device, func(p *statement.Policy) { p.Locked = true }))).Next
		}
		return s.adding().Encode()
	}},
	{"a rejoin of nobody who is out", func(s *scene, broken bool) []byte {
		c := s.commit()
		at := s.index(s.guest)
		kp, raw := s.rejoin(s.guest)
		c.Adds, c.Statements = [][]byte{kp}, [][]byte{raw}
		c.Removes = pick(broken, []uint32{at}, nil)
		return c.Encode()
	}},
	{"a rejoin with a bad signature", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		kp, raw := s.rejoin(s.guest)
		raw[len(raw)-1] ^= pick[byte](broken, 0, 1)
		c.Adds, c.Statements = [][]byte{kp}, [][]byte{raw}
		return c.Encode()
	}},
	{"somebody barred", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Statements = [][]byte{s.next(s.host.device, func(p *statement.Policy) { p.Barred = [][32]byte{s.guest.key()} })}
		c.Removes = pick(broken, []uint32{s.index(s.guest)}, nil)
		return c.Encode()
	}},
}

// spoiled adds a KeyPackage of which one byte, so far from its end, is another one.
func (s *scene) spoiled(broken bool, back int) []byte {
	c := s.commit()
	kp := s.fresh(s.newbie)
	kp[len(kp)-back] ^= pick[byte](broken, 0, 1)
	c.Adds = [][]byte{kp}
	c.Statements = [][]byte{s.admission(s.host.device, s.Under(), s.newbie, kp, statement.RoleGuest)}
	return c.Encode()
}

// removeBreaches are of rules 4 and 5.
var removeBreaches = []breach{
	{"a removal that no host signed", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		c.Statements = [][]byte{s.removal(pick(broken, s.co, s.guest).device, s.guest)}
		return c.Encode()
	}},
	{"a removal of a host", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.second)}
		c.Statements = [][]byte{s.removal(pick(broken, s.hostKey, s.host.device), s.second)}
		return c.Encode()
	}},
	{"a removal under another policy", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		body := statement.Removal{Under: s.Under(), Participant: s.guest.id, Device: s.guest.key(), SignatureKey: s.guest.leaf.SignatureKey()}
		body.Under.Sequence += pick[uint32](broken, 0, 1)
		c.Statements = [][]byte{s.sign(s.host.device, statement.KindRemoval, body)}
		return c.Encode()
	}},
	{"a leave with a bad signature", func(s *scene, broken bool) []byte {
		c, raw := s.commit(), s.leave(s.guest)
		raw[len(raw)-1] ^= pick[byte](broken, 0, 1)
		c.Removes, c.Statements = []uint32{s.index(s.guest)}, [][]byte{raw}
		return c.Encode()
	}},
	{"a rejoin of somebody removed", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		removal := s.removal(s.host.device, s.guest)
		kp, raw := s.rejoin(s.guest)
		c.Adds, c.Statements = [][]byte{kp}, pick(broken, [][]byte{raw}, [][]byte{raw, removal})
		return c.Encode()
	}},
	{"a person replaced by another device", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		other := &person{id: s.guest.id, device: pick(broken, s.guest.device, seeded(50))}
		kp := s.fresh(other)
		c.Adds = [][]byte{kp}
		c.Statements = [][]byte{s.admission(s.host.device, s.Under(), other, kp, statement.RoleGuest)}
		return c.Encode()
	}},
	{"number of PSKs", func(s *scene, broken bool) []byte {
		c := s.adding()
		second := slices.Concat([]byte{1, 0, 4, 1, 16}, s.meeting[:], []byte{32}, make([]byte, 32))
		c.Adds[0] = append(c.Adds[0], pick(broken, nil, second)...)
		return c.Encode()
	}},
	{"a PSK that is not the meeting’s", func(s *scene, broken bool) []byte {
		b := s.adding().Encode()
		at := bytes.LastIndex(b, append([]byte{1, 0, 4, 1, 16}, s.meeting[:]...))
		b[at+5] ^= pick[byte](broken, 0, 1)
		return b
	}},
	{"two leaves with one key or name", func(s *scene, broken bool) []byte {
		c := s.commit()
		p := pick(broken, s.newbie, &person{id: s.newbie.id, device: s.guest.device})
		kp := s.fresh(p)
		c.Adds = [][]byte{kp}
		c.Statements = [][]byte{s.admission(s.host.device, s.Under(), p, kp, statement.RoleGuest)}
		return c.Encode()
	}},
	{"a leaf key used before", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		kp := s.guest.leaf.KeyPackage(s.now)
		if !broken {
			kp = s.fresh(s.guest)
		}
		c.Adds = [][]byte{kp}
		c.Statements = [][]byte{s.admission(s.host.device, s.Under(), s.guest, kp, statement.RoleGuest)}
		return c.Encode()
	}},
	{"no path", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Removes = []uint32{s.index(s.guest)}
		c.Path = pick(broken, c.Path, nil)
		return c.Encode()
	}},
	{"the path changes who the sender is", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Path = pick(broken, c.Path, mls.NewLeaf(s.meeting, s.host.id, s.host.device))
		return c.Encode()
	}},
	{"the path keeps the old key", func(s *scene, broken bool) []byte {
		return s.keyed(0, broken)
	}},
	{"two leaves with one key or name", func(s *scene, broken bool) []byte {
		return s.keyed(1, broken)
	}},
	{"leaf signature", func(s *scene, broken bool) []byte {
		c := s.commit()
		c.Leaves = 1
		b := c.Encode()
		end := len(b) - (66 + 33 + 33 + 1) // signature, tags, no path nodes
		b[end-1] ^= pick[byte](broken, 0, 1)
		return b
	}},
}

// keyed is a commit whose path has the encryption key that the leaf at a place had before.
func (s *scene) keyed(at int, broken bool) []byte {
	b := s.commit().Encode()
	content, err := statement.ParseCommit(b)
	if err != nil {
		s.t.Fatal(err)
	}
	before := *s.State
	before.members = slices.Clone(before.members)
	before.members[at].encryption = pick(broken, key(70), content.Path.EncryptionKey)
	s.State = &before
	return b
}

func TestEachRuleRefusesWhatBreaksItAlone(t *testing.T) {
	for _, b := range slices.Concat(framingBreaches, policyBreaches, addBreaches, removeBreaches) {
		t.Run(b.rule, func(t *testing.T) {
			for _, broken := range []bool{false, true} {
				s := newScene(t)
				_, err := s.check(b.build(s, broken))
				if got, want := rule(t, err), pick(broken, "", b.rule); got != want {
					t.Errorf("broken %v: %q, want %q", broken, got, want)
				}
			}
		})
	}
}

func TestTheAuthorSignsItsCommit(t *testing.T) {
	s := newScene(t)
	c := s.commit().Encode()
	other := s.commit().Encode()
	for want, check := range map[string]func() error{
		"":                                      func() error { return second(s.Check(s.host.id, c, s.enveloped(s.host, c))) },
		"another sender":                        func() error { return second(s.Check(s.guest.id, c, s.enveloped(s.guest, c))) },
		"a commit that its author did not sign": func() error { return second(s.Check(s.host.id, c, s.enveloped(s.guest, c))) },
		"the signature of another commit":       func() error { return second(s.Check(s.host.id, c, s.enveloped(s.host, other))) },
	} {
		if got := rule(t, check()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
