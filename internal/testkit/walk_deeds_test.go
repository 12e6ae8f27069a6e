package testkit

import (
	"crypto/rand"
	"slices"
	"time"

	"incamera/internal/statement"
	"incamera/internal/wire"
)

// deeds are all that happens in stories, with how often. A twist is mostly 0 to 3 for honest, 4 to 7 for a lie each.
var deeds = []struct {
	name   string
	weight int
	do     func(w *walk, s, whom *soul, twist int)
}{
	{"what is natural", 30, (*walk).natural},
	{"call", 3, (*walk).callAnew},
	{"hang", 3, func(w *walk, s, _ *soul, _ int) { w.hang(s.line) }},
	{"hang all", 2, (*walk).hangAll},
	{"host", 2, (*walk).beHost},
	{"knock", 4, (*walk).knock},
	{"resume", 5, (*walk).resume},
	{"rejoin", 3, (*walk).rejoin},
	{"open", 2, (*walk).openGroup},
	{"take", 2, (*walk).take},
	{"admit", 4, (*walk).admit},
	{"deny", 1, func(w *walk, s, whom *soul, _ int) { w.ask(s, wire.Deny{Participant: whom.WireID()}) }},
	{"allow", 2, func(w *walk, s, whom *soul, _ int) { w.ask(s, wire.Allow{Participant: whom.WireID()}) }},
	{"rule", 6, (*walk).rule},
	{"remove", 3, (*walk).remove},
	{"new device", 1, (*walk).newDevice},
	{"end", 1, (*walk).end},
	{"joined", 2, func(w *walk, s, _ *soul, twist int) { w.ask(s, wire.Joined{Epoch: s.Epoch + uint64(twist/6)}) }},
	{"commit", 4, (*walk).commit},
	{"forge", 4, (*walk).forge},
	{"cannot", 1, (*walk).cannot},
	{"refuse", 1, (*walk).refuse},
	{"app", 6, (*walk).app},
	{"media", 3, func(w *walk, s, _ *soul, twist int) { w.ask(s, wire.Media{Offer: Offer(twist%3 + 1)}) }},
	{"view", 1, func(w *walk, s, whom *soul, _ int) {
		w.ask(s, wire.View{Participants: []wire.Participant{whom.WireID()}})
	}},
	{"leave", 2, (*walk).leave},
	{"stay", 1, func(w *walk, s, _ *soul, _ int) { w.ask(s, wire.Stay{}) }},
	{"withdraw", 1, func(w *walk, s, _ *soul, _ int) { w.ask(s, wire.Withdraw{}) }},
	{"ping", 1, func(w *walk, s, _ *soul, _ int) { w.ask(s, wire.Ping{}) }},
	{"replay", 5, (*walk).replay},
	{"say again", 3, (*walk).again},
	{"restart", 1, (*walk).restart},
	{"revive", 1, (*walk).revive},
	{"return", 2, (*walk).comeBack},
	{"time", 2, (*walk).time},
}

// weighted has each deed's number as often as it weighs.
var weighted = func() (list []int) {
	for n, d := range deeds {
		for range d.weight {
			list = append(list, n)
		}
	}
	return list
}()

// ask says a request on somebody's line, if they have one.
func (w *walk) ask(s *soul, r wire.Request) {
	if s.line != nil {
		w.send(s.line, r)
	}
}

func (w *walk) live(s *soul) bool { return s.line != nil && !s.line.closed && !s.line.bye }

func (w *walk) callAnew(s, _ *soul, twist int) {
	if twist < 4 {
		w.hang(s.line)
	}
	w.call(s)
}

// on is somebody's keys with what one line knows.
func (w *walk) on(l *tap) *Person {
	q := *l.soul.Person
	q.Challenge = l.challenge
	return &q
}

func (w *walk) knock(s, whom *soul, twist int) {
	if s.line == nil {
		return
	}
	in := w.in
	if twist == 4 {
		in = &Invite{Meeting: w.in.Meeting, Keys: w.in.Keys}
		in.Keys.Root[0] ^= 1
	}
	k := w.on(s.line).KnockProof(in)
	w.model.proofs[string(k.Entry)] = proof{maker: s, challenge: s.line.challenge, good: twist != 4}
	w.model.proofs[string(k.Statement)] = proof{maker: s, good: true}
	w.model.plant(s, k.KeyPackage, k.SealedName)
	switch {
	case twist == 5 && whom != s:
		k.Participant = whom.WireID()
	case twist == 6 && whom != s:
		k.Device = whom.DeviceKey()
	case twist == 7 && whom.line != nil && whom != s:
		k.Entry = w.on(whom.line).KnockProof(in).Entry
	}
	w.send(s.line, k)
}

func (w *walk) beHost(s, whom *soul, twist int) {
	if s.line == nil {
		return
	}
	in := *w.in
	if s.n > 1 {
		in.Seed[0] ^= 1
	}
	r := w.on(s.line).HostProof(&in)
	w.model.proofs[string(r.Statement)] = proof{maker: s, challenge: s.line.challenge, good: s.n < 2}
	if twist > 5 && whom != s {
		r.Participant = whom.WireID()
	}
	w.send(s.line, r)
}

func (w *walk) resume(s, whom *soul, twist int) {
	if s.line == nil {
		return
	}
	p := w.on(s.line)
	switch twist {
	case 3:
		p.Seq = 0
	case 4, 6:
		p.Ticket[0] ^= 1
	case 7:
		p.Ticket = whom.Ticket
	}
	r := p.ResumeProof(w.in)
	w.model.proofs[string(r.Statement)] = proof{maker: s, challenge: s.line.challenge, ticket: p.Ticket}
	if twist == 5 {
		r.Participant, r.Ticket = whom.WireID(), whom.Ticket
	}
	w.send(s.line, r)
}

func (w *walk) openGroup(s, whom *soul, twist int) {
	in, maker := *w.in, s.Person
	if s.n > 1 || twist == 6 {
		in.Seed[0] ^= 1
	}
	if twist == 7 {
		maker = whom.Person
	}
	policy := statement.Policy{Generation: max(1, w.model.gen+1-uint32(twist/5%2)), Allows: statement.AllowAll}
	if old := w.group(); old != nil {
		policy.Generation = max(policy.Generation, old.Policy.Generation+1-uint32(twist/5%2), 1)
		policy.Barred = without(slices.Clone(old.Policy.Barred), maker.DeviceKey())
	}
	g, open := maker.NewGroupLike(&in, policy)
	good := in.Seed == w.in.Seed && maker == s.Person
	w.model.proofs[string(open.Policy)] = proof{maker: s, group: g, good: good, policy: g.Policy}
	w.model.plant(nil, open.Policy, open.Admission)
	w.ask(s, open)
	if w.model.group == g {
		s.hold(g, open.KeyPackage, 0)
	}
}

// group is the one that people hold, or nil.
func (w *walk) group() *Group {
	if w.model.group != nil {
		return w.model.group
	}
	return w.model.lost
}

func (w *walk) theGroup(s *soul) *Group {
	if g := w.group(); g != nil {
		return g
	}
	return w.another(s)
}

// another is a group of somebody's own, which the server knows nothing of.
func (w *walk) another(s *soul) *Group {
	q, in := *s.Person, *w.in // its KeyPackage is drawn for the group alone
	if s.n > 1 {
		in.Seed[0] ^= 1
	}
	g, _ := q.NewGroup(&in, 1)
	return g
}

func (w *walk) admit(s, whom *soul, twist int) {
	g, until := w.theGroup(s), time.Now().Add(time.Hour)
	var shown []wire.KnockPush
	for _, h := range w.souls {
		shown = append(shown, h.shown...)
	}
	if len(shown) > 1 && twist != 4 {
		shown = shown[twist%2 : twist%2+1]
	}
	switch {
	case twist == 5: // somebody who does not stand at the door like that
		kp, _ := whom.keyPackage(w.in)
		shown = []wire.KnockPush{{Participant: whom.WireID(), Device: whom.DeviceKey(), KeyPackage: kp}}
	case twist == 6:
		until = time.Now().Add(-time.Millisecond)
	}
	r := s.AdmissionUntil(until, w.in, g, shown...)
	p := proof{maker: s, group: g, good: twist != 5 && twist != 6}
	for _, k := range shown {
		who := w.model.named(k.Participant)
		if who == nil { // has another device by now
			p.good = false
			continue
		}
		p.people = append(p.people, who)
		if d := w.model.of(who).door; d == nil || string(d.keyPackage) != string(k.KeyPackage) {
			p.good = false // of an earlier knock
		}
	}
	w.model.proofs[string(r.Admission)] = p
	w.model.plant(nil, r.Admission)
	w.ask(s, r)
	if twist < 4 {
		s.shown = nil
	}
}

func (w *walk) remove(s, whom *soul, twist int) {
	if twist < 6 {
		s = w.leading(s)
		whom = w.inside(s, whom)
	}
	g := w.theGroup(s)
	if twist == 7 {
		g = w.another(s)
	}
	r := s.Removal(w.in, g, whom.Person)
	if twist%2 == 0 {
		r = s.RemovalForGood(w.in, g, whom.Person)
		w.note(s, g, r.Policy, false)
	}
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g, whom: whom}
	w.ask(s, r)
}

func (w *walk) end(s, _ *soul, _ int) {
	g := w.theGroup(s)
	r := s.Ending(w.in, g)
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g}
	w.ask(s, r)
}

func (w *walk) commit(s, _ *soul, twist int) {
	task := s.task
	if task == nil {
		for _, other := range w.souls { // of somebody else
			if other.task != nil {
				task = other.task
			}
		}
	}
	if task == nil || w.model.group == nil {
		return
	}
	if s.Leaf == nil {
		return
	}
	r := s.Commit(w.model.group, *task)
	if twist == 7 {
		r.Lease++
	}
	w.offer(s, r, true)
}

// offer says a commit with bytes that can be told apart.
func (w *walk) offer(s *soul, r wire.Commit, good bool) {
	added := len(r.Welcome) > 0
	r.Welcome, r.Tree = nil, nil
	if added {
		r.Welcome, r.Tree = random(64), random(64)
	}
	w.model.proofs[string(r.Commit)] = proof{maker: s, group: w.model.group, good: good}
	for _, secret := range [][]byte{r.Commit, r.Welcome, r.Tree} {
		if len(secret) > 0 {
			w.model.plant(nil, secret)
		}
	}
	w.ask(s, r)
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func (w *walk) app(s, whom *soul, twist int) {
	g := w.theGroup(s)
	epoch := g.Epoch
	switch {
	case twist == 5 && epoch > 0:
		epoch--
	case twist == 6:
		g = w.another(s)
	case twist == 7:
		epoch++
	}
	r, p := s.Message(g, epoch, twist%2 == 1), proof{maker: s, group: g, good: true}
	if twist == 2 && whom != nil {
		r, p.people = s.MessageTo(g, epoch, whom.Person), []*soul{whom}
	}
	w.model.proofs[string(r.Message)] = p
	w.model.plant(nil, r.Message)
	w.ask(s, r)
}

func (w *walk) leave(s, whom *soul, twist int) {
	g, signer := w.theGroup(s), s
	if twist == 7 {
		signer = whom
	}
	r := signer.Leaving(w.in, g)
	w.model.proofs[string(r.Statement)] = proof{maker: signer, group: g, whom: signer}
	if twist == 6 {
		r.Statement = nil
	}
	w.ask(s, r)
}

// replay says what somebody said before, under a new number.
func (w *walk) replay(s, whom *soul, twist int) {
	for i := len(w.lines) - 1; i >= 0; i-- {
		l := w.lines[i]
		if n := len(l.requests); l.soul == whom && n > 0 {
			w.ask(s, l.requests[max(0, n-1-twist)])
			return
		}
	}
}

// again says the last message once more under the same number.
func (w *walk) again(s, _ *soul, _ int) {
	if l := s.line; l != nil && len(l.requests) > 0 {
		w.say(l, l.lastID, l.requests[len(l.requests)-1])
	}
}

func (w *walk) time(_, _ *soul, twist int) {
	w.pass([]time.Duration{time.Second, 3 * time.Second, 3 * time.Second, 10 * time.Second, 61 * time.Second, 90 * time.Second, 121 * time.Second, 11 * time.Minute}[twist])
}
