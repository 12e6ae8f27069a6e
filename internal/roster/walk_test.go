package roster

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"incamera/internal/statement"
)

// ruled is a naive model of a policy: what each device is, and the switches.
type ruled struct {
	is        map[int]string // device number: host, co-host, barred
	label     int
	locked    bool
	allows    statement.Allows
	recording int
	orderKey  byte
}

const devices = 5

var deviceKeys = func() (keys [devices]ed25519.PrivateKey) {
	for i := range keys {
		keys[i] = seeded(byte(100 + i))
	}
	return keys
}()

// policy writes the model's policy behind a tip.
func (r ruled) policy(t Tip) statement.Policy {
	p := statement.Policy{
		Generation: 1, Sequence: t.Policy().Sequence + 1, Previous: t.Under().Hash, Label: statement.Label(r.label), Locked: r.locked,
		Allows: r.allows, Recording: statement.Recording(r.recording), OrderKey: [32]byte{r.orderKey},
	}
	list := func(what string) [][32]byte {
		var keys [][32]byte
		for n, is := range r.is {
			if is == what {
				keys = append(keys, public(deviceKeys[n]))
			}
		}
		return sorted(keys...)
	}
	p.Hosts, p.CoHosts, p.Barred = list("host"), list("co-host"), list("barred")
	return p
}

func (r ruled) clone() ruled {
	is := make(map[int]string)
	for n, what := range r.is {
		is[n] = what
	}
	r.is = is
	return r
}

func (r ruled) hosts() (n int) {
	for _, what := range r.is {
		if what == "host" {
			n++
		}
	}
	return n
}

// wellFormed are the bounds of every policy.
func (r ruled) wellFormed() bool {
	return r.hosts() > 0 && (r.label == 0 || r.allows&statement.AllowShare == 0) && (r.label < 2 || r.recording == 0)
}

// legal is the table of section 2, difference by difference. Number -1 is the host key.
func (r ruled) legal(by int, next ruled, consented bool) bool {
	as := "host key"
	if by >= 0 {
		as = r.is[by]
	}
	if as != "host key" && as != "host" && as != "co-host" {
		return false
	}
	allowed := true
	need := func(differs bool, who ...string) {
		if differs {
			allowed = allowed && slices.Contains(who, as)
		}
	}
	for n := range devices {
		was, is := r.is[n], next.is[n]
		switch {
		case was == is:
		case was == "host":
			allowed = allowed && (as == "host key" && is != "barred" || as == "host" && n == by && r.hosts() > 1)
		case is == "barred":
			need(true, "host", "co-host")
		case was == "barred":
			need(true, "host")
		default:
			need(true, "host", "host key")
		}
	}
	need(r.orderKey != next.orderKey, "host key")
	need(r.label != next.label || r.allows != next.allows, "host")
	need(r.locked && !next.locked, "host")
	need(!r.locked && next.locked, "host", "co-host")
	need(r.recording != next.recording && !(r.recording == 1 && next.recording == 2), "host")
	need(r.recording == 1 && next.recording == 2, "host", "co-host")
	return allowed && (next.label >= r.label || consented)
}

func (r ruled) change(t *rapid.T) ruled {
	next := r.clone()
	for range rapid.IntRange(0, 2).Draw(t, "changes") {
		switch rapid.IntRange(0, 8).Draw(t, "what") {
		case 0:
			next.label = rapid.IntRange(0, 2).Draw(t, "label")
		case 1:
			next.locked = !next.locked
		case 2:
			next.allows = statement.Allows(rapid.IntRange(0, 63).Draw(t, "allows"))
		case 3:
			next.recording = rapid.IntRange(0, 2).Draw(t, "recording")
		case 4:
			next.orderKey++
		default:
			n := rapid.IntRange(0, devices-1).Draw(t, "device")
			next.is[n] = rapid.SampledFrom([]string{"", "host", "co-host", "barred"}).Draw(t, "becomes")
		}
	}
	return next
}

// TestOnlyLegalPoliciesExtendTheChain walks at random: what the model allows is taken, nothing else is, and the tip is what it says.
func TestOnlyLegalPoliciesExtendTheChain(t *testing.T) {
	base := opened(t)
	rapid.Check(t, func(t *rapid.T) {
		s := *base
		s.tip = Tip{slices.Clip(base.chain)}
		first := base.tip.Policy()
		r := ruled{is: map[int]string{0: "host", 1: "co-host"}, allows: first.Allows, orderKey: first.OrderKey[0]}
		begin := r.policy(s.tip)
		tip, err := base.Propose(s.tip, base.sign(base.hostKey, statement.KindPolicy, begin), nil)
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		for range 30 {
			if taken == maxInCommit-1 {
				return
			}
			by := rapid.IntRange(-1, devices-1).Draw(t, "by")
			next := r.change(t)
			consented := rapid.Bool().Draw(t, "consented")
			signer := base.hostKey
			if by >= 0 {
				signer = deviceKeys[by]
			}
			raw := base.sign(signer, statement.KindPolicy, next.policy(tip))
			var consents [][]byte
			if consented && next.label < r.label {
				read, _ := statement.Parse(raw)
				consents = [][]byte{base.sign(base.host.device, statement.KindConsent, statement.Consent{Policy: read.Hash()})}
			}
			longer, err := base.Propose(tip, raw, consents)
			legal := next.wellFormed() && r.legal(by, next, consented)
			if (err == nil) != legal {
				t.Fatalf("by %d: %+v to %+v: %v, the model says %v", by, r, next, err, legal)
			}
			if err == nil {
				tip, r = longer, next
				taken++
			}
			for n := range devices {
				device := public(deviceKeys[n])
				if tip.IsHost(device) != (r.is[n] == "host") || tip.IsCoHost(device) != (r.is[n] == "co-host") || tip.Barred(device) != (r.is[n] == "barred") {
					t.Fatalf("device %d is not %q", n, r.is[n])
				}
			}
		}
	})
}
