package epoch

import (
	"slices"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func person(n byte) ident.ParticipantID { return ident.ParticipantID{n} }

const hostNo = 9

func groupOf(generation uint32) statement.GroupID { return statement.GroupID{1, byte(generation)} }

func opened() *Machine {
	m := New()
	m.Step(Opened{person(hostNo), groupOf(1), 1}, start)
	return m
}

func add(n byte) Wanted {
	return Wanted{Add{Who: person(n), KeyPackage: []byte{n}, Statement: []byte{'a', n}}}
}

func asks(effects []Effect) []Ask {
	var list []Ask
	for _, e := range effects {
		if a, ok := e.(Ask); ok {
			list = append(list, a)
		}
	}
	return list
}

func code(effects []Effect) fault.Code {
	for _, e := range effects {
		if r, ok := e.(Refuse); ok {
			return r.Code
		}
	}
	return ""
}

// answer is the commit that does all of a task.
func answer(m *Machine, a Ask) Committed {
	c := Committed{
		By: a.Who, Sender: a.Who, Lease: a.Task.Lease, Epoch: a.Task.Epoch, Commit: []byte("commit"),
		Policies: len(a.Task.Policies), Path: true,
	}
	for _, add := range a.Task.Adds {
		c.Added = append(c.Added, add.Who)
	}
	for _, r := range a.Task.Removes {
		if m.Holds(r.Who) {
			c.Removed = append(c.Removed, r.Who)
		}
	}
	if len(c.Added) > 0 {
		c.Welcome, c.Tree = []byte("welcome"), []byte("tree")
	}
	return c
}

// later is when nothing waits for a batch any more.
func later(m *Machine) time.Time {
	if m.lastCommit.IsZero() {
		return start
	}
	return m.lastCommit.Add(m.pause())
}

// enter adds person n and has them confirm.
func enter(t testing.TB, m *Machine, n byte) {
	t.Helper()
	in := add(n)
	in.Add.AtOnce = true
	asked := asks(m.Step(in, start))
	if len(asked) != 1 {
		t.Fatalf("nobody was asked to add %d", n)
	}
	if got := code(m.Step(answer(m, asked[0]), start)); got != "" {
		t.Fatalf("adding %d: %s", n, got)
	}
	m.Step(Joined{person(n)}, start)
	m.lastCommit = time.Time{} // long ago
}

func TestACommitThatDoesNotFitIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(c *Committed)
		want  fault.Code
	}{
		"fits":                      {func(*Committed) {}, ""},
		"a later epoch":             {func(c *Committed) { c.Epoch++ }, fault.EpochStale},
		"from nobody":               {func(c *Committed) { c.By = person(7) }, fault.NotMember},
		"another member's lease":    {func(c *Committed) { c.By = person(1) }, fault.EpochStale},
		"an old lease":              {func(c *Committed) { c.Lease-- }, fault.EpochStale},
		"another's leaf":            {func(c *Committed) { c.Sender = person(1) }, fault.CommitBad},
		"a policy unasked":          {func(c *Committed) { c.Policies++ }, fault.CommitBad},
		"adds a stranger":           {func(c *Committed) { c.Added = append(c.Added, person(7)) }, fault.CommitBad},
		"adds somebody twice":       {func(c *Committed) { c.Added = append(c.Added, c.Added[0]) }, fault.CommitBad},
		"removes a member unasked":  {func(c *Committed) { c.Removed = append(c.Removed, person(1)) }, fault.CommitBad},
		"removes its sender":        {func(c *Committed) { c.Removed = append(c.Removed, c.By) }, fault.CommitBad},
		"an add without a welcome":  {func(c *Committed) { c.Welcome = nil }, fault.CommitBad},
		"an add without a tree":     {func(c *Committed) { c.Tree = nil }, fault.CommitBad},
		"a welcome without an add":  {func(c *Committed) { c.Added = nil }, fault.CommitBad},
		"does nothing":              {func(c *Committed) { c.Added, c.Welcome, c.Tree = nil, nil, nil }, fault.CommitBad},
		"nothing, but with removes": {func(c *Committed) { c.Removed = []ident.ParticipantID{person(2)} }, fault.CommitBad},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened()
			enter(t, m, 1)
			asked := asks(m.Step(add(2), start))[0]
			offer := answer(m, asked)
			c.spoil(&offer)
			was := m.Epoch()
			if got := code(m.Step(offer, start)); got != c.want {
				t.Errorf("refused with %q, want %q", got, c.want)
			}
			if refused := c.want != ""; refused && m.Epoch() != was {
				t.Error("a refused commit spent the epoch")
			}
		})
	}
}

func TestAGroupIsOpenedOnceForEachGeneration(t *testing.T) {
	m := opened()
	for _, generation := range []uint32{0, 1} {
		if got := code(m.Step(Opened{person(hostNo), groupOf(5), generation}, start)); got != fault.EpochStale {
			t.Errorf("generation %d: %q", generation, got)
		}
	}
	enter(t, m, 1)
	if got := code(m.Step(Opened{person(hostNo), groupOf(2), 2}, start)); got != "" || m.Epoch() != 0 || m.Holds(person(1)) {
		t.Errorf("the next: %q, epoch %d", got, m.Epoch())
	}
}

func TestTheWelcomeGoesToTheAddedAloneAndTheCommitToThoseWhoWereIn(t *testing.T) {
	m := opened()
	enter(t, m, 1)
	effects := m.Step(answer(m, asks(m.Step(add(2), start))[0]), start)
	order := effects[0].(Order)
	if !slices.Equal(order.To, []ident.ParticipantID{person(hostNo), person(1)}) || order.Epoch != 1 {
		t.Errorf("ordered %+v", order)
	}
	if w := effects[1].(Welcome); w.Who != person(2) || w.Epoch != 2 || string(w.Statement) != "a\x02" {
		t.Errorf("welcomed %+v", w)
	}
}

func TestTasksFollowACommitAtOnceOrAfterAPause(t *testing.T) {
	for name, c := range map[string]struct {
		in     Input
		people int
		want   time.Duration
	}{
		"a removal":                           {Gone{Remove{person(1), []byte("r"), ByRemoval}}, 3, 0},
		"a policy that tightens":              {Stated{Policy: []byte("p"), Tightens: true}, 3, 0},
		"a rejoin":                            {Wanted{Add{Who: person(1), KeyPackage: []byte("k"), AtOnce: true}}, 3, 0},
		"a leave":                             {Gone{Remove{person(1), []byte("l"), ByLeave}}, 3, 300 * time.Millisecond},
		"an absence":                          {Gone{Remove{person(1), nil, ByAbsence}}, 3, 300 * time.Millisecond},
		"an admission":                        {add(200), 3, 300 * time.Millisecond},
		"a policy that loosens":               {Stated{Policy: []byte("p")}, 3, 300 * time.Millisecond},
		"in a group of a hundred":             {add(200), 100, time.Second},
		"in a group of two hundred and fifty": {add(200), 250, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened()
			for n := len(m.members); n < c.people; n++ {
				m.arrivals++
				m.members[ident.ParticipantID{byte(n % 100), byte(n)}] = &member{confirmed: true, order: m.arrivals}
			}
			m.members[person(1)] = m.members[ident.ParticipantID{1, 1}]
			delete(m.members, ident.ParticipantID{1, 1})
			m.lastCommit = start
			got := asks(m.Step(c.in, start))
			if c.want == 0 {
				if len(got) != 1 {
					t.Error("it waited")
				}
				return
			}
			if len(got) > 0 || !m.Next().Equal(start.Add(c.want)) {
				t.Errorf("asked %+v, next %v", got, m.Next().Sub(start))
			}
			if got := asks(m.Step(Ticked{}, start.Add(c.want))); len(got) != 1 {
				t.Error("nobody was asked")
			}
		})
	}
}

func TestTheLeaseMovesOnAndAnOldHolderMayStillAnswer(t *testing.T) {
	m := opened()
	enter(t, m, 1)
	first := asks(m.Step(add(2), start))[0]
	if first.Who != person(hostNo) {
		t.Fatalf("%v was asked before the host", first.Who)
	}
	if got := asks(m.Step(Ticked{}, start.Add(LeaseFor-time.Millisecond))); len(got) > 0 {
		t.Error("too early")
	}
	second := asks(m.Step(Ticked{}, start.Add(LeaseFor)))[0]
	if second.Who != person(1) || second.Task.Lease <= first.Task.Lease {
		t.Errorf("second %+v", second)
	}
	if got := code(m.Step(answer(m, first), start.Add(LeaseFor+time.Second))); got != "" {
		t.Errorf("the first holder's commit: %q", got)
	}
	if got := code(m.Step(answer(m, second), start.Add(LeaseFor+time.Second))); got != fault.EpochStale {
		t.Errorf("the second's: %q", got)
	}
}

func TestTheLeaseMovesAtOnceWhenTheHolderIsCutOff(t *testing.T) {
	m := opened()
	enter(t, m, 1)
	m.Step(add(2), start)
	if got := asks(m.Step(Line{person(hostNo), false}, start)); len(got) != 1 || got[0].Who != person(1) {
		t.Errorf("asked %+v", got)
	}
}

func TestALoneCommitterIsNotHurriedButAskedAgain(t *testing.T) {
	m := opened()
	first := asks(m.Step(add(1), start))[0]
	if !m.Next().Equal(start.Add(AloneFor)) {
		t.Errorf("next %v", m.Next())
	}
	if got := asks(m.Step(Ticked{}, start.Add(AloneFor-1))); len(got) > 0 {
		t.Errorf("hurried: %+v", got)
	}
	got := asks(m.Step(Ticked{}, start.Add(AloneFor)))
	if len(got) != 1 || got[0].Task.Lease <= first.Task.Lease {
		t.Fatalf("asked again: %+v", got)
	}
	if c := code(m.Step(answer(m, first), start.Add(AloneFor))); c != "" {
		t.Errorf("the late commit: %q", c)
	}
}

func TestATaskThatNobodyWantsAnyMoreHoldsUpNothing(t *testing.T) {
	m := opened()
	first := asks(m.Step(add(1), start))[0]
	late := answer(m, first)
	m.Step(Unwanted{person(1)}, start)
	if got := asks(m.Step(add(2), start)); len(got) != 1 || got[0].Task.Adds[0].Who != person(2) {
		t.Errorf("asked %+v", got)
	}
	if c := code(m.Step(late, start)); c != fault.EpochStale {
		t.Errorf("the commit that is not wanted: %q", c)
	}
}

func TestWhoCannotBeAddedHoldsUpNobody(t *testing.T) {
	m := opened()
	first := asks(m.Step(add(1), start))[0]
	m.Step(add(2), start)
	wrong := Declined{By: person(1), Lease: first.Task.Lease, Who: []ident.ParticipantID{person(1)}}
	if c := code(m.Step(wrong, start)); c != fault.EpochStale {
		t.Errorf("declined by who was not asked: %q", c)
	}
	effects := m.Step(Declined{By: first.Who, Lease: first.Task.Lease, Who: []ident.ParticipantID{person(1), person(2)}}, start)
	if !slices.Contains(effects, Effect(Unaddable{person(1)})) || slices.Contains(effects, Effect(Unaddable{person(2)})) {
		t.Errorf("told %+v", effects)
	}
	if got := asks(effects); len(got) != 1 || len(got[0].Task.Adds) != 1 || got[0].Task.Adds[0].Who != person(2) {
		t.Errorf("asked %+v", got)
	}
}

func TestABatchHasAtMostFifty(t *testing.T) {
	m := opened()
	asked := asks(m.Step(add(1), start))
	for n := byte(100); n < 160; n++ {
		m.Step(add(n), start)
	}
	m.Step(answer(m, asked[0]), start)
	next := asks(m.Step(Ticked{}, later(m)))
	if len(next) != 1 || len(next[0].Task.Adds) != MaxBatch {
		t.Fatalf("asked for %+v", next)
	}
	m.Step(answer(m, next[0]), later(m))
	if rest := asks(m.Step(Ticked{}, later(m))); len(rest) != 1 || len(rest[0].Task.Adds) != 10 {
		t.Errorf("the rest: %+v", rest)
	}
}

// TestAPolicyGoesWithAllWhomItBars: the gate takes none without them, and everything else waits behind it.
func TestAPolicyGoesWithAllWhomItBars(t *testing.T) {
	m := opened()
	for n := byte(100); n < 250; n++ {
		enter(t, m, n)
	}
	var both Batch
	for n := byte(100); n < 150; n++ { // as many as a commit has, first in line
		both = append(both, add(n))
	}
	for first := byte(150); first < 220; first += 35 {
		in := Stated{Policy: []byte{first}, Tightens: true}
		for n := first; n < first+35; n++ {
			in.Removes = append(in.Removes, Remove{Who: person(n), Reason: ByAbsence})
		}
		both = append(both, in)
	}
	asked := asks(m.Step(both, start))
	if len(asked) != 1 || len(asked[0].Task.Policies) != 2 {
		t.Fatalf("asked %+v", asked)
	}
	for n := byte(150); n < 220; n++ {
		if !slices.ContainsFunc(asked[0].Task.Removes, func(r Remove) bool { return r.Who == person(n) }) {
			t.Errorf("%d is barred and stays", n)
		}
	}
	if got := code(m.Step(answer(m, asked[0]), start)); got != "" {
		t.Errorf("the commit: %s", got)
	}
}

func TestWhoComesBackIsRemovedAndAddedInOneCommit(t *testing.T) {
	m := opened()
	enter(t, m, 1)
	asked := asks(m.Step(Wanted{Add{Who: person(1), KeyPackage: []byte("new")}}, start))[0]
	if len(asked.Task.Removes) != 1 || asked.Task.Removes[0].Who != person(1) {
		t.Fatalf("task %+v", asked.Task)
	}
	half := answer(m, asked)
	half.Removed = nil
	if got := code(m.Step(half, start)); got != fault.CommitBad {
		t.Errorf("added without being removed: %q", got)
	}
	half = answer(m, asked)
	half.Added, half.Welcome, half.Tree = nil, nil, nil
	if got := code(m.Step(half, start)); got != fault.CommitBad {
		t.Errorf("removed without being added: %q", got)
	}
	if got := code(m.Step(answer(m, asked), start)); got != "" || !m.Holds(person(1)) {
		t.Errorf("both: %q", got)
	}
}

func TestWhomTheCommitterLeavesOutIsToldSo(t *testing.T) {
	m := opened()
	first := asks(m.Step(add(1), start))[0]
	m.Step(add(2), start)
	m.Step(add(3), start)
	m.Step(answer(m, first), start)
	second := asks(m.Step(Ticked{}, later(m)))[0]
	part := answer(m, second)
	part.Added = part.Added[:1]
	effects := m.Step(part, later(m))
	if !slices.ContainsFunc(effects, func(e Effect) bool { u, ok := e.(Unaddable); return ok && u.Who == person(3) }) {
		t.Errorf("effects %#v", effects)
	}
}

func TestABatchAsksOnceForAll(t *testing.T) {
	m := opened()
	asked := asks(m.Step(Batch{add(1), add(2), add(3)}, start))
	if len(asked) != 1 || len(asked[0].Task.Adds) != 3 {
		t.Fatalf("asked %+v", asked)
	}
	if asked = asks(m.Step(Batch{Unwanted{person(1)}, Unwanted{person(2)}}, start)); len(asked) != 1 || len(asked[0].Task.Adds) != 1 {
		t.Errorf("asked %+v", asked)
	}
}
