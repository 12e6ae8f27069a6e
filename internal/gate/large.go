package gate

import (
	"context"
	"sync"
	"time"

	"incamera/internal/fault"
	"incamera/internal/ident"
)

// Limits of messages over wire.MaxBytesAtDoor from lines without a seat. Only revive is so large, and only where the server may take one.
const (
	mostLarge          = 64 // being read on this server
	mostLargeOfMeeting = 8
	mostLargeOfAddress = 2 // in one meeting
	mostLargeOfLine    = 2 // ever
	largeLimit         = 10 * time.Second
)

// larges are the large messages that are being read. It is safe for use by many goroutines.
type larges struct {
	mu       sync.Mutex
	all      int
	meetings map[ident.MeetingID]map[address]int
}

func newLarges() *larges { return &larges{meetings: map[ident.MeetingID]map[address]int{}} }

// wait gives a place for a message, or a fault where none comes free in time. What it returns gives the place back.
func (l *larges) wait(ctx context.Context, id ident.MeetingID, from address) (func(), error) {
	ctx, cancel := context.WithTimeout(ctx, largeLimit)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for !l.take(id, from) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fault.New(fault.MessageLarge)
		}
	}
	return sync.OnceFunc(func() { l.give(id, from) }), nil
}

func (l *larges) take(id ident.MeetingID, from address) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	of, inMeeting := l.meetings[id], 0
	for _, n := range of {
		inMeeting += n
	}
	if l.all >= mostLarge || inMeeting >= mostLargeOfMeeting || of[from] >= mostLargeOfAddress {
		return false
	}
	if of == nil {
		of = map[address]int{}
		l.meetings[id] = of
	}
	l.all++
	of[from]++
	return true
}

func (l *larges) give(id ident.MeetingID, from address) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	of := l.meetings[id]
	if of[from]--; of[from] == 0 {
		delete(of, from)
	}
	if len(of) == 0 {
		delete(l.meetings, id)
	}
}
