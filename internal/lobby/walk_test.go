package lobby

import (
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// walk is a random story with what must hold in it, kept apart from the machine's own books.
type walk struct {
	m        *Machine
	now      time.Time
	admitted map[ident.ParticipantID]bool // by the host, with the knock that stands
	seated   map[ident.ParticipantID]bool
	hosts    map[ident.ParticipantID]bool
	barred   map[Device]ident.ParticipantID
	devices  map[ident.ParticipantID]Device // of the last knock
	finished bool
}

// TestRandomStoriesKeepThePromises walks the machine at random. What must always hold: nobody is seated
// without an admission or the host key, nobody is confirmed without a seat, the barred are not shown, there
// are no more seats than may be, one host, nothing after the end, and Next never lies in the past of a tick.
func TestRandomStoriesKeepThePromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{
			m: New(limits), now: start, admitted: map[ident.ParticipantID]bool{}, seated: map[ident.ParticipantID]bool{},
			hosts: map[ident.ParticipantID]bool{}, barred: map[Device]ident.ParticipantID{}, devices: map[ident.ParticipantID]Device{},
		}
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second)
			in := w.draw(t)
			effects := w.m.Step(in, w.now)
			w.note(in, effects)
			for _, e := range effects {
				w.check(t, in, e)
			}
			if _, ticked := in.(Ticked); ticked && !w.m.Next().IsZero() && !w.m.Next().After(w.now) {
				t.Fatalf("after a tick something is still due: %v at %v", w.m.Next(), w.now)
			}
			if len(w.m.seats)+len(w.m.invited) > limits.Members+1 || len(w.m.waiting) > limits.Knocks+limits.Members {
				t.Fatalf("%d seats, %d invited, %d waiting", len(w.m.seats), len(w.m.invited), len(w.m.waiting))
			}
		}
	})
}

func (w *walk) draw(t *rapid.T) Input {
	n := byte(rapid.IntRange(1, 6).Draw(t, "who"))
	who, by := person(n), person(hostNo)
	if rapid.IntRange(0, 4).Draw(t, "liar") == 0 {
		by = person(byte(rapid.IntRange(1, 8).Draw(t, "by")))
	}
	k := Knock{Who: who, Device: device(n), Reference: [32]byte{n, byte(rapid.IntRange(0, 1).Draw(t, "package"))}}
	switch rapid.IntRange(0, 14).Draw(t, "input") {
	case 0:
		h := byte(rapid.IntRange(8, 9).Draw(t, "host"))
		return HostCame{person(h), device(h)}
	case 1, 2:
		if rapid.IntRange(0, 9).Draw(t, "other device") == 0 {
			k.Device = device(n + 1)
		}
		return Knocked{k}
	case 3, 4:
		if waiting := w.m.waiting[who]; waiting != nil {
			k = waiting.knock
		}
		return Admitted{By: by, Entries: []Invitation{{who, k.Device, k.Reference}}}
	case 5:
		return Welcomed{Who: who}
	case 6:
		return Joined{who}
	case 7:
		return Lost{[]ident.ParticipantID{who, by}[rapid.IntRange(0, 1).Draw(t, "whose")]}
	case 8:
		return Resumed{[]ident.ParticipantID{who, by}[rapid.IntRange(0, 1).Draw(t, "whose")]}
	case 9:
		return Denied{by, who}
	case 10:
		return Removed{By: by, Who: who, Device: k.Device}
	case 11:
		return []Input{Left{Who: who}, Withdrew{who}, Stayed{who}, Allowed{by, who}}[rapid.IntRange(0, 3).Draw(t, "which")]
	case 12:
		if !w.m.grouped || rapid.IntRange(0, 9).Draw(t, "anew") == 0 {
			return Opened{by}
		}
		return Welcomed{Who: who}
	case 13:
		if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
			return Ended{By: by}
		}
		return Unaddable{who}
	default:
		return Ticked{}
	}
}

// note keeps the walk's own books of what was asked and not refused.
func (w *walk) note(in Input, effects []Effect) {
	if code(effects) != "" {
		return
	}
	switch in := in.(type) {
	case HostCame:
		w.hosts = map[ident.ParticipantID]bool{in.Who: true}
	case Admitted:
		for _, e := range in.Entries {
			w.admitted[e.Who] = true
		}
	case Knocked:
		delete(w.admitted, in.Knock.Who)
		w.devices[in.Knock.Who] = in.Knock.Device
	case Withdrew, Unaddable:
	case Denied:
		w.barred[w.devices[in.Who]] = in.Who
	case Removed:
		w.barred[in.Device] = in.Who
		delete(w.admitted, in.Who)
	case Allowed:
		maps.DeleteFunc(w.barred, func(_ Device, who ident.ParticipantID) bool { return who == in.Who })
	case Opened:
		clear(w.admitted)
	}
}

func (w *walk) check(t *rapid.T, in Input, e Effect) {
	if w.finished {
		if r, ok := e.(Refuse); !ok || r.Code != fault.MeetingOver {
			t.Fatalf("after the end: %#v", e)
		}
		return
	}
	switch e := e.(type) {
	case Seat:
		if !w.admitted[e.Who] && !w.hosts[e.Who] {
			t.Fatalf("%T seated %v without an admission", in, e.Who)
		}
		w.seated[e.Who] = true
		delete(w.admitted, e.Who)
	case Confirm:
		if !w.seated[e.Who] {
			t.Fatalf("confirmed without a seat")
		}
	case Unseat:
		delete(w.seated, e.Who)
	case AskBack:
		delete(w.seated, e.Who)
	case ShowKnock:
		if _, barred := w.barred[e.Knock.Device]; barred || !w.hosts[e.Host] {
			t.Fatalf("a knock was shown that must not be: %#v", e)
		}
	case TellWaiting:
		if w.m.waiting[e.Who] == nil {
			t.Fatalf("told %v, who does not wait", e.Who)
		}
	case AskWaiting:
		if !w.m.HostThere() {
			t.Fatal("asked while no host is there")
		}
	case Dismiss:
		if w.seated[e.Who] && w.m.seats[e.Who] == nil && !w.m.over {
			t.Fatal("a member was dismissed at the door")
		}
	case Finish:
		w.finished = true
	}
}
