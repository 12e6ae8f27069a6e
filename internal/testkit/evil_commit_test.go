package testkit

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/fault"
	"incamera/internal/statement"
	"incamera/internal/testkit/mls"
	"incamera/internal/wire"
)

// evil is a host, a co-host and a guest inside a meeting, in a bubble.
type evil struct {
	t               *testing.T
	h               *House
	in              *Invite
	g               *Group
	host, co, guest *Person
}

// evilHouse is a house with one booked meeting, in a bubble.
func evilHouse(t *testing.T, story func(h *House, in *Invite)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h := NewHouse(t, Limits)
		story(h, h.Book("A talk"))
	})
}

func evilScene(t *testing.T, story func(s evil)) {
	t.Helper()
	evilHouse(t, func(h *House, in *Invite) {
		s := evil{t: t, h: h, in: in, host: h.Person("host"), co: h.Person("co-host"), guest: h.Person("guest")}
		s.g = s.host.Enter(s.in)
		for _, p := range []*Person{s.co, s.guest} {
			p.Hello(s.in)
			p.Knock(s.in)
			LetIn(s.host, p, s.in, s.g)
		}
		Next[wire.CommitPush](s.co)
		s.host.Rule(s.in, s.g, CoHost(s.co.DeviceKey()))
		s.carried(s.co, s.guest)
		story(s)
	})
}

func (s evil) carried(people ...*Person) {
	for _, p := range people {
		Next[wire.CommitPush](p)
	}
}

// spoilt offers a task's commit after a change that the gate must refuse, and insists that it is.
func (s evil) spoilt(by *Person, task wire.Task, what string, change func(c *mls.Commit)) {
	s.t.Helper()
	c, made := by.plan(s.g, task)
	change(&c)
	r := by.committed(s.g, task, c, made)
	if f, refused := by.Ask(r).(wire.Fault); !refused || f.Code != fault.CommitBad {
		s.t.Errorf("%s was not refused", what)
	}
}

// TestM2ABadCommitWedgesNothing: the server runs every rule that needs no secret before it orders, a removal of the host moves nobody, and
// the epoch stays open for a good one.
func TestM2ABadCommitWedgesNothing(t *testing.T) {
	evilScene(t, func(s evil) {
		s.host.Do(s.host.Change(s.in, s.g, Lock))
		Next[wire.Task](s.host)
		<-time.After(3 * time.Second)
		task := Next[wire.Task](s.co)
		index, _ := s.g.find(s.host.ID)
		own, _ := s.g.find(s.co.ID)
		stranger := mls.NewLeaf(s.in.ID, s.h.Person("stranger").ID, s.guest.Device)
		for what, change := range map[string]func(c *mls.Commit){
			"a removal of the host":             func(c *mls.Commit) { c.Removes = append(c.Removes, index) },
			"a removal of the sender":           func(c *mls.Commit) { c.Removes = append(c.Removes, own) },
			"a removal of a leaf that is none":  func(c *mls.Commit) { c.Removes = append(c.Removes, 77) },
			"a removal twice":                   func(c *mls.Commit) { c.Removes = append(c.Removes, index, index) },
			"an addition that nobody asked for": func(c *mls.Commit) { c.Adds = append(c.Adds, stranger.KeyPackage(time.Now())) },
			"another's leaf":                    func(c *mls.Commit) { c.Sender = index },
			"a path with another signature key": func(c *mls.Commit) { c.Path = mls.NewLeaf(s.in.ID, s.co.ID, s.co.Device) },
			"no policy":                         func(c *mls.Commit) { c.Statements = nil },
			"a later epoch":                     func(c *mls.Commit) { c.Epoch++ },
			"a time before the last":            func(c *mls.Commit) { c.Time = time.UnixMilli(int64(s.g.Time) - 1) },
			"a time far ahead":                  func(c *mls.Commit) { c.Time = time.Now().Add(2*time.Minute + time.Second) },
			"the last time of all":              func(c *mls.Commit) { c.Time = time.UnixMilli(math.MaxInt64) },
		} {
			s.spoilt(s.co, task, what, change)
		}
		s.host.Do(s.host.Message(s.g, s.g.Epoch, false)) // the host is still inside
		Next[wire.AppPush](s.co)
		s.spokenAndSilent()
		s.co.Do(s.co.Commit(s.g, task))
		s.carried(s.co, s.guest)
	})
}

func (s evil) spokenAndSilent() {
	Next[wire.AppPush](s.guest)
	s.guest.Silent(100 * time.Millisecond)
}

// TestCommitTimeMayBeALittleAhead: two minutes of clock error are no fault.
func TestCommitTimeMayBeALittleAhead(t *testing.T) {
	evilScene(t, func(s evil) {
		s.host.Do(s.host.Change(s.in, s.g, Lock))
		task := Next[wire.Task](s.host)
		c, made := s.host.plan(s.g, task)
		c.Time = time.Now().Add(2 * time.Minute)
		made.time = uint64(c.Time.UnixMilli())
		s.host.Do(s.host.committed(s.g, task, c, made))
		s.carried(s.host, s.co, s.guest)
		s.host.Rule(s.in, s.g, Unlock) // and the next goes on from there
		s.h.Restart()
		told := *s.g
		told.Time = uint64(time.Now().Add(3 * time.Minute).UnixMilli())
		s.host.Hello(s.in)
		s.host.Refused(fault.StatementBad, s.host.ReviveProof(s.in, &told))
		s.host.Do(s.host.ReviveProof(s.in, s.g))
	})
}

// TestM6ResumeNeedsTicketDeviceAndThisChallenge, and a ticket dies with a bar.
func TestM6ResumeNeedsTicketDeviceAndThisChallenge(t *testing.T) {
	evilScene(t, func(s evil) {
		s.guest.Hang()
		s.carriedPresence()
		thief := s.h.Person("thief")
		thief.ID, thief.Place = s.guest.ID, s.guest.Place
		thief.Hello(s.in)
		thief.Refused(fault.ResumeBad, thief.ResumeProof(s.in)) // the ticket on another device
		s.guest.Hello(s.in)
		stale := s.guest.ResumeProof(s.in)
		s.guest.Hello(s.in)
		s.guest.Refused(fault.ResumeBad, stale) // of another line
		wrong := *s.guest
		wrong.Ticket[31] ^= 1
		s.guest.Refused(fault.ResumeBad, wrong.ResumeProof(s.in))
		ticket := s.guest.Ticket
		s.host.Do(s.host.RemovalForGood(s.in, s.g, s.guest))
		s.guest.Ticket = ticket
		s.guest.Refused(fault.ResumeBad, s.guest.ResumeProof(s.in)) // barred meanwhile
	})
}

func (s evil) carriedPresence() {
	Next[wire.Presence](s.host)
	Next[wire.Presence](s.co)
}

// TestM1OfTwoPoliciesOneWins: compare-and-swap by the hash of the one before.
func TestM1OfTwoPoliciesOneWins(t *testing.T) {
	evilScene(t, func(s evil) {
		lock, bar := s.host.Change(s.in, s.g, Lock), s.co.Change(s.in, s.g, Bar(s.guest.DeviceKey()))
		s.host.Do(lock)
		s.co.Refused(fault.PolicyStale, bar)
		s.host.Refused(fault.PolicyStale, lock)
		s.host.Work(s.g)
		s.carried(s.co, s.guest)
		s.co.Refused(fault.PolicyStale, bar)
		s.co.Do(s.co.Change(s.in, s.g, Bar(s.guest.DeviceKey())))
		s.host.Work(s.g)
		if !s.g.Policy.Locked || !s.g.Barred(s.guest.DeviceKey()) {
			t.Error("one policy undid the other")
		}
	})
}

// TestH8TheLockLocks: no signature of a host or co-host lets anybody new in while it is locked, one from before it neither; a device that was
// inside comes back.
func TestH8TheLockLocks(t *testing.T) {
	evilScene(t, func(s evil) {
		newbie := s.h.Person("newbie")
		newbie.Hello(s.in)
		newbie.Knock(s.in)
		shown := Next[wire.KnockPush](s.host)
		Next[wire.KnockPush](s.co)
		before := s.co.Admission(s.in, s.g, shown)
		s.host.Do(s.host.Change(s.in, s.g, Lock))
		if o := Next[wire.Over](newbie); o.Reason != wire.ReasonLocked {
			t.Errorf("over: %s", o.Reason)
		}
		for _, p := range []*Person{s.host, s.co} {
			Next[wire.KnockGone](p)
			p.Refused(fault.StatementBad, p.Admission(s.in, s.g, shown))
		}
		s.co.Refused(fault.StatementBad, before)
		newbie.Hello(s.in)
		newbie.Refused(fault.MeetingLocked, newbie.KnockProof(s.in))
		s.host.Work(s.g)
		s.carried(s.co, s.guest)
		s.co.Refused(fault.StatementBad, before)
		s.co.Refused(fault.PolicyBad, s.co.Change(s.in, s.g, Unlock)) // a co-host tightens only
		s.guest.Rejoin(s.in, s.g)
		s.host.Work(s.g)
		s.carried(s.co)
		s.guest.Welcomed(s.g)
	})
}

// TestH9FromABarOnStrangersWaitForAHost: who is barred comes back with another device as a stranger, who hears nothing until admitted.
func TestH9FromABarOnStrangersWaitForAHost(t *testing.T) {
	evilScene(t, func(s evil) {
		s.host.Do(s.host.RemovalForGood(s.in, s.g, s.guest))
		s.host.Work(s.g)
		s.carried(s.co)
		s.guest.Hello(s.in)
		s.guest.Refused(fault.Removed, s.guest.KnockProof(s.in))
		again := s.h.Person("the same in another browser")
		again.Hello(s.in)
		again.Knock(s.in)
		if k := Next[wire.KnockPush](s.host); k.Returning {
			t.Error("shown as somebody known")
		}
		again.Refused(fault.NotMember, again.Message(s.g, s.g.Epoch, false))
		s.host.Do(s.host.Message(s.g, s.g.Epoch, false))
		again.Silent(time.Minute)
	})
}

// TestL1TheCommitterAdoptsWhatCameBack: the order is signed over group, epoch and commit, one for each epoch.
func TestL1TheCommitterAdoptsWhatCameBack(t *testing.T) {
	evilScene(t, func(s evil) {
		s.host.Do(s.host.Change(s.in, s.g, Lock))
		task := Next[wire.Task](s.host)
		r := s.host.Commit(s.g, task)
		s.host.Do(r)
		push := Next[wire.CommitPush](s.host) // Person holds signature, group, epoch and hash against its own
		order, err := statement.Parse(push.Order)
		if err != nil || order.Signer != s.host.OrderKey || !order.Verify(s.in.ID, s.g.ID) {
			t.Errorf("order %+v, %v", order, err)
		}
		s.host.Refused(fault.EpochStale, r) // no second order for the epoch
		s.host.Silent(time.Second)
	})
}

// TestL4ACommitterWhoOmitsSomebodyIsPassedOver: the lease moves on while it does nothing, and who was left out is told.
func TestL4ACommitterWhoOmitsSomebodyIsPassedOver(t *testing.T) {
	evilScene(t, func(s evil) {
		newbie := s.h.Person("newbie")
		newbie.Hello(s.in)
		newbie.Knock(s.in)
		Next[wire.KnockPush](s.co)
		s.host.Do(s.host.Admission(s.in, s.g, Next[wire.KnockPush](s.host)))
		Next[wire.KnockGone](s.host)
		Next[wire.KnockGone](s.co)
		Next[wire.Task](s.host) // and does nothing
		task := Next[wire.Task](s.co)
		s.co.Do(s.co.Commit(s.g, task))
		s.carried(s.co, s.host, s.guest)
		newbie.Welcomed(s.g)
	})
}
