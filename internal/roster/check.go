package roster

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// How tells why a leaf went.
type How uint8

// The reasons. Who is Absent goes to those away; who is Back came in again by the same commit.
const (
	Absent How = iota
	Left
	Removed
	Back
)

// Added is a new leaf, and by which KeyPackage and word.
type Added struct {
	Leaf
	Reference [32]byte
	Rejoin    bool
}

// Gone is a leaf that went.
type Gone struct {
	Leaf
	How How
}

// Change is what a commit that passed does. Next is the roster of the epoch that it leads to.
type Change struct {
	Sender   Leaf
	Time     uint64   // milliseconds since 1970, by the committer's clock
	Policies [][]byte // of the commit, in their order
	Added    []Added
	Removed  []Gone
	HasPath  bool
	Next     *State
}

// Check holds a commit by a participant, with its signed envelope, against every rule that needs no secret. Returns *Refused.
func (s *State) Check(by ident.ParticipantID, commit, envelope []byte) (Change, error) {
	change, err := s.gate(commit)
	if err != nil {
		return Change{}, err
	}
	if err := must(change.Sender.Participant == by, "another sender"); err != nil {
		return Change{}, err
	}
	if err := s.envelope(change.Sender, commit, envelope); err != nil {
		return Change{}, err
	}
	return change, nil
}

// envelope checks the committer's word for its commit.
func (s *State) envelope(by Leaf, commit, raw []byte) error {
	e, err := statement.Parse(raw)
	if err != nil {
		return form(err)
	}
	if err := must(e.Kind == statement.KindCommit && e.Signer == by.Device && s.signed(e), "a commit that its author did not sign"); err != nil {
		return err
	}
	body, err := statement.ParseEnvelope(e.Body)
	if err != nil {
		return form(err)
	}
	return must(body == statement.Envelope{Epoch: s.epoch, Commit: sha256.Sum256(commit)}, "the signature of another commit")
}

// gate is the gate's public part, in the order of the page's.
func (s *State) gate(raw []byte) (Change, error) {
	header, sender, err := s.framing(raw)
	if err != nil {
		return Change{}, err
	}
	data, err := statement.ParseCommitData(header.AuthenticatedData)
	if err != nil {
		return Change{}, form(err)
	}
	if err := must(data.Time >= s.time, "time earlier than the commit before"); err != nil {
		return Change{}, err
	}
	content, err := contentOf(raw)
	if err != nil {
		return Change{}, err
	}
	t := &trial{State: s, time: data.Time, statements: data.Statements}
	if t.removed, err = s.removedBy(content.Removes, sender); err != nil {
		return Change{}, err
	}
	policies, err := policiesIn(data.Statements)
	if err != nil {
		return Change{}, err
	}
	if t.chain, err = s.extend(s.chain, policies...); err != nil {
		return Change{}, err
	}
	added, why, err := t.cover(content)
	if err != nil {
		return Change{}, err
	}
	if err := t.unique(added); err != nil {
		return Change{}, err
	}
	if err := t.path(sender, content); err != nil {
		return Change{}, err
	}
	change := Change{Sender: sender.Leaf, Time: data.Time, Policies: policies, HasPath: content.Path != nil}
	change.Next, change.Added = t.next(sender, content.Path, added, why)
	for _, m := range t.removed {
		change.Removed = append(change.Removed, Gone{m.Leaf, why.how[m.Index]})
	}
	return change, must(len(change.Next.spent) <= maxSpent, "too many KeyPackages")
}

func (s *State) framing(raw []byte) (statement.Message, member, error) {
	m, err := statement.ParsePublicMessage(raw)
	if err != nil {
		return m, member{}, must(false, "no PublicMessage")
	}
	at, found := slices.BinarySearchFunc(s.members, m.SenderLeaf, func(l member, index uint32) int { return cmp.Compare(l.Index, index) })
	for _, rule := range []struct {
		holds bool
		rule  string
	}{
		{m.GroupID == s.group, "another group"},
		{m.Epoch == s.epoch, "another epoch"},
		{m.FromMember && found, "sender is no member"},
		{m.ContentType == statement.Commit, "no commit"},
	} {
		if err := must(rule.holds, rule.rule); err != nil {
			return m, member{}, err
		}
	}
	return m, s.members[at], nil
}

// contentOf reads what the commit does.
func contentOf(raw []byte) (statement.CommitContent, error) {
	content, err := statement.ParseCommit(raw)
	switch {
	case errors.Is(err, statement.ErrReference):
		return content, &Refused{"a proposal by reference"}
	case errors.Is(err, statement.ErrProposal):
		return content, &Refused{"a proposal of another type"}
	}
	return content, form(err)
}

func (s *State) removedBy(removes []uint32, sender member) ([]member, error) {
	seen := make(map[uint32]bool, len(removes))
	for _, index := range removes {
		if err := must(!seen[index], "a leaf named twice"); err != nil {
			return nil, err
		}
		seen[index] = true
	}
	byIndex := make(map[uint32]member, len(s.members))
	for _, m := range s.members {
		byIndex[m.Index] = m
	}
	var removed []member
	for _, index := range removes {
		m, found := byIndex[index]
		if err := must(found, "a Remove of nobody"); err != nil {
			return nil, err
		}
		if err := must(index != sender.Index, "the sender removes itself"); err != nil {
			return nil, err
		}
		removed = append(removed, m)
	}
	return removed, nil
}

// cover finds for each policy, Add, PSK and Remove what lets it pass, and for each statement what it covers.
func (t *trial) cover(content statement.CommitContent) ([]newcomer, covered, error) {
	if err := t.coverPolicies(); err != nil {
		return nil, covered{}, err
	}
	added, err := t.coverAdds(content.Adds)
	if err != nil {
		return nil, covered{}, err
	}
	if err := t.psks(content.PSKs, len(added)); err != nil {
		return nil, covered{}, err
	}
	why, err := t.coverRemoves(added)
	if err != nil {
		return nil, covered{}, err
	}
	if err := must(len(t.uses) == len(t.statements), "a statement that covers nothing"); err != nil {
		return nil, covered{}, err
	}
	return added, why, t.nobodyBarred(added)
}

func (p place) psks(psks []statement.PSK, adds int) error {
	if err := must(len(psks) == min(adds, 1), "number of PSKs"); err != nil {
		return err
	}
	for _, psk := range psks {
		if err := must(psk.External && bytes.Equal(psk.ID, p.meeting[:]), "a PSK that is not the meeting’s"); err != nil {
			return err
		}
		if err := must(len(psk.Nonce) == 32, "PSK nonce"); err != nil {
			return err
		}
	}
	return nil
}

// unique: after the commit no two leaves share a participant, device, signature key, inbox key or encryption key, and no leaf key
// comes back.
func (t *trial) unique(added []newcomer) error {
	after := t.stays()
	for _, n := range added {
		after = append(after, n.member)
	}
	if err := must(len(after) <= MaxLeaves, "too many leaves"); err != nil {
		return err
	}
	people := make(map[ident.ParticipantID]bool, len(after))
	keys := make(map[[33]byte]bool, 4*len(after))
	for _, m := range after {
		if err := must(!people[m.Participant] && m.fresh(keys), "two leaves with one key or name"); err != nil {
			return err
		}
		people[m.Participant] = true
	}
	before := make(map[[32]byte]bool, len(t.members)+len(t.away))
	for _, m := range t.members {
		before[m.SignatureKey] = true
	}
	for _, l := range t.away {
		before[l.SignatureKey] = true
	}
	for _, n := range added {
		if err := must(!before[n.SignatureKey], "a leaf key used before"); err != nil {
			return err
		}
	}
	return nil
}

// fresh notes the keys of a leaf, each kind by itself; false where one was there. What is not known is not compared.
func (m member) fresh(keys map[[33]byte]bool) bool {
	own := [...][32]byte{m.Device, m.SignatureKey, m.InboxKey, m.encryption}
	told := own[:]
	if !m.known {
		told = own[:2]
	}
	for kind, key := range told {
		k := [33]byte{byte(kind)}
		copy(k[1:], key[:])
		if keys[k] {
			return false
		}
		keys[k] = true
	}
	return true
}

// path: a Remove has one, as has an otherwise empty commit; its leaf stays who it was, with another encryption key.
func (t *trial) path(now member, content statement.CommitContent) error {
	proposals := len(content.Adds) + len(content.Removes) + len(content.PSKs)
	next := content.Path
	if err := must(next != nil || len(content.Removes) == 0 && proposals > 0, "no path"); err != nil || next == nil {
		return err
	}
	same := next.SignatureKey == now.SignatureKey && next.Plain()
	if now.known {
		same = same && bytes.Equal(next.Identity, now.identity)
	} else {
		same = same && next.Participant == now.Participant && next.Device == now.Device && next.Vouched(t.meeting)
	}
	if err := must(same, "the path changes who the sender is"); err != nil {
		return err
	}
	if err := must(!now.known || next.EncryptionKey != now.encryption, "the path keeps the old key"); err != nil {
		return err
	}
	for _, m := range t.stays() {
		taken := m.known && m.Index != now.Index && (m.encryption == next.EncryptionKey || m.InboxKey == next.InboxKey)
		if err := must(!taken, "two leaves with one key or name"); err != nil {
			return err
		}
	}
	return must(next.SignedIn(t.group, now.Index), "leaf signature")
}

// next is the roster after a commit that passed, and the new leaves in their places: the lowest free ones (RFC 9420 7.7).
func (t *trial) next(sender member, path *statement.LeafNode, added []newcomer, why covered) (*State, []Added) {
	after := &State{place: t.place, epoch: t.epoch + 1, time: t.time, chain: t.chain, members: t.stays(), spent: maps.Clone(t.spent)}
	maps.DeleteFunc(after.spent, func(_ [32]byte, until uint64) bool { return until < t.time })
	if path != nil {
		at := slices.IndexFunc(after.members, func(m member) bool { return m.Index == sender.Index })
		m := &after.members[at]
		m.known, m.identity, m.encryption, m.InboxKey = true, bytes.Clone(path.Identity), path.EncryptionKey, path.InboxKey
	}
	var placed []Added
	free, at := uint32(0), 0
	for _, n := range added {
		for at < len(after.members) && after.members[at].Index == free {
			free, at = free+1, at+1
		}
		n.Index = free
		after.members = slices.Insert(after.members, at, n.member)
		after.spent[n.Reference] = n.until
		placed = append(placed, Added{n.Leaf, n.Reference, n.rejoin})
	}
	after.away = t.awayAfter(added, why)
	return after, placed
}

// awayAfter: who was absent only goes to the end; who comes in, is removed or barred leaves it; the oldest go first.
func (t *trial) awayAfter(added []newcomer, why covered) []Leaf {
	away := slices.DeleteFunc(slices.Clone(t.away), func(l Leaf) bool {
		return slices.ContainsFunc(why.forgotten, func(who target) bool { return who.is(l) })
	})
	for _, m := range t.removed {
		if why.how[m.Index] == Absent {
			l := m.Leaf
			l.Index, l.InboxKey = 0, [32]byte{}
			away = append(away, l)
		}
	}
	after := t.after()
	away = slices.DeleteFunc(away, func(l Leaf) bool {
		inside := func(n newcomer) bool { return n.Participant == l.Participant || n.Device == l.Device }
		return slices.ContainsFunc(added, inside) || after.Barred(l.Device)
	})
	return away[max(0, len(away)-MaxAway):]
}
