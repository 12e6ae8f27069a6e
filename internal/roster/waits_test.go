package roster

import (
	"testing"
	"time"

	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
)

// TestWhoMayStillBeAdded: the newbie's KeyPackage and word, whole and broken in one thing.
func TestWhoMayStillBeAdded(t *testing.T) {
	millis := func(s *scene) uint64 { return uint64(s.now.UnixMilli()) }
	for name, c := range map[string]struct {
		broken func(s *scene, c *Coming) (tip Tip, now uint64)
		comes  bool
	}{
		"at once":                      {func(s *scene, _ *Coming) (Tip, uint64) { return s.tip, millis(s) }, true},
		"after the admission's expiry": {func(s *scene, _ *Coming) (Tip, uint64) { return s.tip, millis(s) + 3_600_000 }, false},
		"with a KeyPackage that died": {func(s *scene, c *Coming) (Tip, uint64) {
			leaf := mls.NewLeaf(s.meeting, s.newbie.id, s.newbie.device)
			leaf.Lifetime = time.Hour + time.Second
			c.KeyPackage = leaf.KeyPackage(s.now)
			c.Statement = s.admission(s.host.device, s.Under(), s.newbie, c.KeyPackage, statement.RoleGuest)
			return s.tip, millis(s) + 2_000
		}, false},
		"after a lock": {func(s *scene, _ *Coming) (Tip, uint64) {
			s.propose(s.host.device, func(p *statement.Policy) { p.Locked = true })
			return s.tip, millis(s)
		}, false},
		"by another's word": {func(s *scene, c *Coming) (Tip, uint64) {
			c.Statement = s.admission(s.host.device, s.Under(), s.guest, s.fresh(s.guest), statement.RoleGuest)
			return s.tip, millis(s)
		}, false},
		"under the name of somebody inside": {func(s *scene, c *Coming) (Tip, uint64) {
			other := &person{id: s.guest.id, device: s.newbie.device}
			c.KeyPackage = s.fresh(other)
			c.Statement = s.admission(s.host.device, s.Under(), other, c.KeyPackage, statement.RoleGuest)
			return s.tip, millis(s)
		}, false},
		"by no word": {func(s *scene, c *Coming) (Tip, uint64) {
			c.Statement = s.leave(s.guest)
			return s.tip, millis(s)
		}, false},
		"with a leaf key that is in the group": {func(s *scene, c *Coming) (Tip, uint64) {
			leaf := mls.NewLeaf(s.meeting, s.guest.id, s.guest.device)
			leaf.Key = s.guest.leaf.Key
			c.KeyPackage = leaf.KeyPackage(s.now)
			c.Statement = s.sign(s.guest.device, statement.KindRejoin, statement.Rejoin{
				Participant: s.guest.id, SignatureKey: s.guest.leaf.SignatureKey(), Reference: reference(c.KeyPackage),
			})
			return s.tip, millis(s)
		}, false},
		"by a rejoin": {func(s *scene, c *Coming) (Tip, uint64) {
			c.KeyPackage, c.Statement = s.rejoin(s.guest)
			return s.tip, millis(s)
		}, true},
		"by a rejoin whose leaf is gone": {func(s *scene, c *Coming) (Tip, uint64) {
			s.fresh(s.guest)
			c.KeyPackage, c.Statement = s.rejoin(s.guest)
			return s.tip, millis(s)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			kp := s.fresh(s.newbie)
			one := Coming{kp, s.admission(s.host.device, s.Under(), s.newbie, kp, statement.RoleGuest)}
			tip, now := c.broken(s, &one)
			if got := s.Comes(tip, now, []Coming{one})[0]; got != c.comes {
				t.Errorf("comes: %v", got)
			}
		})
	}
}

// TestOneOfAnAdmissionMayBeInsideAlready: the others of the same statement still come.
func TestOneOfAnAdmissionMayBeInsideAlready(t *testing.T) {
	s := newScene(t)
	other := newPerson(7)
	first, second := s.fresh(s.newbie), s.fresh(other)
	body := statement.Admission{Under: s.Under(), Expiry: uint64(s.now.Add(time.Hour).UnixMilli())}
	for kp, p := range map[*[]byte]*person{&first: s.newbie, &second: other} {
		body.Entries = append(body.Entries, statement.Admitted{Reference: reference(*kp), Participant: p.id, Device: p.key()})
	}
	word := s.sign(s.host.device, statement.KindAdmission, body)
	c := s.commit()
	c.Adds, c.Statements = [][]byte{first}, [][]byte{word}
	s.State = s.passes(c.Encode()).Next
	come := s.Comes(s.tip, uint64(s.now.UnixMilli()), []Coming{{first, word}, {second, word}})
	if come[0] || !come[1] {
		t.Errorf("come: %v", come)
	}
}
