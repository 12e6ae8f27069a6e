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
	for i, want := range []time.Duration{0, 0, 0, 0, 0, 0, 0, 60, 120, 240, 480, 900, 900} {
		try := Try{from(1), meeting(1), []Kind{Code, Knock}[i%2]}
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
	for _, kind := range []Kind{Code, Knock} {
		m := New()
		if n := guess(m, start, 10*time.Millisecond, time.Minute, Try{from(1), meeting(1), kind}); n > 10 {
			t.Errorf("kind %d: %d tries in the first minute", kind, n)
		}
		if n := guess(m, start.Add(time.Minute), time.Second, time.Hour, Try{from(1), meeting(1), kind}); n > 30 {
			t.Errorf("kind %d: %d tries in the hour after", kind, n)
		}
	}
}

func TestOneAddressCannotLookForMeetings(t *testing.T) {
	m := New()
	if n := guess(m, start, time.Second, time.Minute, Try{From: from(1), Kind: Meeting}); n > freeTriesAnywhere+1 {
		t.Errorf("%d tries in a minute", n)
	}
	if wait := m.Wait(Try{from(1), meeting(250), Code}, start.Add(time.Minute)); wait != 0 {
		t.Errorf("somebody with a code behind that address waits %v", wait)
	}
}

func TestSevenSlipsOfAnOfficeHoldNobodyUp(t *testing.T) {
	m := New()
	for n := range freeTries - 1 {
		m.Failed(Try{from(1), meeting(1), Code}, start)
		if wait := m.Wait(Try{from(1), meeting(1), Code}, start); wait != 0 {
			t.Errorf("after %d slips the right code waits %v", n+1, wait)
		}
	}
}

func TestWhoHasNoAddressIsSlowedNotLockedOut(t *testing.T) {
	m, nobodys := New(), Try{Meeting: meeting(1), Kind: Code}
	if n := guess(m, start, 100*time.Millisecond, time.Minute, nobodys); n > siegeAt+2*calmPerMinute {
		t.Errorf("%d tries in the first minute", n)
	}
	now := start.Add(time.Minute)
	if n := guess(m, now, 100*time.Millisecond, time.Hour, nobodys); n > 61*calmPerMinute {
		t.Errorf("%d tries in the hour after", n)
	}
	now = now.Add(time.Hour)
	m.Failed(nobodys, now)
	if wait := m.Wait(nobodys, now); wait == 0 || wait > nobodysWait {
		t.Errorf("the right code waits %v", wait)
	}
	for _, other := range []Try{{Meeting: meeting(2), Kind: Code}, {from(1), meeting(1), Code}, {Kind: Meeting}} {
		if wait := m.Wait(other, now); wait != 0 {
			t.Errorf("%+v waits %v", other, wait)
		}
	}
	for range 1000 {
		if v := m.Failed(Try{Kind: Meeting}, now); v.Wait != 0 {
			t.Fatalf("everybody behind a proxy of this machine: %+v", v)
		}
	}
}

func TestASiegeCostsOnlyThoseWhoFail(t *testing.T) {
	m, tries := New(), []Try(nil)
	for n := range 1000 {
		tries = append(tries, Try{from(n), meeting(1), Code})
	}
	if n := guess(m, start, 100*time.Millisecond, time.Minute, tries...); n > 1000+siegeAt*8 {
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
		id := ident.MeetingID{byte(n), byte(n >> 8), byte(n >> 16)}
		m.Failed(Try{from(n), id, Code}, now)
		m.Failed(Try{From: from(n), Kind: Meeting}, now)
		m.Failed(Try{Meeting: id, Kind: Code}, now)
	}
	for what, n := range map[string][2]int{
		"pairs":     {len(m.pairs.rows), MostAddresses},
		"addresses": {len(m.addresses.rows), MostAddresses},
		"sieges":    {len(m.sieges.rows), MostMeetings},
		"nobody's":  {len(m.nobodys.rows), MostMeetings},
	} {
		if n[0] != n[1] {
			t.Errorf("%d %s, want %d", n[0], what, n[1])
		}
	}
	if v := m.Failed(Try{from(3*MostAddresses - 1), meeting(9), Code}, now); v.Failures != 1 {
		t.Errorf("a new meeting: %+v", v)
	}
	m.Failed(Try{from(1), meeting(1), Code}, now.Add(Forget))
	m.Failed(Try{From: from(1), Kind: Meeting}, now.Add(Forget))
	if len(m.pairs.rows) != 1 || len(m.addresses.rows) != 1 || len(m.sieges.rows) != 1 {
		t.Errorf("after a quiet time: %d, %d, %d", len(m.pairs.rows), len(m.addresses.rows), len(m.sieges.rows))
	}
}
