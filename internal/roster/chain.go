package roster

import (
	"cmp"
	"errors"
	"slices"

	"incamera/internal/statement"
)

// ErrStale is returned for a policy that does not follow the newest: another came first, and it has to be signed anew.
var ErrStale = errors.New("roster: the policy follows another")

// policy is one signed policy of the chain.
type policy struct {
	raw  []byte
	by   [32]byte // signer
	body statement.Policy
	hash [32]byte
}

func (p policy) under() statement.Under {
	return statement.Under{Sequence: p.body.Sequence, Hash: p.hash}
}

// Tip is the newest policy, committed or waiting for a commit, with those before it. It never changes.
type Tip struct{ chain []policy }

func (t Tip) last() policy { return t.chain[len(t.chain)-1] }

// Policy says what the newest policy rules.
func (t Tip) Policy() statement.Policy { return t.last().body }

// Under names the newest policy.
func (t Tip) Under() statement.Under { return t.last().under() }

// Raw is the newest policy's statement; it is not to be changed.
func (t Tip) Raw() []byte { return t.last().raw }

// IsHost tells whether the device is in hosts.
func (t Tip) IsHost(device [32]byte) bool { return rank(t.last().body, device) == host }

// IsCoHost tells whether the device is in co-hosts.
func (t Tip) IsCoHost(device [32]byte) bool { return rank(t.last().body, device) == coHost }

// Barred tells whether the device may not be in the group.
func (t Tip) Barred(device [32]byte) bool { return slices.Contains(t.last().body.Barred, device) }

// Pardoned lists the devices that a policy of the chain barred and the newest bars no more.
func (t Tip) Pardoned() (list [][32]byte) {
	for _, p := range t.chain {
		for _, device := range p.body.Barred {
			if !t.Barred(device) && !slices.Contains(list, device) {
				list = append(list, device)
			}
		}
	}
	return list
}

// Against compares two chains of one meeting by what is signed where they part: 1 where this one goes on by the stronger signer, -1 where
// the other does, 0 where nothing tells. Where one of them ends, a co-host's word does not count: nobody else need ever have seen it.
func (s *State) Against(other *State) int {
	a, b := s.chain, other.chain
	same := 0
	for same < min(len(a), len(b)) && a[same].hash == b[same].hash {
		same++
	}
	if same == 0 {
		return 0
	}
	power := func(chain []policy) int {
		switch {
		case same == len(chain):
			return coHost
		case chain[same].by == s.hostKey:
			return host + 1
		}
		return rank(a[same-1].body, chain[same].by)
	}
	return cmp.Compare(power(a), power(b))
}

// at finds a policy by its name.
func (t Tip) at(u statement.Under) (policy, bool) {
	if u.Sequence == 0 || uint64(u.Sequence) > uint64(len(t.chain)) || t.chain[u.Sequence-1].hash != u.Hash {
		return policy{}, false
	}
	return t.chain[u.Sequence-1], true
}

// The ranks of a device, in rising power.
const (
	guest = iota
	coHost
	host
)

func rank(p statement.Policy, device [32]byte) int {
	switch {
	case slices.Contains(p.Hosts, device):
		return host
	case slices.Contains(p.CoHosts, device):
		return coHost
	}
	return guest
}

// extend appends policies to a chain, each by the table of section 2; the chain that it is given stays as it is.
func (p place) extend(chain []policy, raws ...[]byte) ([]policy, error) {
	longer := slices.Clip(chain)
	size := 0
	for _, one := range chain {
		size += len(one.raw)
	}
	for _, raw := range raws {
		next, err := p.follow(longer, raw)
		if err != nil {
			return nil, err
		}
		longer = append(longer, next)
		size += len(raw)
		if err := must(len(longer) <= maxPolicies && size <= maxChainBytes, "policy chain too long"); err != nil {
			return nil, err
		}
	}
	return longer, must(len(longer) > 0, "no policy")
}

// follow reads a policy that follows the last of the chain, or opens one.
func (p place) follow(chain []policy, raw []byte) (policy, error) {
	s, err := statement.Parse(raw)
	if err != nil {
		return policy{}, form(err)
	}
	if err := must(s.Kind == statement.KindPolicy, "a statement of another kind"); err != nil {
		return policy{}, err
	}
	if err := must(p.signed(s), "policy signature"); err != nil {
		return policy{}, err
	}
	body, err := statement.ParsePolicy(s.Body)
	if err != nil {
		return policy{}, form(err)
	}
	next := policy{raw, s.Signer, body, s.Hash()}
	if len(chain) == 0 {
		opens := body.Sequence == 1 && s.Signer == p.hostKey && (body.Generation > 1 || body.Previous == [32]byte{})
		return next, must(opens, "first policy")
	}
	before := chain[len(chain)-1]
	if err := must(follows(before, body), "policy chain"); err != nil {
		return policy{}, err
	}
	byHostKey, signer := s.Signer == p.hostKey, rank(before.body, s.Signer)
	if err := must(byHostKey || signer != guest, "policy signer"); err != nil {
		return policy{}, err
	}
	allowed := mayAsCoHost
	if byHostKey {
		allowed = mayAsHostKey
	} else if signer == host {
		allowed = func(a, b statement.Policy) bool { return mayAsHost(a, b, s.Signer) }
	}
	return next, must(allowed(before.body, body), "a policy beyond what its signer may change")
}

func follows(before policy, next statement.Policy) bool {
	return next.Generation == before.body.Generation && next.Sequence == before.body.Sequence+1 && next.Previous == before.hash
}

// mayAsHostKey: hosts, co-hosts and order key at will.
func mayAsHostKey(before, after statement.Policy) bool {
	return after.Label == before.Label && after.Locked == before.Locked && after.Allows == before.Allows &&
		after.Recording == before.Recording && slices.Equal(after.Barred, before.Barred)
}

// mayAsHost: all but the order key and the other hosts; a lower label needs consents besides.
func mayAsHost(before, after statement.Policy, signer [32]byte) bool {
	for _, device := range before.Hosts {
		if !slices.Contains(after.Hosts, device) && (device != signer || len(before.Hosts) == 1) {
			return false
		}
	}
	return after.OrderKey == before.OrderKey
}

// mayAsCoHost: what tightens only: lock, bar who is no host, pause what is recorded.
func mayAsCoHost(before, after statement.Policy) bool {
	left := slices.DeleteFunc(slices.Clone(before.CoHosts), func(device [32]byte) bool {
		return slices.Contains(after.Barred, device)
	})
	pauses := before.Recording == statement.RecordingOn && after.Recording == statement.RecordingPaused
	return after.Label == before.Label && after.Allows == before.Allows && after.OrderKey == before.OrderKey &&
		slices.Equal(after.Hosts, before.Hosts) && slices.Equal(after.CoHosts, left) &&
		(after.Locked || !before.Locked) && (after.Recording == before.Recording || pauses) &&
		!lacks(after.Barred, before.Barred)
}

// lacks tells whether list misses any of the keys.
func lacks(list, keys [][32]byte) bool {
	return slices.ContainsFunc(keys, func(k [32]byte) bool { return !slices.Contains(list, k) })
}

// loosens tells whether a policy lowers the label, so that everybody has to consent.
func loosens(before, after statement.Policy) bool { return after.Label < before.Label }

// voids tells whether a policy ends admissions that were signed before it: it locks, bars or demotes.
func voids(before, after statement.Policy) bool {
	demoted := func(device [32]byte) bool { return rank(after, device) < rank(before, device) }
	return after.Locked && !before.Locked || lacks(before.Barred, after.Barred) ||
		slices.ContainsFunc(before.Hosts, demoted) || slices.ContainsFunc(before.CoHosts, demoted)
}
