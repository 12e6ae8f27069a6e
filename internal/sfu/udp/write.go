package udp

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fullWait is how long a batch waits for room in the socket's buffer before the rest of it is dropped: media
// that waits longer comes too late, and the writer's lock is held.
const fullWait = 5 // ms

// outbox is the writer's memory for one sendmmsg.
type outbox struct {
	headers  [MaxBatch]header
	vectors  [MaxBatch]unix.Iovec
	names    [MaxBatch]name
	controls [MaxBatch][controlSize]byte

	messages []Message
	next     int
	waited   bool
	plain    time.Time // until then messages go without segments
	counts   Counts
	call     func(fd uintptr)
}

func (o *outbox) init(s *Socket) {
	o.call = func(fd uintptr) { o.send(s, fd) }
	for i := range o.headers {
		h := &o.headers[i].hdr
		h.Name = &o.names[i][0]
		h.Iov, h.Iovlen = &o.vectors[i], 1
	}
}

// WriteBatch sends messages, at most MaxBatch, in order. Full means: after 5 ms the rest is dropped and
// counted. An error is returned only when the socket is closed.
func (s *Socket) WriteBatch(messages []Message) error {
	o := &s.out
	o.messages, o.next, o.waited = messages, 0, false
	err := s.raw.Control(o.call)
	o.messages = nil
	return err
}

// send makes raw calls as receive does: each is the work of one batch, about a millisecond at most.
func (o *outbox) send(s *Socket, fd uintptr) {
	segments := o.plain.IsZero() || time.Now().After(o.plain)
	for i := range o.messages {
		o.fill(s, i, segments)
	}
	for o.next < len(o.messages) {
		m := &o.messages[o.next]
		if !segments && m.Segment != 0 {
			o.pieces(s, fd, m)
			o.next++
			continue
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&o.headers[o.next])),
			uintptr(o.run(segments)), unix.MSG_DONTWAIT, 0, 0)
		o.counts.Calls++
		if errno == 0 {
			o.next += int(n)
			o.counts.Messages += uint64(n)
			continue
		}
		if !o.recover(s, fd, errno) {
			return
		}
		segments = segments && errno != unix.EIO
	}
}

// run is how many messages from the next on can go in one call.
func (o *outbox) run(segments bool) int {
	n := len(o.messages) - o.next
	if segments {
		return n
	}
	for i := range n {
		if o.messages[o.next+i].Segment != 0 {
			return i
		}
	}
	return n
}

// recover deals with the next message's error; false gives up the rest.
func (o *outbox) recover(s *Socket, fd uintptr, errno unix.Errno) bool {
	m := &o.messages[o.next]
	switch errno {
	case unix.EINTR:
		return true
	case unix.EAGAIN, unix.ENOBUFS:
		if !o.waited {
			o.waited = true
			p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
			if n, _ := unix.Poll(p, fullWait); n > 0 {
				return true
			}
		}
		o.counts.Dropped += uint64(len(o.messages) - o.next)
		return false
	case unix.EIO, unix.EMSGSIZE, unix.EINVAL:
		if m.Segment != 0 { // the device cannot cut it, or a piece is larger than the path takes in one
			if errno == unix.EIO {
				o.plain = time.Now().Add(plainTime)
			}
			o.pieces(s, fd, m)
			o.next++
			return true
		}
	}
	o.counts.Dropped++
	o.next++
	return true
}

// pieces sends the packets of one message one by one.
func (o *outbox) pieces(s *Socket, fd uintptr, m *Message) {
	o.counts.Plain++
	i := o.next
	o.fill(s, i, false)
	for rest := m.Data; len(rest) > 0; {
		n := len(rest)
		if m.Segment != 0 {
			n = min(n, m.Segment)
		}
		o.vectors[i].Base = &rest[0]
		o.vectors[i].SetLen(n)
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&o.headers[i])), 1, unix.MSG_DONTWAIT, 0, 0)
		o.counts.Calls++
		if errno != 0 {
			o.counts.Dropped++
			return
		}
		rest = rest[n:]
	}
	o.counts.Messages++
}

func (o *outbox) fill(s *Socket, i int, segments bool) {
	m := &o.messages[i]
	h := &o.headers[i].hdr
	h.Namelen = o.names[i].put(m.Path.Remote, s.six)
	o.vectors[i].Base = &m.Data[0]
	o.vectors[i].SetLen(len(m.Data))
	at := 0
	control := o.controls[i][:]
	if s.wildcard && m.Path.Local.IsValid() {
		at = putLocal(control, at, m.Path.Local, s.six)
	}
	if segments && m.Segment != 0 {
		at = putSegment(control, at, m.Segment)
	}
	h.Control = nil
	if at > 0 {
		h.Control = &control[0]
	}
	h.SetControllen(at)
}
