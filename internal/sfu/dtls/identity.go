// Package dtls is the server's side of the DTLS-SRTP handshake (RFC 5763, RFC 5764): it proves the peer by the
// fingerprint of its certificate, exports the media keys and retires. Nothing of it stays
// alive after the handshake: no goroutine, no connection. It is not for application data.
package dtls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// lifetime of the certificate. Peers know it by its fingerprint and look at no date; a year outlives any process
// that is kept up to date.
const lifetime = 365 * 24 * time.Hour

// Identity is the server's certificate and key. It is immutable.
type Identity struct {
	Fingerprint [sha256.Size]byte
	certificate tls.Certificate
}

// NewIdentity makes a fresh self-signed P-256 certificate without names.
func NewIdentity() (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("dtls: key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Identity{}, fmt.Errorf("dtls: serial: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "media"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return Identity{}, fmt.Errorf("dtls: certificate: %w", err)
	}
	return Identity{
		Fingerprint: sha256.Sum256(der),
		certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
	}, nil
}
