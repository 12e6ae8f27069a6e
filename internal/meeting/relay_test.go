package meeting_test

import (
	"testing"
	"time"

	"incamera/internal/lobby"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// good tells of each person whether the relay would take them.
func good(t *testing.T, h *testkit.House, when string, want map[*testkit.Person]bool) {
	t.Helper()
	n := 0
	for p, relayed := range want {
		if h.Relay.Good(p) != relayed {
			t.Errorf("%s: %s may use the relay: %v", when, p.Name, !relayed)
		}
		if relayed {
			n++
		}
	}
	if h.Relay.Live() != n {
		t.Errorf("%s: %d credentials, not %d", when, h.Relay.Live(), n)
	}
}

func TestTheRelayIsForSeatsThatHoldTheGroup(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, guest := h.Person("host"), h.Person("guest")
		host.Hello(in)
		host.TakeSeat(in)
		good(t, h, "before the group", map[*testkit.Person]bool{host: false})
		g, open := host.NewGroup(in, 1)
		if relay := host.Opened(g, open); len(relay.URLs) != 1 || relay.Username == "" || relay.Credential == "" {
			t.Errorf("the host is told %#v", relay.URLs)
		}
		good(t, h, "the host alone", map[*testkit.Person]bool{host: true})
		guest.Hello(in)
		guest.Knock(in)
		host.Do(host.Admission(in, g, testkit.Next[wire.KnockPush](host)))
		testkit.Next[wire.KnockGone](host)
		host.Work(g)
		guest.TakeIn(g, testkit.Next[wire.Admitted](guest))
		good(t, h, "admitted, not joined", map[*testkit.Person]bool{host: true, guest: false})
		if relay := guest.Do(wire.Joined{Epoch: guest.Epoch}).(wire.OkSeated).Relay; len(relay.URLs) != 1 {
			t.Errorf("the guest is told %#v", relay.URLs)
		}
		good(t, h, "joined", map[*testkit.Person]bool{host: true, guest: true})
		guest.Do(guest.Leaving(in, g))
		guest.Gone()
		good(t, h, "the guest left", map[*testkit.Person]bool{host: true, guest: false})
		host.Do(host.Ending(in, g))
		testkit.Next[wire.Over](host)
		host.Gone()
		good(t, h, "ended", map[*testkit.Person]bool{host: false, guest: false})
	})
}

func TestTheRelayLastsAsLongAsTheSeatOverABrokenLineToo(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, _ := inside(h, in)
		all := map[*testkit.Person]bool{host: true, asha: true, ben: true}
		for range 12 { // two hours, with the commits that are asked for meanwhile
			<-time.After(10*time.Minute - time.Second)
			good(t, h, "in a long meeting", all)
		}
		asha.Hang()
		<-time.After(lobby.Grace - time.Second)
		good(t, h, "while a line is broken", all)
		<-time.After(2 * time.Second)
		all[asha] = false
		good(t, h, "the seat is given up", all)
	})
}

func TestTheRelayEndsWithARemoval(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		host.Do(host.Removal(in, g, asha))
		good(t, h, "removed", map[*testkit.Person]bool{host: true, asha: false, ben: true})
	})
}

func TestARestartGivesTheRelayAnew(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, g := inside(h, in)
		h.Restart()
		good(t, h, "the server closed down", map[*testkit.Person]bool{host: false, asha: false, ben: false})
		host.Revive(in, g)
		asha.Hello(in)
		if relay := asha.Do(asha.ReturnProof(in, g)).(wire.OkReturn).Relay; len(relay.URLs) != 1 {
			t.Errorf("who returns is told %#v", relay.URLs)
		}
		good(t, h, "two are back", map[*testkit.Person]bool{host: true, asha: true, ben: false})
		before := h.Relay.Ended()
		asha.Return(in, g) // from another connection: the one before has a seat no more
		good(t, h, "one is back twice", map[*testkit.Person]bool{host: true, asha: true, ben: false})
		if h.Relay.Ended() != before+1 {
			t.Error("the relay of the seat before is still good")
		}
	})
}

func TestANewGroupTakesTheRelayOfThoseWhoHaveToComeAgain(t *testing.T) {
	scene(t, func(t *testing.T, h *testkit.House, in *testkit.Invite) {
		host, asha, ben, _ := inside(h, in)
		for _, p := range []*testkit.Person{asha, ben, host} {
			p.Hang()
		}
		host.Hello(in)
		host.TakeSeat(in)
		host.OpenGroup(in, 2)
		good(t, h, "in a new group", map[*testkit.Person]bool{host: true, asha: false, ben: false})
	})
}
