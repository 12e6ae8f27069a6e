package client

import (
	"net"
	"os"
	"sync/atomic"
	"time"
)

// pipe lends a connected socket to a handshake: only its records reach the handshake, and once muted
// nothing is sent any more, so that the handshake's end is not told to the server as the connection's.
type pipe struct {
	conn  *net.UDPConn
	in    chan []byte
	wake  chan struct{}
	over  chan struct{} // the handshake has ended
	done  chan struct{} // nothing reads the socket any more
	muted atomic.Bool
}

func newPipe(conn *net.UDPConn) *pipe {
	p := &pipe{
		conn: conn, in: make(chan []byte, 16), wake: make(chan struct{}, 1),
		over: make(chan struct{}), done: make(chan struct{}),
	}
	go p.pump()
	return p
}

func (p *pipe) pump() {
	defer close(p.done)
	b := make([]byte, 1500)
	for {
		n, err := p.conn.Read(b)
		if err != nil {
			return
		}
		if n > 0 && b[0] >= 20 && b[0] < 64 {
			select {
			case p.in <- append([]byte(nil), b[:n]...):
			default:
			}
		}
	}
}

func (p *pipe) mute() { p.muted.Store(true) }

// stop gives the socket back.
func (p *pipe) stop() {
	close(p.over)
	p.conn.SetReadDeadline(time.Unix(1, 0))
	<-p.done
	p.conn.SetReadDeadline(time.Time{})
}

// ReadFrom gives the next record.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-p.in:
		return copy(b, d), p.conn.RemoteAddr(), nil
	case <-p.wake:
		return 0, nil, os.ErrDeadlineExceeded
	case <-p.over:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends a record unless muted.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if p.muted.Load() {
		return len(b), nil
	}
	return p.conn.Write(b)
}

// SetReadDeadline wakes the reader if the time has passed.
func (p *pipe) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(time.Now()) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// Close leaves the socket open.
func (p *pipe) Close() error { return nil }

// LocalAddr is the socket's.
func (p *pipe) LocalAddr() net.Addr { return p.conn.LocalAddr() }

// SetDeadline is SetReadDeadline.
func (p *pipe) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
