package lobby

import (
	"slices"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

func has(effects []Effect, want Effect) bool {
	return slices.ContainsFunc(effects, func(e Effect) bool {
		switch e := e.(type) {
		case Dismiss:
			w, ok := want.(Dismiss)
			return ok && w.Who == e.Who && w.Why == e.Why
		case Unseat:
			w, ok := want.(Unseat)
			return ok && w.Who == e.Who && w.Why == e.Why && w.Remove == e.Remove
		case ShowKnock:
			w, ok := want.(ShowKnock)
			return ok && w.To == e.To && w.Knock.Who == e.Knock.Who
		case Invite:
			w, ok := want.(Invite)
			return ok && w.Knock.Who == e.Knock.Who && w.Cause == e.Cause
		}
		return e == want
	})
}

func TestALockSendsAwayWhoIsNotInAndLetsMembersBack(t *testing.T) {
	m := opened()
	member(m, coHostNo)
	m.Step(knock(1), start)
	m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, start)
	m.Step(knock(2), start)
	m.Step(rejoin(coHostNo), start)
	effects := m.Step(lock, start)
	for _, want := range []Effect{Uninvite{person(1)}, Dismiss{Who: person(1), Why: WhyLocked}, Dismiss{Who: person(2), Why: WhyLocked}} {
		if !has(effects, want) {
			t.Errorf("no %#v", want)
		}
	}
	if has(effects, Uninvite{person(coHostNo)}) {
		t.Error("a rejoin was taken back by a lock")
	}
	m.Step(Welcomed{Who: person(1)}, start)
	if seated, _ := m.Seated(person(1)); seated {
		t.Error("seated by an admission that the lock made void")
	}
}

func TestABarOrDemotionHasTheAdmittedWaitAnew(t *testing.T) {
	m := opened()
	m.Step(knock(1), start)
	m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, start)
	effects := m.Step(bar(5), start)
	if !has(effects, Uninvite{person(1)}) || !has(effects, ShowKnock{To: person(hostNo), Knock: Knock{Who: person(1)}}) {
		t.Errorf("effects %#v", effects)
	}
	if got := code(m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, start)); got != "" {
		t.Errorf("admitted anew: %q", got)
	}
}

func TestABarPutsOutWhoWaitsAndAPardonLetsThemKnock(t *testing.T) {
	m := opened()
	member(m, 1)
	m.Step(knock(2), start)
	if effects := m.Step(bar(2), start); !has(effects, Dismiss{Who: person(2), Why: WhyRemoved}) {
		t.Errorf("effects %#v", effects)
	}
	m.Step(Removed{By: person(hostNo), Who: person(1), Device: device(1)}, start)
	m.Step(bar(1), start)
	if got := code(m.Step(Allowed{person(hostNo), person(1)}, start)); got != "" {
		t.Errorf("allowed: %q", got)
	}
	if got := code(m.Step(knock(1), start)); got != fault.Removed {
		t.Errorf("allowed, but barred: %q", got)
	}
	m.Step(Ruled{Hosts: []Device{device(hostNo)}}, start)
	if got := code(m.Step(knock(1), start)); got != "" {
		t.Errorf("pardoned: %q", got)
	}
}

func TestEveryHostAndCoHostSeesWhoKnocks(t *testing.T) {
	m := opened()
	member(m, coHostNo)
	m.Step(knock(1), start)
	effects := m.Step(Ruled{Hosts: []Device{device(hostNo)}, CoHosts: []Device{device(coHostNo)}}, start)
	if !has(effects, ShowKnock{To: person(coHostNo), Knock: Knock{Who: person(1)}}) {
		t.Errorf("a new co-host: %#v", effects)
	}
	effects = m.Step(knock(2), start)
	for _, n := range []byte{hostNo, coHostNo} {
		if !has(effects, ShowKnock{To: person(n), Knock: Knock{Who: person(2)}}) {
			t.Errorf("%d does not see the knock", n)
		}
	}
	effects = m.Step(Ruled{Hosts: []Device{device(hostNo)}, Voids: true}, start)
	if !has(effects, HideKnock{person(coHostNo), person(1)}) || !has(effects, HideKnock{person(coHostNo), person(2)}) {
		t.Errorf("demoted: %#v", effects)
	}
	if has(m.Step(knock(2), start), ShowKnock{To: person(coHostNo), Knock: Knock{Who: person(2)}}) {
		t.Error("a demoted co-host sees who knocks")
	}
}

func TestACoHostKeepsTheMeetingOpenWithoutItsHost(t *testing.T) {
	m := opened()
	member(m, coHostNo)
	m.Step(Ruled{Hosts: []Device{device(hostNo)}, CoHosts: []Device{device(coHostNo)}}, start)
	m.Step(Left{Who: person(hostNo)}, start)
	if effects := m.Step(Ticked{}, start.Add(Grace)); len(effects) > 0 {
		t.Errorf("effects %#v", effects)
	}
	m.Step(Ruled{Hosts: []Device{device(hostNo)}}, start.Add(Grace)) // demoted: nobody is there
	if !m.Next().Equal(start.Add(2 * Grace)) {
		t.Errorf("next %v", m.Next())
	}
}

func TestTheOldSeatOfWhoRejoinsIsTakenOver(t *testing.T) {
	m := opened()
	member(m, 1)
	if effects := m.Step(rejoin(1), start); !has(effects, Invite{Knock: Knock{Who: person(1)}, Cause: ByRejoin}) {
		t.Fatalf("effects %#v", effects)
	}
	effects := m.Step(Welcomed{Who: person(1), KeyPackage: rejoin(1).Knock.KeyPackage}, start)
	if !has(effects, Unseat{Who: person(1), Why: WhyElsewhere}) || !has(effects, Seat{person(1), device(1)}) {
		t.Errorf("effects %#v", effects)
	}
	if effects := m.Step(Joined{person(1)}, start); !has(effects, Confirm{person(1)}) {
		t.Errorf("joined: %#v", effects)
	}
}

func TestAHostDeviceTakesTheGroupFromItsSeat(t *testing.T) {
	m := opened()
	member(m, 1)
	m.Step(Lost{person(hostNo)}, start)
	if effects := m.Step(HostCame{person(hostNo), device(hostNo)}, start); !has(effects, Unseat{Who: person(hostNo), Why: WhyElsewhere}) {
		t.Errorf("the same device from elsewhere: %#v", effects)
	}
	if got := m.Holders(person(hostNo)); got != 1 {
		t.Errorf("%d holders", got)
	}
	if effects := m.Step(Ticked{}, start.Add(JoinWithin)); len(effects) > 0 {
		t.Errorf("a host that has not asked for the group lapses: %#v", effects)
	}
	k := rejoin(hostNo).Knock
	m.Step(Taken{k}, start)
	if effects := m.Step(Welcomed{Who: person(hostNo), KeyPackage: k.KeyPackage}, start); len(effects) > 0 {
		t.Errorf("welcomed: %#v", effects)
	}
	m.Step(Joined{person(hostNo)}, start)
	if got := m.Holders(person(hostNo)) + m.Holders(person(1)); got != 2 {
		t.Errorf("%d holders", got)
	}
}

func TestAHostAloneOpensANewGroupAndTheOthersKnock(t *testing.T) {
	m := opened()
	member(m, 1)
	m.Step(Lost{person(1)}, start)
	m.Step(HostCame{person(hostNo), device(hostNo)}, start)
	if effects := m.Step(Opened{person(hostNo)}, start); !has(effects, AskBack{Who: person(1)}) {
		t.Errorf("effects %#v", effects)
	}
}

func TestARevivedMeetingWaitsForItsPeople(t *testing.T) {
	m := New(limits)
	people := []Member{{person(hostNo), device(hostNo)}, {person(1), device(1)}}
	m.Step(Ruled{Hosts: []Device{device(hostNo)}}, start)
	if effects := m.Step(Revived{Seats: people, Away: []Member{{person(2), device(2)}}}, start); !has(effects, Seat{person(1), device(1)}) {
		t.Fatalf("effects %#v", effects)
	}
	if got := code(m.Step(rejoin(2), start)); got != fault.RejoinBad {
		t.Errorf("with nobody there: %q", got)
	}
	if effects := m.Step(Returned{person(hostNo), device(hostNo)}, start); !has(effects, ShowPresence{person(hostNo), true}) || !m.HostThere() {
		t.Errorf("returned: %#v", effects)
	}
	if got := code(m.Step(rejoin(2), start)); got != "" {
		t.Errorf("who is away: %q", got)
	}
	if effects := m.Step(Revived{Seats: people}, start); !has(effects, Unseat{Who: person(hostNo), Why: WhyVoid}) {
		t.Errorf("revived at a later epoch: %#v", effects)
	}
	if effects := m.Step(Ticked{}, start.Add(Grace)); !has(effects, Finish{WhyClosed}) {
		t.Errorf("nobody returned: %#v", effects)
	}
}

func TestWhoCameInByAVoidCommitIsOutsideAgain(t *testing.T) {
	m := opened()
	member(m, 1)
	if effects := m.Step(Unwelcomed{Who: person(1)}, start); !has(effects, Unseat{Who: person(1), Why: WhyVoid}) {
		t.Errorf("effects %#v", effects)
	}
	member(m, 2)
	m.Step(Unwelcomed{Who: person(2), Inside: true}, start)
	if effects := m.Step(Ticked{}, start.Add(Grace)); !has(effects, Unseat{Who: person(2), Why: WhyAbsent, Remove: true}) {
		t.Errorf("effects %#v", effects)
	}
}

func TestNobodyReplacesAnInvitationTwice(t *testing.T) {
	m := opened()
	member(m, 1)
	m.Step(rejoin(1), start)
	again := rejoin(1)
	again.Knock.KeyPackage = []byte("later")
	if effects := m.Step(again, start.Add(time.Second)); !has(effects, Uninvite{person(1)}) {
		t.Errorf("effects %#v", effects)
	}
}

func TestTheDoorsMemoryIsBoundedAndForgetsNobodyWhoSits(t *testing.T) {
	m := opened()
	member(m, 1)
	many := func(n int) (Device, ident.ParticipantID) {
		return Device{0xff, byte(n), byte(n >> 8)}, ident.ParticipantID{0xff, byte(n), byte(n >> 8)}
	}
	for n := range 2 * mostKept {
		d, who := many(n)
		m.know(d, who)
		m.denied.keep(d, who)
		m.removed.keep(d, who)
	}
	for name, list := range map[string]memory{"known": m.known, "denied": m.denied, "removed": m.removed} {
		if len(list.who) != mostKept || len(list.order) != mostKept {
			t.Errorf("%s keeps %d in order %d", name, len(list.who), len(list.order))
		}
	}
	oldest, _ := many(mostKept - 1)
	newest, who := many(2*mostKept - 1)
	if m.denied.has(oldest) || !m.denied.is(newest, who) {
		t.Error("not the oldest was forgotten")
	}
	if !m.known.is(device(1), person(1)) || !m.known.is(device(hostNo), person(hostNo)) {
		t.Error("who sits is forgotten")
	}
}

func TestABarThatNeverCameIntoForcePardonsNobody(t *testing.T) {
	m := opened()
	member(m, 1)
	if c := code(m.Step(Expelled{person(1), device(1)}, start)); c != fault.SeatUnknown {
		t.Errorf("expelled without a bar: %q", c)
	}
	m.Step(bar(1), start)
	m.Step(Expelled{person(1), device(1)}, start)
	m.Step(Ruled{Hosts: []Device{device(hostNo)}}, start)
	if c := code(m.Step(knock(1), start)); c != fault.Removed {
		t.Errorf("after the bar was dropped: %q", c)
	}
	m.Step(Ruled{Hosts: []Device{device(hostNo)}, Pardoned: []Device{device(1)}}, start)
	if c := code(m.Step(knock(1), start)); c != "" {
		t.Errorf("after the pardon: %q", c)
	}
}
