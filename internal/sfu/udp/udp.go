// Package udp is the media port: one UDP socket that is read and written in batches, keeps for each
// datagram the local address that it came to, and sends runs of equal packets as one message
// (UDP_SEGMENT). It knows Linux and nothing of what the datagrams carry.
package udp

import (
	"net/netip"
)

// Path is where a datagram comes from and which of our addresses it came to. Replies go the same path.
type Path struct {
	Remote netip.AddrPort
	Local  netip.Addr // invalid: let the system choose
}

// Datagram is one received packet. The caller lends Data with the length that it has room for; ReadBatch
// shortens it to what came.
type Datagram struct {
	Path Path
	Data []byte
}

// Message is one or more packets to one receiver: Data is cut every Segment bytes, the last piece may be shorter.
type Message struct {
	Path    *Path
	Data    []byte
	Segment int // 0: one packet
}

// Limits of one message with segments (UDP_MAX_SEGMENTS, and the length of a UDP datagram less the headers).
const (
	MaxSegments = 64
	MaxMessage  = 65000
)

// MaxBatch is the most datagrams read and messages written by one call.
const MaxBatch = 64

// Counts are totals since the socket was opened.
type Counts struct {
	Calls    uint64 // system calls that sent
	Messages uint64
	Dropped  uint64 // messages given up: the buffer stayed full, or the system refused them
	Plain    uint64 // messages that had to be sent packet by packet
}
