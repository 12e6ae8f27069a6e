package guard

import (
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"incamera/internal/ident"
)

// seen is the walk's own book: when an address last failed, and every try at a meeting that was looked at.
type seen struct {
	failed map[netip.Prefix]time.Time
	looked map[pair][]time.Time
}

// TestRandomGuessersKeepTheBounds walks the guard at random. What must always hold: no more than ten tries a minute by one address at one
// meeting; a wait ends within the longest; who has not failed lately does not wait; nothing is kept of who has gone quiet; bounds.
func TestRandomGuessersKeepTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, now := New(), start
		m.pairs.most, m.addresses.most, m.sieges.most = 30, 4, 2 // thirty pairs there are: none is pushed out
		book := seen{map[netip.Prefix]time.Time{}, map[pair][]time.Time{}}
		for range rapid.IntRange(1, 300).Draw(t, "tries") {
			scale := []time.Duration{time.Millisecond, time.Second, time.Minute}[rapid.IntRange(0, 2).Draw(t, "scale")]
			now = now.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "pause")) * scale)
			try := Try{
				from(rapid.IntRange(1, 5).Draw(t, "address")), meeting(byte(rapid.IntRange(1, 3).Draw(t, "meeting"))),
				Kind(rapid.IntRange(0, int(Meeting)).Draw(t, "kind")),
			}
			if try.Kind == Meeting {
				try.Meeting = ident.MeetingID{}
			}
			book.step(t, m, try, rapid.IntRange(0, 9).Draw(t, "right") == 0, now)
		}
		m.Failed(Try{from(99), meeting(99), Code}, now.Add(Forget))
		m.Failed(Try{From: from(99), Kind: Meeting}, now.Add(Forget))
		if len(m.pairs.rows)+len(m.addresses.rows)+len(m.sieges.rows) != 3 || m.pairs.age.Len() != 1 {
			t.Fatalf("something is kept of who has gone quiet: %d, %d, %d", len(m.pairs.rows), len(m.addresses.rows), len(m.sieges.rows))
		}
	})
}

func (b seen) step(t *rapid.T, m *Machine, try Try, right bool, now time.Time) {
	wait := m.Wait(try, now)
	last, failed := b.failed[try.From]
	switch {
	case wait > MaxLockOut:
		t.Fatalf("a wait of %v", wait)
	case wait > 0 && (!failed || now.Sub(last) >= Forget):
		t.Fatalf("somebody who has not failed lately waits %v", wait)
	case wait > 0 && now.Add(wait).After(last.Add(MaxLockOut)):
		t.Fatalf("the wait grows without a failure: %v, last failed %v ago", wait, now.Sub(last))
	case wait > 0 || right:
		return
	}
	v := m.Failed(try, now)
	b.failed[try.From] = now
	if v.Wait > MaxLockOut || v.Wait < m.Wait(try, now) || v.Failures < 1 {
		t.Fatalf("%+v, and waits %v", v, m.Wait(try, now))
	}
	if len(m.pairs.rows) > m.pairs.most || len(m.addresses.rows) > m.addresses.most || len(m.sieges.rows) > m.sieges.most ||
		len(m.pairs.rows) != m.pairs.age.Len() {
		t.Fatalf("%d pairs, %d addresses, %d meetings", len(m.pairs.rows), len(m.addresses.rows), len(m.sieges.rows))
	}
	if try.Kind == Meeting {
		return
	}
	tries := append(b.looked[pairOf(try)], now)
	b.looked[pairOf(try)] = tries
	if n := len(tries); n > 10 && now.Sub(tries[n-11]) < time.Minute {
		t.Fatalf("eleven tries within %v", now.Sub(tries[n-11]))
	}
}
