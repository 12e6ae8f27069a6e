package testkit

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"pgregory.net/rapid"

	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// walks is how many random stories a plain `go test` plays; -rapid.checks chooses another number for each half.
const walks = 5000

// walkLimits make a small house: its bounds are met often.
var walkLimits = lobby.Limits{Members: 3, Knocks: 2, MaxAge: 24 * time.Hour}

// deed is one step of a story: what is done, by whom, to whom, and with which twist.
type deed struct{ What, Who, Whom, Twist int }

func (d deed) String() string {
	return fmt.Sprintf("%s by %d to %d (%d)", deeds[d.What].name, d.Who, d.Whom, d.Twist)
}

// walk plays one story against a whole server: the gate, the meeting and the wire are real, media takes notes. Every frame that the
// server writes on any line is judged by the model.
type walk struct {
	h     *House
	in    *Invite
	souls []*soul
	lines []*tap
	model *model
	trail []string // what was done and heard
	wrong string   // the first broken promise
}

// soul is somebody with a device. The first two have the host link.
type soul struct {
	*Person
	n     int
	line  *tap
	shown []wire.KnockPush // to the host, not answered
	task  *wire.Task
}

// tap is one line with all that was said and heard on it.
type tap struct {
	n         int
	soul      *soul
	conn      *websocket.Conn
	heard     chan []byte
	challenge [32]byte
	open      map[uint64]wire.Request // asked and not answered
	answers   map[uint64][]byte
	said      [][]byte
	requests  []wire.Request
	lastID    uint64
	bye       bool // the server has said its last word
	closed    bool
}

// reached counts over all stories how often something happened: a walk that comes nowhere shows nothing.
type reached map[string]int

// TestRandomStoriesLeakNothing plays random stories, honest and not, and holds each frame on each line against a model of the protocol. Nothing of the meeting
// may reach a line that is not admitted; removed and denied devices get no seat until they are allowed, barred ones until they are pardoned;
// while the meeting is locked nobody new comes in; all members hear one commit an epoch, with both signatures; an ended
// meeting says nothing; there are no more seats than may be; every request gets exactly one answer.
func TestRandomStoriesLeakNothing(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue && !raced {
		if err := f.Value.Set(strconv.Itoa(walks / len(halves))); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Value.Set(f.DefValue) }) //nolint:errcheck // it was read from there
	}
	for _, half := range halves {
		t.Run(half, func(t *testing.T) {
			t.Parallel()
			playMany(t)
		})
	}
}

// halves of the stories are played side by side.
var halves = []string{"one half", "other half"}

func playMany(t *testing.T) {
	counts, stories := reached{}, 0
	one := rapid.Custom(func(t *rapid.T) deed {
		return deed{
			rapid.SampledFrom(weighted).Draw(t, "what"), rapid.IntRange(0, 5).Draw(t, "who"),
			rapid.IntRange(0, 5).Draw(t, "whom"), rapid.IntRange(0, 7).Draw(t, "twist"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.SampledFrom([]int{8, 25, 50, 75}).Draw(rt, "deeds")
		story := rapid.SliceOfN(one, n, n).Draw(rt, "story")
		wrong, trail := "", []string(nil)
		synctest.Test(t, func(t *testing.T) { wrong, trail = play(t, story, counts) })
		if wrong != "" {
			rt.Fatalf("%s\n%s", wrong, strings.Join(trail, "\n"))
		}
		stories++
	})
	t.Logf("%d stories: %v", stories, counts)
	for _, what := range milestones {
		if stories >= 1000 && counts[what] < stories/1000 {
			t.Errorf("%s came about %d times in %d stories", what, counts[what], stories)
		}
	}
}

// milestones are what the stories must reach.
var milestones = []string{
	"seat", "app", "media", "barred out", "regroup", "resume", "end", "full", "silence after the end", "rejoin", "take", "lock", "locked out",
	"bar", "pardon", "co-host admits", "restart", "revival", "return", "commit", "commit refused", "cannot",
}

func play(t *testing.T, story []deed, counts reached) (string, []string) {
	h := NewHouse(t, walkLimits)
	h.Shelf.Slow = 2 * time.Second // so that stories go on while an ended meeting's booking is being deleted
	w := &walk{h: h, in: h.Book("A story")}
	w.model = newModel(w, counts)
	for n := range 6 {
		w.souls = append(w.souls, &soul{Person: h.Person("soul " + strconv.Itoa(n)), n: n})
	}
	for _, d := range story {
		w.trail = append(w.trail, d.String())
		deeds[d.What].do(w, w.souls[d.Who], w.souls[d.Whom], d.Twist)
		w.pass(100 * time.Millisecond)
		if w.wrong != "" {
			break
		}
	}
	for _, l := range w.lines {
		l.conn.CloseNow() //nolint:errcheck // it may be closed already
	}
	return w.wrong, w.trail
}

// pass lets time go by and judges what it brings.
func (w *walk) pass(long time.Duration) {
	w.model.before = w.model.standings()
	<-time.After(long)
	synctest.Wait()
	w.model.age(time.Now())
	w.judge(w.collect(), nil)
}

// frame is what a line heard.
type frame struct {
	on    *tap
	raw   []byte
	reply wire.Reply
	id    uint64
}

// call opens a new line for somebody, from an address of its own, so that the guard does not end the story.
func (w *walk) call(s *soul) *tap {
	q := *s.Person
	q.From = w.h.Address()
	q.Call()
	l := &tap{n: len(w.lines), soul: s, conn: q.conn, heard: q.heard, open: map[uint64]wire.Request{}, answers: map[uint64][]byte{}}
	w.lines = append(w.lines, l)
	s.line = l
	w.send(l, wire.Hello{Version: wire.Version, Meeting: wire.Meeting(w.in.ID)})
	return l
}

// hang breaks a line without a word.
func (w *walk) hang(l *tap) {
	if l == nil || l.closed {
		return
	}
	l.conn.CloseNow() //nolint:errcheck // that is the point
	l.closed = true
	w.model.before = w.model.standings()
	w.model.hung(l)
	synctest.Wait()
	w.judge(w.collect(), nil)
}

// send says a request on a line, waits until the house is quiet and judges all that was heard.
func (w *walk) send(l *tap, r wire.Request) {
	l.lastID++
	l.soul.lastID = max(l.soul.lastID+1, l.lastID)
	l.lastID = l.soul.lastID
	w.say(l, l.lastID, r)
}

func (w *walk) say(l *tap, id uint64, r wire.Request) {
	if l.closed || l.bye {
		return
	}
	raw := wire.Encode(r, wire.Head{ID: id})
	l.said, l.requests = append(l.said, raw), append(l.requests, r)
	l.open[id] = r
	ask := &asking{on: l, id: id, request: r, may: w.model.may(l, r), cached: w.model.seatOf(l) != nil && l.answers[id] != nil}
	w.trail = append(w.trail, fmt.Sprintf("  %d.%d> %T id %d, may %v", l.soul.n, l.n, r, id, ask.may))
	w.model.before, w.model.resumed = w.model.standings(), nil
	ctx := w.h.t.Context()
	if l.conn.Write(ctx, websocket.MessageText, raw) != nil {
		return
	}
	synctest.Wait()
	w.judge(w.collect(), ask)
}

// collect takes what all lines have heard.
func (w *walk) collect() []frame {
	var all []frame
	for _, l := range w.lines {
		for waiting := true; waiting && !l.closed; {
			select {
			case raw, alive := <-l.heard:
				if !alive {
					l.closed = true
					break
				}
				f := frame{on: l, raw: raw}
				f.reply, f.id = w.parse(l, raw)
				all = append(all, f)
			default:
				waiting = false
			}
		}
	}
	return all
}

func (w *walk) parse(l *tap, raw []byte) (wire.Reply, uint64) {
	var head struct {
		ID, Seq uint64
		Type    string
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		w.fail("line %d heard what is no message: %s", l.n, raw)
	}
	var ok wire.Reply
	if asked := l.open[head.ID]; asked != nil {
		ok = oks[reflect.TypeOf(asked)]
	}
	reply, _, err := wire.ParseReply(raw, ok)
	if err != nil {
		w.fail("line %d heard what is no message: %v %s", l.n, err, raw)
	}
	if head.Seq > 0 {
		l.soul.Seq = head.Seq
	}
	w.trail = append(w.trail, fmt.Sprintf("  %d.%d< %T id %d %.90s", l.soul.n, l.n, reply, head.ID, raw))
	return reply, head.ID
}

func (w *walk) fail(format string, args ...any) {
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...)
		w.trail = append(w.trail, "WRONG: "+w.wrong)
	}
}

// asking is the request that the frames may answer.
type asking struct {
	on      *tap
	id      uint64
	request wire.Request
	may     bool
	cached  bool // it came before, and its seat has the answer
}

// judge takes the answer out of the frames, lets the model learn it, and holds the rest against the model.
func (w *walk) judge(frames []frame, ask *asking) {
	var rest []frame
	answered := 0
	for _, f := range frames {
		switch {
		case f.on.bye:
			w.fail("line %d hears something after the last word: %s", f.on.n, f.raw)
		case ask != nil && f.on == ask.on && f.id == ask.id:
			answered++
			w.answer(ask, f)
		case f.id != 0:
			w.fail("line %d hears an answer to nothing: %s", f.on.n, f.raw)
		default:
			rest = append(rest, f)
		}
		_, f.on.bye = f.reply.(wire.Over)
	}
	if ask != nil && answered != 1 && !(answered == 0 && ask.on.closed) {
		w.fail("%T was answered %d times", ask.request, answered)
	}
	sat := w.model.sat
	for l, st := range w.model.standings() { // as learned from the answer, before the last words
		if w.model.before[l].seat.line == nil {
			w.model.before[l] = st
		}
	}
	w.model.sat = sat
	for _, f := range rest {
		if o, over := f.reply.(wire.Over); over {
			w.model.overSaid(f.on, o)
		}
	}
	going := map[*tap]bool{} // lines that lose their seat with what they hear
	for _, f := range rest {
		switch f.reply.(type) {
		case wire.Over, wire.Regroup:
			going[f.on] = true
		}
	}
	for _, f := range rest {
		w.model.push(f, going[f.on])
		if _, regroup := f.reply.(wire.Regroup); regroup {
			going[f.on] = false
		}
	}
	for _, l := range w.lines {
		if l.closed {
			w.model.hung(l)
		}
	}
	w.model.notice()
	w.model.media()
}

func (w *walk) answer(ask *asking, f frame) {
	delete(ask.on.open, ask.id)
	before := ask.on.answers[ask.id]
	ask.on.answers[ask.id] = f.raw
	if fault, refused := f.reply.(wire.Fault); refused {
		w.model.refused(fault.Code)
		return
	}
	switch {
	case ask.cached:
		if string(before) != string(f.raw) {
			w.fail("asked twice, answered differently: %s", f.raw)
		}
	case !ask.may:
		w.fail("%T on line %d of %d was not refused", ask.request, ask.on.n, ask.on.soul.n)
	default:
		w.model.learn(ask, f.reply)
	}
	w.model.scan(f)
}

func text64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
