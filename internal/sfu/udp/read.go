package udp

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inbox is the reader's memory for one recvmmsg.
type inbox struct {
	headers  [MaxBatch]header
	vectors  [MaxBatch]unix.Iovec
	names    [MaxBatch]name
	controls [MaxBatch][controlSize]byte

	want  int
	got   int
	err   error
	until time.Time
	call  func(fd uintptr) bool
}

func (in *inbox) init(s *Socket) {
	in.call = func(fd uintptr) bool { return in.receive(fd) }
	for i := range in.headers {
		h := &in.headers[i].hdr
		h.Name = &in.names[i][0]
		h.Iov, h.Iovlen = &in.vectors[i], 1
		if s.wildcard {
			h.Control = &in.controls[i][0]
		}
	}
}

// ReadBatch waits for datagrams until the deadline and fills dst with those that are there, at most MaxBatch.
// It gives how many, or os.ErrDeadlineExceeded, or net.ErrClosed.
func (s *Socket) ReadBatch(dst []Datagram, deadline time.Time) (int, error) {
	in := &s.in
	in.want = min(len(dst), MaxBatch)
	for i := range in.want {
		in.vectors[i].Base = &dst[i].Data[0]
		in.vectors[i].SetLen(len(dst[i].Data))
		h := &in.headers[i].hdr
		h.Namelen = unix.SizeofSockaddrInet6
		if s.wildcard {
			h.SetControllen(controlSize)
		}
	}
	if !deadline.Equal(in.until) {
		if err := s.conn.SetReadDeadline(deadline); err != nil {
			return 0, err
		}
		in.until = deadline
	}
	if err := s.raw.Read(in.call); err != nil {
		return 0, err
	}
	if in.err != nil {
		return 0, fmt.Errorf("udp: read: %w", in.err)
	}
	for i := range in.got {
		d := &dst[i]
		d.Data = d.Data[:in.headers[i].len]
		d.Path.Remote = in.names[i].get(s.six)
		d.Path.Local = s.local.Addr()
		if s.wildcard {
			d.Path.Local = localOf(in.controls[i][:in.headers[i].hdr.Controllen])
		}
	}
	return in.got, nil
}

// receive is one recvmmsg; false asks to be called again when the socket can be read. Errors that belong to
// datagrams sent earlier (ICMP) are passed over. The call never waits; to announce it to the runtime as one that may
// would wake the runtime's monitor thread every time, which costs more than the call.
func (in *inbox) receive(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&in.headers[0])), uintptr(in.want), unix.MSG_DONTWAIT, 0, 0)
	in.got, in.err = 0, nil
	switch errno {
	case 0:
		in.got = int(n)
	case unix.EAGAIN:
		return false
	case unix.EINTR, unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EMSGSIZE:
	default:
		in.err = errno
	}
	return true
}
