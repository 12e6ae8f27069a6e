package testkit

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// lockRace is a meeting at whose door 200 people stand while one co-host locks it, another admits and the host commits.
type lockRace struct {
	t                   *testing.T
	h                   *House
	in                  *Invite
	g                   *Group
	host, locker, opens *Person
	guests              []*Person
	shown               []wire.KnockPush // to who opens
	acked               bool             // the locker has heard that the meeting is locked
	late                int              // people whom a commit added that the locker heard of after that
}

// TestA7NobodyIsAddedAfterTheLockIsAcknowledged: the commit of an admission races the lock; whatever comes first, no commit that reaches the
// locker behind the answer adds anybody, and who is not inside by then is told. In the first round the commit has all the time it needs.
func TestA7NobodyIsAddedAfterTheLockIsAcknowledged(t *testing.T) {
	for round := range 4 {
		synctest.Test(t, func(t *testing.T) {
			r := newLockRace(t)
			task := r.admitFirst()
			inside := r.race(task, round == 0)
			if round == 0 && inside != 50 {
				t.Errorf("%d of 50 came in before the lock", inside)
			}
			r.settle(inside)
		})
	}
}

func newLockRace(t *testing.T) *lockRace {
	h := NewHouse(t, lobby.Limits{Members: 300, Knocks: 300, MaxAge: 24 * time.Hour})
	r := &lockRace{t: t, h: h, in: h.Book("A rush"), host: h.Person("host"), locker: h.Person("locker"), opens: h.Person("opens")}
	r.g = r.host.Enter(r.in)
	for _, p := range []*Person{r.locker, r.opens} {
		p.Hello(r.in)
		p.Knock(r.in)
		LetIn(r.host, p, r.in, r.g)
	}
	r.host.Rule(r.in, r.g, func(p *statement.Policy) {
		p.CoHosts = append(p.CoHosts, r.locker.DeviceKey(), r.opens.DeviceKey())
	})
	for range 200 {
		p := h.Person("guest")
		p.Hello(r.in)
		r.guests = append(r.guests, p)
		<-time.After(100 * time.Millisecond) // as the pace of knocks allows
		if len(r.guests) <= 150 {
			p.Knock(r.in)
		}
	}
	r.drain()
	return r
}

// drain takes what the three inside have heard, in the order of each line, and gives the newest task of the host's.
func (r *lockRace) drain() (task wire.Task, asked bool) {
	for _, p := range []*Person{r.host, r.locker, r.opens} {
		for _, pushed := range p.pushes {
			r.take(p, pushed)
		}
		p.pushes = nil
		for {
			reply, head, err := p.listen(nil, time.Millisecond)
			if errors.Is(err, errHung) {
				r.t.Fatalf("%s is cut after %.300s", p.Name, p.frames[len(p.frames)-1])
			}
			if err != nil {
				break
			}
			if one, is := reply.(wire.Task); is && p == r.host {
				task, asked = one, true
			}
			if _, ok := reply.(wire.Ok); ok && p == r.locker && head.ID == p.lastID {
				r.acked = true
			}
			r.take(p, reply)
		}
	}
	return task, asked
}

func (r *lockRace) take(p *Person, reply wire.Reply) {
	switch reply := reply.(type) {
	case wire.KnockPush:
		if p == r.opens {
			r.shown = append(r.shown, reply)
		}
	case wire.CommitPush:
		if p == r.locker && r.acked {
			r.late += len(r.g.plans[sha256.Sum256(reply.Commit)].adds)
		}
	}
}

// admitFirst has 50 people admitted, and gives the task to add them.
func (r *lockRace) admitFirst() wire.Task {
	r.host.Rule(r.in, r.g, func(p *statement.Policy) { p.Allows &^= statement.AllowShare }) // the next task waits for all fifty
	r.opens.Do(r.opens.Admission(r.in, r.g, r.shown[:50]...))
	<-time.After(time.Second)
	task, asked := r.drain()
	if !asked || len(task.Adds) != 50 {
		r.t.Fatalf("asked for %d", len(task.Adds))
	}
	return task
}

// race says everything at once, each line by itself, and tells how many came in. With calm, the commit goes first.
func (r *lockRace) race(task wire.Task, calm bool) int {
	frames := map[*Person][][]byte{}
	say := func(p *Person, request wire.Request) {
		p.lastID++
		frames[p] = append(frames[p], wire.Encode(request, wire.Head{ID: p.lastID}))
	}
	say(r.host, r.host.Commit(r.g, task))
	say(r.locker, r.locker.Change(r.in, r.g, Lock))
	for from := 50; from < 150; from += 25 {
		say(r.opens, r.opens.Admission(r.in, r.g, r.shown[from:from+25]...))
	}
	for _, p := range r.guests[150:] {
		say(p, p.KnockProof(r.in))
	}
	if calm {
		r.host.Say(frames[r.host][0])
		delete(frames, r.host)
		synctest.Wait()
	}
	people := make([]*Person, 0, len(frames))
	for p := range frames {
		people = append(people, p)
	}
	rand.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	var lines sync.WaitGroup
	for _, p := range people {
		lines.Go(func() {
			for _, frame := range frames[p] {
				p.Say(frame)
			}
		})
	}
	lines.Wait()
	synctest.Wait()
	for range 20 { // carry out whatever is asked for from now on
		if task, asked := r.drain(); asked && task.Epoch == r.g.Epoch {
			r.host.Ask(r.host.Commit(r.g, task))
		}
		<-time.After(time.Second)
	}
	return len(r.g.leaves) - 3
}

// settle holds the end against the promise.
func (r *lockRace) settle(inside int) {
	if !r.g.Policy.Locked || !r.acked {
		r.t.Fatalf("the lock was not carried: locked %v, acknowledged %v", r.g.Policy.Locked, r.acked)
	}
	if r.late > 0 {
		r.t.Errorf("%d people were added behind the lock's answer", r.late)
	}
	admitted := 0
	for _, p := range r.guests {
		var last wire.Reply
		for {
			reply, _, err := p.listen(wire.OkKnock{}, time.Millisecond)
			if err != nil {
				break
			}
			if _, way := reply.(wire.Admitted); way {
				admitted++
			}
			last = reply
		}
		over, gone := last.(wire.Over)
		fault, refused := last.(wire.Fault)
		locked := gone && over.Reason == wire.ReasonLocked || refused && fault.Code == "meeting_locked"
		if !locked && !r.g.Has(p.ID) {
			r.t.Errorf("somebody outside heard %+v last", last)
		}
	}
	if admitted != inside {
		r.t.Errorf("%d ways in for %d people", admitted, inside)
	}
}
