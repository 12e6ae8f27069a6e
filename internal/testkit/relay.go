package testkit

import (
	"sync"
	"time"

	"incamera/internal/ident"
	"incamera/internal/wire"
)

// relayLife is how long a credential is good without renewal.
const relayLife = 10 * time.Minute

// Relay is a relay that carries nothing and knows whose credential is good. Its zero value is ready.
type Relay struct {
	mu    sync.Mutex
	until map[ident.ParticipantID]time.Time
	ended int
}

// Issue gives a seat its credential.
func (r *Relay) Issue(who ident.ParticipantID) wire.Relay {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until == nil {
		r.until = map[ident.ParticipantID]time.Time{}
	}
	r.until[who] = time.Now().Add(relayLife)
	return wire.Relay{URLs: []string{"turn:localhost:8080?transport=tcp"}, Username: "a name", Credential: "a secret of the relay"}
}

// Renew makes a credential that is still good live longer.
func (r *Relay) Renew(who ident.ParticipantID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until, ok := r.until[who]; ok && time.Now().Before(until) {
		r.until[who] = time.Now().Add(relayLife)
	}
}

// Revoke ends a credential.
func (r *Relay) Revoke(who ident.ParticipantID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.until[who]; ok {
		r.ended++
	}
	delete(r.until, who)
}

// Ended is how many credentials were revoked so far.
func (r *Relay) Ended() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// Good tells whether a person could use the relay now.
func (r *Relay) Good(who *Person) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	until, ok := r.until[who.ID]
	return ok && time.Now().Before(until)
}

// Live is how many credentials are good now.
func (r *Relay) Live() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, until := range r.until {
		if time.Now().Before(until) {
			n++
		}
	}
	return n
}
