package roster

import (
	"slices"
	"testing"

	"incamera/internal/statement"
)

// TestACoHostLeavesTheHostsRoomInTheChain: each bar is a policy with all bars before it, so that a few dozen fill the chain.
func TestACoHostLeavesTheHostsRoomInTheChain(t *testing.T) {
	s := newScene(t)
	bar := func(n byte) func(*statement.Policy) {
		return func(p *statement.Policy) { p.Barred = sorted(append(slices.Clone(p.Barred), key(n))...) }
	}
	refused := ""
	for n := byte(1); n < 100 && refused == ""; n++ {
		raw := s.next(s.co.device, bar(n))
		tip, err := s.Propose(s.tip, raw, nil)
		if refused = rule(t, err); refused == "" {
			committed := *s.State
			committed.chain = tip.chain
			s.State, s.tip = &committed, tip
		}
	}
	if refused != "a co-host leaves the hosts no room in the chain" {
		t.Fatalf("after %d policies: %q", len(s.tip.chain), refused)
	}
	s.propose(s.host.device, func(p *statement.Policy) { p.CoHosts = nil })
	s.propose(s.hostKey, func(p *statement.Policy) { p.Hosts = sorted(s.host.key()) })
}

// TestTheFurtherOfTwoChains: of chains that part, the stronger signer's goes on; a co-host's is no further than none.
func TestTheFurtherOfTwoChains(t *testing.T) {
	s := newScene(t)
	after := func(by ...*person) *State {
		tip := s.tip
		for _, p := range by {
			signer := s.hostKey
			if p != nil {
				signer = p.device
			}
			body := tip.Policy()
			body.Sequence, body.Previous = body.Sequence+1, tip.Under().Hash
			longer, err := s.extend(tip.chain, s.sign(signer, statement.KindPolicy, body))
			if err != nil {
				t.Fatal(err)
			}
			tip = Tip{longer}
		}
		state := *s.State
		state.chain = tip.chain
		return &state
	}
	for _, pair := range []struct{ further, other *State }{
		{after(s.host), s.State},
		{after(nil), s.State},
		{after(s.host), after(s.co, s.co, s.co)},
		{after(nil), after(s.host, s.host)},
		{after(nil), after(s.co)},
	} {
		if pair.further.Against(pair.other) != 1 || pair.other.Against(pair.further) != -1 {
			t.Errorf("chains of %d and %d policies: %d", len(pair.further.chain), len(pair.other.chain), pair.further.Against(pair.other))
		}
	}
	if s.State.Against(s.State) != 0 || after(s.host).Against(after(s.second)) != 0 || after(s.co).Against(s.State) != 0 {
		t.Error("nothing tells which is the further")
	}
}
