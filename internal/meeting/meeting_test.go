package meeting_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/fault"
	"incamera/internal/lobby"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// scene is a house with one booked meeting, in a bubble.
func scene(t *testing.T, play func(t *testing.T, h *testkit.House, in *testkit.Invite)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := testkit.NewHouse(t, testkit.Limits)
		play(t, h, h.Book("A talk"))
	})
}

// inside is a host with two guests who are in, with media open.
func inside(h *testkit.House, in *testkit.Invite) (host, asha, ben *testkit.Person, g *testkit.Group) {
	host, asha, ben = h.Person("host"), h.Person("asha"), h.Person("ben")
	g = host.Enter(in)
	host.Do(wire.Media{Offer: testkit.Offer(2)})
	testkit.Next[wire.Slots](host)
	for _, p := range []*testkit.Person{asha, ben} {
		p.Hello(in)
		p.Knock(in)
		testkit.LetIn(host, p, in, g)
		if p == ben {
			testkit.Next[wire.CommitPush](asha)
		}
	}
	return host, asha, ben, g
}

func TestAGuestIsLetInHeardAndSeenOnlyAfterConfirming(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, guest := h.Person("host"), h.Person("guest")
		g := host.Enter(in)
		host.Do(wire.Media{Offer: testkit.Offer(2)})
		testkit.Next[wire.Slots](host)
		guest.Hello(in)
		if ok := guest.Knock(in); !ok.Open {
			t.Error("the host is there, but the guest was told otherwise")
		}
		shown := testkit.Next[wire.KnockPush](host)
		if shown.Returning || shown.Since == 0 {
			t.Errorf("shown %+v", shown)
		}
		host.Do(host.Admission(in, g, shown))
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		guest.Silent(time.Second)
		host.Do(host.Commit(g, task))
		testkit.Next[wire.CommitPush](host)
		welcome := testkit.Next[wire.Admitted](guest)
		guest.Ticket, guest.Epoch = welcome.Ticket, welcome.Epoch
		guest.Refused(fault.MediaClosed, wire.Media{Offer: testkit.Offer(2)})
		if slices.Contains(h.Media.Notes(), "open guest") {
			t.Error("media was opened before the guest confirmed")
		}
		guest.Refused(fault.EpochStale, wire.Joined{Epoch: 9})
		guest.Do(wire.Joined{Epoch: welcome.Epoch})
		guest.Do(wire.Media{Offer: testkit.Offer(2)})
		if got := testkit.Next[wire.Slots](guest).Slots[0]; got != wire.Slot(host.ID) {
			t.Errorf("the guest's first slot shows %v", got)
		}
		if got := testkit.Next[wire.Slots](host).Slots[0]; got != wire.Slot(guest.ID) {
			t.Errorf("the host's first slot shows %v", got)
		}
		guest.Do(guest.Message(g, guest.Epoch, false))
		if said := testkit.Next[wire.AppPush](host); said.From != guest.WireID() || said.Epoch != 1 {
			t.Errorf("heard %+v", said)
		}
	})
}

func TestNobodyEntersBeforeTheHostAndEarlyGuestsStillWait(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		early, host := h.Person("early"), h.Person("host")
		if early.Hello(in).Open || early.Knock(in).Open {
			t.Error("nobody is there")
		}
		early.Silent(3 * time.Hour)
		host.Hello(in)
		host.TakeSeat(in)
		if !testkit.Next[wire.Waiting](early).Open {
			t.Error("the host came, but the guest was told otherwise")
		}
		testkit.Next[wire.KnockPush](host)
		early.Silent(lobby.AskAfter - time.Second)
		testkit.Next[wire.Ask](early)
		early.Do(wire.Stay{})
		early.Silent(lobby.AskAfter - time.Second)
		testkit.Next[wire.Ask](early)
		early.Silent(lobby.LapseAfter - time.Second)
		if over := testkit.Next[wire.Over](early); over.Reason != wire.ReasonLapsed {
			t.Errorf("over because %s", over.Reason)
		}
		early.Gone()
		testkit.Next[wire.KnockGone](host)
	})
}

func TestDeniedIsBarredUntilAllowed(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, guest := h.Person("host"), h.Person("guest")
		host.Enter(in)
		guest.Hello(in)
		guest.Knock(in)
		testkit.Next[wire.KnockPush](host)
		host.Do(wire.Deny{Participant: guest.WireID()})
		testkit.Next[wire.KnockGone](host)
		if over := testkit.Next[wire.Over](guest); over.Reason != wire.ReasonDenied {
			t.Errorf("over because %s", over.Reason)
		}
		guest.Gone()
		guest.Hello(in)
		guest.Refused(fault.KnockDenied, guest.KnockProof(in))
		host.Do(wire.Allow{Participant: guest.WireID()})
		guest.Knock(in)
		testkit.Next[wire.KnockPush](host)
	})
}

func TestARemovedPersonIsCutBeforeAnythingElseAndStaysOut(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		ben.Do(wire.Media{Offer: testkit.Offer(2)})
		testkit.Next[wire.Slots](ben)
		testkit.Next[wire.Slots](host)
		removal := host.Removal(in, g, ben)
		host.Do(removal)
		if notes := h.Media.Notes(); notes[len(notes)-1] != "shut ben" {
			t.Errorf("media: %v", notes)
		}
		over := testkit.Next[wire.Over](ben)
		if over.Reason != wire.ReasonRemoved || string(over.Statement) != string(removal.Statement) {
			t.Errorf("over because %s", over.Reason)
		}
		ben.Gone()
		testkit.Next[wire.Slots](host)
		task := testkit.Next[wire.Task](host)
		if len(task.Removes) != 1 || string(task.Removes[0].Statement) != string(removal.Statement) {
			t.Fatalf("task %+v", task)
		}
		host.Do(host.Commit(g, task))
		testkit.Next[wire.CommitPush](host)
		testkit.Next[wire.CommitPush](asha)
		ben.Hello(in)
		if f := ben.Ask(ben.ResumeProof(in)).(wire.Fault); f.Code != fault.ResumeBad {
			t.Errorf("resume: %s", f.Code)
		}
		ben.Refused(fault.Removed, ben.KnockProof(in))
	})
}

func TestTheEndTellsAllAndLinksDie(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		waiting := h.Person("waiting")
		waiting.Hello(in)
		waiting.Knock(in)
		testkit.Next[wire.KnockPush](host)
		late := h.Person("late")
		late.Call()
		h.Shelf.Slow = time.Second // links are dead at once, however long forgetting takes
		end := host.Ending(in, g)
		host.Do(end)
		for _, p := range []*testkit.Person{host, asha, ben, waiting} {
			over := testkit.Next[wire.Over](p)
			if over.Reason != wire.ReasonEnded || string(over.Statement) != string(end.Statement) {
				t.Errorf("%s: over because %s", p.Name, over.Reason)
			}
			p.Gone()
		}
		if notes := h.Media.Notes(); notes[len(notes)-1] != "close" {
			t.Errorf("media: %v", notes)
		}
		late.Refused(fault.MeetingUnknown, wire.Hello{Version: 1, Meeting: wire.Meeting(in.ID)})
		<-time.After(h.Shelf.Slow)
		synctest.Wait()
		if _, err := h.Desk.Find(t.Context(), in.ID); err == nil {
			t.Error("the booking is still there")
		}
	})
}

func TestAMeetingWithoutHostClosesAfterTwoMinutes(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, _, _ := inside(h, in)
		host.Hang()
		if p := testkit.Next[wire.Presence](asha); p.Connected || p.Participant != host.WireID() {
			t.Errorf("presence %+v", p)
		}
		asha.Silent(lobby.Grace - time.Second)
		if over := testkit.Next[wire.Over](asha); over.Reason != wire.ReasonClosed {
			t.Errorf("over because %s", over.Reason)
		}
		asha.Gone()
	})
}

func TestAnOldMeetingCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := testkit.Limits
		limits.MaxAge = time.Hour
		h := testkit.NewHouse(t, limits)
		in, host := h.Book("Long"), h.Person("host")
		host.Enter(in)
		host.Silent(time.Hour - time.Second)
		if over := testkit.Next[wire.Over](host); over.Reason != wire.ReasonClosed {
			t.Errorf("over because %s", over.Reason)
		}
	})
}

func TestALineComesBackToItsSeatAndMissesNothing(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		asha.Hang()
		testkit.Next[wire.Presence](host)
		testkit.Next[wire.Presence](ben)
		host.Do(host.Message(g, host.Epoch, false))
		host.Do(host.Message(g, host.Epoch, true)) // fleeting: not kept
		ben.Do(ben.Message(g, host.Epoch, false))
		seen := asha.Seq
		if _, ok := asha.Resume(in).(wire.Ok); !ok {
			t.Fatal("resume was refused")
		}
		if from := testkit.Next[wire.AppPush](asha).From; from != host.WireID() {
			t.Errorf("first from %v", from)
		}
		if from := testkit.Next[wire.AppPush](asha).From; from != ben.WireID() {
			t.Errorf("second from %v", from)
		}
		if asha.Seq != seen+3 {
			t.Errorf("numbered %d after %d", asha.Seq, seen)
		}
		testkit.Next[wire.AppPush](host)
		if !testkit.Next[wire.Presence](host).Connected {
			t.Error("presence")
		}
		asha.Silent(time.Second)
	})
}

func TestAskingTwiceAfterAResumeDoesNothingTwice(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, _, g := inside(h, in)
		message := asha.Message(g, asha.Epoch, false)
		asha.AskAs(500, message)
		testkit.Next[wire.AppPush](host)
		asha.Hang()
		testkit.Next[wire.Presence](host)
		asha.Resume(in)
		testkit.Next[wire.Presence](host)
		if _, ok := asha.AskAs(500, message).(wire.Ok); !ok {
			t.Error("the second asking was not answered as the first")
		}
		if f, refused := asha.AskAs(2, message).(wire.Fault); !refused || f.Code != fault.MessageOrder {
			t.Error("an id from before the seat's last, never answered, was not refused")
		}
		host.Silent(time.Second)
	})
}

func TestAResumeNeedsTicketAndDeviceOfTheSeat(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		_, asha, ben, _ := inside(h, in)
		for what, spoil := range map[string]func(thief *testkit.Person){
			"another's seat":   func(thief *testkit.Person) { thief.ID = ben.ID },
			"another's ticket": func(thief *testkit.Person) { thief.Ticket = ben.Ticket },
			"another's device": func(thief *testkit.Person) { thief.Device = ben.Device },
			"the future":       func(thief *testkit.Person) { thief.Seq = 1000 },
		} {
			thief := *asha
			thief.From = h.Address()
			spoil(&thief)
			if f, bad := thief.Resume(in).(wire.Fault); !bad || f.Code != fault.ResumeBad {
				t.Errorf("%s: not refused", what)
			}
		}
		asha.Silent(time.Second)
		ben.Silent(time.Second)
	})
}

func TestANewcomerHearsNothingSealedBeforeThem(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		asha.Do(asha.Message(g, 1, false)) // sealed before ben was added
		testkit.Next[wire.AppPush](host)
		ben.Silent(time.Second)
		asha.Refused(fault.EpochStale, asha.Message(g, 3, false))
	})
}

func TestAGuestWhoReloadsIsAddedAnewInOneCommit(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		asha.Hang()
		testkit.Next[wire.Presence](host)
		testkit.Next[wire.Presence](ben)
		asha.Hello(in)
		asha.Knock(in)
		asha.Seq = 0
		shown := testkit.Next[wire.KnockPush](host)
		if !shown.Returning {
			t.Error("the host is not told that this device was in")
		}
		host.Do(host.Admission(in, g, shown))
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		if len(task.Adds) != 1 || len(task.Removes) != 1 || task.Removes[0].Participant != asha.WireID() {
			t.Fatalf("task %+v", task)
		}
		host.Do(host.Commit(g, task))
		testkit.Next[wire.CommitPush](host)
		testkit.Next[wire.CommitPush](ben)
		asha.Welcomed(g)
	})
}

func TestAHostWhoLostTheGroupWithNobodyInsideRegroups(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, _ := inside(h, in)
		second := h.Person("second")
		second.Hello(in)
		if ok := second.TakeSeat(in); ok.Generation != 1 || ok.Holders != 3 || len(ok.Policies) != 1 || len(ok.Group) != 32 {
			t.Errorf("told %d, %d holders, %d policies, group of %d", ok.Generation, ok.Holders, len(ok.Policies), len(ok.Group))
		}
		open := func(generation uint32) (*testkit.Group, wire.Open) { return second.NewGroup(in, generation) }
		_, early := open(2)
		second.Refused(fault.GroupHeld, early)
		for _, p := range []*testkit.Person{host, asha, ben} {
			p.Hang()
			testkit.Next[wire.Presence](second)
		}
		_, stale := open(1)
		second.Refused(fault.EpochStale, stale)
		g := second.OpenGroup(in, 2)
		for _, p := range []*testkit.Person{asha, ben} {
			if f, bad := p.Resume(in).(wire.Fault); !bad || f.Code != fault.ResumeBad {
				t.Errorf("%s came back to a seat that is gone", p.Name)
			}
			p.Seq = 0
			p.Knock(in)
			testkit.LetIn(second, p, in, g)
		}
	})
}

func TestALeaveIsCarriedOutByTheOthers(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		asha.Refused(fault.StatementBad, wire.Leave{})
		asha.Refused(fault.StatementBad, ben.Leaving(in, g))
		leave := asha.Leaving(in, g)
		asha.Do(leave)
		asha.Gone()
		task := testkit.Next[wire.Task](host)
		if len(task.Removes) != 1 || string(task.Removes[0].Statement) != string(leave.Statement) {
			t.Errorf("task %+v", task)
		}
	})
}

func TestAnotherMemberCommitsWhenTheFirstDoesNot(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		ben.Do(ben.Leaving(in, g))
		first := testkit.Next[wire.Task](host)
		task := testkit.Next[wire.Task](asha)
		if task.Lease <= first.Lease || task.Epoch != first.Epoch {
			t.Errorf("first %+v, then %+v", first, task)
		}
		asha.Do(asha.Commit(g, task))
		testkit.Next[wire.CommitPush](asha)
		testkit.Next[wire.CommitPush](host)
		host.Refused(fault.EpochStale, host.Commit(g, first))
	})
}

func TestAMeetingThatClosesWithNobodyInItIsOverAtOnce(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		h.Shelf.Slow = time.Second // the booking is still being deleted
		host := h.Person("host")
		g := host.Enter(in)
		host.Do(host.Leaving(in, g))
		host.Gone()
		<-time.After(2*time.Minute + 100*time.Millisecond)
		late := h.Person("late")
		late.Call()
		late.Refused(fault.MeetingUnknown, wire.Hello{Version: wire.Version, Meeting: wire.Meeting(in.ID)})
	})
}
