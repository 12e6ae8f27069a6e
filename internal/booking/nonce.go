package booking

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

const (
	nonceLife = 2 * time.Minute
	mostSpent = 1 << 16 // in two minutes; further bookings are refused until old ones lapse
)

// nonces issues numbers that this process alone can have issued, and takes each back once. What was issued is
// not kept; what was spent is kept until it would have lapsed.
type nonces struct {
	key [32]byte // fixed

	mu    sync.Mutex
	spent map[[32]byte]time.Time // until when
}

func newNonces() *nonces {
	n := &nonces{spent: map[[32]byte]time.Time{}}
	rand.Read(n.key[:])
	return n
}

// issue makes time[8] ‖ random[8] ‖ HMAC-SHA-256 over both, cut to 16 bytes.
func (n *nonces) issue(now time.Time) (nonce [32]byte) {
	binary.BigEndian.PutUint64(nonce[:8], uint64(now.UnixMilli()))
	rand.Read(nonce[8:16])
	copy(nonce[16:], n.mac(nonce[:16]))
	return nonce
}

// spend tells whether the nonce is ours, young enough and not used before; from now on it is used.
func (n *nonces) spend(nonce [32]byte, now time.Time) bool {
	if !hmac.Equal(nonce[16:], n.mac(nonce[:16])) {
		return false
	}
	until := time.UnixMilli(int64(binary.BigEndian.Uint64(nonce[:8]))).Add(nonceLife)
	if !now.Before(until) {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, used := n.spent[nonce]; used {
		return false
	}
	if len(n.spent) >= mostSpent {
		n.drop(now)
	}
	if len(n.spent) >= mostSpent {
		return false
	}
	n.spent[nonce] = until
	return true
}

func (n *nonces) drop(now time.Time) {
	for nonce, until := range n.spent {
		if !now.Before(until) {
			delete(n.spent, nonce)
		}
	}
}

func (n *nonces) mac(b []byte) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(b)
	return h.Sum(nil)[:16]
}
