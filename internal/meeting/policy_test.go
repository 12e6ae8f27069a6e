package meeting_test

import (
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/statement"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// heard has people hear the next commit.
func heard(people ...*testkit.Person) {
	for _, p := range people {
		testkit.Next[wire.CommitPush](p)
	}
}

// over insists on the last word to a person.
func over(t *testing.T, p *testkit.Person, want wire.Reason) {
	t.Helper()
	if o := testkit.Next[wire.Over](p); o.Reason != want {
		t.Errorf("%s: over because %s, want %s", p.Name, o.Reason, want)
	}
	p.Gone()
}

func TestALockShutsTheDoorAtOnceAndUntilItIsLifted(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		waits, late := h.Person("waits"), h.Person("late")
		waits.Hello(in)
		waits.Knock(in)
		shown := testkit.Next[wire.KnockPush](host)
		host.Do(host.Change(in, g, testkit.Lock))
		over(t, waits, wire.ReasonLocked) // before any commit
		testkit.Next[wire.KnockGone](host)
		late.Hello(in)
		late.Refused(fault.MeetingLocked, late.KnockProof(in))
		task := testkit.Next[wire.Task](host)
		host.Refused(fault.StatementBad, host.Admission(in, g, shown))
		host.Do(host.Commit(g, task))
		heard(host, asha, ben)
		late.Refused(fault.MeetingLocked, late.KnockProof(in))
		host.Do(host.Change(in, g, testkit.Unlock))
		late.Refused(fault.MeetingLocked, late.KnockProof(in)) // what loosens waits for its commit
		host.Work(g)
		heard(asha, ben)
		late.Knock(in)
		testkit.LetIn(host, late, in, g)
	})
}

func TestALockVoidsAnAdmissionThatIsNotCommitted(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		old := host.Commit(g, testkit.Next[wire.Task](host))
		host.Do(host.Change(in, g, testkit.Lock))
		over(t, guest, wire.ReasonLocked)
		host.Refused(fault.EpochStale, old)
		task := testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Adds) != 0 {
			t.Errorf("asked for %d policies and %d people", len(task.Policies), len(task.Adds))
		}
		host.Do(host.Commit(g, task))
		heard(host, asha, ben)
	})
}

func TestTheSecondOfTwoPoliciesIsStale(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		first, second := host.Change(in, g, testkit.Demote(asha.DeviceKey())), asha.Change(in, g, testkit.Lock)
		host.Do(first)
		host.Refused(fault.PolicyStale, first) // said again
		asha.Refused(fault.NotHost, second)    // demoted meanwhile
		host.Refused(fault.PolicyStale, host.Change(in, g, testkit.Lock))
		host.Work(g)
		heard(asha, ben)
		host.Do(host.Change(in, g, testkit.Lock))
	})
}

func TestACoHostsPowersAndTheirLimits(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		asha.Refused(fault.NotHost, asha.Change(in, g, testkit.Lock))
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		testkit.Next[wire.KnockPush](host)
		asha.Do(asha.Admission(in, g, testkit.Next[wire.KnockPush](asha)))
		testkit.Next[wire.KnockGone](asha)
		testkit.Next[wire.KnockGone](host)
		host.Work(g)
		guest.Welcomed(g)
		heard(asha, ben)
		for what, change := range map[string]func(*statement.Policy){
			"a co-host": testkit.CoHost(ben.DeviceKey()), "a host": testkit.HostOn(asha.DeviceKey()),
			"the host's bar":   func(p *statement.Policy) { p.Hosts = [][32]byte{asha.DeviceKey()}; testkit.Bar(host.DeviceKey())(p) },
			"what guests may":  func(p *statement.Policy) { p.Allows = 0 },
			"another order":    func(p *statement.Policy) { p.OrderKey[0] ^= 1 },
			"another label":    func(p *statement.Policy) { p.Label = statement.Sensitive; p.Allows &^= statement.AllowShare },
			"what is recorded": func(p *statement.Policy) { p.Recording = statement.RecordingOn },
		} {
			if f, refused := asha.Ask(asha.Change(in, g, change)).(wire.Fault); !refused || f.Code != fault.PolicyBad {
				t.Errorf("a co-host changed %s", what)
			}
		}
		if f, _ := asha.Ask(asha.Removal(in, g, host)).(wire.Fault); f.Code != fault.NotHost && f.Code != fault.StatementBad {
			t.Errorf("a co-host's removal of the host: %s", f.Code)
		}
		asha.Refused(fault.NotHost, asha.Ending(in, g))
		host.Refused(fault.PolicyBad, asha.Change(in, g, testkit.Lock)) // everybody speaks for themselves
		removal := asha.Removal(in, g, ben)
		removal.Policy = asha.Change(in, g, testkit.Bar(ben.DeviceKey())).Statement
		if !asha.Do(removal).(wire.OkRemove).Barred {
			t.Error("the bar was not taken")
		}
		over(t, ben, wire.ReasonRemoved)
		host.Work(g)
		heard(asha, guest)
		asha.Do(asha.Change(in, g, testkit.Lock))
		host.Work(g)
		heard(asha, guest)
		asha.Refused(fault.PolicyBad, asha.Change(in, g, testkit.Unlock))
		asha.Refused(fault.PolicyBad, asha.Change(in, g, testkit.Pardon(ben.DeviceKey())))
	})
}

func TestADemotionTakesEffectBeforeItsCommit(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		shown := testkit.Next[wire.KnockPush](asha)
		testkit.Next[wire.KnockPush](host)
		asha.Do(asha.Admission(in, g, shown))
		testkit.Next[wire.KnockGone](asha)
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		old := host.Commit(g, task)
		host.Do(host.Change(in, g, testkit.Demote(asha.DeviceKey())))
		testkit.Next[wire.KnockPush](host)  // what she admitted is void: the guest waits again
		host.Refused(fault.EpochStale, old) // and does not come in by the older task
		asha.Refused(fault.NotHost, asha.Admission(in, g, shown))
		asha.Refused(fault.NotHost, asha.Removal(in, g, ben))
		asha.Refused(fault.NotHost, asha.Change(in, g, testkit.Lock))
		asha.Refused(fault.NotHost, wire.Deny{Participant: guest.WireID()})
		task = testkit.Next[wire.Task](host)
		if len(task.Adds) != 0 || len(task.Policies) != 1 {
			t.Errorf("asked for %+v", task)
		}
		host.Do(host.Commit(g, task))
		heard(host, asha, ben)
	})
}

func TestABarKeepsADeviceOutUntilItIsPardoned(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		ben.Do(wire.Media{Offer: testkit.Offer(2)})
		testkit.Next[wire.Slots](ben)
		testkit.Next[wire.Slots](host)
		removal := host.Removal(in, g, ben)
		removal.Policy = host.Change(in, g, testkit.Bar(ben.DeviceKey())).Statement
		if !host.Do(removal).(wire.OkRemove).Barred {
			t.Error("the bar was not taken")
		}
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut ben" {
			t.Errorf("media: %v", notes)
		}
		over(t, ben, wire.ReasonRemoved)
		testkit.Next[wire.Slots](host)
		task := testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Removes) != 1 || string(task.Removes[0].Statement) != string(removal.Statement) {
			t.Fatalf("task %+v", task)
		}
		host.Do(host.Commit(g, task))
		heard(host, asha)
		ben.Hello(in)
		ben.Refused(fault.Removed, ben.KnockProof(in))
		ben.Refused(fault.Removed, ben.RejoinProof(in, g))
		host.Rule(in, g, testkit.Pardon(ben.DeviceKey()))
		heard(asha)
		ben.Refused(fault.RejoinBad, ben.RejoinProof(in, g)) // a removal ended that right
		ben.Knock(in)
		testkit.Next[wire.KnockPush](host)
	})
}

func TestAPardonIsForgottenByALaterRemoval(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.RemovalForGood(in, g, ben))
		over(t, ben, wire.ReasonRemoved)
		host.Work(g)
		heard(asha)
		host.Rule(in, g, testkit.Pardon(ben.DeviceKey()))
		heard(asha)
		ben.Seq = 0
		ben.Hello(in)
		ben.Knock(in)
		testkit.LetIn(host, ben, in, g)
		heard(asha)
		host.Do(host.Removal(in, g, ben)) // without a bar
		over(t, ben, wire.ReasonRemoved)
		host.Work(g)
		heard(asha)
		ben.Hello(in)
		ben.Refused(fault.Removed, ben.KnockProof(in))
	})
}

func TestAStaleBarStillRemoves(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		removal := host.Removal(in, g, ben)
		removal.Policy = host.Change(in, g, testkit.Bar(ben.DeviceKey())).Statement
		host.Do(host.Change(in, g, testkit.CoHost(asha.DeviceKey())))
		if host.Do(removal).(wire.OkRemove).Barred {
			t.Error("a stale bar was taken")
		}
		over(t, ben, wire.ReasonRemoved)
	})
}

func TestABarAloneCutsWhoIsInside(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.Change(in, g, testkit.Bar(ben.DeviceKey())))
		over(t, ben, wire.ReasonRemoved)
		task := testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Removes) != 1 {
			t.Fatalf("task %+v", task)
		}
		host.Do(host.Commit(g, task))
		heard(host, asha)
		host.Silent(time.Second)
	})
}

func TestTheHostLinkTakesTheMeetingFromAnotherDevice(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.Lock) // a lock keeps no host out
		heard(asha, ben)
		second := h.Person("second")
		second.Hello(in)
		if ok := second.TakeSeat(in); ok.Holders != 3 || len(ok.Policies) != 2 {
			t.Errorf("told of %d holders, %d policies", ok.Holders, len(ok.Policies))
		}
		asha.Refused(fault.NotHost, asha.Taking(in, g))
		take := second.Taking(in, g)
		without := take
		without.Policy = nil
		second.Refused(fault.PolicyBad, without)
		second.Do(take)
		host.Work(g)
		heard(asha, ben)
		second.Welcomed(g)
		second.Do(second.Change(in, g, testkit.Unlock))
	})
}

func TestAWhisperReachesOnlyWhomItNames(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		ben.Do(ben.MessageTo(g, g.Epoch, asha))
		if said := testkit.Next[wire.AppPush](asha); said.From != ben.WireID() {
			t.Errorf("heard %+v", said)
		}
		host.Silent(time.Second)
		ben.Do(ben.MessageTo(g, g.Epoch, ben, h.Person("nobody")))
		for _, p := range []*testkit.Person{host, asha, ben} {
			p.Silent(time.Second)
		}
	})
}
