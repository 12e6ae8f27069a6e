package gate

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/booking"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/meeting"
	"incamera/internal/wire"
)

// shelf has every meeting that has not been struck, and takes its time with each question.
type shelf struct {
	slow   time.Duration
	struck map[ident.MeetingID]bool
}

func (s *shelf) Find(_ context.Context, id ident.MeetingID) (booking.Record, error) {
	struck := s.struck[id]
	<-time.After(s.slow)
	if struck {
		return booking.Record{}, fault.New(fault.MeetingUnknown)
	}
	return booking.Record{HostKey: keyOf[id]}, nil
}

func (s *shelf) Start(context.Context, booking.Record, time.Duration) error { return nil }

func (s *shelf) Strike(_ context.Context, id ident.MeetingID) error {
	s.struck[id] = true
	return nil
}

// keyOf are the host keys of two meetings.
var keyOf = map[ident.MeetingID][32]byte{
	ident.MeetingOf([32]byte{1}): {1},
	ident.MeetingOf([32]byte{2}): {2},
}

type noMedia struct{}

func (noMedia) Open(ident.ParticipantID, wire.MediaOffer) (wire.MediaAnswer, error) {
	return wire.MediaAnswer{}, nil
}
func (noMedia) Route(ident.ParticipantID, []ident.ParticipantID) {}
func (noMedia) Shut(ident.ParticipantID)                         {}
func (noMedia) Close()                                           {}

func liveOver(s *shelf) *Live {
	return NewLive(s, lobby.Limits{}, [32]byte{7}, Rooms{Media: func() meeting.Media { return noMedia{} }}, slog.New(slog.DiscardHandler))
}

func TestAStoreThatIsSlowHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := ident.MeetingOf([32]byte{1}), ident.MeetingOf([32]byte{2})
		s := &shelf{struck: map[ident.MeetingID]bool{}}
		live := liveOver(s)
		if _, err := live.enter(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		s.slow = 3 * time.Second
		go live.enter(t.Context(), first) //nolint:errcheck // only the time that it takes counts
		synctest.Wait()
		began := time.Now()
		if r := live.get(second); r == nil || time.Since(began) > 0 {
			t.Errorf("waited %v for a meeting that runs", time.Since(began))
		}
		<-time.After(4 * time.Second)
		live.Stop()
	})
}

func TestAMeetingThatEndedDoesNotComeBackFromAnOldRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id := ident.MeetingOf([32]byte{1})
		s := &shelf{slow: time.Second, struck: map[ident.MeetingID]bool{}}
		live := liveOver(s)
		result := make(chan error, 1)
		go func() {
			_, err := live.enter(t.Context(), id)
			result <- err
		}()
		synctest.Wait() // it has been told of the record, and is on its way
		live.mu.Lock()
		s.struck[id] = true // what run does when the same meeting ran and ended meanwhile
		live.ends++
		live.mu.Unlock()
		if f, _ := fault.Of(<-result); f.Code != fault.MeetingUnknown {
			t.Errorf("answered %q", f.Code)
		}
		live.Stop()
	})
}
