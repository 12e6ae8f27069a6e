package gate

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"incamera/internal/booking"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/meeting"
)

// storeLimit bounds one question to the store.
const storeLimit = 5 * time.Second

// Bookings is where records of meetings lie.
type Bookings interface {
	Find(ctx context.Context, id ident.MeetingID) (booking.Record, error)
	Start(ctx context.Context, record booking.Record, age time.Duration) error
	Strike(ctx context.Context, id ident.MeetingID) error
}

// Live is the meetings that run on this server. It is safe for use by many goroutines.
type Live struct {
	// fixed
	bookings Bookings
	limits   lobby.Limits
	media    func() meeting.Media
	log      *slog.Logger

	mu       sync.Mutex
	meetings map[ident.MeetingID]*running
	stopping bool
	running  sync.WaitGroup
}

// running is one meeting with its record.
type running struct {
	*meeting.Meeting
	record booking.Record
	start  sync.Once
}

// NewLive gives an empty table; media makes the media room of a new meeting.
func NewLive(bookings Bookings, limits lobby.Limits, media func() meeting.Media, log *slog.Logger) *Live {
	return &Live{bookings: bookings, limits: limits, media: media, log: log, meetings: map[ident.MeetingID]*running{}}
}

// find gives a meeting's record and whether a host is there; an ended meeting is as unknown as one that never was.
func (l *Live) find(ctx context.Context, id ident.MeetingID) (booking.Record, bool, error) {
	l.mu.Lock()
	r := l.meetings[id]
	l.mu.Unlock()
	if r == nil {
		ctx, cancel := context.WithTimeout(ctx, storeLimit)
		defer cancel()
		record, err := l.bookings.Find(ctx, id)
		return record, false, err
	}
	if r.Over() {
		return booking.Record{}, false, fault.New(fault.MeetingUnknown)
	}
	return r.record, r.Open(), nil
}

// get gives a meeting that runs, or nil.
func (l *Live) get(id ident.MeetingID) *running {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.meetings[id]
}

// enter gives a running meeting, bringing it to life if it is booked. The store is asked under the lock: a
// meeting that ended a moment ago must not come back from a record that was read before.
func (l *Live) enter(ctx context.Context, id ident.MeetingID) (*running, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping {
		return nil, fault.New(fault.ServerClosing)
	}
	if r := l.meetings[id]; r != nil {
		if r.Over() {
			return nil, fault.New(fault.MeetingUnknown)
		}
		return r, nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	record, err := l.bookings.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	r := &running{record: record, Meeting: meeting.New(meeting.Config{
		Facts:  meeting.Facts{Meeting: id, HostKey: record.HostKey, EntryKey: record.Entry},
		Limits: l.limits, Media: l.media(), Secrets: randomness{},
	})}
	l.meetings[id] = r
	l.running.Go(func() { l.run(id, r) })
	return r, nil
}

// started keeps the record for as long as the meeting may run. It is called before the first host is let in.
func (l *Live) started(ctx context.Context, r *running) {
	r.start.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit) // a line that breaks now must not cost the record
		defer cancel()
		if err := l.bookings.Start(ctx, r.record, l.limits.MaxAge); err != nil {
			l.log.Error("a started meeting's record could not be kept", "meeting", r.record.Meeting(), "error", err)
		}
	})
}

func (l *Live) run(id ident.MeetingID, r *running) {
	if r.Run() {
		ctx, cancel := context.WithTimeout(context.Background(), storeLimit)
		defer cancel()
		if err := l.bookings.Strike(ctx, id); err != nil {
			l.log.Error("an ended meeting's record could not be deleted", "meeting", id, "error", err)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.meetings[id] == r {
		delete(l.meetings, id)
	}
}

// Stop tells everybody that the server closes down and returns when no meeting runs any more.
func (l *Live) Stop() {
	l.mu.Lock()
	l.stopping = true
	all := make([]*running, 0, len(l.meetings))
	for _, r := range l.meetings {
		all = append(all, r)
	}
	l.mu.Unlock()
	for _, r := range all {
		_ = r.Send(meeting.Stopped{}) // over already: it stops by itself
	}
	l.running.Wait()
}

// randomness is the system's.
type randomness struct{}

// Bytes32 gives 32 bytes that nobody can guess.
func (randomness) Bytes32() (b [32]byte) {
	rand.Read(b[:])
	return b
}
