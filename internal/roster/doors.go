package roster

import (
	"incamera/internal/ident"
	"incamera/internal/statement"
)

// The questions of the door: whether a statement would pass the gate in the next commit, after the policies up to tip.

// Propose takes a policy behind tip, with the consents that a lower label needs. Returns ErrStale where it does not follow tip,
// else *Refused.
func (s *State) Propose(tip Tip, raw []byte, consents [][]byte) (Tip, error) {
	read, err := parse(raw, statement.KindPolicy)
	if err != nil {
		return Tip{}, err
	}
	body, err := statement.ParsePolicy(read.Body)
	if err != nil {
		return Tip{}, form(err)
	}
	if !follows(tip.last(), body) {
		return Tip{}, ErrStale
	}
	longer, err := s.extend(tip.chain, raw)
	if err != nil {
		return Tip{}, err
	}
	if err := must(len(longer)-len(s.chain) <= maxInCommit, "too many policies"); err != nil {
		return Tip{}, err
	}
	if err := must(room(longer, s.hostKey), "a co-host leaves the hosts no room in the chain"); err != nil {
		return Tip{}, err
	}
	asked := len(s.members)
	if !loosens(tip.Policy(), body) {
		asked = 0
	}
	if err := must(len(consents) <= asked, "a statement that covers nothing"); err != nil { // before signatures are checked
		return Tip{}, err
	}
	var said []statement.Statement
	for _, c := range consents {
		one, err := parse(c, statement.KindConsent)
		if err != nil {
			return Tip{}, err
		}
		said = append(said, one)
	}
	given, err := s.consents(said)
	if err != nil {
		return Tip{}, err
	}
	used, err := s.agreed(tip.last(), longer[len(longer)-1], given)
	if err != nil {
		return Tip{}, err
	}
	return Tip{longer}, must(len(used) == len(said), "a statement that covers nothing")
}

// room tells whether the newest policy of a chain may take its place: a co-host's only in the first half, so that no co-host can use up
// what a host needs to demote them.
func room(chain []policy, hostKey [32]byte) bool {
	last := len(chain) - 1
	if last == 0 || chain[last].by == hostKey || rank(chain[last-1].body, chain[last].by) == host {
		return true
	}
	size := 0
	for _, one := range chain {
		size += len(one.raw)
	}
	return len(chain) <= maxPolicies/2 && size <= maxChainBytes/2
}

// Admission reads an admission that would let its people in; now is in milliseconds since 1970.
func (s *State) Admission(tip Tip, raw []byte, now uint64) (statement.Admission, error) {
	read, err := parse(raw, statement.KindAdmission)
	if err != nil {
		return statement.Admission{}, err
	}
	body, err := s.trial(tip, max(now, s.time)).admission(read)
	if err != nil {
		return body, err
	}
	for _, e := range body.Entries {
		if err := s.mayCome(tip, e.Device, e.Reference); err != nil {
			return body, err
		}
		if err := s.unreplaced(e.Participant, e.Device); err != nil {
			return body, err
		}
	}
	return body, nil
}

// Removal reads a removal of who is inside or away.
func (s *State) Removal(tip Tip, raw []byte) (statement.Removal, error) {
	read, err := parse(raw, statement.KindRemoval)
	if err != nil {
		return statement.Removal{}, err
	}
	body, err := s.trial(tip, s.time).removal(read)
	if err != nil {
		return body, err
	}
	who := target{body.Participant, body.Device, body.SignatureKey}
	leaf, inside := s.LeafOf(body.Participant)
	away, gone := s.AwayOf(body.Participant)
	return body, must(inside && who.is(leaf) || gone && who.is(away), "a Remove of nobody")
}

// Leave reads the leave of who is inside.
func (s *State) Leave(raw []byte) (statement.Leave, error) {
	read, err := parse(raw, statement.KindLeave)
	if err != nil {
		return statement.Leave{}, err
	}
	body, err := s.leave(read)
	if err != nil {
		return body, err
	}
	leaf, inside := s.LeafOf(body.Participant)
	return body, must(inside && target{body.Participant, read.Signer, body.SignatureKey}.is(leaf), "a Remove of nobody")
}

// Rejoin reads a rejoin, and gives the leaf, live or away, whose place it takes.
func (s *State) Rejoin(tip Tip, raw []byte) (statement.Rejoin, Leaf, error) {
	read, err := parse(raw, statement.KindRejoin)
	if err != nil {
		return statement.Rejoin{}, Leaf{}, err
	}
	t := s.trial(tip, s.time)
	t.removed = s.members
	body, old, err := t.rejoin(read)
	if err != nil {
		return body, Leaf{}, err
	}
	return body, old, s.mayCome(tip, old.Device, body.Reference)
}

// End reads the end of the meeting: by the host key, or a device that is in hosts as committed and up to tip, under the newest
// policy, committed or waiting, and of no later epoch than this.
func (s *State) End(tip Tip, raw []byte) (statement.End, error) {
	read, err := parse(raw, statement.KindEnd)
	if err != nil {
		return statement.End{}, err
	}
	body, err := statement.ParseEnd(read.Body)
	if err != nil {
		return body, form(err)
	}
	byHost := read.Signer == s.hostKey || s.Tip().IsHost(read.Signer) && tip.IsHost(read.Signer)
	if err := must(byHost && s.signed(read), "an end that no host signed"); err != nil {
		return body, err
	}
	current := body.Under == s.Tip().Under() || body.Under == tip.Under()
	return body, must(current && body.Epoch <= s.epoch, "an end under another policy")
}

// Refusal reads a member's refusal of the commit of an epoch, which led away from this roster, and gives the member.
func (s *State) Refusal(raw []byte, epoch uint64, commit [32]byte) (Leaf, statement.Refusal, error) {
	read, err := parse(raw, statement.KindRefusal)
	if err != nil {
		return Leaf{}, statement.Refusal{}, err
	}
	body, err := statement.ParseRefusal(read.Body)
	if err != nil {
		return Leaf{}, body, form(err)
	}
	if err := must(body.Envelope == statement.Envelope{Epoch: epoch, Commit: commit}, "a refusal of another commit"); err != nil {
		return Leaf{}, body, err
	}
	for _, m := range s.members {
		if m.Device == read.Signer {
			return m.Leaf, body, must(s.signed(read), "a refusal with a bad signature")
		}
	}
	return Leaf{}, body, &Refused{"a refusal of no member"}
}

func (s *State) trial(tip Tip, now uint64) *trial {
	return &trial{State: s, chain: tip.chain, time: now}
}

// mayCome: a KeyPackage is used once, and no barred device comes in.
func (s *State) mayCome(tip Tip, device, reference [32]byte) error {
	_, used := s.spent[reference]
	if err := must(!used, "a KeyPackage used before"); err != nil {
		return err
	}
	return must(!tip.Barred(device), "somebody barred")
}

// unreplaced: who is inside or away comes in with the same device.
func (s *State) unreplaced(who ident.ParticipantID, device [32]byte) error {
	old, inside := s.LeafOf(who)
	if !inside {
		old, inside = s.AwayOf(who)
	}
	return must(!inside || old.Device == device, "a person replaced by another device")
}

// parse reads a statement of one kind.
func parse(raw []byte, kind statement.Kind) (statement.Statement, error) {
	s, err := statement.Parse(raw)
	if err != nil {
		return s, form(err)
	}
	return s, must(s.Kind == kind, "a statement of another kind")
}
