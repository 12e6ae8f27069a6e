package turn

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pion/stun/v4"

	"incamera/internal/ident"
)

// Credential is what a page gives its RTCPeerConnection. The password is a secret and is not printed.
type Credential struct {
	Username string
	Password string
	URLs     []string
	Expires  time.Time // unless renewed by Issue
}

// Format never shows the secret.
func (c Credential) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, "turn credential") //nolint:errcheck // as fmt itself does
}

// LogValue never shows the secret.
func (c Credential) LogValue() slog.Value { return slog.StringValue("turn credential") }

// credential is the server's side of one, guarded by the server's mutex.
type credential struct {
	seat     ident.ParticipantID
	username string
	password string
	key      stun.MessageIntegrity // MD5 of name, realm and password (RFC 8489 9.2.2)
	expires  time.Time
	held     []*allocation // at most Quota
}

// Random bytes of a user name, which travels in clear, and of a password.
const (
	usernameBytes = 12
	passwordBytes = 18
)

// Issue gives the credential of a seat and renews it for Life. A seat has one, so the page of a seat that is
// renewed in time never needs another. It fails with ErrFull or ErrClosed.
func (s *Server) Issue(seat ident.ParticipantID) (Credential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.seats[seat]
	now := time.Now()
	switch {
	case s.closed:
		return Credential{}, ErrClosed
	case c != nil && c.expires.After(now):
		c.expires = now.Add(Life)
	case len(s.seats) >= s.cfg.MaxSeats && c == nil:
		s.counts.refuse(RefusedFull)
		return Credential{}, ErrFull
	default:
		if c != nil {
			s.retire(c)
		}
		c = &credential{seat: seat, username: secret(usernameBytes), password: secret(passwordBytes), expires: now.Add(Life)}
		c.key = stun.NewLongTermIntegrity(c.username, s.cfg.Realm, c.password)
		s.seats[seat], s.users[c.username] = c, c
	}
	return Credential{Username: c.username, Password: c.password, URLs: slices.Clone(s.cfg.URLs), Expires: c.expires}, nil
}

// Renew lets the credential of a seat live for Life from now and tells whether there is one.
func (s *Server) Renew(seat ident.ParticipantID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, now := s.seats[seat], time.Now()
	if c == nil || !c.expires.After(now) {
		return false
	}
	c.expires = now.Add(Life)
	return true
}

// Revoke ends the credential of a seat and closes its allocations before it returns.
func (s *Server) Revoke(seat ident.ParticipantID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.seats[seat]; c != nil {
		s.retire(c)
	}
}

// retire forgets a credential and ends what it holds. The mutex is held.
func (s *Server) retire(c *credential) {
	for _, a := range slices.Clone(c.held) {
		s.end(a, true)
	}
	clear(c.key)
	delete(s.seats, c.seat)
	delete(s.users, c.username)
}

func secret(bytes int) string {
	raw := make([]byte, bytes)
	rand.Read(raw) //nolint:errcheck // it never fails
	return base64.RawURLEncoding.EncodeToString(raw)
}
