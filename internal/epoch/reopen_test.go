package epoch

import (
	"slices"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// crowd is a group of the host and persons 1 to n.
func crowd(t testing.TB, n byte) *Machine {
	m := opened()
	for i := byte(1); i <= n; i++ {
		enter(t, m, i)
	}
	m.orders = nil // long ago
	return m
}

func reopening(effects []Effect) (Reopen, bool) {
	for _, e := range effects {
		if r, ok := e.(Reopen); ok {
			return r, true
		}
	}
	return Reopen{}, false
}

func TestWhoseRefusalsReopenAnEpoch(t *testing.T) {
	author := person(hostNo)
	for name, c := range map[string]struct {
		refusals []Refused
		after    time.Duration
		reopens  bool
		want     fault.Code // of the last
	}{
		"a host's":                      {[]Refused{{By: person(1), Host: true}}, 0, true, ""},
		"one of four others":            {[]Refused{{By: person(1)}}, 0, false, ""},
		"half":                          {[]Refused{{By: person(1)}, {By: person(2)}}, 0, false, ""},
		"one twice":                     {[]Refused{{By: person(1)}, {By: person(1)}, {By: person(1)}}, 0, false, ""},
		"more than half":                {[]Refused{{By: person(1)}, {By: person(2)}, {By: person(3)}}, RefuseWithin, true, ""},
		"too late":                      {[]Refused{{By: person(1), Host: true}}, RefuseWithin + 1, false, fault.EpochStale},
		"the author's own":              {[]Refused{{By: author, Host: true}}, 0, false, fault.NotMember},
		"of who came in by it":          {[]Refused{{By: person(5), Host: true}}, 0, false, fault.NotMember},
		"of an epoch that is not there": {[]Refused{{By: person(1), Host: true, Epoch: 99}}, 0, false, fault.EpochStale},
	} {
		t.Run(name, func(t *testing.T) {
			m := crowd(t, 4)
			asked := asks(m.Step(add(5), start))[0]
			epoch := m.Epoch()
			m.Step(answer(m, asked), start)
			var effects []Effect
			for _, r := range c.refusals {
				if r.Epoch == 0 {
					r.Epoch = epoch
				}
				effects = m.Step(r, start.Add(c.after))
			}
			r, reopened := reopening(effects)
			if got := code(effects); got != c.want || reopened != c.reopens {
				t.Fatalf("refused with %q, reopened %v", got, reopened)
			}
			if reopened && (m.Epoch() != epoch || m.Holds(person(5)) || r.Author != author || !slices.Contains(r.To, person(5)) || len(r.Welcomed) != 1) {
				t.Errorf("%+v at %d", r, m.Epoch())
			}
		})
	}
}

func TestAReopenedEpochIsAsItWasButForItsAuthor(t *testing.T) {
	m := crowd(t, 3)
	m.Step(Gone{Remove{person(3), nil, ByAbsence}}, start)
	asked := asks(m.Step(Stated{Policy: []byte("p1"), Tightens: true, Removes: []Remove{{person(2), []byte("r"), ByRemoval}}}, start))
	if len(asked) > 0 {
		t.Fatal("asked while a task was out")
	}
	first := asks(m.Step(Ticked{}, start.Add(LeaseFor)))[0]
	if len(first.Task.Policies) != 1 || first.Task.Removes[0].Who != person(2) || len(first.Task.Removes) != 2 {
		t.Fatalf("task %+v", first.Task)
	}
	now := start.Add(LeaseFor)
	m.Step(answer(m, first), now)
	epoch := m.Epoch() - 1
	m.Step(Stated{Policy: []byte("p2"), Tightens: true}, now)
	second := m.open[0]
	m.Step(answer(m, Ask{second.by, second.task}), now)
	if m.Epoch() != epoch+2 || len(m.members) != 2 {
		t.Fatalf("epoch %d, %d members", m.Epoch(), len(m.members))
	}
	effects := m.Step(Refused{By: other(first.Who), Host: true, Epoch: epoch}, now)
	if _, ok := reopening(effects); !ok || len(m.members) != 4 {
		t.Fatalf("effects %+v, %d members", effects, len(m.members))
	}
	again := asks(effects)
	if len(again) != 1 || again[0].Who == first.Who || len(again[0].Task.Removes) != 2 ||
		len(again[0].Task.Policies) != 2 || string(again[0].Task.Policies[0]) != "p1" {
		t.Fatalf("asked %+v", again)
	}
	m.Step(Line{again[0].Who, false}, now)
	if got := m.open[len(m.open)-1]; got.by != first.Who {
		t.Error("the author is not asked though nobody else can")
	}
}

func other(who ident.ParticipantID) ident.ParticipantID {
	if who == person(1) {
		return person(hostNo)
	}
	return person(1)
}

func TestACommitCarriesAllPoliciesOfItsTask(t *testing.T) {
	m := opened()
	asked := asks(m.Step(Stated{Policy: []byte("p"), Consents: [][]byte{{1}, {2}}, Tightens: true}, start))[0]
	if len(asked.Task.Consents) != 2 {
		t.Errorf("task %+v", asked.Task)
	}
	without := answer(m, asked)
	without.Policies = 0
	if got := code(m.Step(without, start)); got != fault.CommitBad {
		t.Errorf("without its policy: %q", got)
	}
	if got := code(m.Step(answer(m, asked), start)); got != "" || len(m.policies) > 0 {
		t.Errorf("whole: %q", got)
	}
}

func TestPoliciesThatWaitAreBounded(t *testing.T) {
	m := opened()
	for range MaxPolicies {
		if got := code(m.Step(Stated{Policy: []byte("p")}, start)); got != "" {
			t.Fatalf("refused with %q", got)
		}
	}
	if got := code(m.Step(Stated{Policy: []byte("p")}, start)); got != fault.PolicyStale {
		t.Errorf("one more: %q", got)
	}
}

func TestASignedRemovalIsNotLeftOut(t *testing.T) {
	m := crowd(t, 2)
	m.Step(Gone{Remove{person(1), []byte("r"), ByRemoval}}, start)
	m.Step(add(3), start)
	m.open = nil
	asked := asks(m.Step(Ticked{}, start))[0]
	friend := answer(m, asked)
	friend.Removed = nil
	if got := code(m.Step(friend, start)); got != fault.CommitBad {
		t.Errorf("left out: %q", got)
	}
}

func TestARemovalOutlastsTheAbsenceThatWasUnderWay(t *testing.T) {
	m := crowd(t, 2)
	asked := asks(m.Step(Gone{Remove{person(1), nil, ByAbsence}}, start))[0]
	m.Step(Gone{Remove{person(1), []byte("r"), ByRemoval}}, start)
	next := asks(m.Step(answer(m, asked), start))
	if len(next) != 1 || string(next[0].Task.Removes[0].Statement) != "r" {
		t.Fatalf("asked %+v", next)
	}
	if got := code(m.Step(answer(m, next[0]), start)); got != "" || m.work() {
		t.Errorf("of who is away: %q", got)
	}
}

func TestAVoidAdmissionIsNotOrdered(t *testing.T) {
	m := crowd(t, 1)
	asked := asks(m.Step(add(2), start))[0]
	m.Step(add(3), start)
	m.Step(Unwanted{person(2)}, start)
	if got := code(m.Step(answer(m, asked), start)); got != fault.EpochStale {
		t.Errorf("ordered: %q", got)
	}
	if last := m.open[len(m.open)-1]; len(last.task.Adds) != 1 || last.task.Adds[0].Who != person(3) {
		t.Errorf("asked %+v", last.task)
	}
}

func TestWhatNobodyCanDoIsAskedForMoreAndMoreSeldom(t *testing.T) {
	for name, c := range map[string]struct {
		people byte
		most   int // times asked in ten minutes
	}{"alone": {1, 14}, "two of them": {2, 20}} {
		t.Run(name, func(t *testing.T) {
			m := crowd(t, c.people)
			effects := m.Step(Gone{Remove{person(1), nil, ByAbsence}}, start)
			n, last := len(asks(effects)), start
			for now := start; now.Before(start.Add(10 * time.Minute)); {
				now = m.Next()
				if more := len(asks(m.Step(Ticked{}, now))); more > 0 {
					n, last = n+more, now
				}
				if now.Sub(last) > LongestLease {
					t.Fatalf("nobody asked since %v", last)
				}
			}
			if n > c.most {
				t.Errorf("asked %d times", n)
			}
			if got := asks(m.Step(add(7), last.Add(LeaseFor*5))); len(got) != 1 {
				t.Error("something new waits for the long lease")
			}
		})
	}
}

func TestALargeGroupOfSlowDevicesIsGivenTime(t *testing.T) {
	m := crowd(t, 40)
	now := start
	open := asks(m.Step(add(99), now))[0]
	for work := 7 * time.Second; ; { // each device takes so long for a commit
		next := m.Next()
		if next.Sub(now) >= work {
			break
		}
		if next.Sub(start) > 30*time.Second {
			t.Fatal("no lease is long enough in half a minute")
		}
		now = next
		if more := asks(m.Step(Ticked{}, now)); len(more) == 1 {
			open = more[0]
		}
		m.Step(add(byte(100+m.lapsed%100)), now) // others go on coming
	}
	if got := code(m.Step(answer(m, open), now.Add(7*time.Second))); got != "" {
		t.Errorf("its commit: %q", got)
	}
}

func TestAGroupWithoutAPathForTenMinutesGetsOne(t *testing.T) {
	m := crowd(t, 1)
	if !m.Next().Equal(start.Add(FreshPath)) {
		t.Fatalf("next %v", m.Next())
	}
	asked := asks(m.Step(Ticked{}, start.Add(FreshPath)))
	if len(asked) != 1 || !asked[0].Task.empty() {
		t.Fatalf("asked %+v", asked)
	}
	bare := answer(m, asked[0])
	bare.Path = false
	if got := code(m.Step(bare, start.Add(FreshPath))); got != fault.CommitBad {
		t.Errorf("without a path: %q", got)
	}
	urgent := add(2)
	if got := asks(m.Step(urgent, start.Add(FreshPath))); len(got) != 1 {
		t.Error("a newcomer waits for the empty commit")
	}
	if got := code(m.Step(answer(m, asked[0]), start.Add(FreshPath))); got != "" || !m.lastPath.Equal(start.Add(FreshPath)) {
		t.Errorf("refused with %q", got)
	}
}

func TestARevivedGroupAsksWhoIsBack(t *testing.T) {
	m := New()
	people := []ident.ParticipantID{person(1), person(2)}
	m.Step(Revived{Group: groupOf(3), Generation: 3, Epoch: 40, Members: people}, start)
	if id, ok := m.Group(); !ok || id != groupOf(3) || m.Epoch() != 40 || !slices.Equal(m.Hearers(), people) {
		t.Fatalf("epoch %d of %v", m.Epoch(), m.Hearers())
	}
	if got := asks(m.Step(add(3), start)); len(got) > 0 {
		t.Errorf("asked %+v", got)
	}
	if got := asks(m.Step(Line{person(2), true}, start)); len(got) != 1 || got[0].Who != person(2) {
		t.Errorf("asked %+v", got)
	}
}

func TestAPageThatLostTheGroupIsNotAskedAndHearsNothing(t *testing.T) {
	m := crowd(t, 1)
	m.Step(Vacated{person(hostNo)}, start)
	m.Step(Joined{person(hostNo)}, start)
	asked := asks(m.Step(Wanted{Add{Who: person(hostNo), KeyPackage: []byte("new"), AtOnce: true}}, start))
	if len(asked) != 1 || asked[0].Who != person(1) || len(asked[0].Task.Removes) != 1 {
		t.Fatalf("asked %+v", asked)
	}
	effects := m.Step(answer(m, asked[0]), start)
	if order := effects[0].(Order); slices.Contains(order.To, person(hostNo)) {
		t.Error("the old epoch's commit went to a page that does not hold it")
	}
}
