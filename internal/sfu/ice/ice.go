// Package ice is the lite end of ICE (RFC 8445 2.5): it answers authenticated connectivity checks and
// says nothing to anybody else. It is not for sending checks, candidates or the network: the
// caller brings datagrams and carries the answers away.
package ice

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/netip"

	"github.com/pion/stun/v4"
)

// Lengths of our credentials: 48 and 192 bits of randomness (RFC 8445 5.3 asks for 24 and 128).
const (
	ufragLength    = 8
	passwordLength = 32
)

// Credentials are the short-term credentials of one connection. They are immutable.
type Credentials struct {
	Ufrag    string
	Password string
	Remote   string // the peer's user fragment
}

// NewCredentials makes ours for a peer with the given user fragment.
func NewCredentials(remote string) Credentials {
	return Credentials{Ufrag: token(ufragLength), Password: token(passwordLength), Remote: remote}
}

// String keeps the password out of logs.
func (c Credentials) String() string { return "ice credentials" }

// token gives n ice-chars of 6 random bits each: the standard alphabet of base64 is ice-char's (RFC 8839 5.4).
func token(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	s := base64.RawStdEncoding.EncodeToString(b)
	return s[:n]
}

// Check is an authenticated connectivity check.
type Check struct {
	Nominates bool   // USE-CANDIDATE: the peer wants this path
	Conflict  bool   // the peer believes itself controlled; the answer is 487 (RFC 8445 7.3.1.1)
	Answer    []byte // to be sent back where the check came from; valid until the next call
}

// Responder reads checks and writes answers. It is owned by one goroutine; the buffers are its only state.
type Responder struct {
	in, out stun.Message
}

// Is tells a STUN message from the other traffic of the port (RFC 7983 7).
func Is(b []byte) bool { return len(b) >= 20 && b[0] < 4 && stun.IsMessage(b) }

// Read parses a message and gives the user fragment of ours that it names. False: no binding
// request that could be one for us.
func (r *Responder) Read(b []byte) (ufrag []byte, ok bool) {
	r.in.Raw = append(r.in.Raw[:0], b...)
	if r.in.Decode() != nil || r.in.Type != stun.BindingRequest || !r.in.Contains(stun.AttrFingerprint) {
		return nil, false
	}
	name, err := r.in.Get(stun.AttrUsername)
	if err != nil {
		return nil, false
	}
	ufrag, _, found := bytes.Cut(name, []byte{':'})
	return ufrag, found
}

// Verify authenticates the message last read and makes the answer. False means silence: strangers
// learn nothing, not even that they are wrong.
func (r *Responder) Verify(c Credentials, from netip.AddrPort) (Check, bool) {
	name, err := r.in.Get(stun.AttrUsername)
	if err != nil || string(name) != c.Ufrag+":"+c.Remote {
		return Check{}, false
	}
	key := stun.MessageIntegrity(c.Password)
	if stun.Fingerprint.Check(&r.in) != nil || key.Check(&r.in) != nil {
		return Check{}, false
	}
	// The parser leaves out what follows the message integrity and is anybody's (RFC 8489 14.5).
	check := Check{Nominates: r.in.Contains(stun.AttrUseCandidate), Conflict: r.in.Contains(stun.AttrICEControlled)}
	id := stun.NewTransactionIDSetter(r.in.TransactionID)
	if check.Conflict {
		kind := stun.NewType(stun.MethodBinding, stun.ClassErrorResponse)
		err = r.out.Build(id, kind, stun.CodeRoleConflict, key, stun.Fingerprint)
	} else {
		mapped := &stun.XORMappedAddress{IP: net.IP(from.Addr().AsSlice()), Port: int(from.Port())}
		err = r.out.Build(id, stun.BindingSuccess, mapped, key, stun.Fingerprint)
	}
	check.Answer = r.out.Raw
	return check, err == nil
}
