package lobby

import (
	"slices"
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
	rules    Ruled
	invited  map[ident.ParticipantID]Invite
	seated   map[ident.ParticipantID]Device
	hostKeys map[ident.ParticipantID]bool
	rejoins  map[Device]bool // may rejoin: seated once, neither left nor removed
	removed  map[Device]ident.ParticipantID
	shown    map[[2]ident.ParticipantID]bool // to whom, of whom
	finished bool
}

// TestRandomStoriesKeepThePromises walks the machine at random. What must always hold: nobody is invited but
// by a host or co-host while unlocked, by a right to rejoin or by the host key; nobody is seated without an
// invitation that stands; what a lock or a bar voids is taken back in the same step; no barred device comes
// in; knocks are shown to hosts and co-hosts alone; nothing after the end; Next never lies in the past of a tick.
func TestRandomStoriesKeepThePromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &walk{
			m: New(limits), now: start, invited: map[ident.ParticipantID]Invite{}, seated: map[ident.ParticipantID]Device{},
			hostKeys: map[ident.ParticipantID]bool{}, rejoins: map[Device]bool{}, removed: map[Device]ident.ParticipantID{},
			shown: map[[2]ident.ParticipantID]bool{},
		}
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			in := w.draw(t)
			effects := w.m.Step(in, w.now)
			if code(effects) == "" {
				w.note(in)
			}
			for _, e := range effects {
				w.check(t, in, e)
			}
			w.settle(t, in)
		}
	})
}

func (w *walk) draw(t *rapid.T) Input {
	n := byte(rapid.IntRange(1, 9).Draw(t, "who"))
	who, by := person(n), person(hostNo)
	if rapid.IntRange(0, 3).Draw(t, "liar") == 0 {
		by = person(byte(rapid.IntRange(1, 9).Draw(t, "by")))
	}
	k := Knock{Who: who, Device: device(n), KeyPackage: []byte{n, byte(rapid.IntRange(0, 1).Draw(t, "package"))}}
	k.Reference = [32]byte{n, k.KeyPackage[1]}
	if rapid.IntRange(0, 19).Draw(t, "other device") == 0 {
		k.Device = device(n%9 + 1)
	}
	switch rapid.IntRange(0, 19).Draw(t, "input") {
	case 0:
		n := byte(rapid.IntRange(8, 9).Draw(t, "host"))
		return HostCame{person(n), device(n)}
	case 1, 2, 3:
		return Knocked{k}
	case 4, 5:
		if waiting := w.m.waiting[who]; waiting != nil {
			k = waiting.knock
		}
		return Admitted{By: by, Entries: []Invitation{{who, k.Device, k.Reference}}}
	case 6, 7:
		return Welcomed{Who: who, KeyPackage: w.invited[who].Knock.KeyPackage}
	case 8, 9:
		return Joined{who}
	case 10:
		return []Input{Lost{who}, Resumed{who}, Returned{who, k.Device}}[rapid.IntRange(0, 2).Draw(t, "line")]
	case 11:
		return Rejoined{k}
	case 12:
		return Taken{k}
	case 13:
		return w.drawRuled(t)
	case 14:
		return Removed{By: by, Who: who, Device: k.Device, HostKey: rapid.Bool().Draw(t, "host key")}
	case 15:
		return []Input{Left{Who: who}, Withdrew{who}, Stayed{who}, Allowed{by, who}, Denied{by, who}}[rapid.IntRange(0, 4).Draw(t, "which")]
	case 16:
		return Opened{by}
	case 17:
		if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
			return Ended{By: by}
		}
		return []Input{Unaddable{who}, Unwelcomed{who, rapid.Bool().Draw(t, "inside")}}[rapid.IntRange(0, 1).Draw(t, "which")]
	case 18:
		if rapid.IntRange(0, 4).Draw(t, "really") == 0 {
			return Revived{Seats: []Member{{person(hostNo), device(hostNo)}, {person(1), device(1)}}, Away: []Member{{person(2), device(2)}}}
		}
		return Lost{who}
	default:
		return Ticked{}
	}
}

func (w *walk) drawRuled(t *rapid.T) Ruled {
	in := Ruled{Locked: rapid.IntRange(0, 2).Draw(t, "locked") == 0, Voids: rapid.Bool().Draw(t, "voids")}
	for n := byte(1); n <= 9; n++ {
		switch rapid.IntRange(0, 5).Draw(t, "role") {
		case 0:
			in.Hosts = append(in.Hosts, device(n))
		case 1:
			in.CoHosts = append(in.CoHosts, device(n))
		case 2:
			in.Barred = append(in.Barred, device(n))
		case 3:
			in.Pardoned = append(in.Pardoned, device(n))
		}
	}
	return in
}

func (w *walk) mayAdmit(who ident.ParticipantID) bool {
	d, seated := w.seated[who]
	return seated && (w.hostKeys[who] || slices.Contains(w.rules.Hosts, d) || slices.Contains(w.rules.CoHosts, d))
}

// note keeps the walk's own books of what was asked and not refused.
func (w *walk) note(in Input) {
	switch in := in.(type) {
	case Ruled:
		for d := range w.removed {
			if slices.Contains(in.Pardoned, d) {
				delete(w.removed, d)
			}
		}
		w.rules = in
	case Revived:
		for _, mem := range slices.Concat(in.Seats, in.Away) {
			w.rejoins[mem.Device] = true
		}
	case Returned: // on a new line, which has seen nothing
		for pair := range w.shown {
			if pair[0] == in.Who {
				delete(w.shown, pair)
			}
		}
	case Left:
		delete(w.rejoins, w.seated[in.Who])
	case Removed:
		delete(w.rejoins, in.Device)
		w.removed[in.Device] = in.Who
	case Allowed:
		for d, who := range w.removed {
			if who == in.Who {
				delete(w.removed, d)
			}
		}
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
	case Invite:
		w.checkInvite(t, in, e)
		w.invited[e.Knock.Who] = e
	case Uninvite:
		delete(w.invited, e.Who)
	case Seat:
		w.checkSeat(t, in, e)
	case Unseat:
		w.unseat(e.Who)
	case AskBack:
		if !e.AtDoor {
			w.unseat(e.Who)
		}
	case ShowKnock:
		if !w.mayAdmit(e.To) || slices.Contains(w.rules.Barred, e.Knock.Device) || w.rules.Locked {
			t.Fatalf("%T: shown to %v (may admit: %v), locked %v: %v", in, e.To, w.mayAdmit(e.To), w.rules.Locked, e.Knock.Who)
		}
		w.shown[[2]ident.ParticipantID{e.To, e.Knock.Who}] = true
	case HideKnock:
		delete(w.shown, [2]ident.ParticipantID{e.To, e.Who})
	case TellWaiting:
		if w.m.waiting[e.Who] == nil {
			t.Fatalf("told %v, who does not wait", e.Who)
		}
	case AskWaiting:
		if !w.m.HostThere() {
			t.Fatal("asked while no host is there")
		}
	case Finish:
		w.finished = true
	}
}

func (w *walk) checkInvite(t *rapid.T, in Input, e Invite) {
	k := e.Knock
	ok := false
	switch in := in.(type) {
	case Admitted:
		ok = e.Cause == ByAdmission && w.mayAdmit(in.By) && !w.rules.Locked
	case Rejoined:
		_, removed := w.removed[k.Device]
		ok = e.Cause == ByRejoin && w.rejoins[k.Device] && !removed
	case Taken:
		ok = e.Cause == ByTake && w.hostKeys[k.Who] && w.seated[k.Who] == k.Device
	}
	if !ok || slices.Contains(w.rules.Barred, k.Device) {
		t.Fatalf("%#v invited %#v under %#v", in, e, w.rules)
	}
}

func (w *walk) checkSeat(t *rapid.T, in Input, e Seat) {
	inv, invited := w.invited[e.Who]
	switch in.(type) {
	case HostCame, Revived, Unwelcomed:
	case Welcomed:
		if !invited || inv.Knock.Device != e.Device || inv.Cause == ByTake {
			t.Fatalf("%v was seated without an invitation", e.Who)
		}
		delete(w.invited, e.Who)
	default:
		t.Fatalf("%T seated %v", in, e.Who)
	}
	if _, again := in.(Unwelcomed); !again && slices.Contains(w.rules.Barred, e.Device) {
		t.Fatalf("%T seated a barred device", in)
	}
	_, w.hostKeys[e.Who] = in.(HostCame)
	w.seated[e.Who] = e.Device
	w.rejoins[e.Device] = true
}

func (w *walk) unseat(who ident.ParticipantID) {
	delete(w.seated, who)
	delete(w.hostKeys, who)
	for pair := range w.shown {
		if pair[0] == who {
			delete(w.shown, pair)
		}
	}
}

// settle checks what must hold between two inputs.
func (w *walk) settle(t *rapid.T, in Input) {
	if w.finished {
		return
	}
	if welcomed, ok := in.(Welcomed); ok && w.invited[welcomed.Who].Cause == ByTake {
		delete(w.invited, welcomed.Who)
	}
	if u, unaddable := in.(Unaddable); unaddable {
		delete(w.invited, u.Who)
	}
	for who, inv := range w.invited {
		if w.m.invited[who] == nil || slices.Contains(w.rules.Barred, inv.Knock.Device) || inv.Cause == ByAdmission && w.rules.Locked {
			t.Fatalf("%T: the invitation of %v stands", in, who)
		}
	}
	for who, knock := range w.m.waiting {
		if w.rules.Locked {
			t.Fatalf("%v waits at a locked door", who)
		}
		for watcher := range w.seated {
			if _, confirmed := w.m.Seated(watcher); w.mayAdmit(watcher) && confirmed && !w.shown[[2]ident.ParticipantID{watcher, who}] {
				t.Fatalf("%T: %v does not see %v knock", in, watcher, knock.knock.Who)
			}
		}
	}
	for pair := range w.shown {
		if w.m.waiting[pair[1]] == nil {
			t.Fatalf("%T: %v sees %v, who does not wait", in, pair[0], pair[1])
		}
	}
	if w.m.Started() && w.m.HostThere() != w.m.hostless.IsZero() {
		t.Fatalf("%T: a host is there: %v, hostless since %v", in, w.m.HostThere(), w.m.hostless)
	}
	if _, ticked := in.(Ticked); ticked && !w.m.Next().IsZero() && !w.m.Next().After(w.now) {
		t.Fatalf("after a tick something is still due: %v at %v", w.m.Next(), w.now)
	}
	if w.m.occupied() > limits.Members+maxHostSeats || w.m.strangers() > limits.Knocks+limits.Members {
		t.Fatalf("%d inside, %d waiting", w.m.occupied(), len(w.m.waiting))
	}
}
