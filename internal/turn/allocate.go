package turn

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// protocolUDP is the only REQUESTED-TRANSPORT (RFC 8656 18.7): there are no relays over TCP.
const protocolUDP = 17

// Faults of making an allocation, each with its answer.
var (
	errQuota = errors.New("turn: quota reached")
	errTaken = errors.New("turn: already allocated")
)

// allocate makes a relay socket for a client (RFC 8656 7.2).
func (s *Server) allocate(r request, c *credential) {
	if a := s.of(r.client); a != nil {
		if a.made == r.msg.TransactionID && s.owns(a, c) {
			s.allocated(r, c, a) // our answer was lost
			return
		}
		s.refuse(r, c, RefusedMismatch, stun.CodeAllocMismatch)
		return
	}
	transport, err := r.msg.Get(stun.AttrRequestedTransport)
	switch {
	case err != nil || len(transport) != 4:
		s.refuse(r, c, RefusedMalformed, stun.CodeBadRequest)
		return
	case transport[0] != protocolUDP:
		s.refuse(r, c, RefusedTransport, stun.CodeUnsupportedTransProto)
		return
	}
	f, ok := s.familyAsked(r.msg)
	if !ok {
		s.refuse(r, c, RefusedTransport, stun.CodeAddrFamilyNotSupported)
		return
	}
	a, err := s.place(r, c, f)
	switch {
	case err == nil:
		s.allocated(r, c, a)
	case errors.Is(err, errQuota):
		s.refuse(r, c, RefusedQuota, stun.CodeAllocQuotaReached)
	case errors.Is(err, errTaken):
		s.refuse(r, c, RefusedMismatch, stun.CodeAllocMismatch)
	default:
		s.refuse(r, c, RefusedFull, stun.CodeInsufficientCapacity)
	}
}

// familyAsked is the family of a new relay socket: as asked, else IPv4 (RFC 8656 7.2) unless our media has none.
func (s *Server) familyAsked(m *stun.Message) (family, bool) {
	f := familyIPv4
	if !s.peers.Load().has(f) {
		f = familyIPv6
	}
	if value, err := m.Get(stun.AttrRequestedAddressFamily); err == nil {
		if len(value) != 4 {
			return 0, false
		}
		f = family(value[0])
	}
	for _, ip := range s.cfg.Relay {
		if familyOf(ip) == f {
			return f, true
		}
	}
	return 0, false
}

// place makes an allocation within the limits.
func (s *Server) place(r request, c *credential, f family) (*allocation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.users[c.username] != c:
		return nil, ErrClosed
	case s.allocations[r.client] != nil:
		return nil, errTaken
	case len(c.held) >= Quota:
		return nil, errQuota
	case len(s.allocations) >= s.cfg.MaxAllocations:
		return nil, ErrFull
	}
	socket, err := s.relaySocket(f)
	if err != nil {
		return nil, err
	}
	relayed, err := netip.ParseAddrPort(socket.LocalAddr().String())
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	a := &allocation{
		tuple: r.client, made: r.msg.TransactionID, socket: socket, relayed: relayed, owner: c, expires: r.now.Add(Life),
	}
	s.allocations[r.client] = a
	c.held = append(c.held, a)
	s.counts.made.Add(1)
	r.client.way.hold()
	s.tasks.Go(func() { s.relay(a) })
	return a, nil
}

func (s *Server) allocated(r request, c *credential, a *allocation) {
	s.reply(r, stun.ClassSuccessResponse, c,
		address{stun.AttrXORRelayedAddress, a.relayed}, lifetime(Life), address{stun.AttrXORMappedAddress, r.client.from})
}

// held gives the client's allocation if it is the credential's, and answers if not.
func (s *Server) held(r request, c *credential) *allocation {
	a := s.of(r.client)
	switch {
	case a == nil:
		s.refuse(r, c, RefusedMismatch, stun.CodeAllocMismatch)
		return nil
	case !s.owns(a, c):
		s.refuse(r, c, RefusedMismatch, stun.CodeWrongCredentials)
		return nil
	}
	return a
}

func (s *Server) owns(a *allocation, c *credential) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return a.owner == c
}

// refresh lets an allocation live on, always for Life, or ends it (RFC 8656 8.2).
func (s *Server) refresh(r request, c *credential) {
	a := s.held(r, c)
	if a == nil {
		return
	}
	if value, err := r.msg.Get(stun.AttrRequestedAddressFamily); err == nil {
		if len(value) != 4 || family(value[0]) != familyOf(a.relayed.Addr()) {
			s.refuse(r, c, RefusedTransport, stun.CodePeerAddrFamilyMismatch)
			return
		}
	}
	asked := Life
	if value, err := r.msg.Get(stun.AttrLifetime); err == nil && len(value) == 4 && binary.BigEndian.Uint32(value) == 0 {
		asked = 0
	}
	s.mu.Lock()
	if asked == 0 {
		s.end(a, false)
	} else {
		a.expires = r.now.Add(asked)
	}
	s.mu.Unlock()
	s.reply(r, stun.ClassSuccessResponse, c, lifetime(asked))
}

// createPermission lets packets pass between the client and media addresses of ours: all that are named, or none
// (RFC 8656 10.2). The port counts as well, though a permission of others is for every port.
func (s *Server) createPermission(r request, c *credential) {
	a := s.held(r, c)
	if a == nil {
		return
	}
	var list []netip.AddrPort
	for _, attribute := range r.msg.Attributes {
		if attribute.Type != stun.AttrXORPeerAddress {
			continue
		}
		at, ok := parseAddress(attribute.Value, r.msg.TransactionID)
		if !ok {
			list = nil
			break
		}
		list = append(list, at)
	}
	if why, code := s.admit(a, list, func(p Peer) bool { a.permit(p, r.now); return true }); code != 0 {
		s.refuse(r, c, why, code)
		return
	}
	s.reply(r, stun.ClassSuccessResponse, c)
}

// channelBind gives a media address of ours a short name (RFC 8656 12.1).
func (s *Server) channelBind(r request, c *credential) {
	a := s.held(r, c)
	if a == nil {
		return
	}
	number, errN := r.msg.Get(stun.AttrChannelNumber)
	value, errP := r.msg.Get(stun.AttrXORPeerAddress)
	at, ok := parseAddress(value, r.msg.TransactionID)
	if errN != nil || errP != nil || !ok || len(number) != 4 || !isChannel(number[0]) {
		s.refuse(r, c, RefusedMalformed, stun.CodeBadRequest)
		return
	}
	channel := binary.BigEndian.Uint16(number)
	if why, code := s.admit(a, []netip.AddrPort{at}, func(p Peer) bool { return a.bind(channel, p, r.now) }); code != 0 {
		s.refuse(r, c, why, code)
		return
	}
	s.reply(r, stun.ClassSuccessResponse, c)
}

// admit does something for each of a list of peers if all are media addresses of ours, of the allocation's family.
// Else it gives the answer, and nothing was done.
func (s *Server) admit(a *allocation, list []netip.AddrPort, do func(Peer) bool) (Reason, stun.ErrorCode) {
	if len(list) == 0 {
		return RefusedMalformed, stun.CodeBadRequest
	}
	s.mu.RLock() // Announce waits, so that no route outlives its address
	defer s.mu.RUnlock()
	known := *s.peers.Load()
	found := make([]Peer, 0, len(list))
	for _, at := range list {
		if familyOf(at.Addr()) != familyOf(a.relayed.Addr()) {
			return RefusedPeer, stun.CodePeerAddrFamilyMismatch
		}
		peer, ok := known.find(at)
		if !ok {
			return RefusedPeer, stun.CodeForbidden
		}
		found = append(found, peer)
	}
	for _, peer := range found {
		if !do(peer) {
			return RefusedMalformed, stun.CodeBadRequest
		}
	}
	return 0, 0
}

// lifetime is a LIFETIME attribute (RFC 8656 18.2).
type lifetime time.Duration

// AddTo implements stun.Setter.
func (l lifetime) AddTo(m *stun.Message) error {
	m.Add(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, uint32(time.Duration(l)/time.Second))) //nolint:gosec // at most Life
	return nil
}
