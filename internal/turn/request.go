package turn

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// scratch is the memory of one goroutine that reads.
type scratch struct {
	in  [maxMessage]byte
	msg stun.Message
}

func newScratch() *scratch { return &scratch{} }

// request is one STUN message on its way through the server.
type request struct {
	client tuple
	msg    *stun.Message
	now    time.Time
}

// handle answers one message, or carries it on. Whatever is not understood is counted and dropped.
func (s *Server) handle(client tuple, message []byte, scratch *scratch) {
	switch {
	case len(message) >= 4 && isChannel(message[0]):
		s.channelData(client, message)
	case isMessage(message):
		scratch.msg.Raw = append(scratch.msg.Raw[:0], message...)
		if scratch.msg.Decode() != nil {
			s.counts.refuse(RefusedMalformed)
			return
		}
		s.dispatch(request{client, &scratch.msg, time.Now()})
	default:
		s.counts.refuse(RefusedMalformed)
	}
}

// isMessage tells whether the bytes are one whole STUN message by its header (RFC 8489 5).
func isMessage(b []byte) bool {
	return len(b) >= 20 && b[0]&0xC0 == 0 && binary.BigEndian.Uint32(b[4:]) == magicCookie &&
		int(binary.BigEndian.Uint16(b[2:])) == len(b)-20
}

func (s *Server) dispatch(r request) {
	if r.msg.Type == stun.NewType(stun.MethodSend, stun.ClassIndication) {
		s.sendIndication(r)
		return
	}
	if r.msg.Type.Class != stun.ClassRequest {
		s.counts.refuse(RefusedMalformed)
		return
	}
	var answer func(request, *credential)
	switch r.msg.Type.Method {
	case stun.MethodBinding:
		s.binding(r)
		return
	case stun.MethodAllocate:
		answer = s.allocate
	case stun.MethodRefresh:
		answer = s.refresh
	case stun.MethodCreatePermission:
		answer = s.createPermission
	case stun.MethodChannelBind:
		answer = s.channelBind
	default: // Connect and ConnectionBind (RFC 6062) among them
		s.counts.refuse(RefusedMalformed)
		return
	}
	if c := s.authenticate(r); c != nil {
		if unknown := notUnderstood(r.msg); len(unknown) > 0 {
			s.refuse(r, c, RefusedMalformed, stun.CodeUnknownAttribute, stun.UnknownAttributes(unknown))
			return
		}
		answer(r, c)
	}
}

// binding tells a client its own address (RFC 8489 2), at a stranger's pace.
func (s *Server) binding(r request) {
	if !s.pace.allow(r.client.from.Addr(), r.client.way.stream(), r.now) {
		s.counts.refuse(RefusedPace)
		return
	}
	s.reply(r, stun.ClassSuccessResponse, nil, address{stun.AttrXORMappedAddress, r.client.from})
}

// authenticate gives the credential behind a request or answers it itself (RFC 8489 9.2.4).
func (s *Server) authenticate(r request) *credential {
	if !r.msg.Contains(stun.AttrMessageIntegrity) {
		s.challenge(r, RefusedStranger, stun.CodeUnauthorized)
		return nil
	}
	username, errU := r.msg.Get(stun.AttrUsername)
	realm, errR := r.msg.Get(stun.AttrRealm)
	nonce, errN := r.msg.Get(stun.AttrNonce)
	switch {
	case errU != nil || errR != nil || errN != nil:
		s.challenge(r, RefusedStranger, stun.CodeBadRequest)
		return nil
	case !s.nonces.fresh(nonce, r.client.from, r.now):
		s.challenge(r, RefusedStale, stun.CodeStaleNonce)
		return nil
	}
	s.mu.RLock()
	c := s.users[string(username)]
	known := c != nil && c.expires.After(r.now) && string(realm) == s.cfg.Realm
	if known {
		known = wholeUnder(c.key, r.msg)
	}
	s.mu.RUnlock()
	if !known {
		s.challenge(r, RefusedStranger, stun.CodeUnauthorized)
		return nil
	}
	return c
}

// wholeUnder checks the integrity of a message.
func wholeUnder(key stun.MessageIntegrity, m *stun.Message) bool {
	mac, err := m.Get(stun.AttrMessageIntegrity)
	return err == nil && len(mac) == 20 && key.Check(m) == nil
}

// challenge asks a stranger for credentials in as few bytes as can be, at a stranger's pace.
func (s *Server) challenge(r request, why Reason, code stun.ErrorCode) {
	if !s.pace.allow(r.client.from.Addr(), r.client.way.stream(), r.now) {
		s.counts.refuse(RefusedPace)
		return
	}
	s.counts.refuse(why)
	attributes := []stun.Setter{stun.ErrorCodeAttribute{Code: code}}
	if code != stun.CodeBadRequest {
		attributes = append(attributes, stun.NewNonce(s.nonces.make(r.client.from, r.now)), stun.NewRealm(s.cfg.Realm))
	}
	s.reply(r, stun.ClassErrorResponse, nil, attributes...)
}

// refuse answers a member.
func (s *Server) refuse(r request, c *credential, why Reason, code stun.ErrorCode, more ...stun.Setter) {
	s.counts.refuse(why)
	s.reply(r, stun.ClassErrorResponse, c, append([]stun.Setter{stun.ErrorCodeAttribute{Code: code}}, more...)...)
}

// reply sends a response, with integrity if it is for a member.
func (s *Server) reply(r request, class stun.MessageClass, c *credential, attributes ...stun.Setter) {
	setters := make([]stun.Setter, 0, len(attributes)+3)
	setters = append(setters, stun.NewType(r.msg.Type.Method, class), stun.NewTransactionIDSetter(r.msg.TransactionID))
	m, err := s.build(append(setters, attributes...), c)
	if err != nil || r.client.way.send(r.client.from, m.Raw) != nil {
		s.counts.refuse(RefusedUndelivered)
	}
}

// build makes a message, under the credential's key if there is one; retire wipes it.
func (s *Server) build(setters []stun.Setter, c *credential) (*stun.Message, error) {
	if c == nil {
		return stun.Build(setters...)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.users[c.username] != c {
		return nil, ErrClosed
	}
	return stun.Build(append(setters, c.key)...)
}

// notUnderstood lists the attributes that a client must know we do not honour (RFC 8489 14): among them EVEN-PORT,
// RESERVATION-TOKEN and DONT-FRAGMENT.
func notUnderstood(m *stun.Message) []stun.AttrType {
	var unknown []stun.AttrType
	for _, a := range m.Attributes {
		switch a.Type {
		case stun.AttrUsername, stun.AttrMessageIntegrity, stun.AttrRealm, stun.AttrNonce, stun.AttrChannelNumber, stun.AttrLifetime,
			stun.AttrXORPeerAddress, stun.AttrData, stun.AttrRequestedAddressFamily, stun.AttrRequestedTransport,
			stun.AttrMessageIntegritySHA256:
		default:
			if a.Type.Required() && len(unknown) < 16 {
				unknown = append(unknown, a.Type)
			}
		}
	}
	return unknown
}

// channelData carries a packet to our media by its channel (RFC 8656 12.6).
func (s *Server) channelData(client tuple, message []byte) {
	size := int(binary.BigEndian.Uint16(message[2:]))
	if size > len(message)-4 {
		s.counts.refuse(RefusedMalformed)
		return
	}
	a := s.of(client)
	if a == nil {
		s.counts.refuse(RefusedMismatch)
		return
	}
	to, ok := a.byChannel(binary.BigEndian.Uint16(message), time.Now())
	s.carry(a, to, ok, message[4:4+size])
}

// sendIndication carries a packet to our media by its address (RFC 8656 11.2).
func (s *Server) sendIndication(r request) {
	data, errD := r.msg.Get(stun.AttrData)
	value, errP := r.msg.Get(stun.AttrXORPeerAddress)
	peer, whole := parseAddress(value, r.msg.TransactionID)
	if errD != nil || errP != nil || !whole || r.msg.Contains(stun.AttrDontFragment) {
		s.counts.refuse(RefusedMalformed)
		return
	}
	a := s.of(r.client)
	if a == nil {
		s.counts.refuse(RefusedMismatch)
		return
	}
	to, ok := a.byPeer(peer, r.now)
	s.carry(a, to, ok, data)
}

func (s *Server) carry(a *allocation, to netip.AddrPort, permitted bool, data []byte) {
	if !permitted {
		s.counts.refuse(RefusedPermission)
		return
	}
	if _, err := a.socket.WriteToUDPAddrPort(data, to); err != nil {
		s.counts.refuse(RefusedUndelivered)
		return
	}
	s.counts.toMedia(len(data))
}

// of gives the allocation of a client, or nil.
func (s *Server) of(client tuple) *allocation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.allocations[client]
}
