package meeting_test

import (
	"testing"
	"time"

	"incamera/internal/fault"
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
