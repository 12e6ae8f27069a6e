package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"

	"incamera/internal/gate"
	"incamera/internal/ident"
	"incamera/internal/meeting"
	"incamera/internal/sfu"
	"incamera/internal/turn"
	"incamera/internal/wire"
)

// errNoWay means that this machine cannot reach its own media.
var errNoWay = errors.New("no address of this machine reaches the media port")

// relay is the TURN server with what it has to know of the media plane. Its methods may be called from any goroutine.
type relay struct {
	server *turn.Server
	plane  *sfu.Plane
	ways   []netip.Addr
	log    *slog.Logger

	mu    sync.Mutex
	peers []turn.Peer // as announced last
}

// newRelay makes the relay of a plane that has its port; people reach it at the page's own address.
func newRelay(page string, plane *sfu.Plane, log *slog.Logger) (*relay, error) {
	address, err := relayURL(page)
	if err != nil {
		return nil, err
	}
	r := &relay{plane: plane, ways: waysTo(plane.Addr()), log: log}
	if len(r.ways) == 0 {
		return nil, fmt.Errorf("relay: %w (%s); relay: false goes without", errNoWay, plane.Addr())
	}
	if r.peers, err = r.list(); err != nil {
		return nil, fmt.Errorf("relay: %w", err)
	}
	r.server, err = turn.New(turn.Config{
		URLs: []string{address}, Relay: r.ways, Peers: r.peers, MaxStreams: gate.MaxRelayed,
	})
	return r, err
}

// relayURL is where the relay is, for browsers that came to the page's address (RFC 7065).
func relayURL(page string) (string, error) {
	u, err := url.Parse(page)
	if err != nil {
		return "", fmt.Errorf("relay: %w", err)
	}
	scheme, port := "turn:", "80"
	if u.Scheme == "https" {
		scheme, port = "turns:", "443"
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return scheme + net.JoinHostPort(u.Hostname(), port) + "?transport=tcp", nil
}

// waysTo gives the addresses of this machine, at most one a family, from which its own media port is reached.
func waysTo(media netip.AddrPort) []netip.Addr {
	ip := media.Addr()
	switch {
	case !ip.IsUnspecified():
		return usable(ip.WithZone(""))
	case ip.Is4():
		return usable(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	return usable(netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback())
}

// usable leaves out addresses that this machine has not, such as those of a family that is switched off.
func usable(list ...netip.Addr) []netip.Addr {
	return slices.DeleteFunc(list, func(ip netip.Addr) bool {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			return true
		}
		return conn.Close() != nil
	})
}

// list is where media may be relayed to: all addresses that the plane announces now, by the ways of this machine.
func (r *relay) list() ([]turn.Peer, error) {
	announced, err := r.plane.Announced()
	if err != nil {
		return nil, err
	}
	var out []turn.Peer
	for _, at := range announced {
		way := slices.IndexFunc(r.ways, func(ip netip.Addr) bool { return ip.Is4() == at.Addr().Is4() })
		known := slices.ContainsFunc(out, func(p turn.Peer) bool { return p.Announced == at })
		if way < 0 || known || at.Addr().Zone() != "" || at.Addr().IsLinkLocalUnicast() {
			continue // nobody could use it, or it is there
		}
		out = append(out, turn.Peer{Announced: at, Local: netip.AddrPortFrom(r.ways[way], r.plane.Addr().Port())})
	}
	return out, nil
}

// refresh follows the machine's addresses, which may change while the server runs.
func (r *relay) refresh() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh, err := r.list()
	if err != nil || slices.Equal(fresh, r.peers) {
		return err
	}
	if err := r.server.Announce(fresh); err != nil {
		return err
	}
	r.peers = fresh
	return nil
}

// room is a meeting's part of it.
func (r *relay) room() meeting.Relay {
	return &relayRoom{relay: r, seats: map[ident.ParticipantID]ident.ParticipantID{}}
}

// relayRoom gives the seats of one meeting credentials. Pages choose their participant ids, and may choose one that stands
// in another meeting: so the relay knows each seat by an id drawn here. The meeting's owner alone calls it.
type relayRoom struct {
	*relay
	seats map[ident.ParticipantID]ident.ParticipantID
}

// Issue implements meeting.Relay.
func (r *relayRoom) Issue(who ident.ParticipantID) wire.Relay {
	if err := r.refresh(); err != nil {
		r.log.Warn("the relay cannot follow the addresses of media", "error", err)
	}
	seat, ok := r.seats[who]
	if !ok {
		rand.Read(seat[:])
	}
	c, err := r.server.Issue(seat)
	if err != nil {
		if !errors.Is(err, turn.ErrClosed) {
			r.log.Warn("somebody goes without the relay", "error", err)
		}
		return wire.Relay{}
	}
	r.seats[who] = seat
	return wire.Relay{URLs: c.URLs, Username: c.Username, Credential: c.Password}
}

// Renew implements meeting.Relay.
func (r *relayRoom) Renew(who ident.ParticipantID) {
	if seat, ok := r.seats[who]; ok {
		r.server.Renew(seat)
	}
}

// Revoke implements meeting.Relay.
func (r *relayRoom) Revoke(who ident.ParticipantID) {
	if seat, ok := r.seats[who]; ok {
		r.server.Revoke(seat)
		delete(r.seats, who)
	}
}
