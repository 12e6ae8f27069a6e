package booking

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/statement"
)

var (
	errMissing = errors.New("missing")
	errTaken   = errors.New("taken")
)

// shelf is a store in memory with the expiry of the real one.
type shelf struct {
	values map[string][]byte
	until  map[string]time.Time
}

func newShelf() *shelf { return &shelf{map[string][]byte{}, map[string]time.Time{}} }

func (s *shelf) sweep() {
	for k, t := range s.until {
		if !time.Now().Before(t) {
			delete(s.values, k)
			delete(s.until, k)
		}
	}
}

func (s *shelf) Create(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if s.sweep(); s.values[key] != nil {
		return errTaken
	}
	return s.Put(ctx, key, value, ttl)
}

func (s *shelf) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	s.values[key], s.until[key] = bytes.Clone(value), time.Now().Add(ttl)
	return nil
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	if s.sweep(); s.values[key] == nil {
		return nil, errMissing
	}
	return s.values[key], nil
}

func (s *shelf) Delete(_ context.Context, key string) error {
	if s.sweep(); s.values[key] == nil {
		return errMissing
	}
	delete(s.values, key)
	return nil
}

func (s *shelf) Keys(context.Context) ([]string, error) {
	s.sweep()
	keys := []string{}
	for k := range s.values {
		keys = append(keys, k)
	}
	return keys, nil
}

func newDesk(most int) *Desk {
	return NewDesk(newShelf(), Errors{Missing: errMissing, Taken: errTaken}, 7*24*time.Hour, most)
}

// host is an organiser's key pair with what they would sign.
type host struct {
	key    ed25519.PrivateKey
	public [32]byte
}

func newHost(seed byte) host {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	return host{key, [32]byte(key.Public().(ed25519.PublicKey))}
}

func (h host) book(nonce [32]byte) []byte {
	body := statement.Booking{Nonce: nonce, Entry: [32]byte{1}, Knock: [32]byte{2}, SealedTitle: make([]byte, statement.SealedTitleLen)}
	return statement.Sign(h.key, statement.KindBooking, ident.MeetingOf(h.public), statement.GroupID{}, body.Encode())
}

func code(err error) fault.Code {
	f, _ := fault.Of(err)
	if err == nil {
		return ""
	}
	return f.Code
}

func TestABookingIsFoundUntilItIsStruckAndLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, h, ctx := newDesk(10), newHost(1), t.Context()
		made, err := desk.Make(ctx, h.public, h.book(desk.Nonce()))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := desk.Find(ctx, made.Meeting()); err != nil || got.Entry != [32]byte{1} {
			t.Fatalf("found %v, %v", got, err)
		}
		if err := desk.Strike(ctx, made.Meeting()); err != nil {
			t.Fatal(err)
		}
		_, over := desk.Find(ctx, made.Meeting())
		_, never := desk.Find(ctx, ident.MeetingOf(newHost(2).public))
		if code(over) != fault.MeetingUnknown || over.Error() != never.Error() {
			t.Errorf("over: %v; never was: %v", over, never)
		}
		if err := desk.Strike(ctx, made.Meeting()); err != nil {
			t.Errorf("striking twice: %v", err)
		}
	})
}

func TestWhatMakesABookingBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, h, other := newDesk(10), newHost(1), newHost(2)
		used := desk.Nonce()
		if _, err := desk.Make(t.Context(), other.public, other.book(used)); err != nil {
			t.Fatal(err)
		}
		old := desk.Nonce()
		time.Sleep(nonceLife)
		fresh := desk.Nonce()
		flipped := h.book(desk.Nonce())
		flipped[len(flipped)-1] ^= 1
		for name, c := range map[string]struct {
			key    [32]byte
			signed []byte
			want   fault.Code
		}{
			"a used nonce":           {h.public, h.book(used), fault.CreateBad},
			"an old nonce":           {h.public, h.book(old), fault.CreateBad},
			"a nonce of one's own":   {h.public, h.book([32]byte{9}), fault.CreateBad},
			"another's signature":    {h.public, other.book(fresh), fault.CreateBad},
			"a changed signature":    {h.public, flipped, fault.CreateBad},
			"no statement":           {h.public, nil, fault.CreateBad},
			"a meeting that is live": {other.public, other.book(desk.Nonce()), fault.CreateBusy},
			"a good one":             {h.public, h.book(desk.Nonce()), ""},
		} {
			if _, err := desk.Make(t.Context(), c.key, c.signed); code(err) != c.want {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		}
	})
}

func TestAnUnstartedBookingExpiresAndAStartedOneStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, ctx := newDesk(10), t.Context()
		idle, running := newHost(1), newHost(2)
		if _, err := desk.Make(ctx, idle.public, idle.book(desk.Nonce())); err != nil {
			t.Fatal(err)
		}
		record, err := desk.Make(ctx, running.public, running.book(desk.Nonce()))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(7*24*time.Hour - time.Minute)
		if err := desk.Start(ctx, record, 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if _, err := desk.Find(ctx, ident.MeetingOf(idle.public)); code(err) != fault.MeetingUnknown {
			t.Errorf("the idle one: %v", err)
		}
		if _, err := desk.Find(ctx, record.Meeting()); err != nil {
			t.Errorf("the running one: %v", err)
		}
	})
}

func TestAFullDeskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		desk, a, b := newDesk(1), newHost(1), newHost(2)
		if _, err := desk.Make(t.Context(), a.public, a.book(desk.Nonce())); err != nil {
			t.Fatal(err)
		}
		if _, err := desk.Make(t.Context(), b.public, b.book(desk.Nonce())); code(err) != fault.ServerFull {
			t.Errorf("the second: %v", err)
		}
	})
}

func TestSpentNoncesAreBoundedAndForgotten(t *testing.T) {
	n, now := newNonces(), time.Unix(1, 0)
	for range mostSpent {
		if !n.spend(n.issue(now), now) {
			t.Fatal("a fresh nonce was refused")
		}
	}
	if n.spend(n.issue(now), now) {
		t.Error("more were spent than may be kept")
	}
	later := now.Add(nonceLife)
	if !n.spend(n.issue(later), later) || len(n.spent) != 1 {
		t.Errorf("%d are kept after all lapsed", len(n.spent))
	}
}
