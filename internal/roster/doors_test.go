package roster

import (
	"crypto/sha256"
	"slices"
	"testing"

	"incamera/internal/statement"
)

// asking is one question of the door, whole and broken in the one thing that its rule is about.
type asking struct {
	rule string
	ask  func(s *scene, broken bool) error
}

const now = 1_795_000_000_000

var comings = map[string]asking{
	"an admission by a guest": {"an admission that no host signed", func(s *scene, broken bool) error {
		raw := s.admission(pick(broken, s.co, s.guest).device, s.Under(), s.newbie, s.fresh(s.newbie), 0)
		return second(s.Admission(s.tip, raw, now))
	}},
	"an admission before a lock that waits": {"an admission from before a lock, bar or demotion", func(s *scene, broken bool) error {
		raw := s.admission(s.host.device, s.Under(), s.newbie, s.fresh(s.newbie), 0)
		if broken {
			s.propose(s.co.device, func(p *statement.Policy) { p.Locked = true })
		}
		return second(s.Admission(s.tip, raw, now))
	}},
	"an admission that expired": {"an admission that expired", func(s *scene, broken bool) error {
		raw := s.admission(s.host.device, s.Under(), s.newbie, s.fresh(s.newbie), 0)
		return second(s.Admission(s.tip, raw, now+pick[uint64](broken, 0, 3_600_000)))
	}},
	"an admission of a barred device": {"somebody barred", func(s *scene, broken bool) error {
		s.propose(s.host.device, func(p *statement.Policy) { p.Barred = [][32]byte{pick(broken, key(1), s.newbie.key())} })
		return second(s.Admission(s.tip, s.admission(s.host.device, s.Under(), s.newbie, s.fresh(s.newbie), 0), now))
	}},
	"an admission of what was used": {"a KeyPackage used before", func(s *scene, broken bool) error {
		c := s.adding()
		if broken {
			s.State = s.passes(c.Encode()).Next
		}
		return second(s.Admission(s.tip, c.Statements[0], now))
	}},
	"an admission of somebody else's name": {"a person replaced by another device", func(s *scene, broken bool) error {
		who := &person{id: s.guest.id, device: pick(broken, s.guest.device, s.newbie.device)}
		return second(s.Admission(s.tip, s.admission(s.host.device, s.Under(), who, s.fresh(who), 0), now))
	}},
	"another kind": {"a statement of another kind", func(s *scene, broken bool) error {
		raw := s.admission(s.host.device, s.Under(), s.newbie, s.fresh(s.newbie), 0)
		return second(s.Admission(s.tip, pick(broken, raw, s.leave(s.guest)), now))
	}},
}

var goings = map[string]asking{
	"a removal by a guest": {"a removal that no host signed", func(s *scene, broken bool) error {
		return second(s.Removal(s.tip, s.removal(pick(broken, s.co, s.guest).device, s.guest)))
	}},
	"a removal of nobody": {"a Remove of nobody", func(s *scene, broken bool) error {
		s.fresh(s.newbie)
		return second(s.Removal(s.tip, s.removal(s.co.device, pick(broken, s.guest, s.newbie))))
	}},
	"a removal by who is demoted": {"a removal that no host signed", func(s *scene, broken bool) error {
		if broken {
			s.propose(s.host.device, func(p *statement.Policy) { p.CoHosts = nil })
		}
		return second(s.Removal(s.tip, s.removal(s.co.device, s.guest)))
	}},
	"a leave of an older leaf": {"a Remove of nobody", func(s *scene, broken bool) error {
		if broken {
			s.fresh(s.guest)
		}
		return second(s.Leave(s.leave(s.guest)))
	}},
	"a rejoin of nobody": {"a rejoin of nobody who is out", func(s *scene, broken bool) error {
		who := pick(broken, s.guest, s.newbie)
		if broken {
			s.fresh(who)
		}
		_, raw := s.rejoin(who)
		_, _, err := s.Rejoin(s.tip, raw)
		return err
	}},
	"a rejoin of a barred device": {"somebody barred", func(s *scene, broken bool) error {
		if broken {
			s.propose(s.host.device, func(p *statement.Policy) { p.Barred = [][32]byte{s.guest.key()} })
		}
		_, raw := s.rejoin(s.guest)
		_, old, err := s.Rejoin(s.tip, raw)
		if err == nil && old.Participant != s.guest.id {
			s.t.Error("the place of another person")
		}
		return err
	}},
	"an end by a co-host": {"an end that no host signed", func(s *scene, broken bool) error {
		end := statement.End{Under: s.Under(), Epoch: s.Epoch()}
		return second(s.End(s.tip, s.sign(pick(broken, s.second, s.co).device, statement.KindEnd, end)))
	}},
	"an end by who is host in what waits": {"an end that no host signed", func(s *scene, broken bool) error {
		s.propose(s.hostKey, func(p *statement.Policy) { p.Hosts = sorted(append(slices.Clone(p.Hosts), s.newbie.key())...) })
		end := statement.End{Under: s.Under(), Epoch: s.Epoch()}
		return second(s.End(s.tip, s.sign(pick(broken, s.second, s.newbie).device, statement.KindEnd, end)))
	}},
	"an end by a host demoted in what waits": {"an end that no host signed", func(s *scene, broken bool) error {
		if broken {
			s.propose(s.hostKey, func(p *statement.Policy) { p.Hosts = sorted(s.host.key()) })
		}
		end := statement.End{Under: s.Under(), Epoch: s.Epoch()}
		return second(s.End(s.tip, s.sign(s.second.device, statement.KindEnd, end)))
	}},
	"an end of before": {"an end under another policy", func(s *scene, broken bool) error {
		end := statement.End{Under: s.Under(), Epoch: s.Epoch()}
		if broken {
			end.Under = Tip{s.chain[:1]}.Under()
		}
		return second(s.End(s.tip, s.sign(s.hostKey, statement.KindEnd, end)))
	}},
	"a refusal by nobody inside": {"a refusal of no member", func(s *scene, broken bool) error {
		return s.refusal(pick(broken, s.guest, s.newbie), 0)
	}},
	"a refusal of another commit": {"a refusal of another commit", func(s *scene, broken bool) error {
		return s.refusal(s.guest, pick[byte](broken, 0, 1))
	}},
	"a policy without consent": {"a lower label without the consent of all", func(s *scene, broken bool) error {
		return s.lowered(broken, true)
	}},
	"a consent to another policy": {"a statement that covers nothing", func(s *scene, broken bool) error {
		return s.lowered(false, !broken)
	}},
}

func TestTheDoorAsksWhatTheGateWill(t *testing.T) {
	for _, questions := range []map[string]asking{comings, goings} {
		for name, c := range questions {
			t.Run(name, func(t *testing.T) {
				for _, broken := range []bool{false, true} {
					if got, want := rule(t, c.ask(newScene(t), broken)), pick(broken, "", c.rule); got != want {
						t.Errorf("broken %v: %q, want %q", broken, got, want)
					}
				}
			})
		}
	}
}

func (s *scene) refusal(by *person, other byte) error {
	commit := sha256.Sum256([]byte("commit"))
	body := statement.Refusal{Envelope: statement.Envelope{Epoch: s.Epoch(), Commit: commit}, Why: statement.WhyGate}
	body.Commit[0] ^= other
	leaf, _, err := s.Refusal(s.sign(by.device, statement.KindRefusal, body), s.Epoch(), commit)
	if err == nil && leaf.Participant != by.id {
		s.t.Error("the refusal of another person")
	}
	return err
}

// lowered proposes a lower label, with one consent too few or one beside the point.
func (s *scene) lowered(lacking, exact bool) error {
	s.State = s.passes(changing(s, s.propose(s.host.device, func(p *statement.Policy) { p.Label, p.Allows = statement.Sensitive, 0 }))).Next
	raw := s.next(s.host.device, func(p *statement.Policy) { p.Label = statement.Routine })
	read, _ := statement.Parse(raw)
	var consents [][]byte
	for _, p := range pick(lacking, []*person{s.second, s.co, s.guest}, []*person{s.second, s.co}) {
		consents = append(consents, s.sign(p.device, statement.KindConsent, statement.Consent{Policy: read.Hash()}))
	}
	if !exact {
		consents = append(consents, s.sign(s.guest.device, statement.KindConsent, statement.Consent{Policy: key(9)}))
	}
	return second(s.Propose(s.tip, raw, consents))
}

func TestNoMorePoliciesWaitThanACommitMayCarry(t *testing.T) {
	s := newScene(t)
	for range maxInCommit {
		s.propose(s.host.device, func(p *statement.Policy) { p.Allows ^= statement.AllowChat })
	}
	_, err := s.Propose(s.tip, s.next(s.host.device, func(p *statement.Policy) { p.Allows = 0 }), nil)
	if rule(t, err) != "too many policies" {
		t.Error(err)
	}
}
