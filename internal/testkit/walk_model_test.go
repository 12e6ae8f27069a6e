package testkit

import (
	"strings"
	"time"

	"incamera/internal/statement"
	"incamera/internal/wire"
)

// model is what the protocol says of everybody, kept from what was asked and answered alone.
type model struct {
	w       *walk
	counts  reached
	figures []*figure // by soul
	rules

	there    bool      // a host or co-host has a living line
	hostless time.Time // since when none has, once one had
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

// rules are the group that the server holds and what waits to be committed in it.
type rules struct {
	group   *Group // nil before the first, and after a restart until one is revived
	lost    *Group // what a restarted server forgot
	gen     uint32 // of the newest group that the server knows
	tip     [32]byte
	locking bool // by a policy that waits
	barring map[[32]byte]bool
}

// figure is a soul as the protocol sees it.
type figure struct {
	seat   *place
	door   *knocking
	taking *knocking // a seat with the host key that is to be added
	denied bool
	out    bool // removed, until allowed or pardoned
	gone   bool // left or was removed: no right to rejoin
}

// place is a seat.
type place struct {
	line               *tap // nil while broken
	since              uint64
	host               bool // by the host key
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
	rejoins    bool
}

// standing is what a line is at a moment.
type standing struct {
	seat    place
	door    bool
	rejoins bool // asked the group to take their device back
	admits  bool // is shown the knocks
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
	after     [32]byte         // of a policy: the one before it
	policy    statement.Policy // of a policy
	key       [32]byte         // of a rejoin: the leaf key that it names
}

// canary is a text that must not reach a line that is not admitted, but for its owner's.
type canary struct {
	text  string
	owner *soul
}

func newModel(w *walk, counts reached) *model {
	m := &model{w: w, counts: counts, tasks: map[uint64]wire.Task{}, proofs: map[string]proof{}, playing: map[string]bool{}}
	m.barring = map[[32]byte]bool{}
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
		door := m.doorOf(l)
		st := standing{door: door != nil, rejoins: door != nil && door.rejoins, admits: m.admits(l.soul)}
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

// rank is a soul's authority by the policy as committed: 2 host, 1 co-host.
func (m *model) rank(s *soul) int {
	if m.group == nil {
		return 0
	}
	return m.group.Authority(s.DeviceKey())
}

// admits tells whether a soul's seat is a host's or a co-host's.
func (m *model) admits(s *soul) bool {
	seat := m.of(s).seat
	return seat != nil && (seat.host || m.rank(s) > 0)
}

func (m *model) hosts(s *soul) bool {
	seat := m.of(s).seat
	return seat != nil && (seat.host || m.rank(s) == 2)
}

func (m *model) locked() bool { return m.group != nil && (m.group.Policy.Locked || m.locking) }

func (m *model) barred(s *soul) bool {
	return m.group != nil && (m.group.Barred(s.DeviceKey()) || m.barring[s.DeviceKey()])
}

func (m *model) keptOut(s *soul) bool { return m.of(s).denied || m.of(s).out || m.barred(s) }

// holders counts the connected members who hold the group.
func (m *model) holders() (n int) {
	for _, f := range m.figures {
		if f.seat != nil && f.seat.line != nil && f.seat.confirmed && f.taking == nil && (f.door == nil || !f.door.rejoins) {
			n++
		}
	}
	return n
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
