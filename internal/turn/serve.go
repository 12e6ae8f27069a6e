package turn

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// faultPause keeps a socket that fails from turning in circles.
const faultPause = time.Millisecond

const magicCookie = 0x2112A442 // RFC 8489 5

// ServeUDP answers what comes to a socket and closes it at the end. It returns nil after Close.
func (s *Server) ServeUDP(conn *net.UDPConn) error {
	if !s.enter(conn) {
		conn.Close() //nolint:errcheck // it was never used
		return ErrClosed
	}
	defer s.leave(conn)
	defer conn.Close() //nolint:errcheck // nothing is left to be done about it
	socket, scratch := &datagrams{conn}, newScratch()
	defer s.forget(socket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(scratch.in[:])
		switch {
		case err == nil && n < len(scratch.in):
			s.handle(tuple{socket, netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}, scratch.in[:n], scratch)
		case err == nil:
			s.counts.refuse(RefusedMalformed)
		case s.over(err):
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // of one packet, not of the socket
			select {
			case <-s.stop:
			case <-time.After(faultPause):
			}
		}
	}
}

// ServeListener answers TURN on the connections of a listener, at most MaxStreams at a time, and closes it at the
// end: what is over it is closed at once. It returns nil after Close.
func (s *Server) ServeListener(l net.Listener) error {
	if !s.enter(l) {
		l.Close() //nolint:errcheck // it was never used
		return ErrClosed
	}
	defer s.leave(l)
	defer l.Close() //nolint:errcheck // nothing is left to be done about it
	for {
		conn, err := acceptNext(l, s.stop)
		if s.over(err) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case s.counts.streams.Add(1) > int64(s.cfg.MaxStreams):
			s.counts.refuse(RefusedFull)
		default:
			if line := (&line{conn: conn}); s.enter(line) {
				go s.serveStream(line)
				continue
			}
		}
		s.counts.streams.Add(-1)
		conn.Close() //nolint:errcheck // it was never used
	}
}

// over tells whether a fault comes from Close.
func (s *Server) over(err error) bool {
	select {
	case <-s.stop:
		return err != nil
	default:
		return false
	}
}

// passing are the faults of accepting that are not the listener's.
var passing = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED}

// acceptNext waits out faults that pass, such as too many open files.
func acceptNext(l net.Listener, stop <-chan struct{}) (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		conn, err := l.Accept()
		if err == nil || !slices.ContainsFunc(passing, func(p error) bool { return errors.Is(err, p) }) {
			return conn, err
		}
		select {
		case <-stop:
			return nil, net.ErrClosed
		case <-time.After(wait):
		}
	}
}

// serveStream reads messages off a connection until it ends, says nothing sensible or nothing at all.
func (s *Server) serveStream(line *line) {
	defer s.leave(line)
	defer s.counts.streams.Add(-1)
	defer line.conn.Close() //nolint:errcheck // nothing is left to be done about it
	defer s.forget(line)
	from, err := netip.ParseAddrPort(line.conn.RemoteAddr().String())
	if err != nil {
		return
	}
	line.release(false)
	client := tuple{line, netip.AddrPortFrom(from.Addr().Unmap().WithZone(""), from.Port())}
	reader, scratch := bufio.NewReaderSize(line.conn, maxMessage), newScratch()
	for {
		n, err := readFrame(reader, scratch.in[:])
		switch {
		case errors.Is(err, errFrame):
			s.counts.refuse(RefusedMalformed)
			return
		case isTimeout(err) && !line.ended.Load():
			s.counts.refuse(RefusedSilent)
			return
		case err != nil:
			return
		}
		s.handle(client, scratch.in[:n], scratch)
	}
}

// errFrame means that a stream has lost its form, so that nothing after it can be read.
var errFrame = errors.New("turn: not a message")

// readFrame reads one STUN message or ChannelData with its padding (RFC 8656 12.5) and gives its length.
func readFrame(r *bufio.Reader, into []byte) (int, error) {
	head, err := r.Peek(4)
	if err != nil {
		return 0, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	switch {
	case head[0]&0xC0 == 0 && size%4 == 0:
		size += 20
	case isChannel(head[0]):
		size = (4 + size + 3) &^ 3
	default:
		return 0, errFrame
	}
	if size > len(into) {
		return 0, errFrame
	}
	return io.ReadFull(r, into[:size])
}

// isChannel tells whether a message that starts so is ChannelData (RFC 8656 12).
func isChannel(first byte) bool { return first >= 0x40 && first <= 0x4F }

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// datagrams is the way over a UDP socket.
type datagrams struct{ conn *net.UDPConn }

func (d *datagrams) send(to netip.AddrPort, message []byte) error {
	_, err := d.conn.WriteToUDPAddrPort(message, to)
	return err
}

func (*datagrams) stream() bool { return false }
func (*datagrams) hold()        {}
func (*datagrams) release(bool) {}

// line is the way over one stream. What cannot be written whole within writeLimit ends it, because the rest of a
// message cannot follow later; meanwhile the relay's socket drops what it has no place for.
type line struct {
	conn  net.Conn
	ended atomic.Bool

	mu sync.Mutex // one message at a time
}

func (l *line) send(_ netip.AddrPort, message []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn.SetWriteDeadline(time.Now().Add(writeLimit)) //nolint:errcheck // the write tells
	if l.ended.Load() {
		return net.ErrClosed
	}
	_, err := l.conn.Write(message)
	if err != nil {
		l.Close() //nolint:errcheck // it never fails
	}
	return err
}

func (*line) stream() bool { return true }

func (l *line) hold() { l.readUntil(time.Time{}) }

func (l *line) release(kill bool) {
	if kill {
		l.Close() //nolint:errcheck // it never fails
		return
	}
	l.readUntil(time.Now().Add(SilentLimit))
}

// readUntil sets how long the client may be silent. What was closed stays so.
func (l *line) readUntil(end time.Time) {
	l.conn.SetReadDeadline(end) //nolint:errcheck // the read tells
	if l.ended.Load() {
		l.Close() //nolint:errcheck // it never fails
	}
}

// Close makes reads and writes end now. It waits for nothing: to close a TLS connection takes a last write, which is left
// to the goroutine that reads.
func (l *line) Close() error {
	l.ended.Store(true)
	l.conn.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // it is closed already
	return nil
}
