package meeting_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/statement"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// consented is a policy request with the consents of people.
func consented(in *testkit.Invite, g *testkit.Group, r wire.Policy, people ...*testkit.Person) wire.Policy {
	for _, p := range people {
		body := statement.Consent{Policy: sha256.Sum256(r.Statement)}.Encode()
		r.Consents = append(r.Consents, statement.Sign(p.Device, statement.KindConsent, in.ID, g.ID, body))
	}
	return r
}

func raise(p *statement.Policy) {
	p.Label, p.Allows = statement.Sensitive, p.Allows&^statement.AllowShare
}

func lower(p *statement.Policy) { p.Label = statement.Routine }

func TestALowerLabelThatANewcomerDidNotConsentToIsDropped(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, raise)
		heard(asha, ben)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		task := testkit.Next[wire.Task](host)
		request := host.Change(in, g, lower)
		host.Do(consented(in, g, request, asha, ben))
		host.Do(host.Commit(g, task))
		heard(host, asha, ben)
		guest.Welcomed(g)
		host.Silent(time.Minute) // nobody is asked for what can never be committed
		host.Refused(fault.PolicyBad, consented(in, g, host.Change(in, g, lower), asha, ben))
		host.Do(consented(in, g, host.Change(in, g, lower), asha, ben, guest))
		host.Work(g)
		heard(asha, ben, guest)
	})
}

func TestTheConsentOfWhoLeftMeanwhileIsNotCommitted(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, raise)
		heard(asha, ben)
		<-time.After(time.Second)
		ben.Do(ben.Leaving(in, g))
		ben.Gone()
		task := testkit.Next[wire.Task](host)
		host.Do(consented(in, g, host.Change(in, g, lower), asha, ben))
		host.Do(host.Commit(g, task))
		heard(host, asha)
		task = testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Consents) != 1 {
			t.Fatalf("task with %d policies, %d consents", len(task.Policies), len(task.Consents))
		}
		host.Do(host.Commit(g, task))
		heard(host, asha)
	})
}

func TestARemovalByWhoIsDemotedMeanwhileStillPutsOut(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		asha.Do(asha.Removal(in, g, ben))
		over(t, ben, wire.ReasonRemoved)
		testkit.Next[wire.Task](host)
		host.Do(host.Change(in, g, testkit.Demote(asha.DeviceKey())))
		task := testkit.Next[wire.Task](host)
		if len(task.Policies) != 1 || len(task.Removes) != 1 || len(task.Removes[0].Statement) > 0 {
			t.Fatalf("task %+v", task)
		}
		host.Do(host.Commit(g, task))
		heard(host, asha)
		ben.Hello(in)
		ben.Refused(fault.Removed, ben.RejoinProof(in, g))
	})
}

func TestAnAdmissionThatExpiresHoldsUpNobody(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		guest := h.Person("guest")
		guest.Hello(in)
		guest.Knock(in)
		shown := testkit.Next[wire.KnockPush](host)
		host.Do(host.AdmissionUntil(time.Now().Add(time.Second), in, g, shown))
		testkit.Next[wire.KnockGone](host)
		testkit.Next[wire.Task](host)
		over(t, guest, wire.ReasonLapsed) // nobody committed it in time
		host.Rule(in, g, testkit.Lock)
		heard(asha, ben)
	})
}

// TestTwoDevicesWithOneKeyHoldUpNobody: the gate refuses two leaves with one key, so the second is not asked for.
func TestTwoDevicesWithOneKeyHoldUpNobody(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, first, second := h.Person("host"), h.Person("first"), h.Person("second")
		g := host.Enter(in)
		host.Rule(in, g, raise) // so that the next task waits for others
		first.Hello(in)
		first.Knock(in)
		shown := testkit.Next[wire.KnockPush](host)
		second.Hello(in)
		second.Do(second.KnockAt(in, first))
		again := testkit.Next[wire.KnockPush](host)
		host.Do(host.Admission(in, g, shown, again))
		testkit.Next[wire.KnockGone](host)
		testkit.Next[wire.KnockGone](host)
		over(t, second, wire.ReasonLapsed)
		host.Work(g)
		first.Welcomed(g)
	})
}

// TestWhoRejoinedForAVoidLeafIsToldAndTheMeetingGoesOn: welcomed, loaded anew and asking for that leaf's place, all before the epoch is
// reopened.
func TestWhoRejoinedForAVoidLeafIsToldAndTheMeetingGoesOn(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		old := ben.Leaf
		ben.Rejoin(in, g)
		testkit.Next[wire.Task](host)
		host.Silent(3 * time.Second) // another is asked
		push := asha.Work(g)
		heard(host)
		ben.Welcomed(g)
		ben.Rejoin(in, g) // once more, by the leaf that is about to be void
		testkit.Next[wire.Task](host)
		host.Do(host.Refusal(g, push, statement.WhyGate))
		testkit.Next[wire.Reopened](host)
		testkit.Next[wire.Reopened](asha)
		over(t, ben, wire.ReasonLapsed)
		host.Silent(100 * time.Millisecond)
		ben.Leaf = old
		ben.Rejoin(in, g)
		host.Work(g)
		heard(asha)
		ben.Welcomed(g)
		ben.Do(ben.Message(g, ben.Epoch, false))
		testkit.Next[wire.AppPush](host)
	})
}

func TestARemovalIsNotCommittedAsAnAbsence(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.Removal(in, g, ben))
		over(t, ben, wire.ReasonRemoved)
		task := testkit.Next[wire.Task](host)
		kind := task
		kind.Removes = []wire.TaskRemove{{Participant: ben.WireID()}}
		host.Refused(fault.CommitBad, host.Commit(g, kind))
		host.Do(host.Commit(g, task))
		heard(host, asha)
		<-time.After(time.Second)
		asha.Do(asha.Leaving(in, g))
		asha.Gone()
		task = testkit.Next[wire.Task](host)
		kind = task
		kind.Removes = []wire.TaskRemove{{Participant: asha.WireID()}}
		host.Refused(fault.CommitBad, host.Commit(g, kind))
		host.Do(host.Commit(g, task))
		heard(host)
	})
}
