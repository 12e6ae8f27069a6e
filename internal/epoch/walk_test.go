package epoch

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"incamera/internal/ident"
)

// model is what a random story should have made of the group, kept apart from the machine's own books.
type model struct {
	m        *Machine
	now      time.Time
	wanted   map[ident.ParticipantID][]byte // the KeyPackage by which each may come in
	members  map[ident.ParticipantID]bool
	history  map[uint64]map[ident.ParticipantID]bool // who was in, before each order that stands
	policies []byte                                  // those that wait, in order
	carried  map[uint64][]byte
	next     byte
	lease    uint64
	open     []Ask
}

// TestRandomStoriesKeepTheOrder walks the machine at random. What must always hold: each epoch has one order
// unless it was reopened, leases rise, nobody outside is asked, nobody is welcomed but by the KeyPackage that
// is wanted, policies are carried whole, in order and once, what a reopening undoes is as it was, tasks are
// bounded, and at the end everything that was asked for gets done.
func TestRandomStoriesKeepTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &model{
			m: New(), now: start, wanted: map[ident.ParticipantID][]byte{}, members: map[ident.ParticipantID]bool{},
			history: map[uint64]map[ident.ParticipantID]bool{}, carried: map[uint64][]byte{},
		}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "ms")) * time.Millisecond)
			w.step(t, w.draw(t))
		}
		w.converge(t)
	})
}

func (w *model) step(t *rapid.T, in Input) {
	epoch := w.m.Epoch()
	effects := w.m.Step(in, w.now)
	if code(effects) == "" {
		w.note(in)
	}
	reopened := false
	for _, e := range effects {
		switch e := e.(type) {
		case Ask:
			w.asked(t, e)
		case Order:
			w.ordered(t, e, in.(Committed))
		case Welcome:
			if !slices.Equal(w.wanted[e.Who], e.KeyPackage) || e.Epoch != w.m.Epoch() {
				t.Fatalf("welcomed %+v, wanted %v", e, w.wanted[e.Who])
			}
			delete(w.wanted, e.Who)
			w.members[e.Who] = true
		case Unaddable:
			delete(w.wanted, e.Who)
		case Reopen:
			reopened = true
			w.reopened(t, e)
		}
	}
	_, opened := in.(Opened)
	if w.m.Epoch() < epoch && !reopened && !opened {
		t.Fatal("an epoch went back")
	}
	for who := range w.members {
		if !w.m.Holds(who) {
			t.Fatalf("%T: the group lost %v", in, who)
		}
	}
	if len(w.members) != len(w.m.members) || len(w.policies) != len(w.m.policies) {
		t.Fatalf("%T: %d members of %d, %d policies of %d", in, len(w.m.members), len(w.members), len(w.m.policies), len(w.policies))
	}
	if next := w.m.Next(); len(w.m.open) > 0 && !next.IsZero() && !next.After(w.now) {
		t.Fatalf("something is due at %v, now %v", next, w.now)
	}
}

func (w *model) note(in Input) {
	switch in := in.(type) {
	case Opened:
		w.members = map[ident.ParticipantID]bool{in.Host: true}
		w.policies, w.open = nil, nil
		clear(w.wanted)
		clear(w.history)
		clear(w.carried)
	case Wanted:
		w.wanted[in.Add.Who] = in.Add.KeyPackage
	case Unwanted:
		delete(w.wanted, in.Who)
	case Stated:
		w.policies = append(w.policies, in.Policy...)
	}
}

func (w *model) asked(t *rapid.T, e Ask) {
	mem := w.m.members[e.Who]
	if e.Task.Lease <= w.lease || mem == nil || !mem.confirmed || !mem.connected || mem.vacated || e.Task.Epoch != w.m.Epoch() {
		t.Fatalf("asked %+v", e)
	}
	if len(e.Task.Adds) > MaxBatch || len(e.Task.Removes) > MaxBatch || len(e.Task.Policies) > MaxPolicies {
		t.Fatalf("asked for %+v", e.Task)
	}
	for _, a := range e.Task.Adds {
		if !slices.Equal(w.wanted[a.Who], a.KeyPackage) {
			t.Fatalf("asked to add %v, who is not wanted", a.Who)
		}
	}
	for i, p := range e.Task.Policies {
		if p[0] != w.policies[i] {
			t.Fatalf("policy %d stands where %d should", p[0], w.policies[i])
		}
		if p[0]%5 == 0 && w.m.removeOf(person(1)).Reason == ByRemoval && !slices.ContainsFunc(e.Task.Removes, func(r Remove) bool { return r.Who == person(1) }) {
			t.Fatal("a bar without its removal")
		}
	}
	w.lease, w.open = e.Task.Lease, append(w.open, e)
}

func (w *model) ordered(t *rapid.T, e Order, in Committed) {
	if w.history[e.Epoch] != nil || e.Epoch+1 != w.m.Epoch() {
		t.Fatalf("epoch %d has a second commit", e.Epoch)
	}
	before := map[ident.ParticipantID]bool{}
	for who := range w.members {
		before[who] = true
	}
	w.history[e.Epoch] = before
	w.carried[e.Epoch] = slices.Clone(w.policies[:in.Policies])
	w.policies = slices.Clone(w.policies[in.Policies:])
	for _, who := range in.Removed {
		delete(w.members, who)
	}
}

func (w *model) reopened(t *rapid.T, e Reopen) {
	if w.m.Epoch() != e.Epoch || w.history[e.Epoch] == nil {
		t.Fatalf("reopened %d", e.Epoch)
	}
	w.members = w.history[e.Epoch]
	var back []byte
	for n := e.Epoch; w.history[n] != nil; n++ {
		back = append(back, w.carried[n]...)
		delete(w.history, n)
	}
	w.policies = append(back, w.policies...)
	w.open = nil
}

func (w *model) draw(t *rapid.T) Input {
	m := w.m
	n := byte(rapid.IntRange(1, 6).Draw(t, "who"))
	who, other := person(n), []ident.ParticipantID{person(n), person(hostNo)}[rapid.IntRange(0, 1).Draw(t, "whose")]
	switch rapid.IntRange(0, 15).Draw(t, "input") {
	case 0:
		return Opened{person(hostNo), groupOf(m.Generation() + 1), m.Generation() + uint32(rapid.IntRange(0, 1).Draw(t, "step"))}
	case 1, 2:
		return Wanted{Add{Who: who, KeyPackage: []byte{n, byte(rapid.IntRange(0, 1).Draw(t, "package"))}, AtOnce: rapid.Bool().Draw(t, "at once")}}
	case 3:
		return Unwanted{who}
	case 4:
		if r := Reason(rapid.IntRange(0, 2).Draw(t, "reason")); r != ByRemoval || m.Holds(who) {
			return Gone{Remove{who, []byte{byte(r)}, r}}
		}
	case 5, 6:
		return Joined{who}
	case 7:
		return Line{other, rapid.Bool().Draw(t, "connected")}
	case 8:
		in := Stated{Policy: []byte{w.next}, Tightens: rapid.Bool().Draw(t, "tightens")}
		if w.next%5 == 0 && m.Holds(person(1)) {
			in.Removes = []Remove{{person(1), []byte("r"), ByRemoval}}
		}
		w.next++
		return in
	case 9:
		if epoch := m.Epoch(); epoch > 0 {
			back := uint64(rapid.IntRange(1, int(min(3, epoch))).Draw(t, "back"))
			return Refused{By: other, Host: rapid.Bool().Draw(t, "host"), Epoch: epoch - back}
		}
	case 10:
		if len(w.open) > 0 {
			last := w.open[len(w.open)-1]
			return Declined{By: last.Who, Lease: last.Task.Lease, Who: []ident.ParticipantID{who}}
		}
	case 11:
		if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
			return Vacated{who}
		}
	case 12, 13, 14:
		if len(w.open) > 0 {
			c := answer(m, w.open[len(w.open)-1-rapid.IntRange(0, min(2, len(w.open)-1)).Draw(t, "which")])
			if len(c.Added) > 1 && rapid.Bool().Draw(t, "part") {
				c.Added = c.Added[1:]
			}
			return c
		}
	}
	return Ticked{}
}

// converge has everybody connected do what they are asked, until nothing is left to do.
func (w *model) converge(t *rapid.T) {
	if w.m.Generation() == 0 {
		return
	}
	for _, who := range w.m.Hearers() {
		w.step(t, Line{who, true})
		w.step(t, Joined{who})
	}
	for range 40 {
		if len(w.m.candidates()) == 0 {
			return // all of them go or come back: the door closes the meeting
		}
		if !w.m.work() {
			return
		}
		if len(w.m.open) > 0 {
			last := w.m.open[len(w.m.open)-1]
			w.step(t, answer(w.m, Ask{last.by, last.task}))
		}
		if next := w.m.Next(); next.After(w.now) {
			w.now = next
		}
		w.step(t, Ticked{})
	}
	t.Fatalf("never done: %d policies, %d adds, %d removes, open %+v", len(w.m.policies), len(w.m.adds), len(w.m.removes), w.m.open)
}
