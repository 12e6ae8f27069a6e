package turn

import (
	"net/netip"
	"sync"
	"time"
)

// How many answers strangers get. An office of three hundred that joins at once asks about a thousand times and
// asks again half a second later; what a forged sender can be made to receive is 6 KB/s.
const (
	strangerBurst = 256
	strangerRate  = 64 // a second, for one source
	datagramBurst = 8192
	datagramRate  = 4096 // a second, for all sources over UDP, where they may be forged
	maxSources    = 8192
)

// pacer limits answers to whom nothing is known about: a bucket for each source in a bounded table and one over
// all. Full means: newcomers share one bucket.
type pacer struct {
	mu     sync.Mutex
	known  map[netip.Prefix]*bucket
	others bucket
	all    bucket
	swept  time.Time
}

// bucket holds the tokens there were at a time.
type bucket struct {
	tokens float64
	at     time.Time
}

func (b *bucket) take(now time.Time, rate, burst float64) bool {
	if b.at.IsZero() {
		b.tokens = burst
	} else {
		b.tokens = min(burst, b.tokens+rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

func newPacer() *pacer { return &pacer{known: map[netip.Prefix]*bucket{}} }

// allow tells whether from may have one more answer. A stream's sender is not forged and costs only its own source.
func (p *pacer) allow(from netip.Addr, stream bool, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stream && from.IsLoopback() {
		return true // a proxy of this machine, which speaks for everybody
	}
	if !p.of(sourceOf(from), now).take(now, strangerRate, strangerBurst) {
		return false
	}
	return stream || p.all.take(now, datagramRate, datagramBurst)
}

func (p *pacer) of(source netip.Prefix, now time.Time) *bucket {
	b := p.known[source]
	if b != nil {
		return b
	}
	if len(p.known) >= maxSources && now.Sub(p.swept) >= time.Second {
		p.swept = now
		for k, old := range p.known {
			if now.Sub(old.at) > strangerBurst/strangerRate*time.Second { // full again: it remembers nothing
				delete(p.known, k)
			}
		}
	}
	if len(p.known) >= maxSources {
		return &p.others
	}
	b = &bucket{}
	p.known[source] = b
	return b
}

// sourceOf is whom a limit counts: one IPv4 address, or the /64 of one IPv6 subscriber.
func sourceOf(ip netip.Addr) netip.Prefix {
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip.WithZone(""), bits).Masked()
}
