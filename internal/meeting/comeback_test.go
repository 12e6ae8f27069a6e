package meeting_test

import (
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/meeting"
	"incamera/internal/statement"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

func TestAnOfficeBehindOneAddressComesBack(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		h.Person("host").Enter(in)
		office := h.Address()
		for range 20 { // their seats are gone meanwhile: each tries the ticket once
			p := h.Person("colleague")
			p.From = office
			if f, _ := p.Resume(in).(wire.Fault); f.Code != fault.ResumeBad {
				t.Fatalf("answered %s", f.Code)
			}
			p.Knock(in)
		}
	})
}

func TestAGuestAdmittedAgainWhileTheOldCommitIsOnItsWayStays(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha := h.Person("host"), h.Person("asha")
		g := host.Enter(in)
		asha.Hello(in)
		asha.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		old := host.Commit(g, testkit.Next[wire.Task](host))
		asha.Hang()
		host.Silent(10 * time.Millisecond)
		asha.Call()
		asha.Hello(in)
		asha.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		host.Refused(fault.EpochStale, old) // for the first KeyPackage: its Welcome is no use to her
		host.Do(host.Commit(g, task))
		testkit.Next[wire.CommitPush](host)
		if a := testkit.Next[wire.Admitted](asha); a.Epoch != 1 {
			t.Errorf("admitted at %d", a.Epoch)
		}
	})
}

func TestWhoCannotBeAddedIsToldAndHoldsUpNobody(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben := h.Person("host"), h.Person("asha"), h.Person("ben")
		g := host.Enter(in)
		asha.Hello(in)
		asha.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		host.Do(wire.Cannot{Lease: task.Lease, Participants: []wire.Participant{asha.WireID()}})
		if over := testkit.Next[wire.Over](asha); over.Reason != wire.ReasonLapsed {
			t.Errorf("told %+v", over)
		}
		ben.Hello(in)
		ben.Knock(in)
		testkit.LetIn(host, ben, in, g)
	})
}

func TestAServerThatClosesDownEndsNoMeeting(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, _, _ := inside(h, in)
		waits := h.Person("waits")
		waits.Hello(in)
		waits.Knock(in)
		testkit.Next[wire.KnockPush](host)
		h.Live.Stop()
		for _, p := range []*testkit.Person{host, asha, waits} {
			if f := testkit.Next[wire.Fault](p); f.Code != fault.ServerClosing {
				t.Errorf("%s is told %s", p.Name, f.Code)
			}
			p.Gone()
		}
		if _, err := h.Desk.Find(t.Context(), in.ID); err != nil {
			t.Errorf("the booking is gone: %v", err)
		}
	})
}

func TestAKnockUnderTheHostsIDGivesWay(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, squatter := h.Person("host"), h.Person("squatter")
		squatter.ID = host.ID
		squatter.Hello(in)
		squatter.Knock(in)
		host.Enter(in)
		if over := testkit.Next[wire.Over](squatter); over.Reason != wire.ReasonLapsed {
			t.Errorf("told %+v", over)
		}
		squatter.Gone()
	})
}

func TestAKeyPackageOfAnotherTimeIsRefused(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		early := h.Person("early")
		early.Hello(in)
		knock := early.KnockProof(in)
		record, err := h.Desk.Find(t.Context(), in.ID)
		if err != nil {
			t.Fatal(err)
		}
		door := meeting.Door{Facts: meeting.Facts{Meeting: in.ID, EntryKey: record.Entry}, Origin: early.Origin, Challenge: early.Challenge}
		kp, err := statement.ParseKeyPackage(knock.KeyPackage)
		if err != nil {
			t.Fatal(err)
		}
		for at, bad := range map[uint64]bool{
			kp.NotBefore - 1: true, kp.NotBefore: false, kp.NotAfter - 121: false, kp.NotAfter - 120: true, kp.NotAfter: true,
		} {
			_, err := door.Knock(knock, time.Unix(int64(at), 0))
			if f, _ := fault.Of(err); bad != (f.Code == fault.KnockBad) {
				t.Errorf("at %d of %d to %d: %v", at, kp.NotBefore, kp.NotAfter, err)
			}
		}
	})
}

func TestAHostsNewPageHearsNothingOfTheGroupUntilItIsAdded(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Hello(in)
		host.TakeSeat(in) // the same device: its leaf is live, its page holds nothing
		asha.Do(asha.Message(g, g.Epoch, false))
		heard := testkit.Next[wire.AppPush](ben)
		if heard.From != asha.WireID() {
			t.Error("the others do not hear each other")
		}
		ben.Do(ben.Leaving(in, g))
		ben.Gone()
		asha.Work(g)
		host.Silent(time.Second)
		host.Do(host.Taking(in, g))
		asha.Work(g)
		host.Welcomed(g)
		asha.Do(asha.Message(g, g.Epoch, false))
		testkit.Next[wire.AppPush](host)
	})
}

func TestAHostWhoSitsBeforeTheGroupIsRevivedHearsNothingOfItUntilAdded(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		h.Restart()
		host.Hello(in)
		host.TakeSeat(in)
		asha.Revive(in, g)
		absent(t, asha, ben)
		ben.Return(in, g)
		testkit.Next[wire.Presence](asha)
		testkit.Next[wire.Presence](host) // of asha, then of ben
		testkit.Next[wire.Presence](host)
		ben.Do(ben.Message(g, g.Epoch, false))
		testkit.Next[wire.AppPush](asha)
		asha.Do(asha.Change(in, g, testkit.Lock))
		asha.Work(g)
		heard(ben)
		host.Silent(time.Second)
		host.Do(host.Taking(in, g))
		asha.Work(g)
		heard(ben)
		host.Welcomed(g)
	})
}

func TestAKnockFromBeforeARevivalStandsAtTheDoorUntilItsDeviceReturns(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		h.Restart()
		ben.Hello(in)
		ben.Knock(in)
		host.Revive(in, g)
		if shown := testkit.Next[wire.KnockPush](host); !shown.Returning || shown.Participant != ben.WireID() {
			t.Errorf("shown %+v", shown)
		}
		absent(t, host, asha, ben)
		if !testkit.Next[wire.Waiting](ben).Open {
			t.Error("who waits is not told of the host")
		}
		host.Do(host.Message(g, g.Epoch, false))
		ben.Silent(time.Second) // no word of the group without a ticket
		ben.Refused(fault.NotMember, ben.Message(g, g.Epoch, false))
		tab := *ben
		tab.Return(in, g)
		over(t, ben, wire.ReasonElsewhere)
		testkit.Next[wire.KnockGone](host)
		testkit.Next[wire.Presence](host)
		absent(t, &tab, asha)
		host.Do(host.Message(g, g.Epoch, false))
		testkit.Next[wire.AppPush](&tab)
	})
}

func TestAHostsOwnKnockFromBeforeARevivalIsNotShownToThem(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		h.Restart()
		host.Hello(in)
		host.Knock(in)
		tab := *host
		tab.Revive(in, g)
		over(t, host, wire.ReasonElsewhere)
		absent(t, &tab, asha, ben)
		tab.Silent(time.Second)
	})
}

func TestACoHostWhoBarsTheirOwnDeviceIsOut(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		asha.Do(wire.Media{Offer: testkit.Offer(1)})
		testkit.Next[wire.Slots](asha)
		testkit.Next[wire.Slots](host)
		asha.Do(asha.Change(in, g, testkit.Bar(asha.DeviceKey())))
		over(t, asha, wire.ReasonRemoved)
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut asha" {
			t.Errorf("media: %v", notes)
		}
		task := testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Removes) != 1 {
			t.Errorf("task %+v", task)
		}
	})
}
