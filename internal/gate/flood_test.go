package gate_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// guesser is somebody who tries codes from an address of their own.
type guesser struct {
	*testkit.Person
	wrong *testkit.Invite
}

// guessers have the address of the meeting, not its code; each has called.
func (s scene) guessers(n int) []guesser {
	wrong := *s.in
	wrong.Keys.Root[0] ^= 1
	all := make([]guesser, n)
	for i := range all {
		all[i] = guesser{s.h.Person("guesser"), &wrong}
		all[i].Hello(s.in)
	}
	return all
}

// try tries one code and tells whether it was looked at.
func (g guesser) try(t *testing.T) (looked bool) {
	t.Helper()
	f, refused := g.Ask(g.KnockProof(g.wrong)).(wire.Fault)
	if !refused || f.Code != fault.CodeWrong && f.Code != fault.TriesMany {
		t.Fatalf("a wrong code was answered %v", f.Code)
	}
	return f.Code == fault.CodeWrong
}

// letInMeanwhile has somebody new knock and come in, within a second, while others guess.
func (s scene) letInMeanwhile(t *testing.T) {
	t.Helper()
	began, guest := time.Now(), s.h.Person("guest")
	guest.Hello(s.in)
	guest.Knock(s.in)
	testkit.LetIn(s.host, guest, s.in, s.g)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a guest with the right code came in after %v", took)
	}
}

// alone has the member leave: a host alone is asked for no commits as time passes.
func (s scene) alone() {
	s.member.Do(s.member.Leaving(s.in, s.g))
	s.member.Gone()
	s.host.Work(s.g)
}

func TestTenThousandTriesFromOneAddress(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		s.alone()
		s.waiting.Do(wire.Withdraw{})
		testkit.Next[wire.KnockGone](s.host)
		g := s.guessers(1)[0]
		looked, first := 0, 0
		began := time.Now()
		for i := range 10_000 {
			if i%1000 == 0 {
				g.Hello(s.in) // a line that proves nothing is closed after a quarter of an hour
			}
			if g.try(t) {
				looked++
			}
			if time.Since(began) < time.Minute {
				first = looked
			}
			if i == 5000 {
				s.letInMeanwhile(t)
			}
			<-time.After(550 * time.Millisecond) // faster is refused by the rate of proofs
		}
		if first > 10 || looked > 30 {
			t.Errorf("%d tries were looked at in the first minute, %d in all", first, looked)
		}
		g.Refused(fault.TriesMany, g.KnockProof(s.in)) // the right one is not looked at, either
	})
}

func TestTenThousandTriesFromAThousandAddresses(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		all, looked := s.guessers(1000), 0
		for round := range 10 {
			for _, g := range all {
				g.Hello(s.in) // a meeting bears few lines that have proven nothing
				if g.try(t) {
					looked++
				}
			}
			if round == 5 {
				s.letInMeanwhile(t)
			}
			<-time.After(5 * time.Second)
		}
		if looked > 1100 {
			t.Errorf("%d of 10,000 tries within a minute were looked at", looked)
		}
		s.member.Do(s.member.Message(s.g, 1, false)) // inside, nobody notices
	})
}

func TestALineThatProvesNothingIsClosed(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		s.alone()
		s.waiting.Do(wire.Withdraw{})
		testkit.Next[wire.KnockGone](s.host)
		lazy, wrong := s.h.Person("lazy"), s.guessers(1)[0]
		lazy.Hello(s.in)
		wrong.Hello(s.in)
		wrong.try(t)
		lazy.Silent(14 * time.Minute) // pages wait for their owner to join
		wrong.try(t)
		<-time.After(2 * time.Minute)
		lazy.Gone()
		wrong.Gone()
		lazy.Hello(s.in)
		lazy.Knock(s.in)
		testkit.Next[wire.KnockPush](s.host)
	})
}

// lockedOut is the filter that docs/operate/serve.md gives for fail2ban.
var lockedOut = regexp.MustCompile(`level=WARN msg="too many wrong tries at the door" address=(\S+) tries=\d+ wait=\S+\n`)

func TestALockOutIsWrittenForOtherPrograms(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		g := s.guessers(1)[0]
		g.From = netip.MustParseAddr("203.0.113.7")
		g.Hello(s.in)
		for range 50 {
			g.try(t)
			<-time.After(time.Second)
		}
		log := s.h.Log.String()
		found := lockedOut.FindAllStringSubmatch(log, -1)
		if len(found) != 1 || found[0][1] != "203.0.113.7" {
			t.Fatalf("the log says:\n%s", log)
		}
		for _, secret := range []string{s.in.ID.Text(), s.in.ID.String(), g.ID.Text(), g.ID.String()} {
			if strings.Contains(log, secret) {
				t.Errorf("the log says %s", secret)
			}
		}
	})
}

func TestAddressesOfMeetingsCannotBeTriedOut(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		g := s.h.Person("guesser")
		looked := 0
		for n := range 200 {
			g.Call()
			f, refused := g.Ask(wire.Hello{Version: wire.Version, Meeting: wire.Meeting{byte(n)}}).(wire.Fault)
			if !refused || f.Code != fault.MeetingUnknown && f.Code != fault.TriesMany {
				t.Fatalf("answered %v", f.Code)
			}
			if f.Code == fault.MeetingUnknown {
				looked++
			}
			g.Gone()
			<-time.After(200 * time.Millisecond)
		}
		if looked > 50 {
			t.Errorf("%d were looked at", looked)
		}
		g.Hello(s.in) // one that exists is found: its people may share the address
		s.letInMeanwhile(t)
	})
}

func TestWhoHasShownTheCodeKeepsItBesideAGuesser(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		g := s.guessers(1)[0]
		beside := s.h.Person("beside")
		beside.From = g.From
		beside.Hello(s.in)
		beside.Knock(s.in)
		testkit.Next[wire.KnockPush](s.host)
		for range 10 {
			g.try(t)
		}
		g.Refused(fault.TriesMany, g.KnockProof(s.in))
		beside.Knock(s.in) // with a new KeyPackage
		testkit.Next[wire.KnockPush](s.host)
		s.member.Hang()
		testkit.Next[wire.Presence](s.host)
		s.member.From = g.From
		if _, ok := s.member.Resume(s.in).(wire.Ok); !ok {
			t.Error("a member does not come back")
		}
	})
}

func TestAStrangerBehindTheSameProxyLocksNobodyOut(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		g := s.guessers(1)[0]
		g.From = netip.MustParseAddr("127.0.0.1")
		g.Hello(s.in)
		for range 70 {
			g.try(t)
			<-time.After(550 * time.Millisecond)
		}
		back := s.h.Person("back")
		back.From, s.host.From = g.From, g.From
		s.host.Hang()
		if _, ok := s.host.Resume(s.in).(wire.Ok); !ok {
			t.Error("the host does not come back")
		}
		back.Hello(s.in)
		<-time.After(2 * time.Second)
		back.Knock(s.in)
	})
}

// TestAMembersReviveIsNotLookedAt: nobody paces a member's proofs, and a state has a signature for each that it names.
func TestAMembersReviveIsNotLookedAt(t *testing.T) {
	play(t, func(t *testing.T, s scene) {
		told := s.host.ReviveProof(s.in, s.g)
		told.State = []byte("no state")
		s.host.Refused(fault.MessageOrder, told)
		s.host.Refused(fault.MessageOrder, s.host.ReturnProof(s.in, s.g))
		s.host.Refused(fault.MessageOrder, s.host.ResumeProof(s.in))
	})
}
