package gate

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// mostPaced bounds a pacer's table. When it is full, who has not been seen lately is forgotten; if all were, a newcomer shares one bucket with
// the other newcomers, so that a flood from many addresses cannot push out those who behave.
const mostPaced = 10_000

// pacer limits how often each key may do something: a token bucket each, in a bounded table.
type pacer[K comparable] struct {
	every time.Duration
	burst int

	mu     sync.Mutex
	known  map[K]*bucket
	others bucket
	swept  time.Time // a flood must not make every call look through the table
}

type bucket struct {
	tokens *rate.Limiter
	seen   time.Time
}

func newPacer[K comparable](every time.Duration, burst int) *pacer[K] {
	return &pacer[K]{
		every: every, burst: burst,
		known:  map[K]*bucket{},
		others: bucket{tokens: rate.NewLimiter(rate.Every(every), burst)},
	}
}

// allow tells whether key may do it now, and counts it if so.
func (p *pacer[K]) allow(key K, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.known[key]
	if b == nil {
		b = p.meet(key, now)
	}
	b.seen = now
	return b.tokens.AllowN(now, 1)
}

func (p *pacer[K]) meet(key K, now time.Time) *bucket {
	if len(p.known) >= mostPaced && now.Sub(p.swept) >= time.Second {
		p.swept = now
		p.forget(now)
	}
	if len(p.known) >= mostPaced {
		return &p.others
	}
	b := &bucket{tokens: rate.NewLimiter(rate.Every(p.every), p.burst)}
	p.known[key] = b
	return b
}

// forget drops buckets that are full again: they hold no memory of anything.
func (p *pacer[K]) forget(now time.Time) {
	refill := p.every * time.Duration(p.burst)
	for k, b := range p.known {
		if now.Sub(b.seen) > refill {
			delete(p.known, k)
		}
	}
}

// address is whom a limit counts: one IPv4 address, or the /64 that one IPv6 subscriber has.
type address netip.Prefix

func addressOf(r *http.Request) address { return prefixOf(r.RemoteAddr) }

func prefixOf(remote string) address {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return address{}
	}
	ip := from.Addr().Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return address(netip.PrefixFrom(ip, bits).Masked())
}
