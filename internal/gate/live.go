package gate

import (
	"context"
	"crypto/ed25519"
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

// Rooms makes what each meeting has of its own on the media plane.
type Rooms struct {
	Media func() meeting.Media
	Relay func() meeting.Relay // nil: there is none
}

// Live is the meetings that run on this server. It is safe for use by many goroutines.
type Live struct {
	// fixed
	bookings Bookings
	limits   lobby.Limits
	secret   [32]byte // from which the order keys are made
	rooms    Rooms
	log      *slog.Logger

	mu       sync.Mutex
	meetings map[ident.MeetingID]*running
	ends     uint64 // meetings that stopped running: a record read before the last one may be stale
	stopping bool
	running  sync.WaitGroup
}

// running is one meeting with its record.
type running struct {
	*meeting.Meeting
	record booking.Record
	start  sync.Once
	gone   chan struct{} // closed when the table has forgotten it
}

// NewLive gives an empty table; secret is the server's own.
func NewLive(bookings Bookings, limits lobby.Limits, secret [32]byte, rooms Rooms, log *slog.Logger) *Live {
	return &Live{bookings: bookings, limits: limits, secret: secret, rooms: rooms, log: log, meetings: map[ident.MeetingID]*running{}}
}

// orderKey is the public half of the key with which this server signs a meeting's commits.
func (l *Live) orderKey(id ident.MeetingID) [32]byte {
	return [32]byte(meeting.OrderKey(l.secret, id).Public().(ed25519.PublicKey))
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

// readTries bounds how often a record is read anew because some meeting ended meanwhile.
const readTries = 8

// enter gives a running meeting, bringing it to life if it is booked. A meeting that ended a moment ago must not come
// back from a record that was read before: a record counts only if no meeting ended while it was read.
func (l *Live) enter(ctx context.Context, id ident.MeetingID) (*running, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	for range readTries {
		r, ends, err := l.look(id)
		if r != nil || err != nil {
			return r, err
		}
		record, err := l.bookings.Find(ctx, id)
		if err != nil {
			return nil, err
		}
		l.begin(record, ends)
	}
	return nil, fault.New(fault.Internal)
}

// grouped tells whether a meeting runs and its group is known.
func (l *Live) grouped(id ident.MeetingID) bool {
	r := l.get(id)
	return r != nil && r.Grouped()
}

// forgot tells whether a member may tell this server of a meeting's group: none is known, or only what a member told.
func (l *Live) forgot(id ident.MeetingID) bool {
	r := l.get(id)
	return r == nil || r.Forgot()
}

// look gives the meeting that runs, or nil with the number of ends before which no record may have been read.
func (l *Live) look(id ident.MeetingID) (r *running, ends uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r = l.meetings[id]
	switch {
	case l.stopping:
		return nil, 0, fault.New(fault.ServerClosing)
	case r != nil && r.Over():
		return nil, 0, fault.New(fault.MeetingUnknown)
	}
	return r, l.ends, nil
}

// begin runs the meeting of a record unless it runs, or a meeting ended since ends was read.
func (l *Live) begin(record booking.Record, ends uint64) {
	id := record.Meeting()
	cfg := meeting.Config{
		Facts:  meeting.Facts{Meeting: id, HostKey: record.HostKey, EntryKey: record.Entry},
		Limits: l.limits, Order: meeting.OrderKey(l.secret, id), Secrets: randomness{},
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopping || l.ends != ends || l.meetings[id] != nil {
		return
	}
	cfg.Media = l.rooms.Media()
	if l.rooms.Relay != nil {
		cfg.Relay = l.rooms.Relay()
	}
	r := &running{record: record, gone: make(chan struct{}), Meeting: meeting.New(cfg)}
	l.meetings[id] = r
	l.running.Go(func() { l.run(id, r) })
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
	delete(l.meetings, id)
	l.ends++
	close(r.gone)
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
