package meeting_test

import (
	"testing"

	"incamera/internal/fault"
	"incamera/internal/testkit"
)

// restarted is a server that forgot the group; asha was a co-host in the state that is kept as old and is none in the newest.
func restarted(t *testing.T, h *testkit.House, in *testkit.Invite) (host, asha *testkit.Person, g, old *testkit.Group) {
	t.Helper()
	host, asha, ben, g := inside(h, in)
	host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
	heard(asha, ben)
	kept := *g
	host.Rule(in, g, testkit.Demote(asha.DeviceKey()))
	heard(asha, ben)
	h.Restart()
	return host, asha, g, &kept
}

func TestAStaleStateIsNotTakenForALaterEpochThatItClaims(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, g, old := restarted(t, h, in)
		host.Revive(in, g)
		old.Epoch += 1000
		asha.Hello(in)
		asha.Refused(fault.EpochStale, asha.ReviveProof(in, old))
		host.Do(host.Message(g, g.Epoch, false))
	})
}

func TestTheFurtherChainTakesTheReviveOverWhateverTheEpoch(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, g, old := restarted(t, h, in)
		old.Epoch += 1000
		asha.Revive(in, old)
		host.Revive(in, g)
		host.Do(host.Change(in, g, testkit.Lock))
	})
}

func TestWhoWasRemovedAfterARestartRevivesNothing(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, _, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		old := *g
		h.Restart()
		host.Revive(in, g)
		host.Do(host.Removal(in, g, asha)) // without a bar
		old.Epoch += 1000
		asha.Hello(in)
		asha.Refused(fault.Removed, asha.ReviveProof(in, &old))
	})
}

func TestWhoHoldsAnotherCommitOfTheSameEpochDoesNotReturn(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		h.Restart()
		asha.Revive(in, g)
		absent(t, asha, host, ben)
		asha.Rule(in, g, testkit.Lock)
		ben.Epoch = g.Epoch // by a commit that this server did not send
		ben.Hello(in)
		ben.Refused(fault.RejoinBad, ben.ReturnProof(in, g))
	})
}

func TestABareWordForALaterEpochCountsUntilSomethingIsOrdered(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Rule(in, g, testkit.CoHost(asha.DeviceKey()))
		heard(asha, ben)
		h.Restart()
		host.Revive(in, g)
		absent(t, host, asha, ben)
		host.Rule(in, g, raise)
		later := *g
		later.Epoch += 1000
		asha.Hello(in)
		asha.Refused(fault.EpochStale, asha.ReviveProof(in, &later))
	})
}
