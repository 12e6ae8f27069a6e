package udp

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// header is struct mmsghdr.
type header struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// controlSize holds packet info of either family and a segment size.
const controlSize = 96

// name is a socket address of either family.
type name [unix.SizeofSockaddrInet6]byte

// put writes an address in the socket's family and gives its length.
func (n *name) put(a netip.AddrPort, six bool) uint32 {
	clear(n[:])
	if six {
		*(*uint16)(unsafe.Pointer(&n[0])) = unix.AF_INET6
		binary.BigEndian.PutUint16(n[2:], a.Port())
		ip := a.Addr().As16()
		copy(n[8:], ip[:])
		return unix.SizeofSockaddrInet6
	}
	*(*uint16)(unsafe.Pointer(&n[0])) = unix.AF_INET
	binary.BigEndian.PutUint16(n[2:], a.Port())
	ip := a.Addr().As4()
	copy(n[4:], ip[:])
	return unix.SizeofSockaddrInet4
}

// get reads an address; IPv4 comes out as IPv4 whatever the socket's family.
func (n *name) get(six bool) netip.AddrPort {
	port := binary.BigEndian.Uint16(n[2:])
	if six {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(n[8:24])).Unmap(), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[4:8])), port)
}

// localOf finds the address that a datagram came to among its control messages.
func localOf(control []byte) netip.Addr {
	for len(control) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || size > len(control) {
			break
		}
		data := control[unix.CmsgLen(0):size]
		switch {
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			return netip.AddrFrom16([16]byte(data[:16])).Unmap()
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			return netip.AddrFrom4([4]byte(data[8:12]))
		}
		control = control[min(len(control), unix.CmsgSpace(size-unix.CmsgLen(0))):]
	}
	return netip.Addr{}
}

// putLocal appends the control message that sets the source address; it gives the new length.
func putLocal(control []byte, at int, local netip.Addr, six bool) int {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[at]))
	data := control[at+unix.CmsgLen(0):]
	if six {
		h.Level, h.Type = unix.IPPROTO_IPV6, unix.IPV6_PKTINFO
		h.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
		clear(data[:unix.SizeofInet6Pktinfo])
		ip := local.As16()
		copy(data, ip[:])
		return at + unix.CmsgSpace(unix.SizeofInet6Pktinfo)
	}
	h.Level, h.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
	h.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
	clear(data[:unix.SizeofInet4Pktinfo])
	ip := local.As4()
	copy(data[4:8], ip[:])
	return at + unix.CmsgSpace(unix.SizeofInet4Pktinfo)
}

// putSegment appends the control message with the size of the pieces (UDP_SEGMENT, udp(7)).
func putSegment(control []byte, at, size int) int {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&control[at]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&control[at+unix.CmsgLen(0)])) = uint16(size)
	return at + unix.CmsgSpace(2)
}
