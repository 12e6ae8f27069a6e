package turn

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Errors of this package.
var (
	ErrConfig = errors.New("turn: configuration") // what New and Announce were given cannot work
	ErrFull   = errors.New("turn: no place")      // the table of credentials is full
	ErrClosed = errors.New("turn: closed")
)

// Limits that are not a matter of choice.
const (
	Life        = 10 * time.Minute // of a credential without renewal, of an allocation without refresh, of a nonce
	Quota       = 4                // allocations of one credential: two transports for each of two networks
	SilentLimit = 10 * time.Second // for a stream without an allocation, and for a connection that says nothing

	permissionLife = 5 * time.Minute  // RFC 8656 9
	channelLife    = 10 * time.Minute // RFC 8656 12
	writeLimit     = 5 * time.Second  // a stream that takes nothing for so long is closed
	sweepEvery     = time.Second
	maxMessage     = 2048 // a media packet is under 1,500 bytes
	maxPeers       = 16   // media addresses of a server, those of loopback included
	relayBuffer    = 128 << 10
)

// Config is what a server is made of; New checks it. It is not changed afterwards.
type Config struct {
	Realm          string       // shown to clients, at most 64 bytes; without a choice incamera
	URLs           []string     // told to pages, such as turns:meet.example.org:443?transport=tcp, best first
	Relay          []netip.Addr // addresses of this machine from which media is reached, at most one a family
	Peers          []Peer       // where the media plane takes packets; Announce changes it
	MaxSeats       int          // credentials at a time; without a choice 16,384
	MaxAllocations int          // of all credentials; without a choice 2,048
	MaxStreams     int          // TCP and TLS connections; without a choice 4,096
}

// Peer is one address of the media plane: as it is told to browsers and as it is reached from the relay's own
// socket, which differs behind NAT. Without Local they are the same.
type Peer struct {
	Announced netip.AddrPort
	Local     netip.AddrPort
}

func (c Config) withDefaults() Config {
	if c.Realm == "" {
		c.Realm = "incamera"
	}
	if c.MaxSeats == 0 {
		c.MaxSeats = 16 << 10
	}
	if c.MaxAllocations == 0 {
		c.MaxAllocations = 2 << 10
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 4 << 10
	}
	return c
}

func (c Config) check() error {
	if len(c.Realm) > 64 || c.MaxSeats < 0 || c.MaxAllocations < 0 || c.MaxStreams < 0 {
		return fmt.Errorf("%w: realm or limits", ErrConfig)
	}
	if len(c.Relay) == 0 {
		return fmt.Errorf("%w: no relay address", ErrConfig)
	}
	seen := map[family]bool{}
	for _, ip := range c.Relay {
		if f := familyOf(ip); !ip.IsValid() || ip.Is4In6() || ip.IsUnspecified() || ip.IsMulticast() || seen[f] {
			return fmt.Errorf("%w: relay address %s", ErrConfig, ip)
		}
		seen[familyOf(ip)] = true
	}
	return nil
}
