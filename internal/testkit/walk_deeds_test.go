package testkit

import (
	"crypto/rand"
	"time"

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
	{"host", 2, (*walk).beHost},
	{"knock", 4, (*walk).knock},
	{"resume", 5, (*walk).resume},
	{"open", 2, (*walk).openGroup},
	{"admit", 4, (*walk).admit},
	{"deny", 1, func(w *walk, s, whom *soul, _ int) { w.ask(s, wire.Deny{Participant: whom.WireID()}) }},
	{"allow", 2, func(w *walk, s, whom *soul, _ int) { w.ask(s, wire.Allow{Participant: whom.WireID()}) }},
	{"remove", 3, (*walk).remove},
	{"end", 1, (*walk).end},
	{"joined", 2, func(w *walk, s, _ *soul, twist int) { w.ask(s, wire.Joined{Epoch: s.Epoch + uint64(twist/6)}) }},
	{"commit", 4, (*walk).commit},
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

// natural does what the story waits for, so that stories come far.
func (w *walk) natural(s, _ *soul, twist int) {
	m, host := w.model, w.souls[0]
	if m.host != nil {
		for _, h := range w.souls[:2] {
			if m.of(h) == m.host {
				host = h
			}
		}
	}
	for _, p := range w.souls {
		if seat := m.of(p).seat; seat != nil && seat.line != nil {
			p.line = seat.line
		}
	}
	for _, p := range w.souls {
		if seat := m.of(p).seat; seat != nil && seat.line != nil && !seat.confirmed {
			w.send(seat.line, wire.Joined{Epoch: seat.since})
			return
		}
		if seat := m.of(p).seat; seat != nil && seat.line != nil && p.task != nil && p.task.Epoch == m.epoch && w.live(p) {
			w.commit(p, nil, 0)
			p.task = nil
			return
		}
	}
	seat := m.of(host).seat
	switch {
	case seat == nil && !w.live(host):
		w.call(host)
	case seat == nil:
		w.beHost(host, nil, 0)
	case seat.line == nil && !w.live(host):
		w.call(host)
	case seat.line == nil:
		w.resume(host, nil, 0)
	case !seat.inGroup:
		w.openGroup(host, nil, 0)
	case len(host.shown) > 0:
		w.admit(host, nil, 0)
	default:
		w.naturalGuest(s, twist)
	}
}

func (w *walk) naturalGuest(s *soul, twist int) {
	f := w.model.of(s)
	switch {
	case !w.live(s):
		w.call(s)
	case f.seat != nil && f.seat.line == nil:
		w.resume(s, nil, 0)
	case f.seat == nil && f.door == nil:
		w.knock(s, nil, 0)
	case f.seat != nil && twist%2 == 0 && !w.model.playing[s.Name]:
		w.ask(s, wire.Media{Offer: Offer(2)})
	case f.seat != nil:
		w.app(s, nil, 0)
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
	g := maker.NewGroup(&in, w.model.gen+1-uint32(twist/5%2))
	good := in.Seed == w.in.Seed && maker == s.Person
	w.model.proofs[string(g.Policy)] = proof{maker: s, group: g, good: good}
	w.model.plant(nil, g.Policy)
	w.ask(s, wire.Open{Group: g.ID, Policy: g.Policy})
}

func (w *walk) theGroup(s *soul) *Group {
	if w.model.group != nil {
		return w.model.group
	}
	return s.NewGroup(w.in, 1)
}

func (w *walk) admit(s, whom *soul, twist int) {
	g, until := w.theGroup(s), time.Now().Add(time.Hour)
	var shown []wire.KnockPush
	for _, h := range w.souls[:2] {
		shown = append(shown, h.shown...)
	}
	if len(shown) > 1 && twist != 4 {
		shown = shown[twist%2 : twist%2+1]
	}
	switch {
	case twist == 5: // somebody who does not stand at the door like that
		kp := whom.keyPackage(w.in)
		shown = []wire.KnockPush{{Participant: whom.WireID(), Device: whom.DeviceKey(), KeyPackage: kp}}
	case twist == 6:
		until = time.Now()
	}
	r := s.AdmissionUntil(until, w.in, g, shown...)
	p := proof{maker: s, group: g, good: twist != 5 && twist != 6}
	for _, k := range shown {
		who := w.model.named(k.Participant)
		p.people = append(p.people, who)
		if d := w.model.of(who).door; d == nil || string(d.keyPackage) != string(k.KeyPackage) {
			p.good = false // of an earlier knock
		}
	}
	w.model.proofs[string(r.Admission)] = p
	w.model.plant(nil, r.Admission)
	w.ask(s, r)
	for _, h := range w.souls[:2] {
		if twist < 4 && h == s {
			h.shown = nil
		}
	}
}

func (w *walk) remove(s, whom *soul, twist int) {
	g := w.theGroup(s)
	if twist == 7 {
		g = s.NewGroup(w.in, 1)
	}
	r := s.Removal(w.in, g, whom.Person)
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g, whom: whom}
	w.ask(s, r)
}

func (w *walk) end(s, _ *soul, _ int) {
	g := w.theGroup(s)
	r := s.Ending(w.in, g)
	w.model.proofs[string(r.Statement)] = proof{maker: s, group: g}
	w.ask(s, r)
}

func (w *walk) commit(s, whom *soul, twist int) {
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
	r := s.Commit(w.model.group, *task)
	if twist == 6 && whom != nil {
		r.Added = append(r.Added, whom.WireID())
	}
	if twist == 5 && len(r.Added) > 0 && len(r.Removed) > 0 {
		r.Added = r.Added[1:]
	}
	if twist == 7 {
		r.Lease++
	}
	r.Welcome, r.Tree = nil, nil
	if len(r.Added) > 0 {
		r.Welcome, r.Tree = random(64), random(64)
	}
	w.model.proofs[string(r.Commit)] = proof{maker: s, group: w.model.group}
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

func (w *walk) app(s, _ *soul, twist int) {
	g, epoch := w.theGroup(s), w.model.epoch
	switch {
	case twist == 5 && epoch > 0:
		epoch--
	case twist == 6:
		g = s.NewGroup(w.in, 1)
	case twist == 7:
		epoch++
	}
	r := s.Message(g, epoch, twist%2 == 1)
	w.model.proofs[string(r.Message)] = proof{maker: s, group: g, good: true}
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
