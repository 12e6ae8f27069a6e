package turn

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pion/stun/v4"
)

// family is an address family as it stands in REQUESTED-ADDRESS-FAMILY and in addresses (RFC 8656 18.6).
type family byte

const (
	familyIPv4 family = 1
	familyIPv6 family = 2
)

func familyOf(ip netip.Addr) family {
	if ip.Is4() {
		return familyIPv4
	}
	return familyIPv6
}

// peers is the list of what may be relayed to. It is immutable.
type peers []Peer

// newPeers checks a list: unicast addresses with a port, each announced once.
func newPeers(list []Peer) (peers, error) {
	if len(list) > maxPeers {
		return nil, fmt.Errorf("%w: %d media addresses, at most %d", ErrConfig, len(list), maxPeers)
	}
	out := make(peers, 0, len(list))
	for _, p := range list {
		if !p.Local.IsValid() {
			p.Local = p.Announced
		}
		taken := slices.ContainsFunc(out, func(o Peer) bool { return o.Announced == p.Announced })
		if taken || !reachable(p.Announced) || !reachable(p.Local) || familyOf(p.Announced.Addr()) != familyOf(p.Local.Addr()) {
			return nil, fmt.Errorf("%w: media address %s", ErrConfig, p.Announced)
		}
		out = append(out, p)
	}
	return out, nil
}

// reachable refuses what can never be an address of the media plane. A mapped address is one: it is written as IPv4.
func reachable(at netip.AddrPort) bool {
	ip := at.Addr()
	return at.IsValid() && at.Port() != 0 && !ip.Is4In6() && ip.Zone() == "" &&
		!ip.IsUnspecified() && !ip.IsMulticast() && !ip.IsLinkLocalUnicast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// find gives the media address that a client named, to the port, or false for everything else in the world.
func (p peers) find(announced netip.AddrPort) (Peer, bool) {
	for _, peer := range p {
		if peer.Announced == announced {
			return peer, true
		}
	}
	return Peer{}, false
}

func (p peers) has(f family) bool {
	return slices.ContainsFunc(p, func(peer Peer) bool { return familyOf(peer.Announced.Addr()) == f })
}

// parseAddress reads an XOR-PEER-ADDRESS (RFC 8656 18.3, RFC 8489 14.2). A mapped IPv4 address stays what it is.
func parseAddress(value []byte, id [stun.TransactionIDSize]byte) (netip.AddrPort, bool) {
	if len(value) < 4 {
		return netip.AddrPort{}, false
	}
	mask := addressMask(id)
	port := binary.BigEndian.Uint16(value[2:]) ^ binary.BigEndian.Uint16(mask[:])
	switch raw := value[4:]; {
	case family(value[1]) == familyIPv4 && len(raw) == 4:
		var ip [4]byte
		for i := range ip {
			ip[i] = raw[i] ^ mask[i]
		}
		return netip.AddrPortFrom(netip.AddrFrom4(ip), port), true
	case family(value[1]) == familyIPv6 && len(raw) == 16:
		var ip [16]byte
		for i := range ip {
			ip[i] = raw[i] ^ mask[i]
		}
		return netip.AddrPortFrom(netip.AddrFrom16(ip), port), true
	}
	return netip.AddrPort{}, false
}

// address is an attribute that holds an XOR-ed address.
type address struct {
	attribute stun.AttrType
	at        netip.AddrPort
}

// AddTo implements stun.Setter.
func (a address) AddTo(m *stun.Message) error {
	mask := addressMask(m.TransactionID)
	ip := a.at.Addr().AsSlice()
	value := make([]byte, 4, 20)
	value[1] = byte(familyOf(a.at.Addr()))
	binary.BigEndian.PutUint16(value[2:], a.at.Port()^binary.BigEndian.Uint16(mask[:]))
	for i, b := range ip {
		value = append(value, b^mask[i])
	}
	m.Add(a.attribute, value)
	return nil
}

func addressMask(id [stun.TransactionIDSize]byte) (mask [16]byte) {
	binary.BigEndian.PutUint32(mask[:], magicCookie)
	copy(mask[4:], id[:])
	return mask
}
