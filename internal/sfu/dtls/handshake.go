package dtls

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/srtp/v3"
)

// ErrFingerprint means that the peer's certificate is not the one that its offer named.
var ErrFingerprint = errors.New("dtls: certificate differs from the offer's fingerprint")

// Handshake values: flights of at most 1,200 bytes pass any path that WebRTC passes (RFC 8261 5).
const (
	flightInterval = 200 * time.Millisecond
	flightSize     = 1200
	timeLimit      = 30 * time.Second
)

// Keys are what a handshake leaves behind.
type Keys struct {
	Profile     srtp.ProtectionProfile
	Local       []byte // master key of what we send
	LocalSalt   []byte
	Remote      []byte // master key of what the peer sends
	RemoteSalt  []byte
	LastFlight  []byte // to be sent again when a handshake record arrives late
	CloseNotify []byte // to be sent at the end
}

// Wipe forgets the keys. The records stay, they are of use until the end.
func (k *Keys) Wipe() {
	for _, b := range [][]byte{k.Local, k.LocalSalt, k.Remote, k.RemoteSalt} {
		clear(b)
	}
}

// Handshake is one handshake under way.
type Handshake struct {
	pipe *pipe
	id   Identity
	peer [sha256.Size]byte
}

// New prepares a handshake with the peer whose certificate has the given fingerprint. Send carries a
// datagram away and is called from the handshake's goroutines.
func New(id Identity, peer [sha256.Size]byte, send func([]byte)) *Handshake {
	return &Handshake{pipe: newPipe(send), id: id, peer: peer}
}

// Take hands in one datagram, which is copied. Full means: the newest is dropped, flights are repeated.
func (h *Handshake) Take(datagram []byte) { h.pipe.take(datagram) }

// Run shakes hands, at most 30 s long. All its goroutines end when it has returned, at once or
// a moment later.
func (h *Handshake) Run(ctx context.Context) (Keys, error) {
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	defer h.pipe.Close()
	conn, err := dtls.ServerWithOptions(h.pipe, nowhere, h.options()...)
	if err != nil {
		return Keys{}, fmt.Errorf("dtls: %w", err)
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		conn.Close()
		if errors.Is(err, ErrFingerprint) {
			return Keys{}, ErrFingerprint
		}
		return Keys{}, fmt.Errorf("dtls: handshake: %w", err)
	}
	keys, err := export(conn)
	// Retirement: closing makes the close_notify record, which the pipe keeps back, and stops everything.
	h.pipe.capture()
	conn.Close()
	keys.LastFlight, keys.CloseNotify = h.pipe.records()
	return keys, err
}

func (h *Handshake) options() []dtls.ServerOption {
	return []dtls.ServerOption{
		dtls.WithCertificates(h.id.certificate),
		dtls.WithCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
		dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80),
		dtls.WithClientAuth(dtls.RequireAnyClientCert),
		dtls.WithInsecureSkipVerify(true), // certificates are self-signed; the fingerprint is the proof
		dtls.WithVerifyPeerCertificate(h.verify),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithInsecureSkipVerifyHello(true), // the address is proven by ICE already
		dtls.WithFlightInterval(flightInterval),
		dtls.WithMTU(flightSize),
		dtls.WithLoggerFactory(silence()),
	}
}

func (h *Handshake) verify(raw [][]byte, _ [][]*x509.Certificate) error {
	if len(raw) == 0 {
		return ErrFingerprint
	}
	sum := sha256.Sum256(raw[0])
	if subtle.ConstantTimeCompare(sum[:], h.peer[:]) != 1 {
		return ErrFingerprint
	}
	return nil
}

// export takes the media keys out of the association (RFC 5764 4.2).
func export(conn *dtls.Conn) (Keys, error) {
	state, ok := conn.ConnectionState()
	profile, chosen := conn.SelectedSRTPProtectionProfile()
	if !ok || !chosen {
		return Keys{}, errors.New("dtls: no protection profile in common")
	}
	config := &srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := config.ExtractSessionKeysFromDTLS(&state, false); err != nil {
		return Keys{}, fmt.Errorf("dtls: export: %w", err)
	}
	k := config.Keys
	return Keys{
		Profile: config.Profile, Local: k.LocalMasterKey, LocalSalt: k.LocalMasterSalt,
		Remote: k.RemoteMasterKey, RemoteSalt: k.RemoteMasterSalt,
	}, nil
}

// silence keeps the library from logging: what it would say names addresses.
func silence() logging.LoggerFactory {
	f := logging.NewDefaultLoggerFactory()
	f.DefaultLogLevel = logging.LogLevelDisabled
	return f
}
