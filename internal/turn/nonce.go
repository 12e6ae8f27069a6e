package turn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"time"
)

// nonceBytes are four of time in seconds and eight of a code: short, so that an answer to a stranger is.
const nonceBytes = 12

// nonces makes and knows nonces without keeping them: the time and a code over it and over who asked
// (RFC 8489 9.2). Whoever sends one back has shown that packets to its address arrive.
type nonces struct{ key [32]byte }

func newNonces() *nonces {
	n := &nonces{}
	rand.Read(n.key[:]) //nolint:errcheck // it never fails
	return n
}

func (n *nonces) make(from netip.AddrPort, now time.Time) string {
	var raw [nonceBytes]byte
	binary.BigEndian.PutUint32(raw[:], uint32(now.Unix())) //nolint:gosec // wraps in 2106, differences do not
	n.sign(raw[:], from)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// fresh tells whether the text was made for this asker less than Life ago.
func (n *nonces) fresh(text []byte, from netip.AddrPort, now time.Time) bool {
	var raw, own [nonceBytes]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(nonceBytes) {
		return false
	}
	if _, err := base64.RawURLEncoding.Decode(raw[:], text); err != nil {
		return false
	}
	copy(own[:4], raw[:4])
	n.sign(own[:], from)
	age := uint32(now.Unix()) - binary.BigEndian.Uint32(raw[:]) //nolint:gosec // modulo 2^32
	return hmac.Equal(own[:], raw[:]) && age < uint32(Life/time.Second)
}

func (n *nonces) sign(raw []byte, from netip.AddrPort) {
	mac := hmac.New(sha256.New, n.key[:])
	ip := from.Addr().As16()
	mac.Write(raw[:4])
	mac.Write(ip[:])
	mac.Write(binary.BigEndian.AppendUint16(nil, from.Port()))
	copy(raw[4:], mac.Sum(nil))
}
