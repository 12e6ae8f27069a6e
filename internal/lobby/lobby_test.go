package lobby

import (
	"slices"
	"testing"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	limits = Limits{Members: 4, Knocks: 3, MaxAge: 24 * time.Hour}
)

func person(n byte) ident.ParticipantID { return ident.ParticipantID{n} }
func device(n byte) Device              { return Device{n} }
func knock(n byte) Knocked {
	return Knocked{Knock{Who: person(n), Device: device(n), Reference: [32]byte{n}}}
}
func invite(n byte) Invitation { return Invitation{person(n), device(n), [32]byte{n}} }

func rejoin(n byte) Rejoined {
	return Rejoined{Knock{Who: person(n), Device: device(n), Reference: [32]byte{n, 1}, KeyPackage: []byte{n, 1}, Statement: []byte("r")}}
}

func bar(n byte) Ruled {
	return Ruled{Hosts: []Device{device(hostNo)}, Barred: []Device{device(n)}, Voids: true}
}

const (
	hostNo   = 9
	coHostNo = 8
)

var (
	lock     = Ruled{Hosts: []Device{device(hostNo)}, CoHosts: []Device{device(coHostNo)}, Locked: true}
	twoHosts = Ruled{Hosts: []Device{device(hostNo), device(coHostNo)}}
)

// opened is a door with its host there and a group open.
func opened() *Machine {
	m := New(limits)
	m.Step(HostCame{person(hostNo), device(hostNo)}, start)
	m.Step(Opened{person(hostNo)}, start)
	m.Step(Ruled{Hosts: []Device{device(hostNo)}}, start)
	return m
}

// member lets person n in, to the end.
func member(m *Machine, n byte) {
	m.Step(knock(n), start)
	m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(n)}}, start)
	m.Step(Welcomed{Who: person(n)}, start)
	m.Step(Joined{person(n)}, start)
}

func code(effects []Effect) fault.Code {
	for _, e := range effects {
		if r, ok := e.(Refuse); ok {
			return r.Code
		}
	}
	return ""
}

func TestWhoIsRefusedWhat(t *testing.T) {
	host, guest := person(hostNo), person(1)
	for name, c := range map[string]struct {
		before []Input
		in     Input
		want   fault.Code
	}{
		"a guest admits":                       {[]Input{knock(1), knock(2)}, Admitted{By: guest, Entries: []Invitation{invite(2)}}, fault.NotHost},
		"a guest denies":                       {[]Input{knock(1)}, Denied{guest, guest}, fault.NotHost},
		"a guest allows":                       {nil, Allowed{guest, guest}, fault.NotHost},
		"a guest removes":                      {nil, Removed{By: guest, Who: host, Device: device(hostNo)}, fault.NotHost},
		"a guest ends":                         {nil, Ended{By: guest}, fault.NotHost},
		"a guest opens a group":                {nil, Opened{guest}, fault.NotHost},
		"nobody is the host of no one":         {nil, Ended{}, fault.NotHost},
		"the host admits who does not wait":    {nil, Admitted{By: host, Entries: []Invitation{invite(1)}}, fault.SeatUnknown},
		"the host admits an old KeyPackage":    {[]Input{knock(1)}, Admitted{By: host, Entries: []Invitation{{guest, device(1), [32]byte{99}}}}, fault.SeatUnknown},
		"the host admits another device":       {[]Input{knock(1)}, Admitted{By: host, Entries: []Invitation{{guest, device(2), [32]byte{1}}}}, fault.SeatUnknown},
		"one bad entry spoils all":             {[]Input{knock(1)}, Admitted{By: host, Entries: []Invitation{invite(1), invite(2)}}, fault.SeatUnknown},
		"the host removes herself":             {nil, Removed{By: host, Who: host, Device: device(hostNo)}, fault.NotHost},
		"the host removes a stranger":          {nil, Removed{By: host, Who: guest, Device: device(1)}, fault.SeatUnknown},
		"the host denies nobody":               {nil, Denied{host, guest}, fault.SeatUnknown},
		"the host allows who is not barred":    {nil, Allowed{host, guest}, fault.SeatUnknown},
		"a co-host opens a group":              {nil, Opened{person(coHostNo)}, fault.NotHost},
		"a co-host ends":                       {nil, Ended{By: person(coHostNo)}, fault.NotHost},
		"a co-host removes a host":             {nil, Removed{By: person(coHostNo), Who: host, Device: device(hostNo)}, fault.NotHost},
		"a host removes a host":                {[]Input{twoHosts}, Removed{By: host, Who: person(coHostNo), Device: device(coHostNo)}, fault.NotHost},
		"the host key removes a host":          {[]Input{twoHosts}, Removed{By: host, Who: person(coHostNo), Device: device(coHostNo), HostKey: true}, ""},
		"a co-host with the host key's word":   {[]Input{knock(1)}, Removed{By: person(coHostNo), Who: host, Device: device(hostNo), HostKey: true}, fault.NotHost},
		"a co-host admits":                     {[]Input{knock(1)}, Admitted{By: person(coHostNo), Entries: []Invitation{invite(1)}}, ""},
		"a co-host denies":                     {[]Input{knock(1)}, Denied{person(coHostNo), guest}, ""},
		"a demoted co-host admits":             {[]Input{Ruled{Hosts: []Device{device(hostNo)}}, knock(1)}, Admitted{By: person(coHostNo), Entries: []Invitation{invite(1)}}, fault.NotHost},
		"a new group while one is held":        {nil, Opened{host}, fault.GroupHeld},
		"a knock while locked":                 {[]Input{lock}, knock(1), fault.MeetingLocked},
		"an admission while locked":            {[]Input{knock(1), lock}, Admitted{By: host, Entries: []Invitation{invite(1)}}, fault.MeetingLocked},
		"a stranger rejoins":                   {nil, rejoin(1), fault.RejoinBad},
		"a co-host rejoins while locked":       {[]Input{lock}, rejoin(coHostNo), ""},
		"who left rejoins":                     {[]Input{Left{Who: person(coHostNo)}}, rejoin(coHostNo), fault.RejoinBad},
		"a removed device rejoins":             {[]Input{Removed{By: host, Who: person(coHostNo), Device: device(coHostNo)}}, rejoin(coHostNo), fault.Removed},
		"a removed and allowed device rejoins": {[]Input{Removed{By: host, Who: person(coHostNo), Device: device(coHostNo)}, Allowed{host, person(coHostNo)}}, rejoin(coHostNo), fault.RejoinBad},
		"a barred device rejoins":              {[]Input{bar(coHostNo)}, rejoin(coHostNo), fault.Removed},
		"a barred device knocks":               {[]Input{bar(1)}, knock(1), fault.Removed},
		"a barred device has the host key":     {[]Input{bar(7)}, HostCame{person(7), device(7)}, fault.Removed},
		"a rejoin that nobody can answer":      {[]Input{Lost{host}}, rejoin(coHostNo), fault.RejoinBad},
		"a guest takes the group":              {nil, Taken{knock(coHostNo).Knock}, fault.NotHost},
		"a host of the group takes it":         {nil, Taken{knock(hostNo).Knock}, fault.MessageOrder},
		"a second host device takes it":        {[]Input{lock, HostCame{person(7), device(7)}}, Taken{knock(7).Knock}, ""},
		"joining what one was not added to":    {[]Input{HostCame{person(7), device(7)}}, Joined{person(7)}, fault.MessageOrder},
		"an unknown device returns":            {nil, Returned{person(1), device(1)}, fault.RejoinBad},
		"another device returns":               {nil, Returned{host, device(1)}, fault.RejoinBad},
		"a fourth knock":                       {[]Input{knock(1), knock(2), knock(3)}, knock(4), fault.DoorFull},
		"a knock as the host":                  {nil, Knocked{Knock{Who: host, Device: device(1)}}, fault.KnockBad},
		"a knock as another who waits":         {[]Input{knock(1)}, Knocked{Knock{Who: guest, Device: device(2)}}, fault.KnockBad},
		"a device under a second name":         {[]Input{knock(1)}, Knocked{Knock{Who: person(2), Device: device(1)}}, fault.KnockBad},
		"a denied device":                      {[]Input{knock(1), Denied{host, guest}}, knock(1), fault.KnockDenied},
		"a host under a guest's name":          {[]Input{knock(1), Admitted{By: host, Entries: []Invitation{invite(1)}}, Welcomed{Who: guest}}, HostCame{guest, device(hostNo)}, fault.HostProofBad},
		"joining without a seat":               {[]Input{knock(1)}, Joined{guest}, fault.NotMember},
		"leaving without a seat":               {nil, Left{Who: guest}, fault.NotMember},
		"staying without waiting":              {nil, Stayed{guest}, fault.MessageOrder},
		"after the end":                        {[]Input{Ended{By: host}}, knock(1), fault.MeetingOver},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened()
			member(m, coHostNo)
			m.Step(Ruled{Hosts: []Device{device(hostNo)}, CoHosts: []Device{device(coHostNo)}}, start)
			for _, in := range c.before {
				if got := code(m.Step(in, start)); got != "" {
					t.Fatalf("before: %T refused with %s", in, got)
				}
			}
			if got := code(m.Step(c.in, start)); got != c.want {
				t.Errorf("refused with %q, want %q", got, c.want)
			}
		})
	}
}

func TestAMemberIsNotImpersonatedByAnotherDevice(t *testing.T) {
	m := opened()
	member(m, 1)
	if got := code(m.Step(Knocked{Knock{Who: person(1), Device: device(2)}}, start)); got != fault.KnockBad {
		t.Errorf("refused with %q", got)
	}
	if got := code(m.Step(Rejoined{Knock{Who: person(1), Device: device(2)}}, start)); got != fault.RejoinBad {
		t.Errorf("a rejoin: %q", got)
	}
}

func TestARemovedDeviceStaysOutUntilAllowed(t *testing.T) {
	m := opened()
	member(m, 1)
	if got := code(m.Step(Removed{By: person(hostNo), Who: person(1), Device: device(2)}, start)); got != fault.SeatUnknown {
		t.Errorf("a removal that names another device: %q", got)
	}
	if got := code(m.Step(Removed{By: person(hostNo), Who: person(1), Device: device(1)}, start)); got != "" {
		t.Fatalf("the removal: %q", got)
	}
	for _, who := range []byte{1, 2} { // under another name, too
		if got := code(m.Step(Knocked{Knock{Who: person(who), Device: device(1)}}, start)); got != fault.Removed {
			t.Errorf("the removed device: %q", got)
		}
	}
	m.Step(Allowed{person(hostNo), person(1)}, start)
	if got := code(m.Step(knock(1), start)); got != "" {
		t.Errorf("once allowed: %q", got)
	}
}

func TestAdmissionBeforeTheGroupIsRefused(t *testing.T) {
	m := New(limits)
	m.Step(HostCame{person(hostNo), device(hostNo)}, start)
	m.Step(knock(1), start)
	if got := code(m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, start)); got != fault.GroupMissing {
		t.Errorf("refused with %q", got)
	}
}

func TestNoMoreMembersThanSeats(t *testing.T) {
	m := opened()
	for n := byte(1); n <= 3; n++ {
		member(m, n)
	}
	m.Step(knock(4), start)
	if got := code(m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(4)}}, start)); got != fault.MeetingFull {
		t.Errorf("refused with %q", got)
	}
	m.Step(knock(3), start) // a reload needs no seat of its own
	if got := code(m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(3)}}, start)); got != "" {
		t.Errorf("the member who came back: %q", got)
	}
}

func TestANewKeyPackageVoidsTheAdmissionOfTheOld(t *testing.T) {
	m := opened()
	m.Step(knock(1), start)
	m.Step(Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, start)
	again := knock(1)
	again.Knock.Reference = [32]byte{77}
	effects := m.Step(again, start)
	if !slices.ContainsFunc(effects, func(e Effect) bool { u, ok := e.(Uninvite); return ok && u.Who == person(1) }) {
		t.Errorf("effects %#v", effects)
	}
}

func TestEverythingHappensWhenNextSays(t *testing.T) {
	host := person(hostNo)
	for name, c := range map[string]struct {
		before []Input
		after  time.Duration
		want   Effect
	}{
		"a waiting person is asked":          {[]Input{knock(1)}, AskAfter, AskWaiting{person(1)}},
		"a seat without a line is given up":  {[]Input{Lost{person(2)}}, Grace, Unseat{Who: person(2), Why: WhyAbsent, Remove: true}},
		"a meeting without a host closes":    {[]Input{Lost{host}}, Grace, Finish{WhyClosed}},
		"a meeting whose host left closes":   {[]Input{Left{Who: host}}, Grace, Finish{WhyClosed}},
		"an old meeting closes":              {nil, limits.MaxAge, Finish{WhyClosed}},
		"a seat that is not taken is freed":  {[]Input{knock(1), Admitted{By: host, Entries: []Invitation{invite(1)}}, Welcomed{Who: person(1)}}, JoinWithin, Unseat{Who: person(1), Why: WhyLapsed, Remove: true}},
		"one who was asked and is mute goes": {[]Input{knock(1), tick(AskAfter)}, AskAfter + LapseAfter, Dismiss{Who: person(1), Why: WhyLapsed}},
	} {
		t.Run(name, func(t *testing.T) {
			m := opened()
			member(m, 2)
			for _, in := range c.before {
				if at, ok := in.(tick); ok {
					m.Step(Ticked{}, start.Add(time.Duration(at)))
				} else {
					m.Step(in, start)
				}
			}
			if next := m.Next(); !next.Equal(start.Add(c.after)) {
				t.Errorf("next after %v, want %v", next.Sub(start), c.after)
			}
			if early := m.Step(Ticked{}, start.Add(c.after-time.Millisecond)); len(early) > 0 {
				t.Errorf("a moment too early: %#v", early)
			}
			effects := m.Step(Ticked{}, start.Add(c.after))
			if !slices.ContainsFunc(effects, func(e Effect) bool { return same(e, c.want) }) {
				t.Errorf("effects %#v", effects)
			}
		})
	}
}

func TestWhoComesBackBeforeTakingTheSeatHasAMinuteAgain(t *testing.T) {
	m := opened()
	for _, in := range []Input{knock(1), Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, Welcomed{Who: person(1)}, Lost{person(1)}} {
		m.Step(in, start)
	}
	back := start.Add(JoinWithin + time.Second)
	m.Step(Resumed{person(1)}, back)
	if early := m.Step(Ticked{}, back.Add(JoinWithin-time.Millisecond)); len(early) > 0 {
		t.Errorf("too early: %#v", early)
	}
	if effects := m.Step(Ticked{}, back.Add(JoinWithin)); len(effects) == 0 {
		t.Error("the seat is held for ever")
	}
}

// tick stands for the passing of time in a table.
type tick time.Duration

func (tick) input() {}

func same(a, b Effect) bool {
	switch a := a.(type) {
	case Unseat:
		b, ok := b.(Unseat)
		return ok && a.Who == b.Who && a.Why == b.Why && a.Remove == b.Remove
	case Dismiss:
		b, ok := b.(Dismiss)
		return ok && a.Who == b.Who && a.Why == b.Why
	case AskWaiting:
		return a == b
	case Finish:
		return a == b
	}
	return false
}

func TestAnAdditionByAnEarlierKnockSeatsNobody(t *testing.T) {
	m := opened()
	again := knock(1)
	again.Knock.KeyPackage, again.Knock.Reference = []byte("new"), [32]byte{9}
	entry := invite(1)
	entry.Reference = again.Knock.Reference
	for _, in := range []Input{knock(1), Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, again, Admitted{By: person(hostNo), Entries: []Invitation{entry}}} {
		m.Step(in, start)
	}
	m.Step(Welcomed{Who: person(1)}, start)
	if seated, _ := m.Seated(person(1)); seated {
		t.Fatal("seated by the KeyPackage of an earlier knock")
	}
	m.Step(Welcomed{Who: person(1), KeyPackage: []byte("new")}, start)
	if seated, _ := m.Seated(person(1)); !seated {
		t.Error("not seated by the one that stands")
	}
}

func TestTheHostKeyWinsOverAKnockUnderTheHostsID(t *testing.T) {
	m := New(limits)
	m.Step(Knocked{Knock{Who: person(hostNo), Device: device(1), Reference: [32]byte{1}}}, start)
	if c := code(m.Step(HostCame{person(hostNo), device(hostNo)}, start)); c != "" || !m.HostThere() {
		t.Fatalf("the host is refused: %s", c)
	}
	if m.waiting[person(hostNo)] != nil {
		t.Error("the knock still stands")
	}
}

func TestMembersWhoComeBackNeedNoRoomAtTheDoor(t *testing.T) {
	m := New(Limits{Members: 9, Knocks: 1, MaxAge: time.Hour})
	m.Step(HostCame{person(hostNo), device(hostNo)}, start)
	m.know(device(1), person(1))
	m.know(device(2), person(2))
	for n := byte(1); n <= 3; n++ {
		if c := code(m.Step(knock(n), start)); c != "" {
			t.Errorf("%d is refused: %s", n, c)
		}
	}
	if c := code(m.Step(knock(4), start)); c != fault.DoorFull {
		t.Errorf("the second stranger: %q", c)
	}
}

func TestWhoComesBackAndIsDeniedLosesTheOldSeat(t *testing.T) {
	m := opened()
	for _, in := range []Input{knock(1), Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}, Welcomed{Who: person(1)}, knock(1)} {
		m.Step(in, start)
	}
	effects := m.Step(Denied{person(hostNo), person(1)}, start)
	if _, ok := effects[len(effects)-1].(Unseat); !ok {
		t.Errorf("effects %+v", effects)
	}
	if seated, _ := m.Seated(person(1)); seated {
		t.Error("the old seat is still there")
	}
}

func TestAKeyPackageAboutToExpireIsNotAdmitted(t *testing.T) {
	m := opened()
	k := knock(1)
	k.Knock.Expiry = start.Add(time.Hour)
	m.Step(k, start)
	in := Admitted{By: person(hostNo), Entries: []Invitation{invite(1)}}
	if c := code(m.Step(in, start.Add(59*time.Minute))); c != fault.KnockBad {
		t.Errorf("answered %q", c)
	}
	if c := code(m.Step(in, start.Add(58*time.Minute))); c != "" {
		t.Errorf("answered %q", c)
	}
}
