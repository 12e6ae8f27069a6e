package gate

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Limits of HTTP. A connection that dawdles over its headers holds a place for headerLimit only.
const (
	headerLimit   = 5 * time.Second
	bodyLimit     = 15 * time.Second
	idleLimit     = time.Minute
	maxHeader     = 16 << 10
	maxConns      = maxLines + MaxRelayed + 2048
	maxConnsOfOne = 1024 // from one address that is not this machine

	// MaxRelayed is how many connections of the relay are counted in.
	MaxRelayed = 4096
)

// Listen opens the addresses, with TLS if cert is not nil. Those of localhost whose family the machine lacks
// are left out, as long as one is there.
func Listen(addresses []string, cert *tls.Certificate) ([]net.Listener, error) {
	var open []net.Listener
	var faults []error
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		open = append(open, l)
	}
	if len(faults) > 0 && (len(open) == 0 || slices.ContainsFunc(faults, taken)) {
		for _, l := range open {
			l.Close() //nolint:errcheck // nothing was accepted on it
		}
		return nil, errors.Join(faults...)
	}
	for i, l := range open {
		open[i] = &bounded{Listener: l, from: map[address]int{}}
		if cert != nil {
			open[i] = tls.NewListener(open[i], &tls.Config{
				Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1", "stun.turn"}, // RFC 7443 for the relay
			})
		}
	}
	return open, nil
}

// taken tells whether somebody else has the address: half of localhost would lead people to another server.
func taken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// Server gives the HTTP server of a handler. HTTP/1.1 only: one connection carries one line.
func Server(handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler: handler, Protocols: protocols,
		ReadHeaderTimeout: headerLimit, ReadTimeout: bodyLimit, WriteTimeout: bodyLimit, IdleTimeout: idleLimit,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(discard{}, "", 0), // it would write addresses
	}
}

// Close stops the server within the time of ctx.
func Close(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// bounded is a listener with a bound on open connections, in all and from one address. What is over it is
// closed at once: strangers who hold connections open keep out strangers, not those inside.
type bounded struct {
	net.Listener

	mu   sync.Mutex
	open int
	from map[address]int
}

// Accept gives the next connection within the bounds.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := prefixOf(conn.RemoteAddr().String())
		if b.take(from) {
			return &counted{Conn: conn, back: sync.OnceFunc(func() { b.give(from) })}, nil
		}
		conn.Close() //nolint:errcheck // it was never used
	}
}

func (b *bounded) take(from address) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	local := netip.Prefix(from).Addr().IsLoopback()
	if b.open >= maxConns || !local && b.from[from] >= maxConnsOfOne {
		return false
	}
	b.open++
	b.from[from]++
	return true
}

func (b *bounded) give(from address) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
	if b.from[from]--; b.from[from] == 0 {
		delete(b.from, from)
	}
}

// counted gives its place back when it is closed.
type counted struct {
	net.Conn
	back func()
}

// Close closes the connection.
func (c *counted) Close() error {
	c.back()
	return c.Conn.Close()
}
