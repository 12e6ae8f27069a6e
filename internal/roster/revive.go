package roster

import (
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// Revive makes the roster of an epoch from what a host or co-host device says of it (protocol/README.md section 6, revive). Every
// policy and admission is checked; which leaves are live is that device's word, as is the epoch. Returns *Refused.
func Revive(meeting ident.MeetingID, hostKey [32]byte, group statement.GroupID, epoch uint64, state []byte) (*State, error) {
	s := &State{place: place{meeting: meeting, hostKey: hostKey, group: group}, epoch: epoch}
	if err := must(statement.InGroup(group, meeting), "another group"); err != nil {
		return nil, err
	}
	told, err := statement.ParseRevived(state)
	if err != nil {
		return nil, form(err)
	}
	if s.chain, err = s.extend(nil, told.Policies...); err != nil {
		return nil, err
	}
	s.time = told.Time
	words, err := s.words(told.Admissions)
	if err != nil {
		return nil, err
	}
	for _, l := range told.Leaves {
		leaf, err := words.leaf(l.Seat)
		if err != nil {
			return nil, err
		}
		leaf.Index = l.Index
		inOrder := len(s.members) == 0 || s.members[len(s.members)-1].Index < l.Index
		if err := must(inOrder && l.Index < MaxLeaves, "leaves out of order"); err != nil {
			return nil, err
		}
		s.members = append(s.members, member{Leaf: leaf})
	}
	for _, a := range told.Away {
		leaf, err := words.leaf(a)
		if err != nil {
			return nil, err
		}
		s.away = append(s.away, leaf)
	}
	if err := must(len(s.members) > 0 && len(s.away) <= MaxAway && len(told.Spent) <= maxSpent, "too many or too few"); err != nil {
		return nil, err
	}
	s.spent = make(map[[32]byte]uint64, len(told.Spent))
	for _, one := range told.Spent {
		s.spent[one.Reference] = one.Until
	}
	return s, s.sound()
}

// holder is whom an admission is for.
type holder struct {
	participant ident.ParticipantID
	device      [32]byte
}

// words are the admissions by whom they are for; the last one holds.
type words map[holder]Leaf

// words reads admissions, which were signed by who was host or co-host under the policy that they name.
func (s *State) words(raws [][]byte) (words, error) {
	found := make(words)
	for _, raw := range raws {
		read, err := parse(raw, statement.KindAdmission)
		if err != nil {
			return nil, err
		}
		body, err := statement.ParseAdmission(read.Body)
		if err != nil {
			return nil, form(err)
		}
		role := statement.RoleGuest
		if read.Signer == s.hostKey {
			role = statement.RoleHost
		}
		named, ok := s.Tip().at(body.Under)
		if err := must(ok, "an admission under another policy"); err != nil {
			return nil, err
		}
		byHost := role == statement.RoleHost || rank(named.body, read.Signer) != guest
		if err := must(byHost && s.signed(read), "an admission that no host signed"); err != nil {
			return nil, err
		}
		for _, e := range body.Entries {
			if err := must(e.Role == role, "an admission with a role"); err != nil {
				return nil, err
			}
			found[holder{e.Participant, e.Device}] = Leaf{
				Participant: e.Participant, Device: e.Device, Commitment: e.NameCommitment, Role: e.Role, Admission: raw,
			}
		}
	}
	return found, nil
}

func (w words) leaf(seat statement.Seat) (Leaf, error) {
	leaf, ok := w[holder{seat.Participant, seat.Device}]
	leaf.SignatureKey = seat.SignatureKey
	return leaf, must(ok, "a leaf that nobody admitted")
}

// sound: nobody is here twice, and nobody barred is.
func (s *State) sound() error {
	people, keys := make(map[ident.ParticipantID]bool), make(map[[33]byte]bool)
	away := make([]member, len(s.away))
	for i, l := range s.away {
		away[i].Leaf = l
	}
	for _, m := range slices.Concat(s.members, away) {
		if err := must(!people[m.Participant] && m.fresh(keys), "two leaves with one key or name"); err != nil {
			return err
		}
		people[m.Participant] = true
		if err := must(!s.Tip().Barred(m.Device), "somebody barred"); err != nil {
			return err
		}
	}
	return nil
}
