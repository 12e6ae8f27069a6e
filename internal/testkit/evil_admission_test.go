package testkit

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/wire"
)

// The attacks on admission, by their numbers. A1 is TestRandomStoriesLeakNothing. A5 asks for bearer tokens, which do not exist here: what
// stands in their place are statements, in TestA5NoProofSurvivesAChange.

// TestA2WhoWaitsOpensNothingDirectly: who waits says all that a member may, and hears nothing but refusals.
func TestA2WhoWaitsOpensNothingDirectly(t *testing.T) {
	evilScene(t, func(s evil) {
		w := s.h.Person("waiting")
		w.Hello(s.in)
		w.Knock(s.in)
		Next[wire.KnockPush](s.host)
		Next[wire.KnockPush](s.co)
		heard := len(w.frames)
		for _, r := range []wire.Request{
			wire.Media{Offer: Offer(3)},
			wire.View{Participants: []wire.Participant{s.host.WireID()}},
			w.Message(s.g, s.g.Epoch, false),
			w.MessageTo(s.g, s.g.Epoch, s.host),
			wire.Joined{Epoch: s.g.Epoch},
			wire.Cannot{Lease: 1, Participants: []wire.Participant{w.WireID()}},
			wire.Leave{},
			wire.Commit{Lease: 1, Epoch: s.g.Epoch, Commit: []byte("c"), Statement: []byte("s")},
			wire.Refuse{Epoch: 1, Statement: []byte("s")},
		} {
			w.Refused(fault.NotMember, r)
		}
		s.host.Do(wire.Media{Offer: Offer(2)})
		Next[wire.Slots](s.host)
		s.host.Do(s.host.Message(s.g, s.g.Epoch, false))
		w.Silent(time.Minute)
		for _, frame := range w.frames[heard:] {
			if !bytes.Contains(frame, []byte(`"code":"not_member"`)) || len(frame) > 100 {
				t.Errorf("heard %s", frame)
			}
		}
		for _, note := range s.h.Media.Notes() {
			if strings.Contains(note, "waiting") {
				t.Errorf("media: %s", note)
			}
		}
		if got := s.h.Media.Route(s.host); slices.Contains(got, "waiting") {
			t.Errorf("routed %v", got)
		}
	})
}

// TestA3WhoCameBeforeTheHostStillWaits: the host's coming lets nobody in.
func TestA3WhoCameBeforeTheHostStillWaits(t *testing.T) {
	evilHouse(t, func(h *House, in *Invite) {
		early := []*Person{h.Person("early"), h.Person("earlier")}
		for _, p := range early {
			p.Hello(in)
			p.Knock(in)
		}
		host := h.Person("host")
		g := host.Enter(in)
		for range early {
			Next[wire.KnockPush](host)
		}
		host.Do(host.Message(g, 0, false))
		for _, p := range early {
			if !Next[wire.Waiting](p).Open {
				t.Error("not told of the host")
			}
			p.Silent(time.Minute)
			p.Refused(fault.NotMember, wire.Media{Offer: Offer(1)})
		}
		if notes := h.Media.Notes(); len(notes) > 0 {
			t.Errorf("media: %v", notes)
		}
	})
}

// TestA4NobodyPutOutComesBackByThemselves: removed for good, removed, and denied; by the same line, ticket, device, in a new tab, by rejoin, and
// after a restart by rejoin and return.
func TestA4NobodyPutOutComesBackByThemselves(t *testing.T) {
	for name, out := range map[string]struct {
		put  func(s evil)
		code fault.Code
		back fault.Code // after a restart
	}{
		"removed and barred": {func(s evil) {
			s.host.Do(s.host.RemovalForGood(s.in, s.g, s.guest))
			s.host.Work(s.g)
			s.carried(s.co)
		}, fault.Removed, fault.RejoinBad},
		"removed": {func(s evil) {
			s.host.Do(s.host.Removal(s.in, s.g, s.guest))
			s.host.Work(s.g)
			s.carried(s.co)
		}, fault.Removed, fault.RejoinBad},
		"denied after coming back": {func(s evil) {
			s.guest.Hello(s.in)
			s.guest.Knock(s.in)
			Next[wire.KnockPush](s.host)
			Next[wire.KnockPush](s.co)
			s.host.Do(wire.Deny{Participant: s.guest.WireID()})
			Next[wire.KnockGone](s.host)
			Next[wire.KnockGone](s.co)
			s.host.Work(s.g)
			s.carried(s.co)
		}, fault.KnockDenied, fault.RejoinBad},
	} {
		t.Run(name, func(t *testing.T) {
			evilScene(t, func(s evil) {
				before := *s.guest
				out.put(s)
				for range 2 { // the second in a new tab, from another address
					tab := before
					tab.From = s.h.Address()
					tab.Hello(s.in)
					tab.Refused(fault.ResumeBad, tab.ResumeProof(s.in))
					tab.Refused(out.code, tab.KnockProof(s.in))
					if f, refused := tab.Ask(tab.RejoinProof(s.in, s.g)).(wire.Fault); !refused || f.Code != out.code && f.Code != fault.RejoinBad {
						t.Errorf("rejoin: %+v", f)
					}
					tab.Refused(fault.RejoinBad, tab.ReturnProof(s.in, s.g))
					tab.Silent(time.Second)
				}
				s.h.Restart()
				s.host.Revive(s.in, s.g)
				Next[wire.Presence](s.host)
				tab := before
				tab.Hello(s.in)
				tab.Epoch = s.g.Epoch
				tab.Refused(out.back, tab.ReturnProof(s.in, s.g))
				tab.Refused(fault.ResumeBad, tab.ResumeProof(s.in))
				if name == "removed and barred" {
					tab.Refused(fault.Removed, tab.KnockProof(s.in))
					tab.Refused(fault.Removed, tab.RejoinProof(s.in, s.g))
				}
			})
		})
	}
}

// allowed are the fields that somebody admitted may hear of, by message.
var allowed = map[string][]string{
	"ok hello": {"id", "type", "hostKey", "booking", "challenge", "open", "orderKey"},
	"ok":       {"id", "type", "open"},
	"ok relay": {"id", "type", "relay"}, // the seat's own, which dies with it; only to who was admitted
	"waiting":  {"type", "open"},
	"admitted": {"type", "seq", "epoch", "welcome", "tree", "admission", "ticket"},
	"commit":   {"type", "seq", "epoch", "commit", "statement", "order"},
	"presence": {"type", "seq", "participant", "connected"},
}

// TestA6AnAdmissionDisclosesNothingReusable: all that a guest hears from the first byte to the seat, held against a list of what may be, and
// searched for everything secret of the meeting and of others.
func TestA6AnAdmissionDisclosesNothingReusable(t *testing.T) {
	evilScene(t, func(s evil) {
		other, guest := s.h.Person("other"), s.h.Person("newbie")
		other.Hello(s.in)
		sealed := other.KnockProof(s.in)
		other.Do(sealed)
		Next[wire.KnockPush](s.host)
		Next[wire.KnockPush](s.co)
		guest.Hello(s.in)
		guest.Knock(s.in)
		s.host.Do(s.host.Admission(s.in, s.g, Next[wire.KnockPush](s.host)))
		Next[wire.KnockPush](s.co)
		Next[wire.KnockGone](s.host)
		Next[wire.KnockGone](s.co)
		s.host.Work(s.g)
		s.carried(s.co, s.guest)
		guest.Welcomed(s.g)
		guest.Silent(time.Second)
		seen := map[string]bool{}
		for _, frame := range guest.frames {
			var fields map[string]any
			if err := json.Unmarshal(frame, &fields); err != nil {
				t.Fatal(err)
			}
			name := fields["type"].(string)
			if _, hello := fields["hostKey"]; hello {
				name += " hello"
			}
			if _, relay := fields["relay"]; relay {
				name += " relay"
				if !seen["admitted"] {
					t.Error("the relay is open to who was not admitted")
				}
			}
			for field := range maps.Keys(fields) {
				if !slices.Contains(allowed[name], field) {
					t.Errorf("%s has %s", name, field)
				}
			}
			seen[name] = true
		}
		if !seen["admitted"] || !seen["ok hello"] || !seen["ok relay"] {
			t.Errorf("heard %v only", seen)
		}
		heard := string(bytes.Join(guest.frames, nil))
		if !strings.Contains(heard, base64.StdEncoding.EncodeToString(guest.Ticket[:])) {
			t.Error("the search does not find what is there")
		}
		for what, secret := range map[string][]byte{
			"host seed": s.in.Seed[:], "root": s.in.Keys.Root[:], "entry key": s.in.Keys.Entry().Seed(), "psk": s.in.Keys.PSK(),
			"the host's ticket": s.host.Ticket[:], "a guest's ticket": s.guest.Ticket[:], "the host's challenge": s.host.Challenge[:],
			"a sealed name": sealed.SealedName, "a KeyPackage": sealed.KeyPackage, "an entry": sealed.Entry, "a device key": s.guest.Device.Seed(),
		} {
			for _, text := range []string{base64.StdEncoding.EncodeToString(secret), hex.EncodeToString(secret), string(secret)} {
				if len(secret) == 0 || strings.Contains(heard, text) {
					t.Errorf("%s is told, or empty", what)
				}
			}
		}
	})
}
