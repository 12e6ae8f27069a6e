package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"incamera/internal/wire"
)

// ErrNoAddress means that this machine has no address at which media could reach it.
var ErrNoAddress = errors.New("sfu: no address to offer for media")

// announcer knows which addresses to offer. It is immutable.
type announcer struct {
	bound netip.AddrPort
	extra []netip.AddrPort
}

// newAnnouncer resolves the configured HOST[:PORT]s once.
func newAnnouncer(bound netip.AddrPort, hosts []string) (announcer, error) {
	a := announcer{bound: bound}
	for _, h := range hosts {
		host, port := h, bound.Port()
		if hp, p, err := net.SplitHostPort(h); err == nil {
			n, err := strconv.ParseUint(p, 10, 16)
			if err != nil || n == 0 {
				return a, fmt.Errorf("sfu: announced address %q: port", h)
			}
			host, port = hp, uint16(n)
		}
		ips, err := net.LookupIP(host)
		if err != nil {
			return a, fmt.Errorf("sfu: announced address: %w", err)
		}
		for _, ip := range ips {
			if ad, ok := netip.AddrFromSlice(ip); ok {
				a.extra = append(a.extra, netip.AddrPortFrom(ad.Unmap(), port))
			}
		}
	}
	return a, nil
}

// candidates gives one to eight addresses, those of the outside first.
func (a announcer) candidates(loopback bool) ([]wire.MediaCandidate, error) {
	var all []netip.AddrPort
	switch {
	case len(a.extra) > 0:
		all = slices.Clone(a.extra)
	case !a.bound.Addr().IsUnspecified():
		all = []netip.AddrPort{a.bound}
		loopback = false
	default:
		outside, err := interfaceAddresses()
		if err != nil {
			return nil, err
		}
		for _, ip := range outside {
			all = append(all, netip.AddrPortFrom(ip, a.bound.Port()))
		}
	}
	room := maxCandidate
	if loopback {
		room -= 2
	}
	all = all[:min(len(all), room)]
	if loopback {
		for _, ip := range []string{"127.0.0.1", "::1"} {
			all = append(all, netip.AddrPortFrom(netip.MustParseAddr(ip), a.bound.Port()))
		}
	}
	if len(all) == 0 {
		return nil, ErrNoAddress
	}
	out := make([]wire.MediaCandidate, len(all))
	for i, ap := range all {
		out[i] = wire.MediaCandidate{Address: ap.Addr().String(), Port: int(ap.Port())}
	}
	return out, nil
}

// interfaceAddresses lists what others may reach: no loopback, link-local or multicast address.
func interfaceAddresses() ([]netip.Addr, error) {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("sfu: interfaces: %w", err)
	}
	var out []netip.Addr
	for _, x := range list {
		n, ok := x.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		if ip = ip.Unmap(); ok && ip.IsGlobalUnicast() {
			out = append(out, ip)
		}
	}
	return out, nil
}
