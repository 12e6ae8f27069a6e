package meeting_test

import (
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/statement"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// absent insists that a person is told who has no line.
func absent(t *testing.T, p *testkit.Person, others ...*testkit.Person) {
	t.Helper()
	told := map[wire.Participant]bool{}
	for range others {
		presence := testkit.Next[wire.Presence](p)
		told[presence.Participant] = !presence.Connected
	}
	for _, o := range others {
		if !told[o.WireID()] {
			t.Errorf("%s is not told that %s is away", p.Name, o.Name)
		}
	}
}

func TestAReloadedMemberRejoinsThroughALockWithoutAHost(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.Lock)
		heard(asha, ben)
		host.Hang()
		testkit.Next[wire.Presence](asha)
		testkit.Next[wire.Presence](ben)
		ben.Hang()
		testkit.Next[wire.Presence](asha)
		ben.Rejoin(in, g)
		task := testkit.Next[wire.Task](asha)
		if len(task.Adds) != 1 || len(task.Removes) != 1 || len(task.Removes[0].Statement) != 0 {
			t.Fatalf("task %+v", task)
		}
		asha.Do(asha.Commit(g, task))
		heard(asha)
		ben.Seq = 0
		ben.Welcomed(g)
		ben.Do(ben.Message(g, ben.Epoch, false))
		testkit.Next[wire.AppPush](asha)
	})
}

func TestWhoMayNotRejoin(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		stranger := h.Person("stranger")
		stranger.Hello(in)
		stranger.Refused(fault.RejoinBad, stranger.RejoinProof(in, g))
		wrong := *in
		wrong.Keys.Root[0] ^= 1
		stranger.Refused(fault.CodeWrong, stranger.RejoinProof(&wrong, g))
		other, _ := host.NewGroup(in, 1)
		thief := *asha
		thief.From = h.Address()
		thief.Hello(in)
		thief.Refused(fault.RejoinBad, thief.RejoinProof(in, other))
		leaf := thief.Leaf
		thief.Leaf = ben.Leaf
		thief.Refused(fault.RejoinBad, thief.RejoinProof(in, g))
		thief.Leaf = leaf
		proof := thief.RejoinProof(in, g)
		proof.KeyPackage = thief.RejoinProof(in, g).KeyPackage
		thief.Refused(fault.CodeWrong, proof) // the entry is for another KeyPackage
		leave := ben.Leaving(in, g)
		ben.Do(leave)
		ben.Gone()
		host.Work(g)
		heard(asha)
		ben.Hello(in)
		ben.Refused(fault.RejoinBad, ben.RejoinProof(in, g)) // left of their own will
		asha.Hang()
		testkit.Next[wire.Presence](host)
		host.Hang()
		asha.Hello(in)
		asha.Refused(fault.RejoinBad, asha.RejoinProof(in, g)) // nobody connected holds the group
	})
}

func TestABadCommitIsRefusedAndTheEpochStaysOpen(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.Change(in, g, testkit.Lock))
		task := testkit.Next[wire.Task](host)
		good := host.Commit(g, task)
		unsigned := good
		unsigned.Statement = asha.Commit(g, task).Statement
		host.Refused(fault.CommitBad, unsigned)
		empty := task
		empty.Policies = nil
		host.Refused(fault.CommitBad, host.Commit(g, empty)) // without the lock
		removes := task
		removes.Removes = []wire.TaskRemove{{Participant: asha.WireID()}}
		host.Refused(fault.CommitBad, host.Commit(g, removes)) // whom nobody asked to remove
		spoilt := good
		spoilt.Commit = append([]byte(nil), good.Commit...)
		spoilt.Commit[len(spoilt.Commit)-200] ^= 1
		host.Refused(fault.CommitBad, spoilt)
		asha.Silent(10 * time.Millisecond)
		host.Do(good)
		heard(host, asha, ben)
	})
}

func TestARefusedCommitIsVoidAndItsAuthorIsAskedNoMore(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.Change(in, g, testkit.CoHost(asha.DeviceKey())))
		late := testkit.Next[wire.Task](host)
		host.Silent(3 * time.Second) // another is asked
		task := testkit.Next[wire.Task](asha)
		asha.Do(asha.Commit(g, task))
		push := testkit.Next[wire.CommitPush](asha)
		heard(host, ben)
		if late.Epoch != push.Epoch {
			t.Fatalf("epoch %d, then %d", late.Epoch, push.Epoch)
		}
		host.Refused(fault.StatementBad, ben.Refusal(g, push, statement.WhyGate))
		other := push
		other.Commit = []byte("another")
		host.Refused(fault.StatementBad, host.Refusal(g, other, statement.WhyGate))
		refusal := host.Refusal(g, push, statement.WhyGate)
		host.Do(refusal)
		for _, p := range []*testkit.Person{host, asha, ben} {
			r := testkit.Next[wire.Reopened](p)
			if r.Epoch != push.Epoch || r.Author != asha.WireID() || len(r.Refusals) != 1 || string(r.Refusals[0]) != string(refusal.Statement) {
				t.Errorf("%s heard %+v", p.Name, r)
			}
		}
		asha.Refused(fault.NotHost, asha.Change(in, g, testkit.Lock)) // a co-host by the void commit only
		again := testkit.Next[wire.Task](host)
		if again.Epoch != push.Epoch || len(again.Policies) != 1 {
			t.Fatalf("asked for %+v", again)
		}
		host.Do(host.Commit(g, again))
		heard(host, asha, ben)
		asha.Do(asha.Change(in, g, testkit.Lock))
	})
}

func TestWhoWasWelcomedByAVoidCommitComesAnew(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		push := host.Work(g)
		heard(asha, ben)
		guest.TakeIn(g, testkit.Next[wire.Admitted](guest))
		guest.Do(wire.Joined{Epoch: guest.Epoch})
		guest.Do(wire.Media{Offer: testkit.Offer(1)})
		testkit.Next[wire.Slots](guest)
		testkit.Next[wire.Slots](host)
		asha.Do(asha.Refusal(g, push, statement.WhyOpens))
		host.Silent(100 * time.Millisecond)
		ben.Do(ben.Refusal(g, push, statement.WhyOpens))
		for _, p := range []*testkit.Person{host, asha, ben, guest} {
			if r := testkit.Next[wire.Reopened](p); len(r.Refusals) != 2 {
				t.Errorf("%s heard %d refusals", p.Name, len(r.Refusals))
			}
		}
		guest.Gone()
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut guest" {
			t.Errorf("media: %v", notes)
		}
		testkit.Next[wire.Slots](host)
		guest.Seq = 0
		guest.Hello(in)
		guest.Knock(in)
		if !testkit.Next[wire.KnockPush](host).Returning {
			t.Error("the host is not told that this device was in")
		}
	})
}

func TestAHostsDeviceThatAVoidCommitBroughtInHasNoMedia(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		second := h.Person("second")
		second.Hello(in)
		second.TakeSeat(in)
		second.Do(second.Taking(in, g))
		push := host.Work(g)
		heard(asha, ben)
		second.TakeIn(g, testkit.Next[wire.Admitted](second))
		second.Do(wire.Joined{Epoch: second.Epoch})
		second.Do(wire.Media{Offer: testkit.Offer(1)})
		testkit.Next[wire.Slots](second)
		testkit.Next[wire.Slots](host)
		asha.Do(asha.Refusal(g, push, statement.WhyGate))
		ben.Do(ben.Refusal(g, push, statement.WhyGate))
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut second" {
			t.Errorf("media: %v", notes)
		}
	})
}

func TestAHostsDeviceOfTheOldGroupHasNoMediaInTheNew(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		second := h.Person("second")
		second.Hello(in)
		second.TakeSeat(in)
		second.Do(second.Taking(in, g))
		host.Work(g)
		heard(asha, ben)
		second.TakeIn(g, testkit.Next[wire.Admitted](second))
		second.Do(wire.Joined{Epoch: second.Epoch})
		second.Do(wire.Media{Offer: testkit.Offer(1)})
		anew := *second // another page of the device, which lost the group
		anew.Rejoin(in, g)
		for _, p := range []*testkit.Person{ben, asha, host} {
			p.Hang()
		}
		host.Hello(in)
		if ok := host.TakeSeat(in); ok.Holders != 0 {
			t.Fatalf("%d hold the group", ok.Holders)
		}
		next := g.Policy
		next.Generation, next.Previous = 2, g.Under.Hash
		again, open := host.NewGroupLike(in, next)
		host.Opened(again, open)
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut second" {
			t.Errorf("media: %v", notes)
		}
	})
}

func TestAMeetingGoesOnAfterARestart(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		key := host.OrderKey
		h.Restart()
		ben.Hello(in)
		ben.Refused(fault.GroupUnknown, ben.ReturnProof(in, g))
		ben.Refused(fault.NotHost, ben.ReviveProof(in, g)) // no host, no co-host
		ben.Refused(fault.GroupUnknown, ben.ReturnProof(in, g))
		asha.Revive(in, g)
		absent(t, asha, host, ben)
		if asha.OrderKey != key {
			t.Error("the order key did not outlive the restart")
		}
		for _, p := range []*testkit.Person{host, ben} {
			p.Return(in, g)
			if back := testkit.Next[wire.Presence](asha); back.Participant != p.WireID() || !back.Connected {
				t.Errorf("presence %+v", back)
			}
		}
		absent(t, host, ben)
		testkit.Next[wire.Presence](host)
		for _, p := range []*testkit.Person{host, ben} {
			p.Do(wire.Media{Offer: testkit.Offer(2)})
			testkit.Next[wire.Slots](p)
		}
		testkit.Next[wire.Slots](host)
		ben.Do(ben.Message(g, g.Epoch, false))
		testkit.Next[wire.AppPush](host)
		testkit.Next[wire.AppPush](asha)
		ben.Hang()
		testkit.Next[wire.Presence](host)
		testkit.Next[wire.Presence](asha)
		if _, ok := ben.Resume(in).(wire.Ok); !ok {
			t.Error("the new ticket is none")
		}
		testkit.Next[wire.Presence](host)
		testkit.Next[wire.Presence](asha)
		guest := h.Person("guest") // and the meeting goes on
		guest.Hello(in)
		guest.Knock(in)
		testkit.Next[wire.KnockPush](asha)
		shown := testkit.Next[wire.KnockPush](host)
		host.Do(host.Admission(in, g, shown))
		testkit.Next[wire.KnockGone](host)
		testkit.Next[wire.KnockGone](asha)
		task := testkit.Next[wire.Task](host)
		host.Do(host.Commit(g, task))
		heard(host, asha, ben)
		guest.Welcomed(g)
	})
}

func TestWhatAServerThatForgotDoesNotBelieve(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		old := *g
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		asha.Hello(in)
		asha.Refused(fault.GroupHeld, asha.ReviveProof(in, g)) // it forgot nothing
		h.Restart()
		asha.Hello(in)
		forged := asha.ReviveProof(in, g)
		forged.State = append([]byte(nil), forged.State...)
		forged.State[100] ^= 1
		asha.Refused(fault.StatementBad, forged)
		replayed := asha.ReviveProof(in, g)
		asha.Hello(in)
		asha.Refused(fault.ResumeBad, replayed) // of another line
		asha.Take(asha.ReviveProof(in, g))
		host.Hello(in)
		host.Refused(fault.EpochStale, host.ReviveProof(in, &old))
		host.Refused(fault.EpochStale, host.ReviveProof(in, g))
		outside := h.Person("outside")
		outside.Hello(in)
		outside.Refused(fault.RejoinBad, outside.ReturnProof(in, g))
		ben.Hello(in)
		ben.Epoch--
		ben.Refused(fault.RejoinBad, ben.ReturnProof(in, g)) // another epoch
	})
}

func TestALaterEpochTakesTheReviveOver(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		old := *g
		host.Rule(in, g, testkit.Lock)
		heard(asha, ben)
		h.Restart()
		asha.Revive(in, &old)
		absent(t, asha, host, ben)
		host.Revive(in, g)
		absent(t, host, asha, ben)
		asha.Gone() // without a last word: the page comes back by itself
		asha.Return(in, g)
		if p := testkit.Next[wire.Presence](host); p.Participant != asha.WireID() || !p.Connected {
			t.Errorf("presence %+v", p)
		}
		late := h.Person("late")
		late.Hello(in)
		late.Refused(fault.MeetingLocked, late.KnockProof(in)) // what the newest policy says holds
	})
}

func TestAHostWhoRemembersAnOldGroupOpensTheNextAfterARestart(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, _, _, g := inside(h, in)
		h.Restart()
		host.Hello(in)
		if ok := host.TakeSeat(in); ok.Generation != 0 || ok.Holders != 0 || len(ok.Group) != 0 {
			t.Errorf("told of a group: %+v", ok)
		}
		next := g.Policy
		next.Generation, next.Previous = 2, g.Under.Hash
		again, open := host.NewGroupLike(in, next)
		host.Opened(again, open)
		host.Rule(in, again, testkit.Lock)
	})
}
