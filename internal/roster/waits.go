package roster

import (
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// The questions about what waits for its commit: each was held against the group when it came, and the group has moved on since.
// Signatures do not change, so they are not looked at again.

// Follows gives the policies that can still be committed, from the first on, as the newest of them, and the consents that each needs
// now; there are as many of these as policies hold.
func (s *State) Follows(raws [][]byte, consents [][][]byte) (Tip, [][][]byte) {
	again := s.believed()
	tip := again.Tip()
	var needed [][][]byte
	for i, raw := range raws {
		longer, err := again.extend(tip.chain, raw)
		if err != nil {
			break
		}
		used, err := again.stillAgreed(tip.last(), longer[len(longer)-1], consents[i])
		if err != nil {
			break
		}
		tip, needed = Tip{longer}, append(needed, used)
	}
	return tip, needed
}

// stillAgreed gives those of the consents that a policy needs.
func (s *State) stillAgreed(before, next policy, consents [][]byte) ([][]byte, error) {
	var said []statement.Statement
	for _, raw := range consents {
		one, err := parse(raw, statement.KindConsent)
		if err != nil {
			return nil, err
		}
		said = append(said, one)
	}
	given, err := s.consents(said)
	if err != nil {
		return nil, err
	}
	used, err := s.agreed(before, next, given)
	var needed [][]byte
	for _, at := range used {
		needed = append(needed, consents[at])
	}
	return needed, err
}

// Coming is a KeyPackage with the admission or rejoin that lets its owner in.
type Coming struct{ KeyPackage, Statement []byte }

// Comes tells of each whether the next commit could add it, after the policies up to tip and with those before it; now is in
// milliseconds since 1970.
func (s *State) Comes(tip Tip, now uint64, list []Coming) []bool {
	t := s.believed().trial(tip, max(now, s.time))
	come := make([]bool, len(list))
	packages := make([]statement.KeyPackage, len(list))
	back := make(map[ident.ParticipantID]bool, len(list))
	for i, c := range list {
		kp, err := statement.ParseKeyPackage(c.KeyPackage)
		come[i] = err == nil
		packages[i], back[kp.Participant] = kp, true
	}
	used, keys := s.keysBesides(back)
	for i, c := range list {
		kp := packages[i]
		come[i] = come[i] && kp.NotAfter >= t.time/1000 && !used[kp.SignatureKey] && t.lets(tip, kp, c.Statement)
		if come[i] {
			m := member{known: true, encryption: kp.EncryptionKey}
			m.Device, m.SignatureKey, m.InboxKey = kp.Device, kp.SignatureKey, kp.InboxKey
			come[i] = m.fresh(keys)
		}
	}
	return come
}

// keysBesides gives the leaf keys that nobody may use again, and the keys of all leaves but those of who comes back.
func (s *State) keysBesides(back map[ident.ParticipantID]bool) (used map[[32]byte]bool, keys map[[33]byte]bool) {
	used, keys = make(map[[32]byte]bool), make(map[[33]byte]bool)
	for _, m := range s.members {
		used[m.SignatureKey] = true
		if !back[m.Participant] {
			m.fresh(keys)
		}
	}
	for _, l := range s.away {
		used[l.SignatureKey] = true
	}
	return used, keys
}

// lets tells whether an admission or rejoin lets the owner of a KeyPackage in.
func (t *trial) lets(tip Tip, kp statement.KeyPackage, raw []byte) bool {
	read, err := statement.Parse(raw)
	if err != nil {
		return false
	}
	if read.Kind == statement.KindRejoin {
		body, old, err := t.Rejoin(tip, raw)
		return err == nil && body.Reference == kp.Reference && old.Participant == kp.Participant
	}
	body, err := t.admission(read)
	names := slices.ContainsFunc(body.Entries, func(e statement.Admitted) bool {
		return e.Reference == kp.Reference && e.Participant == kp.Participant && e.Device == kp.Device
	})
	return err == nil && names && t.mayCome(tip, kp.Device, kp.Reference) == nil && t.unreplaced(kp.Participant, kp.Device) == nil
}

// Goes tells whether a removal or leave could be committed after the policies up to tip: it names who is inside or, a removal, away.
func (s *State) Goes(tip Tip, raw []byte) bool {
	again := s.believed()
	if read, err := statement.Parse(raw); err == nil && read.Kind == statement.KindLeave {
		_, err := again.Leave(raw)
		return err == nil
	}
	_, err := again.Removal(tip, raw)
	return err == nil
}

// believed is the same roster for statements whose signatures have been checked.
func (s *State) believed() *State {
	again := *s
	again.believes = true
	return &again
}
