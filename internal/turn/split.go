package turn

import (
	"container/list"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

// maxSilent bounds the connections that have not said yet what they are. Full means: the one that has been silent
// longest is closed.
const maxSilent = 4096

// Split shares a listener, plain or TLS, between HTTP and TURN by a connection's first bytes: after one byte for HTTP, after eight
// for TURN. Who says too little for SilentLimit, a TLS handshake included, is closed. Closing the first listener closes l; the
// second one alone turns TURN away.
func (s *Server) Split(l net.Listener) (http, turn net.Listener) {
	x := &splitter{Listener: l, server: s, silent: list.New(), stop: make(chan struct{})}
	x.turn = &branch{splitter: x, conns: make(chan net.Conn), gone: make(chan struct{})}
	x.http = &branch{splitter: x, conns: make(chan net.Conn), gone: x.stop, root: true}
	if s.enter(x) {
		go x.run()
	} else {
		x.Close() //nolint:errcheck // it was never used
	}
	return x.http, x.turn
}

// splitter takes the connections of a listener and hands each to one of two branches.
type splitter struct {
	net.Listener         // fixed
	server       *Server // fixed
	http, turn   *branch // fixed
	stop         chan struct{}

	mu     sync.Mutex
	silent *list.List // of *silence, the oldest in front
	fault  error      // why no more connections come
	once   sync.Once
	tasks  sync.WaitGroup
}

// silence is a connection that has not said yet what it is.
type silence struct{ conn net.Conn }

// branch is one of the two listeners of a splitter.
type branch struct {
	*splitter
	conns chan net.Conn
	gone  chan struct{} // closed with the branch
	once  sync.Once
	root  bool // the splitter closes with it
}

// Accept gives the next connection of this kind.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.gone:
		return nil, net.ErrClosed
	case <-b.stop:
		b.mu.Lock()
		defer b.mu.Unlock()
		return nil, b.fault
	}
}

// Close closes the branch.
func (b *branch) Close() error {
	if b.root {
		return b.splitter.Close()
	}
	b.once.Do(func() { close(b.gone) })
	return nil
}

// Close closes the listener and all connections that have not said what they are. It waits for nothing.
func (x *splitter) Close() error { return x.end(net.ErrClosed) }

func (x *splitter) end(why error) error {
	err := net.ErrClosed
	x.once.Do(func() {
		err = x.Listener.Close()
		x.mu.Lock()
		defer x.mu.Unlock()
		x.fault = why
		close(x.stop)
		for e := x.silent.Front(); e != nil; e = e.Next() {
			hush(e.Value.(*silence).conn)
		}
	})
	return err
}

// hush ends a connection's reads. To close a TLS connection may take a write, which is left to its goroutine.
func hush(conn net.Conn) { conn.SetDeadline(time.Unix(1, 0)) } //nolint:errcheck // it is closed already

// run takes connections until the listener closes.
func (x *splitter) run() {
	defer x.server.leave(x)
	defer x.tasks.Wait()
	for {
		conn, err := acceptNext(x.Listener, x.stop)
		if err != nil {
			x.end(err) //nolint:errcheck // it is closed
			return
		}
		entry, ok := x.note(conn)
		if !ok {
			conn.Close() //nolint:errcheck // it was never used
			continue
		}
		x.tasks.Go(func() { x.sort(conn, entry) })
	}
}

// note puts a connection among the silent ones.
func (x *splitter) note(conn net.Conn) (*list.Element, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.fault != nil {
		return nil, false
	}
	if x.silent.Len() >= maxSilent {
		oldest := x.silent.Front()
		x.silent.Remove(oldest)
		hush(oldest.Value.(*silence).conn)
	}
	conn.SetReadDeadline(time.Now().Add(SilentLimit)) //nolint:errcheck // the read tells
	return x.silent.PushBack(&silence{conn}), true
}

// sort hands a connection on as soon as it is clear what it is.
func (x *splitter) sort(conn net.Conn, entry *list.Element) {
	head, kind, err := sniff(conn)
	x.mu.Lock()
	x.silent.Remove(entry)
	x.mu.Unlock()
	switch {
	case isTimeout(err):
		x.server.counts.refuse(RefusedSilent)
	case err == nil && kind == neither:
		x.server.counts.refuse(RefusedMalformed)
	}
	if err != nil || kind == neither {
		conn.Close() //nolint:errcheck // it was never used
		return
	}
	conn.SetDeadline(time.Time{}) //nolint:errcheck // the read tells
	to := x.http
	if kind == isTURN {
		to = x.turn
	}
	select {
	case to.conns <- &sniffed{Conn: conn, head: head}:
	case <-to.gone:
		conn.Close() //nolint:errcheck // nobody takes it
	case <-x.stop:
		conn.Close() //nolint:errcheck // nobody takes it
	}
}

// kind is what a connection speaks.
type kind int

const (
	unclear kind = iota
	isHTTP
	isTURN
	neither
)

// judge says what a connection speaks whose first bytes are these. A client's first message of STUN starts with a zero or a
// one and has the cookie after four bytes (RFC 8489 5); no request line and no preface of HTTP starts so.
func judge(head []byte) kind {
	switch {
	case len(head) == 0:
		return unclear
	case head[0] > 1:
		return isHTTP // also what is neither: HTTP has an answer for it
	case len(head) < sniffBytes:
		return unclear
	case binary.BigEndian.Uint32(head[4:]) == magicCookie && head[3]&3 == 0:
		return isTURN
	}
	return neither
}

const sniffBytes = 8

// sniff reads at most sniffBytes, as few as tell what a connection speaks.
func sniff(r io.Reader) ([]byte, kind, error) {
	head := make([]byte, 0, sniffBytes)
	for {
		n, err := r.Read(head[len(head):sniffBytes])
		head = head[:len(head)+n]
		if what := judge(head); what != unclear {
			return head, what, nil
		}
		if err != nil {
			return head, unclear, err
		}
	}
}

// sniffed is a connection whose first bytes were read already.
type sniffed struct {
	net.Conn
	head []byte // owner's: who reads
}

// Read gives the first bytes first.
func (c *sniffed) Read(b []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(b, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
