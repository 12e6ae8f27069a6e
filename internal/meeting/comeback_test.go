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
		old := testkit.Next[wire.Task](host)
		asha.Hang()
		host.Silent(10 * time.Millisecond)
		asha.Call()
		asha.Hello(in)
		asha.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		host.Do(host.Commit(g, old)) // for the first KeyPackage: its Welcome is no use to her
		testkit.Next[wire.CommitPush](host)
		task := testkit.Next[wire.Task](host)
		if len(task.Adds) != 1 || len(task.Removes) != 1 {
			t.Fatalf("asked for %d adds and %d removes", len(task.Adds), len(task.Removes))
		}
		host.Do(host.Commit(g, task))
		testkit.Next[wire.CommitPush](host)
		if a := testkit.Next[wire.Admitted](asha); a.Epoch != 2 {
			t.Errorf("admitted at %d", a.Epoch)
		}
	})
}
