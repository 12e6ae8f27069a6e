package roster

import (
	"bytes"
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// trial is what a commit is judged by: rules 2 to 4 of the gate.
type trial struct {
	*State              // before the commit
	chain      []policy // after its policies
	time       uint64   // of the commit
	removed    []member // in the order of the commit
	statements []statement.Statement
	uses       map[int]bool      // which of the statements covered something
	back       map[[32]byte]bool // old leaf signature keys that the rejoins name
}

func (t *trial) use(i int) {
	if t.uses == nil {
		t.uses = map[int]bool{}
	}
	t.uses[i] = true
}

func (t *trial) after() Tip { return Tip{t.chain} }

// inOrder is the order in which the kinds stand in a commit.
var inOrder = []statement.Kind{
	statement.KindPolicy, statement.KindConsent, statement.KindAdmission, statement.KindRejoin, statement.KindRemoval, statement.KindLeave,
}

// policiesIn gives the policies that a commit carries.
func policiesIn(all []statement.Statement) ([][]byte, error) {
	var raws [][]byte
	last := 0
	for _, s := range all {
		if err := must(slices.Contains(inOrder, s.Kind), "a statement of another kind"); err != nil {
			return nil, err
		}
	}
	for _, s := range all {
		at := slices.Index(inOrder, s.Kind)
		if err := must(at >= last, "statements out of order"); err != nil {
			return nil, err
		}
		last = at
		if s.Kind == statement.KindPolicy {
			raws = append(raws, s.Encode())
		}
	}
	return raws, must(len(raws) <= maxInCommit, "too many policies")
}

// consented is one consent by its signer.
type consented struct{ device, policy [32]byte }

// consents reads those among statements, with their places.
func (p place) consents(all []statement.Statement) (map[consented]int, error) {
	found := make(map[consented]int)
	for i, s := range all {
		if s.Kind != statement.KindConsent {
			continue
		}
		if err := must(p.signed(s), "a consent with a bad signature"); err != nil {
			return nil, err
		}
		body, err := statement.ParseConsent(s.Body)
		if err != nil {
			return nil, form(err)
		}
		if _, twice := found[consented{s.Signer, body.Policy}]; !twice {
			found[consented{s.Signer, body.Policy}] = i
		}
	}
	return found, nil
}

// coverPolicies asks for everybody's consent to a lower label.
func (t *trial) coverPolicies() error {
	given, err := t.consents(t.statements)
	if err != nil {
		return err
	}
	for i := len(t.State.chain); i < len(t.chain); i++ {
		t.use(i - len(t.State.chain)) // policies stand first
		used, err := t.agreed(t.chain[i-1], t.chain[i], given)
		if err != nil {
			return err
		}
		for _, at := range used {
			t.use(at)
		}
	}
	return nil
}

// agreed gives the places of the consents that a lower label needs: of every live leaf's device but the signer's.
func (s *State) agreed(before, next policy, given map[consented]int) ([]int, error) {
	if !loosens(before.body, next.body) {
		return nil, nil
	}
	var used []int
	for _, m := range s.members {
		at, ok := given[consented{m.Device, next.hash}]
		if err := must(ok || m.Device == next.by, "a lower label without the consent of all"); err != nil {
			return nil, err
		}
		if ok && m.Device != next.by {
			used = append(used, at)
		}
	}
	return used, nil
}

// offer is who may be added under one reference, by the statement at a place.
type offer struct {
	Leaf
	at     int
	rejoin bool
}

// newcomer is one person whom a commit adds.
type newcomer struct {
	member
	Reference [32]byte
	until     uint64 // when the KeyPackage dies, milliseconds since 1970
	rejoin    bool
}

// offers reads the admissions and rejoins.
func (t *trial) offers() (map[[32]byte]offer, error) {
	found := make(map[[32]byte]offer)
	t.back = make(map[[32]byte]bool)
	for i, s := range t.statements {
		switch s.Kind {
		case statement.KindAdmission:
			body, err := t.admission(s)
			if err != nil {
				return nil, err
			}
			raw := s.Encode()
			for _, e := range body.Entries {
				leaf := Leaf{Participant: e.Participant, Device: e.Device, Commitment: e.NameCommitment, Role: e.Role, Admission: raw}
				found[e.Reference] = offer{leaf, i, false}
			}
		case statement.KindRejoin:
			body, old, err := t.rejoin(s)
			if err != nil {
				return nil, err
			}
			t.back[body.SignatureKey] = true
			found[body.Reference] = offer{old, i, true}
		}
	}
	return found, nil
}

// coverAdds holds every Add against the admissions and rejoins beside it.
func (t *trial) coverAdds(adds []statement.KeyPackage) ([]newcomer, error) {
	offers, err := t.offers()
	if err != nil {
		return nil, err
	}
	var added []newcomer
	seen := make(map[[32]byte]bool)
	for _, kp := range adds {
		o, covered := offers[kp.Reference]
		if err := must(covered, "an Add without admission"); err != nil {
			return nil, err
		}
		_, used := t.spent[kp.Reference]
		if err := must(!used && !seen[kp.Reference], "a KeyPackage used before"); err != nil {
			return nil, err
		}
		seen[kp.Reference] = true
		same := o.Participant == kp.Participant && o.Device == kp.Device
		if err := must(same, "an Add of somebody else than admitted"); err != nil {
			return nil, err
		}
		fault := kp.Fault(t.meeting, t.time)
		if err := must(fault == "", "KeyPackage: "+fault); err != nil {
			return nil, err
		}
		t.use(o.at)
		m := member{o.Leaf, true, bytes.Clone(kp.Identity), kp.EncryptionKey}
		m.SignatureKey, m.InboxKey, m.Index = kp.SignatureKey, kp.InboxKey, 0
		added = append(added, newcomer{m, kp.Reference, kp.NotAfter * 1000, o.rejoin})
	}
	return added, nil
}

// admission checks one as it stands after the commit's policies.
func (t *trial) admission(s statement.Statement) (statement.Admission, error) {
	body, err := statement.ParseAdmission(s.Body)
	if err != nil {
		return body, form(err)
	}
	if err := must(t.signed(s), "an admission that no host signed"); err != nil {
		return body, err
	}
	after := t.after()
	named, ok := after.at(body.Under)
	if err := must(ok, "an admission under another policy"); err != nil {
		return body, err
	}
	if err := must(body.Expiry >= t.time, "an admission that expired"); err != nil {
		return body, err
	}
	if s.Signer == t.hostKey {
		strange := slices.ContainsFunc(body.Entries, func(e statement.Admitted) bool {
			return e.Role != statement.RoleHost || !after.IsHost(e.Device)
		})
		return body, must(!strange, "an admission by the host key of somebody who is no host")
	}
	led := rank(named.body, s.Signer) != guest && rank(after.Policy(), s.Signer) != guest
	if err := must(led, "an admission that no host signed"); err != nil {
		return body, err
	}
	ranked := slices.ContainsFunc(body.Entries, func(e statement.Admitted) bool { return e.Role != statement.RoleGuest })
	if err := must(!ranked, "an admission with a role"); err != nil {
		return body, err
	}
	if err := must(!t.voided(body.Under), "an admission from before a lock, bar or demotion"); err != nil {
		return body, err
	}
	return body, must(!t.Tip().Policy().Locked && !after.Policy().Locked, "an admission to a locked meeting")
}

// voided tells whether a policy since then ended the admissions before it.
func (t *trial) voided(since statement.Under) bool {
	for i := int(since.Sequence); i < len(t.chain); i++ {
		if voids(t.chain[i-1].body, t.chain[i].body) {
			return true
		}
	}
	return false
}

// rejoin checks one, and gives the leaf whose word the new one keeps.
func (t *trial) rejoin(s statement.Statement) (statement.Rejoin, Leaf, error) {
	body, err := statement.ParseRejoin(s.Body)
	if err != nil {
		return body, Leaf{}, form(err)
	}
	if err := must(t.signed(s), "a rejoin with a bad signature"); err != nil {
		return body, Leaf{}, err
	}
	old, out := t.out(body.SignatureKey)
	same := out && old.Participant == body.Participant && old.Device == s.Signer
	return body, old, must(same, "a rejoin of nobody who is out")
}

// out finds a leaf that the commit removes, or who is away.
func (t *trial) out(signatureKey [32]byte) (Leaf, bool) {
	for _, m := range t.removed {
		if m.SignatureKey == signatureKey {
			return m.Leaf, true
		}
	}
	at := slices.IndexFunc(t.away, func(l Leaf) bool { return l.SignatureKey == signatureKey })
	if at < 0 {
		return Leaf{}, false
	}
	return t.away[at], true
}

// nobodyBarred: no barred device is a leaf after the commit.
func (t *trial) nobodyBarred(added []newcomer) error {
	barred := make(map[[32]byte]bool)
	for _, device := range t.after().Policy().Barred {
		barred[device] = true
	}
	for _, m := range t.stays() {
		if barred[m.Device] {
			return &Refused{"somebody barred"}
		}
	}
	for _, n := range added {
		if barred[n.Device] {
			return &Refused{"somebody barred"}
		}
	}
	return nil
}

// stays lists the leaves that the commit leaves.
func (t *trial) stays() []member {
	gone := make(map[uint32]bool, len(t.removed))
	for _, m := range t.removed {
		gone[m.Index] = true
	}
	return slices.DeleteFunc(slices.Clone(t.members), func(m member) bool { return gone[m.Index] })
}

// replaced: who comes in for somebody who was here comes with the same device.
func (t *trial) replaced(added []newcomer) error {
	devices := make(map[ident.ParticipantID][32]byte, len(added))
	for _, n := range added {
		devices[n.Participant] = n.Device
	}
	check := func(l Leaf) error {
		device, comes := devices[l.Participant]
		return must(!comes || device == l.Device, "a person replaced by another device")
	}
	for _, m := range t.removed {
		if err := check(m.Leaf); err != nil {
			return err
		}
	}
	for _, l := range t.away {
		if err := check(l); err != nil {
			return err
		}
	}
	return nil
}
