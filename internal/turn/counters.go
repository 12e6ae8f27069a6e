package turn

import "sync/atomic"

// Reason says why something was refused or let fall.
type Reason int

// The reasons.
const (
	RefusedStranger    Reason = iota // without credentials, or with wrong ones: asked to show them
	RefusedStale                     // the nonce has expired or was another's: asked to come again
	RefusedPace                      // a stranger who asks too much: no answer
	RefusedQuota                     // one credential, too many allocations
	RefusedFull                      // the server has no place for one more
	RefusedPeer                      // a peer that is not our media
	RefusedTransport                 // a relay that is not UDP, or of a family that is not ours
	RefusedMismatch                  // no allocation to the request, or one of somebody else
	RefusedMalformed                 // nothing that the protocol knows
	RefusedSilent                    // a connection that said nothing within SilentLimit
	RefusedPermission                // a packet to or from where no permission is
	RefusedUndelivered               // a packet that the network did not take
	reasons
)

// Counters are numbers since the start, without a name or an address. Bytes are payload.
type Counters struct {
	Allocations     int64 // now
	AllocationsMade uint64
	Credentials     int64 // now
	Streams         int64 // now
	PacketsToMedia  uint64
	BytesToMedia    uint64
	PacketsToPeople uint64
	BytesToPeople   uint64
	Refused         [reasons]uint64 // by Reason
}

// counts are the numbers while they grow; hot: all of them atomic.
type counts struct {
	made            atomic.Uint64
	streams         atomic.Int64
	packetsToMedia  atomic.Uint64
	bytesToMedia    atomic.Uint64
	packetsToPeople atomic.Uint64
	bytesToPeople   atomic.Uint64
	refused         [reasons]atomic.Uint64
}

func (c *counts) refuse(why Reason) { c.refused[why].Add(1) }

func (c *counts) toMedia(n int) {
	c.packetsToMedia.Add(1)
	c.bytesToMedia.Add(uint64(n)) //nolint:gosec // a length
}

func (c *counts) toPeople(n int) {
	c.packetsToPeople.Add(1)
	c.bytesToPeople.Add(uint64(n)) //nolint:gosec // a length
}

// Counters gives the numbers of now.
func (s *Server) Counters() Counters {
	s.mu.RLock()
	out := Counters{Allocations: int64(len(s.allocations)), Credentials: int64(len(s.seats))}
	s.mu.RUnlock()
	out.AllocationsMade, out.Streams = s.counts.made.Load(), s.counts.streams.Load()
	out.PacketsToMedia, out.BytesToMedia = s.counts.packetsToMedia.Load(), s.counts.bytesToMedia.Load()
	out.PacketsToPeople, out.BytesToPeople = s.counts.packetsToPeople.Load(), s.counts.bytesToPeople.Load()
	for i := range out.Refused {
		out.Refused[i] = s.counts.refused[i].Load()
	}
	return out
}
