package guard

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"incamera/internal/ident"
)

var start = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func from(n int) netip.Prefix {
	b := [16]byte{0x20, 0x01, 0x0d, 0xb8}
	binary.BigEndian.PutUint32(b[4:], uint32(n))
	return netip.PrefixFrom(netip.AddrFrom16(b), 64)
}

func meeting(n byte) ident.MeetingID { return ident.MeetingID{n} }

// guess tries without pause, wrong each time, and gives how many tries were looked at.
func guess(m *Machine, began time.Time, pause, long time.Duration, tries ...Try) (looked int) {
	for now := began; now.Sub(began) < long; now = now.Add(pause) {
		for _, try := range tries {
			if m.Wait(try, now) == 0 {
				m.Failed(try, now)
				looked++
			}
		}
	}
	return looked
}

func TestTheWaitGrows(t *testing.T) {
	m, now := New(), start
	for i, want := range []time.Duration{0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		try := Try{from(1), meeting(1), []Kind{Code, Knock, Host}[i%3]}
		v := m.Failed(try, now)
		if v.Failures != i+1 || v.Wait != want*time.Second || v.Locked != (want >= 60) {
			t.Errorf("failure %d: %+v, want a wait of %d s", i+1, v, want)
		}
		if wait := m.Wait(try, now); wait != v.Wait {
			t.Errorf("failure %d: waits %v, was told %v", i+1, wait, v.Wait)
		}
		now = now.Add(v.Wait)
		if wait := m.Wait(try, now); wait != 0 {
			t.Errorf("failure %d: still waits %v at the end of the wait", i+1, wait)
		}
	}
	if wait := m.Wait(Try{from(1), meeting(1), Code}, now.Add(Forget)); wait != 0 {
		t.Errorf("waits %v when all is forgotten", wait)
	}
	if v := m.Failed(Try{from(1), meeting(1), Code}, now.Add(Forget)); v.Failures != 1 {
		t.Errorf("after a quiet time it counts %d", v.Failures)
	}
}

func TestWhoGuessesGetsTenTriesAMinuteAtMost(t *testing.T) {
	for _, kind := range []Kind{Code, Knock, Host, Resume} {
		m := New()
		if n := guess(m, start, 10*time.Millisecond, time.Minute, Try{from(1), meeting(1), kind}); n > 10 {
			t.Errorf("kind %d: %d tries in the first minute", kind, n)
		}
		if n := guess(m, start.Add(time.Minute), time.Second, time.Hour, Try{from(1), meeting(1), kind}); n > 30 {
			t.Errorf("kind %d: %d tries in the hour after", kind, n)
		}
	}
}

func TestOneAddressCannotGoFromMeetingToMeeting(t *testing.T) {
	m, tries := New(), []Try(nil)
	for n := range byte(200) {
		tries = append(tries, Try{from(1), meeting(n), Code}, Try{From: from(1), Kind: Meeting})
	}
	if n := guess(m, start, time.Second, time.Minute, tries...); n > freeTriesAnywhere+6 {
		t.Errorf("%d tries in a minute", n)
	}
	if wait := m.Wait(Try{from(1), meeting(250), Resume}, start.Add(time.Minute)); wait != 0 {
		t.Errorf("a member behind that address waits %v to come back", wait)
	}
	local := netip.MustParsePrefix("127.0.0.1/32")
	for range 1000 {
		if v := m.Failed(Try{From: local, Kind: Meeting}, start); v.Wait != 0 {
			t.Fatalf("everybody behind a proxy of this machine: %+v", v)
		}
	}
}

func TestCodesAndResumesAreCountedApart(t *testing.T) {
	m := New()
	guess(m, start, time.Second, time.Minute, Try{from(1), meeting(1), Code})
	if wait := m.Wait(Try{from(1), meeting(1), Resume}, start.Add(time.Minute)); wait != 0 {
		t.Errorf("a member beside who guesses waits %v", wait)
	}
	m = New()
	guess(m, start, time.Second, time.Minute, Try{from(1), meeting(1), Resume})
	if wait := m.Wait(Try{from(1), meeting(1), Code}, start.Add(time.Minute)); wait != 0 {
		t.Errorf("a guest beside bad resumes waits %v", wait)
	}
}

func TestASiegeCostsOnlyThoseWhoFail(t *testing.T) {
	m, tries := New(), []Try(nil)
	for n := range 1000 {
		tries = append(tries, Try{from(n), meeting(1), Code})
	}
	if n := guess(m, start, 100*time.Millisecond, time.Minute, tries...); n > 1000+siegeAt*7 {
		t.Errorf("1,000 addresses got %d tries in a minute", n)
	}
	if n := guess(m, start.Add(time.Minute), time.Second, time.Hour, tries...); n > 1000*9 {
		t.Errorf("and %d in the hour after", n)
	}
	now := start.Add(time.Minute + time.Hour)
	if wait := m.Wait(Try{from(5000), meeting(1), Code}, now); wait != 0 {
		t.Errorf("somebody new waits %v", wait)
	}
	if v := m.Failed(Try{from(5000), meeting(1), Code}, now); v.Wait != LockOut || v.Locked {
		t.Errorf("a slip in a siege: %+v", v)
	}
	if v := m.Failed(Try{from(5001), meeting(2), Code}, now); v.Wait != 0 {
		t.Errorf("a slip at another meeting: %+v", v)
	}
	if v := m.Failed(Try{from(5002), meeting(1), Code}, now.Add(6*time.Minute)); v.Wait != 0 {
		t.Errorf("a slip after the siege: %+v", v)
	}
}

func TestTheTablesAreBounded(t *testing.T) {
	m, now := New(), start
	for n := range 3 * MostAddresses {
		now = now.Add(time.Millisecond)
		m.Failed(Try{from(n), ident.MeetingID{byte(n), byte(n >> 8), byte(n >> 16)}, Code}, now)
	}
	for what, n := range map[string][2]int{
		"pairs":     {len(m.pairs.rows), MostAddresses},
		"addresses": {len(m.addresses.rows), MostAddresses},
		"sieges":    {len(m.sieges.rows), MostMeetings},
	} {
		if n[0] != n[1] {
			t.Errorf("%d %s, want %d", n[0], what, n[1])
		}
	}
	if v := m.Failed(Try{from(3*MostAddresses - 1), meeting(9), Code}, now); v.Failures != 1 {
		t.Errorf("a new meeting: %+v", v)
	}
	m.Failed(Try{from(1), meeting(1), Code}, now.Add(Forget))
	if len(m.pairs.rows) != 1 || len(m.addresses.rows) != 1 || len(m.sieges.rows) != 1 {
		t.Errorf("after a quiet time: %d, %d, %d", len(m.pairs.rows), len(m.addresses.rows), len(m.sieges.rows))
	}
}
