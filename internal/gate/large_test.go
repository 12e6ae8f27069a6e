package gate

import (
	"context"
	"net/netip"
	"testing"
	"testing/synctest"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

func TestLargeMessagesAreFewAtATime(t *testing.T) {
	from := func(n int) address {
		return address(netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 32))
	}
	synctest.Test(t, func(t *testing.T) {
		l, first := newLarges(), ident.MeetingID{1}
		back, err := l.wait(t.Context(), first, from(0))
		if err != nil || !l.take(first, from(0)) || l.take(first, from(0)) {
			t.Fatalf("one address: %v", err)
		}
		for n := mostLargeOfAddress; n < mostLargeOfMeeting; n++ {
			if !l.take(first, from(n)) {
				t.Fatalf("number %d of a meeting is refused", n)
			}
		}
		if _, err := l.wait(t.Context(), first, from(99)); !isLarge(err) {
			t.Errorf("one more of a meeting: %v", err)
		}
		back()
		back() // twice is once
		if !l.take(first, from(99)) || l.take(first, from(98)) {
			t.Error("a place that is given back is not one place")
		}
		for n := mostLargeOfMeeting; n < mostLarge; n++ {
			if !l.take(ident.MeetingID{2, byte(n)}, from(n)) {
				t.Fatalf("number %d is refused", n)
			}
		}
		if l.take(ident.MeetingID{3}, from(1)) {
			t.Error("one more on this server")
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.wait(gone, ident.MeetingID{3}, from(1)); err == nil {
			t.Error("a line that is gone waits")
		}
	})
}

func isLarge(err error) bool {
	f, known := fault.Of(err)
	return known && f.Code == fault.MessageLarge
}
