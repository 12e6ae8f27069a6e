package gate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"incamera/internal/fault"
	"incamera/internal/wire"
)

// Bounds of what waits to be sent on one line. Full means: the line is cut, and its seat can be resumed.
const (
	maxQueued      = 1024
	maxQueuedBytes = 4 << 20 // eight of the largest messages
)

const (
	writeLimit = 10 * time.Second // for one message; a reader that takes longer is gone
	pingEvery  = 10 * time.Second
	pongLimit  = 20 * time.Second // with pingEvery: a line silent for 30 s is dropped
)

// line is one WebSocket as meetings see it.
type line struct {
	conn   *websocket.Conn // fixed
	seated atomic.Bool

	mu      sync.Mutex
	queue   [][]byte
	bytes   int
	closing bool
	wake    chan struct{} // holds one token while the writer has something to look at
}

func newLine(conn *websocket.Conn) *line {
	return &line{conn: conn, wake: make(chan struct{}, 1)}
}

// Send queues a message. Of a line that is closing nothing more is sent.
func (l *line) Send(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing {
		return
	}
	if len(l.queue) >= maxQueued || l.bytes+len(frame) > maxQueuedBytes {
		l.queue = [][]byte{wire.Encode(wire.Fault{Code: fault.SlowReader}, wire.Head{})}
		l.closing = true
	} else {
		l.queue = append(l.queue, frame)
		l.bytes += len(frame)
	}
	l.rouse()
}

// Seat lets the line send what members may.
func (l *line) Seat() { l.seated.Store(true) }

// Close ends the line after what is queued has been sent.
func (l *line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
	l.rouse()
}

func (l *line) rouse() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next gives the oldest message, or tells that there is none and whether any will come.
func (l *line) next() (frame []byte, closing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil, l.closing
	}
	frame = l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	l.bytes -= len(frame)
	return frame, false
}

// write sends what is queued until the line closes, ctx ends or the other side does not take it.
func (l *line) write(ctx context.Context) error {
	for {
		frame, closing := l.next()
		switch {
		case frame != nil:
			limited, cancel := context.WithTimeout(ctx, writeLimit)
			err := l.conn.Write(limited, websocket.MessageText, frame)
			cancel()
			if err != nil {
				return err
			}
		case closing:
			return l.conn.Close(websocket.StatusNormalClosure, "")
		default:
			select {
			case <-l.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// ping looks whether the other side is alive until ctx ends or it is not.
func (l *line) ping(ctx context.Context) error {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		limited, cancel := context.WithTimeout(ctx, pongLimit)
		err := l.conn.Ping(limited)
		cancel()
		if err != nil {
			return err
		}
	}
}
