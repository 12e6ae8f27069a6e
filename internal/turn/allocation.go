package turn

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// allocation is one relay socket of one client. What the server's mutex guards is marked so.
type allocation struct {
	tuple   tuple                        // fixed
	made    [stun.TransactionIDSize]byte // fixed; the request that made it, which may come again
	socket  *net.UDPConn                 // fixed
	relayed netip.AddrPort               // fixed
	owner   *credential                  // the server's
	expires time.Time                    // the server's

	mu     sync.Mutex
	routes []route // at most maxPeers, one for each announced media address
}

// route is a permission, and a channel if there is one (RFC 8656 9, 12). Until is the permission's end.
type route struct {
	peer         Peer
	until        time.Time
	channel      uint16 // 0 for none
	channelUntil time.Time
}

// relaySocket opens a socket from which our media is reached.
func (s *Server) relaySocket(f family) (*net.UDPConn, error) {
	for _, ip := range s.cfg.Relay {
		if familyOf(ip) != f {
			continue
		}
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			return nil, err
		}
		return conn, conn.SetReadBuffer(relayBuffer)
	}
	return nil, ErrConfig
}

// relay carries what our media says to the client until the socket is closed.
func (s *Server) relay(a *allocation) {
	const head = 4
	var buffer [head + maxMessage]byte
	for {
		n, from, err := a.socket.ReadFromUDPAddrPort(buffer[head:])
		if err != nil {
			s.drop(a)
			return
		}
		peer, channel, ok := a.incoming(netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), time.Now())
		if !ok || n == maxMessage {
			s.counts.refuse(RefusedPermission)
			continue
		}
		message := buffer[:head+n]
		if channel != 0 {
			binary.BigEndian.PutUint16(message, channel)
			binary.BigEndian.PutUint16(message[2:], uint16(n)) //nolint:gosec // under maxMessage
			if a.tuple.way.stream() {
				message = buffer[:(head+n+3)&^3]
				clear(message[head+n:])
			}
		} else if message, err = dataIndication(peer, buffer[head:head+n]); err != nil {
			continue
		}
		if a.tuple.way.send(a.tuple.from, message) != nil {
			s.counts.refuse(RefusedUndelivered)
			continue
		}
		s.counts.toPeople(n)
	}
}

// dataIndication wraps a packet for which no channel is bound (RFC 8656 11.3).
func dataIndication(peer netip.AddrPort, data []byte) ([]byte, error) {
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodData, stun.ClassIndication),
		address{stun.AttrXORPeerAddress, peer}, stun.RawAttribute{Type: stun.AttrData, Value: data})
	if err != nil {
		return nil, err
	}
	return m.Raw, nil
}

// incoming says as whom a packet from a local address is announced and on which channel, if it is permitted.
func (a *allocation) incoming(local netip.AddrPort, now time.Time) (netip.AddrPort, uint16, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := -1
	for i, r := range a.routes {
		if r.peer.Local == local && r.until.After(now) && (found < 0 || r.until.After(a.routes[found].until)) {
			found = i
		}
	}
	if found < 0 {
		return netip.AddrPort{}, 0, false
	}
	r := a.routes[found]
	if !r.channelUntil.After(now) {
		r.channel = 0
	}
	return r.peer.Announced, r.channel, true
}

// byChannel gives the local address behind a channel.
func (a *allocation) byChannel(channel uint16, now time.Time) (netip.AddrPort, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.routes {
		if r.channel == channel && r.channelUntil.After(now) && r.until.After(now) {
			return r.peer.Local, true
		}
	}
	return netip.AddrPort{}, false
}

// byPeer gives the local address of a permitted peer.
func (a *allocation) byPeer(announced netip.AddrPort, now time.Time) (netip.AddrPort, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.routes {
		if r.peer.Announced == announced && r.until.After(now) {
			return r.peer.Local, true
		}
	}
	return netip.AddrPort{}, false
}

// permit makes or renews a permission.
func (a *allocation) permit(peer Peer, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.routeTo(peer).until = now.Add(permissionLife)
}

// bind makes or renews a channel and its permission. It tells false if the number or the peer is bound otherwise.
func (a *allocation) bind(channel uint16, peer Peer, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.routes {
		same := r.peer.Announced == peer.Announced
		if r.channel != 0 && r.channelUntil.After(now) && same != (r.channel == channel) {
			return false
		}
	}
	r := a.routeTo(peer)
	r.channel, r.channelUntil = channel, now.Add(channelLife)
	r.until = now.Add(permissionLife)
	return true
}

// routeTo finds the route to a peer or makes it. Peers are few and listed, so routes are.
func (a *allocation) routeTo(peer Peer) *route {
	for i := range a.routes {
		if a.routes[i].peer.Announced == peer.Announced {
			a.routes[i].peer = peer
			return &a.routes[i]
		}
	}
	a.routes = append(a.routes, route{peer: peer})
	return &a.routes[len(a.routes)-1]
}

// keep drops the routes that no list of peers holds any more.
func (a *allocation) keep(list peers) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.routes = slices.DeleteFunc(a.routes, func(r route) bool {
		peer, ok := list.find(r.peer.Announced)
		return !ok || peer != r.peer
	})
}

// end takes an allocation out and closes its socket. The mutex is held. kill: the stream that held it ends, too.
func (s *Server) end(a *allocation, kill bool) {
	if s.allocations[a.tuple] != a {
		return
	}
	delete(s.allocations, a.tuple)
	a.owner.held = slices.DeleteFunc(a.owner.held, func(o *allocation) bool { return o == a })
	a.socket.Close() //nolint:errcheck // nothing is left to be done about it
	a.tuple.way.release(kill)
}

// drop ends an allocation whose socket is of no use.
func (s *Server) drop(a *allocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(a, false)
}

// forget ends the allocations of a way that is gone.
func (s *Server) forget(gone way) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t, a := range s.allocations {
		if t.way == gone {
			s.end(a, false)
		}
	}
}
