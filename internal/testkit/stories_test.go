package testkit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/fault"
	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// gathering is a house with a host, a guest and a friend who hold one group.
type gathering struct {
	h                   *testkit.House
	in                  *testkit.Invite
	g                   *testkit.Group
	host, guest, friend *testkit.Person
}

func gather(t *testing.T) *gathering {
	h := testkit.NewHouse(t, testkit.Limits)
	m := &gathering{h: h, in: h.Book("A story"), host: h.Person("host"), guest: h.Person("guest"), friend: h.Person("friend")}
	m.g = m.host.Enter(m.in)
	for _, p := range []*testkit.Person{m.friend, m.guest} {
		p.Hello(m.in)
		p.Knock(m.in)
		testkit.LetIn(m.host, p, m.in, m.g)
	}
	testkit.Next[wire.CommitPush](m.friend)
	return m
}

func TestMoreThanHalfOfTheMembersReopenAnEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := gather(t)
		m.host.Do(m.host.Change(m.in, m.g, testkit.Lock))
		push := m.host.Work(m.g)
		if !m.g.Policy.Locked {
			t.Fatal("the lock was not committed")
		}
		for _, p := range []*testkit.Person{m.friend, m.guest} {
			testkit.Next[wire.CommitPush](p)
		}
		m.friend.Do(m.friend.Refusal(m.g, push, statement.WhyGate))
		m.guest.Silent(100 * time.Millisecond)
		m.guest.Do(m.guest.Refusal(m.g, push, statement.WhyOpens)) // two of three: more than half
		for _, p := range []*testkit.Person{m.friend, m.guest} {
			if r := testkit.Next[wire.Reopened](p); r.Author != m.host.WireID() || len(r.Refusals) != 2 {
				t.Errorf("%s hears of %d refusals of a commit by %v", p.Name, len(r.Refusals), r.Author)
			}
		}
		if m.g.Policy.Locked || m.g.Epoch != push.Epoch {
			t.Errorf("the group is in epoch %d, locked %v", m.g.Epoch, m.g.Policy.Locked)
		}
	})
}

func TestTheHostLinkTakesTheMeetingOnAnotherDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := gather(t)
		other := m.h.Person("other")
		other.Hello(m.in)
		if ok := other.TakeSeat(m.in); ok.Holders != 3 || ok.Generation != 1 {
			t.Fatalf("the new device is told of %d holders in generation %d", ok.Holders, ok.Generation)
		}
		_, open := other.NewGroup(m.in, 2)
		other.Refused(fault.GroupHeld, open)
		other.Do(other.Taking(m.in, m.g))
		m.host.Work(m.g)
		other.Welcomed(m.g)
		if m.g.Authority(other.DeviceKey()) != 2 {
			t.Error("the new device is no host")
		}
		other.Do(other.Change(m.in, m.g, testkit.Demote(m.guest.DeviceKey())))
	})
}

func TestOnlyWhoIsNamedHearsAPrivateMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := gather(t)
		m.guest.Do(m.guest.MessageTo(m.g, m.guest.Epoch, m.host))
		testkit.Next[wire.AppPush](m.host)
		m.friend.Silent(time.Second)
	})
}

func TestWhoWasAwayTooLongComesBackThroughTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := gather(t)
		m.host.Rule(m.in, m.g, testkit.Lock)
		testkit.Next[wire.CommitPush](m.friend)
		m.guest.Hang()
		testkit.Next[wire.Presence](m.host)
		m.host.Work(awaited(m)) // two minutes later the leaf goes
		if m.g.Has(m.guest.ID) {
			t.Fatal("the guest's leaf is still there")
		}
		m.guest.Rejoin(m.in, m.g)
		m.host.Work(m.g)
		m.guest.Welcomed(m.g)
		stranger := m.h.Person("stranger")
		stranger.Hello(m.in)
		stranger.Refused(fault.MeetingLocked, stranger.KnockProof(m.in))
	})
}

// awaited lets the two minutes pass after which a seat without a line is given up.
func awaited(m *gathering) *testkit.Group {
	m.host.Silent(lobby.Grace - time.Second)
	return m.g
}
