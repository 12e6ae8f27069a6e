package testkit

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"incamera/internal/fault"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// model is what the protocol says of everybody, kept from what was asked and answered alone.
type model struct {
	w       *walk
	counts  reached
	figures []*figure // by soul

	host     *figure // who has the host's seat
	hostless time.Time
	group    *Group
	gen      uint32
	epoch    uint64
	over     bool
	tasks    map[uint64]wire.Task // by lease, of this group
	proofs   map[string]proof     // by statement: who made it and what it is good for
	canaries []canary
	before   map[*tap]standing // as things stood before the last request
	sat      [6]bool           // who had a confirmed seat then
	resumed  *tap              // the line that the last request brought back to its seat: it hears what it missed
	playing  map[string]bool   // whose media is open, by name
	noted    int               // notes of the media plane that were read
}

// figure is a soul as the protocol sees it.
type figure struct {
	seat   *place
	door   *knocking
	barred bool
}

// place is a seat.
type place struct {
	line               *tap // nil while broken
	since              uint64
	host               bool
	confirmed, inGroup bool
	ticket             [32]byte
	admission          []byte
	lost               time.Time
}

// knocking is somebody at the door; with an admission they are on their way in.
type knocking struct {
	line       *tap
	keyPackage []byte
	admission  []byte
}

// standing is what a line is at a moment.
type standing struct {
	seat place
	door bool
}

// proof is a statement that was made in this story.
type proof struct {
	maker     *soul
	challenge [32]byte // of the line it was made for
	group     *Group
	ticket    [32]byte
	good      bool // made with the right keys and in order
	whom      *soul
	people    []*soul
}

// canary is a text that must not reach a line that is not admitted, but for its owner's.
type canary struct {
	text  string
	owner *soul
}

func newModel(w *walk, counts reached) *model {
	m := &model{w: w, counts: counts, tasks: map[uint64]wire.Task{}, proofs: map[string]proof{}, playing: map[string]bool{}}
	for range 6 {
		m.figures = append(m.figures, &figure{})
	}
	return m
}

func (m *model) plant(owner *soul, secrets ...[]byte) {
	for _, s := range secrets {
		m.canaries = append(m.canaries, canary{text64(s), owner})
	}
}

func (m *model) of(s *soul) *figure { return m.figures[s.n] }

// named is the soul with an id, or nil.
func (m *model) named(id wire.Participant) *soul {
	for _, s := range m.w.souls {
		if s.WireID() == id {
			return s
		}
	}
	return nil
}

func (m *model) seatOf(l *tap) *place {
	if f := m.of(l.soul); f.seat != nil && f.seat.line == l {
		return f.seat
	}
	return nil
}

func (m *model) doorOf(l *tap) *knocking {
	if f := m.of(l.soul); f.door != nil && f.door.line == l {
		return f.door
	}
	return nil
}

// standings notes how everybody stands.
func (m *model) standings() map[*tap]standing {
	for n, f := range m.figures {
		m.sat[n] = f.seat != nil && f.seat.confirmed
	}
	all := map[*tap]standing{}
	for _, l := range m.w.lines {
		st := standing{door: m.doorOf(l) != nil}
		if s := m.seatOf(l); s != nil {
			st.seat = *s
		}
		all[l] = st
	}
	return all
}

func (m *model) seats() (n int) {
	for _, f := range m.figures {
		if f.seat != nil {
			n++
		}
	}
	return n
}

// may tells whether a request may be answered with ok. Whether it must is not said: the server may refuse for reasons of its own.
func (m *model) may(l *tap, r wire.Request) bool {
	if _, ping := r.(wire.Ping); ping {
		return true
	}
	if m.over {
		return false
	}
	seat, door := m.seatOf(l), m.doorOf(l)
	if _, hello := r.(wire.Hello); hello || l.challenge == [32]byte{} {
		return hello && l.challenge == [32]byte{}
	}
	if seat == nil {
		return m.mayOutside(l, r, door)
	}
	switch r := r.(type) {
	case wire.Joined:
		return !seat.confirmed && r.Epoch == seat.since
	case wire.Commit:
		return seat.confirmed && seat.inGroup && m.fitsTask(l.soul, r)
	case wire.App:
		p := m.proofs[string(r.Message)]
		return seat.confirmed && seat.inGroup && p.group == m.group && p.good && r.Epoch <= m.epoch && r.Epoch+4 >= m.epoch
	case wire.Media:
		return seat.confirmed && seat.inGroup
	case wire.View:
		return true
	case wire.Leave:
		p := m.proofs[string(r.Statement)]
		return len(r.Statement) == 0 && !(seat.confirmed && seat.inGroup) || p.maker == l.soul && p.whom == l.soul && p.group == m.group
	default:
		return seat.host && m.mayHost(l.soul, r)
	}
}

func (m *model) mayOutside(l *tap, r wire.Request, door *knocking) bool {
	switch r := r.(type) {
	case wire.Host:
		p := m.proofs[string(r.Statement)]
		return p.good && p.challenge == l.challenge && r.Participant == l.soul.WireID() && p.maker == l.soul && door == nil
	case wire.Knock:
		e, k := m.proofs[string(r.Entry)], m.proofs[string(r.Statement)]
		return e.good && e.challenge == l.challenge && k.maker == l.soul && e.maker == l.soul && r.Participant == l.soul.WireID() &&
			r.Device == l.soul.DeviceKey() && !m.of(l.soul).barred
	case wire.Resume:
		p, s := m.proofs[string(r.Statement)], m.named(r.Participant)
		return s == l.soul && p.maker == s && m.of(s).seat != nil && p.challenge == l.challenge && r.Ticket == p.ticket && p.ticket == m.of(s).seat.ticket
	case wire.Stay, wire.Withdraw:
		return door != nil
	}
	return false
}

// mayHost is what only a host's seat may say.
func (m *model) mayHost(by *soul, r wire.Request) bool {
	switch r := r.(type) {
	case wire.Open:
		p := m.proofs[string(r.Policy)]
		return p.good && p.maker == by && r.Group == p.group.ID
	case wire.Admit:
		p, added := m.proofs[string(r.Admission)], 0
		if m.group == nil || !p.good || p.maker != by || p.group != m.group {
			return false
		}
		for _, s := range p.people {
			if f := m.of(s); f.door == nil || f.door.admission != nil || f.barred {
				return false
			} else if f.seat == nil {
				added++
			}
		}
		return m.seats()+added <= walkLimits.Members
	case wire.Deny:
		s := m.named(r.Participant)
		return s != nil && m.of(s).door != nil
	case wire.Allow:
		s := m.named(r.Participant)
		return s != nil && m.of(s).barred
	case wire.Remove:
		p := m.proofs[string(r.Statement)]
		return p.maker == by && m.group != nil && p.group == m.group && m.of(p.whom).seat != nil && !m.of(p.whom).seat.host
	case wire.End:
		p := m.proofs[string(r.Statement)]
		return p.maker == by && m.group != nil && p.group == m.group
	}
	return false
}

// fitsTask tells whether a commit does what its maker was asked for in this epoch.
func (m *model) fitsTask(by *soul, r wire.Commit) bool {
	task, asked := m.tasks[r.Lease]
	p := m.proofs[string(r.Commit)]
	if !asked || task.Epoch != m.epoch || r.Epoch != m.epoch || p.group != m.group || p.maker != by {
		return false
	}
	for _, who := range r.Added {
		if !slices.ContainsFunc(task.Adds, func(a wire.TaskAdd) bool { return a.Participant == who }) {
			return false
		}
	}
	return !among(r.Removed, by)
}

// learn takes what was asked and not refused.
func (m *model) learn(ask *asking, reply wire.Reply) {
	l, f := ask.on, m.of(ask.on.soul)
	switch r := ask.request.(type) {
	case wire.Hello:
		l.challenge = reply.(wire.OkHello).Challenge
	case wire.Host:
		if m.host != nil {
			m.host.seat = nil
		}
		ok := reply.(wire.OkHost)
		f.seat = &place{line: l, host: true, confirmed: true, ticket: ok.Ticket}
		l.soul.Ticket, l.soul.Seq, l.soul.shown = ok.Ticket, 0, nil
		m.host, m.hostless = f, time.Time{}
		clear(l.answers) // a seat counts its requests anew
	case wire.Knock:
		f.door = &knocking{line: l, keyPackage: r.KeyPackage}
	case wire.Withdraw:
		f.door = nil
	case wire.Resume:
		f.seat.line, f.seat.lost = l, time.Time{}
		if f.seat.host {
			m.hostless = time.Time{}
		}
		m.resumed = l
		m.counts["resume"]++
	case wire.Joined:
		f.seat.confirmed = true
	case wire.Commit:
		m.committed(r)
	case wire.Leave:
		if f.seat.host {
			m.host, m.hostless = nil, time.Now()
		}
		f.seat = nil
	default:
		m.learnHost(ask.on.soul, r)
	}
}

func (m *model) learnHost(by *soul, r wire.Request) {
	switch r := r.(type) {
	case wire.Open:
		m.group = m.proofs[string(r.Policy)].group
		m.gen, m.epoch = m.gen+1, 0
		clear(m.tasks)
		for _, f := range m.figures {
			if f.door != nil {
				f.door.admission = nil
			}
			if f.seat != nil && !f.seat.host {
				f.seat = nil
				m.counts["regroup"]++
			}
		}
		m.host.seat.inGroup, m.host.seat.since = true, 0
	case wire.Admit:
		for _, s := range m.proofs[string(r.Admission)].people {
			m.of(s).door.admission = r.Admission
			if m.of(s).seat != nil {
				m.counts["return"]++
			}
		}
	case wire.Deny:
		f := m.of(m.named(r.Participant))
		f.door, f.barred = nil, true
	case wire.Allow:
		m.of(m.named(r.Participant)).barred = false
	case wire.Remove:
		f := m.of(m.proofs[string(r.Statement)].whom)
		f.seat, f.door, f.barred = nil, nil, true
		m.counts["removal"]++
	case wire.End:
		m.finish()
		m.counts["end"]++
	}
	_ = by
}

func (m *model) finish() {
	m.over, m.host = true, nil
	for _, f := range m.figures {
		f.seat, f.door = nil, nil
	}
}

// committed moves the epoch on. Who is added and was not let in, or took it back, has no seat.
func (m *model) committed(r wire.Commit) {
	m.epoch++
	for _, who := range r.Removed {
		if s := m.named(who); s != nil && m.of(s).seat != nil {
			m.of(s).seat.inGroup = false
		}
	}
	for _, add := range m.tasks[r.Lease].Adds {
		s := m.named(add.Participant)
		if s == nil || !slices.Contains(r.Added, add.Participant) {
			continue
		}
		f := m.of(s)
		f.seat = nil
		if f.door != nil && f.door.admission != nil && bytes.Equal(f.door.keyPackage, add.KeyPackage) {
			f.seat = &place{line: f.door.line, since: m.epoch, inGroup: true, admission: f.door.admission}
			clear(f.door.line.answers) // a seat counts its requests anew
			f.door = nil
		}
	}
	if n := m.seats(); n > walkLimits.Members {
		m.w.fail("%d seats", n)
	}
}

// refused takes a refusal; it changes nothing.
func (m *model) refused(ask *asking, code fault.Code) {
	switch code {
	case fault.MeetingFull:
		m.counts["full"]++
	case fault.Removed, fault.KnockDenied:
		m.counts["barred out"]++
	case fault.MeetingUnknown:
		if m.over {
			m.counts["silence after the end"]++
		}
	}
	m.counts["refused"]++
	_ = ask
}

// hung takes a line that is gone.
func (m *model) hung(l *tap) {
	f := m.of(l.soul)
	if f.seat != nil && f.seat.line == l {
		f.seat.line, f.seat.lost = nil, time.Now()
		if f.seat.host {
			m.hostless = time.Now()
		}
	}
	if f.door != nil && f.door.line == l {
		f.door = nil
	}
}

// age gives up what the protocol gives up after two minutes.
func (m *model) age(now time.Time) {
	if !m.hostless.IsZero() && now.Sub(m.hostless) >= lobby.Grace {
		m.finish()
	}
	for _, f := range m.figures {
		if f.seat != nil && f.seat.line == nil && now.Sub(f.seat.lost) >= lobby.Grace {
			f.seat = nil
		}
	}
}

// overSaid takes the server's last word to a line.
func (m *model) overSaid(l *tap, o wire.Over) {
	f := m.of(l.soul)
	if f.seat != nil && f.seat.line == l {
		f.seat = nil
	}
	if f.door != nil && f.door.line == l {
		f.door = nil
	}
	if o.Reason == wire.ReasonRemoved && !f.barred {
		m.w.fail("line %d is told of a removal that nobody made", l.n)
	}
	if o.Reason == wire.ReasonEnded && !m.over {
		m.w.fail("line %d is told of an end that nobody made", l.n)
	}
}

// scan looks for anything of the meeting in a frame to somebody who is not admitted.
func (m *model) scan(f frame) {
	if m.seatOf(f.on) != nil {
		return
	}
	text := string(f.raw)
	for _, s := range m.w.souls {
		if s != f.on.soul && strings.Contains(text, s.ID.Text()) {
			m.w.fail("line %d, not admitted, hears of soul %d: %s", f.on.n, s.n, f.raw)
		}
	}
	for _, c := range m.canaries {
		if c.owner != f.on.soul && strings.Contains(text, c.text) {
			m.w.fail("line %d, not admitted, hears what is sealed: %s", f.on.n, f.raw)
		}
	}
}

// media looks at what the media plane was told: nobody sends or receives but who confirmed a seat.
func (m *model) media() {
	notes := m.w.h.Media.Notes()
	for _, note := range notes[m.noted:] {
		what, name, _ := strings.Cut(note, " ")
		switch what {
		case "open":
			m.playing[name] = true
			m.counts["media"]++
		case "shut":
			delete(m.playing, name)
		case "close":
			clear(m.playing)
		}
	}
	m.noted = len(notes)
	for _, s := range m.w.souls {
		seat := m.of(s).seat
		if m.playing[s.Name] && (seat == nil || !seat.confirmed) {
			m.w.fail("media is open for soul %d, who is not inside", s.n)
		}
		for _, name := range m.w.h.Media.Route(s.Person) {
			if m.playing[s.Name] && name != "" && !m.playing[name] {
				m.w.fail("soul %d is sent the media of %s, who is not inside", s.n, name)
			}
		}
	}
}
