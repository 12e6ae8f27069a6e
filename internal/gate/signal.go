package gate

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/wire"
)

// Limits of connections.
const (
	helloLimit     = 10 * time.Second // from the upgrade to the first message
	maxLines       = 8192             // on this server; more are answered 503
	messagesPerSec = 20
	burstAtDoor    = 60
	burstSeated    = 240
	maxExcess      = 200 // messages over the rate before the line is cut
)

// Signal answers /signal: it turns WebSockets into lines of meetings. Name and origin have been checked before.
type Signal struct {
	// fixed
	live    *Live
	hellos  *pacer[address]
	proofs  *pacer[address]         // so that one address cannot use up a meeting's
	knocks  *pacer[ident.MeetingID] // of people who have the code
	returns *pacer[ident.MeetingID] // of members, who come back all at once
	warden  *warden
	idlers  *idlers
	larges  *larges
	ctx     context.Context // ends when lines are cut
	cut     context.CancelFunc

	mu     sync.Mutex
	lines  int
	closed bool
	all    sync.WaitGroup
}

// NewSignal gives the handler over the meetings of live.
func NewSignal(live *Live) *Signal {
	s := &Signal{
		live:    live,
		hellos:  newPacer[address](100*time.Millisecond, 300),
		proofs:  newPacer[address](500*time.Millisecond, 100), // a class behind one address comes at once
		knocks:  newPacer[ident.MeetingID](100*time.Millisecond, 200),
		returns: newPacer[ident.MeetingID](20*time.Millisecond, 400),
		warden:  newWarden(live.log),
		idlers:  newIdlers(),
		larges:  newLarges(),
	}
	s.ctx, s.cut = context.WithCancel(context.Background())
	return s
}

// Close waits until ctx ends for lines to say their last word, then cuts them, and returns when all are gone.
func (s *Signal) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		s.all.Wait()
		close(gone)
	}()
	select {
	case <-gone:
	case <-ctx.Done():
	}
	s.cut()
	<-gone
}

// admit counts a line in; false if there are too many.
func (s *Signal) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.lines >= maxLines {
		return false
	}
	s.lines++
	s.all.Add(1)
	return true
}

func (s *Signal) leave() {
	s.mu.Lock()
	s.lines--
	s.mu.Unlock()
	s.all.Done()
}

func (s *Signal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.admit() {
		refuse(w, fault.New(fault.ServerFull))
		return
	}
	defer s.leave()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{wire.Subprotocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed already
	if conn.Subprotocol() != wire.Subprotocol {
		conn.Close(websocket.StatusPolicyViolation, "the subprotocol is "+wire.Subprotocol) //nolint:errcheck // nothing is left to do
		return
	}
	conn.SetReadLimit(-1) // caller.message has limits with words
	c := &caller{
		signal: s, origin: r.Header.Get("Origin"), from: addressOf(r), tries: guardedAs(r),
		pace: rate.NewLimiter(messagesPerSec, burstAtDoor), line: newLine(conn),
	}
	c.run(s.ctx)
}

// run serves a caller until the line is gone and all its goroutines are.
func (c *caller) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var pumps sync.WaitGroup
	for _, pump := range []func(context.Context) error{c.line.write, c.line.ping} {
		pumps.Go(func() {
			_ = pump(ctx) // why it ended is the other side's affair
			cancel()
		})
	}
	c.read(ctx)
	c.line.Close()
	c.hang()
	if !c.cut {
		cancel()
	}
	pumps.Wait()
	cancel()
}

// read takes messages until the line breaks or is cut.
func (c *caller) read(ctx context.Context) {
	hello := time.AfterFunc(helloLimit, func() {
		c.say(0, wire.Fault{Code: fault.MessageOrder})
		c.line.Close()
	})
	defer hello.Stop()
	idle := time.AfterFunc(helloLimit+greetedLimit, c.line.Close)
	defer idle.Stop()
	defer c.finish()
	for {
		c.finish()
		data, err := c.message(ctx)
		if f, refused := fault.Of(err); err != nil && refused {
			c.end(0, f.Code)
			return
		}
		if err != nil {
			return
		}
		if c.line.seated.Load() {
			c.pace.SetBurst(burstSeated)
		}
		if !c.pace.Allow() {
			if c.excess++; c.excess > maxExcess {
				c.end(0, fault.MessageFlood)
				return
			}
			c.sayFlood(data)
			continue
		}
		c.dispatch(ctx, data)
		if c.facts != nil {
			hello.Stop()
		}
		if c.place != nil {
			idle.Stop()
		}
		if c.cut {
			return
		}
	}
}

// message reads one text message within the line's limit.
func (c *caller) message(ctx context.Context) ([]byte, error) {
	kind, from, err := c.line.conn.Reader(ctx)
	if err != nil {
		return nil, err
	}
	if kind != websocket.MessageText {
		return nil, fault.New(fault.MessageBad)
	}
	limit := wire.MaxBytesAtDoor
	if c.line.seated.Load() {
		limit = wire.MaxBytesSeated
	}
	data, err := io.ReadAll(io.LimitReader(from, int64(limit)+1))
	if err != nil || len(data) <= limit {
		return data, err
	}
	if c.large >= mostLargeOfLine || !c.mayRevive() {
		return nil, fault.New(fault.MessageLarge)
	}
	return c.readLarge(ctx, data, from)
}

// readLarge reads the rest of a message that may be a large revive, within what all lines may hold of such.
func (c *caller) readLarge(ctx context.Context, begun []byte, from io.Reader) ([]byte, error) {
	c.large++
	done, err := c.signal.larges.wait(ctx, c.facts.Facts.Meeting, c.from)
	if err != nil {
		return nil, err
	}
	c.done = done
	slow := time.AfterFunc(largeLimit, func() { c.line.conn.CloseNow() }) //nolint:errcheck // nothing is left to do
	defer slow.Stop()
	rest, err := io.ReadAll(io.LimitReader(from, int64(wire.MaxBytesSeated-len(begun))+1))
	if err == nil && len(begun)+len(rest) > wire.MaxBytesSeated {
		err = fault.New(fault.MessageLarge)
	}
	return append(begun, rest...), err
}

// sayFlood answers a message over the rate; its id is looked for only where that costs little.
func (c *caller) sayFlood(data []byte) {
	const cheap = 4 << 10
	var head wire.Head
	if len(data) <= cheap {
		_, head, _ = wire.ParseRequest(data)
	}
	c.say(head.ID, wire.Fault{Code: fault.MessageFlood})
}
