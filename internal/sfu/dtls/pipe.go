package dtls

import (
	"net"
	"os"
	"sync"
	"time"
)

// pipeDepth is the datagrams waiting for a handshake; a whole flight of a client is four.
const pipeDepth = 8

// contentAlert is the record type of alerts (RFC 5246 6.2.1).
const contentAlert = 21

// nowhere is the address that the library is shown: paths are the caller's affair.
var nowhere = &net.UDPAddr{IP: net.IPv4zero}

// pipe is the net.PacketConn that the library talks to during a handshake.
type pipe struct {
	// fixed
	send func([]byte)
	in   chan []byte
	wake chan struct{} // a read deadline in the past was set
	done chan struct{}
	once sync.Once

	// guarded by mu
	mu        sync.Mutex
	capturing bool
	flight    []byte // the last datagram sent
	alert     []byte // the last alert kept back
}

func newPipe(send func([]byte)) *pipe {
	return &pipe{
		send: send, in: make(chan []byte, pipeDepth),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

func (p *pipe) take(datagram []byte) {
	select {
	case p.in <- append([]byte(nil), datagram...):
	default:
	}
}

func (p *pipe) capture() {
	p.mu.Lock()
	p.capturing = true
	p.mu.Unlock()
}

func (p *pipe) records() (flight, alert []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flight, p.alert
}

// ReadFrom gives the next datagram.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-p.in:
		return copy(b, d), nowhere, nil
	case <-p.wake:
		return 0, nil, os.ErrDeadlineExceeded
	case <-p.done:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo sends a datagram, or keeps it back once the pipe captures.
func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	d := append([]byte(nil), b...)
	p.mu.Lock()
	capturing := p.capturing
	switch {
	case !capturing:
		p.flight = d
	case len(d) > 0 && d[0] == contentAlert:
		p.alert = d
	}
	p.mu.Unlock()
	if !capturing {
		p.send(d)
	}
	return len(b), nil
}

// SetReadDeadline wakes a blocked read if the time has passed: the library cancels that way.
func (p *pipe) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && !t.After(time.Now()) {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// Close unblocks the reader.
func (p *pipe) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

// LocalAddr is a placeholder that nothing looks at.
func (p *pipe) LocalAddr() net.Addr { return nowhere }

// SetDeadline is SetReadDeadline: writes never block.
func (p *pipe) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetWriteDeadline does nothing: writes never block.
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
