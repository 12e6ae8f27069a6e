package udp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// bufferSize is asked of the kernel for each direction: 60 ms of a gigabit.
const bufferSize = 8 << 20

// plainTime is how long messages go without segments after a device could not take them (EIO).
const plainTime = 10 * time.Second

// Socket is the port. One goroutine reads, one at a time writes; both may be at work together.
type Socket struct {
	// fixed
	conn     *net.UDPConn
	raw      syscall.RawConn
	local    netip.AddrPort
	six      bool // an AF_INET6 socket; IPv4 is seen mapped
	wildcard bool

	in  inbox  // the reader's
	out outbox // the writer's
}

// Listen opens the port. An address without host is every address of both families.
func Listen(address string) (*Socket, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("udp: %w", err)
	}
	s := &Socket{wildcard: host == ""}
	if a, err := netip.ParseAddr(host); err == nil {
		s.wildcard = a.IsUnspecified()
	}
	if err := s.open(address); err != nil {
		return nil, err
	}
	if s.raw, err = s.conn.SyscallConn(); err != nil {
		s.conn.Close()
		return nil, fmt.Errorf("udp: %w", err)
	}
	local := s.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	s.in.init(s)
	s.out.init(s)
	return s, nil
}

func (s *Socket) open(address string) error {
	var last error
	control := func(_, _ string, c syscall.RawConn) error {
		err := c.Control(func(fd uintptr) { last = s.options(int(fd)) })
		if err != nil {
			return err
		}
		return last
	}
	config := net.ListenConfig{Control: control}
	pc, err := config.ListenPacket(context.Background(), "udp", address)
	if err != nil && s.wildcard { // no IPv6 in this kernel
		pc, err = config.ListenPacket(context.Background(), "udp4", address)
	}
	if err != nil {
		return fmt.Errorf("udp: listen: %w", err)
	}
	s.conn = pc.(*net.UDPConn)
	return nil
}

// options sets what the socket needs; the family decides which packet info there is.
func (s *Socket) options(fd int) error {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return fmt.Errorf("udp: domain: %w", err)
	}
	s.six = domain == unix.AF_INET6
	setBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF)
	setBuffer(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF)
	if !s.wildcard {
		return nil
	}
	if s.six {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	} else {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
	if err != nil {
		return fmt.Errorf("udp: packet info: %w", err)
	}
	return nil
}

// setBuffer asks for the size whatever the system's limit, or for what the limit allows.
func setBuffer(fd, force, plain int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bufferSize) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, bufferSize) // a small buffer loses packets under load, no more
	}
}

// LocalAddr is the address bound to.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// Close unblocks the reader.
func (s *Socket) Close() error {
	return s.conn.Close()
}

// Counts gives the totals of sending; the writer calls it.
func (s *Socket) Counts() Counts { return s.out.counts }
