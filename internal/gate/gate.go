// Package gate is the front door: HTTP, the page, WebSocket lines, limits and headers. Bytes come in, requests go on. It
// decides who may connect, never who may enter a meeting.
package gate

import (
	"context"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"incamera/internal/booking"
	"incamera/internal/config"
)

// Desk is where meetings are booked.
type Desk interface {
	Nonce() [32]byte
	Make(ctx context.Context, hostKey [32]byte, signed []byte) (booking.Record, error)
}

// Gate answers HTTP. All of it is fixed once made, but for the pacers' tables, which lock themselves.
type Gate struct {
	page   page
	names  names
	front  proxies
	secure bool // browsers reach us by https
	create config.Create
	token  string // what Create token asks for
	desk   Desk
	making *pacer[address]
	lines  http.Handler // WebSockets at /signal
}

// New makes the gate of a server. token is what config.CreateToken asks for; lines answers /signal, after the checks
// of name and origin.
func New(cfg config.Config, token string, desk Desk, lines http.Handler) (*Gate, error) {
	names, err := namesOf(cfg)
	if err != nil {
		return nil, err
	}
	front, err := proxiesOf(cfg)
	if err != nil {
		return nil, err
	}
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	page, err := readPage(built)
	if err != nil {
		return nil, err
	}
	return &Gate{
		page: page, names: names, front: front, desk: desk, lines: lines, token: token, create: cfg.Create,
		secure: cfg.TLSCertificate != "" || strings.HasPrefix(cfg.PublicURL, "https://"),
		making: newPacer[address](3*time.Second, 20),
	}, nil
}

// Handler answers everything that this server answers.
func (g *Gate) Handler() http.Handler {
	api := g.api()
	rooms := g.welcome(g.harden(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/signal" && !g.sameOrigin(r):
			http.Error(w, "This line is for our own page.", http.StatusForbidden)
		case r.URL.Path == "/signal":
			g.lines.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/"):
			api.ServeHTTP(w, r)
		default:
			g.page.ServeHTTP(w, r)
		}
	})))
	return g.front.unwrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" { // asked by machines, by whatever name
			g.harden(http.HandlerFunc(health)).ServeHTTP(w, r)
			return
		}
		rooms.ServeHTTP(w, r)
	}))
}

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n")) //nolint:errcheck // the asker may have gone
}
