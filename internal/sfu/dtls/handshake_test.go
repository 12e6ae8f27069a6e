package dtls

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/srtp/v3"
)

// far is the peer's end of a line in memory.
type far struct {
	*pipe
	to func([]byte)
}

func (f *far) WriteTo(b []byte, _ net.Addr) (int, error) {
	f.to(append([]byte(nil), b...))
	return len(b), nil
}

type result struct {
	keys Keys
	err  error
}

// line puts a handshake and a stock client at the ends of a line and gives what ours came to, and the client.
func line(t *testing.T, shaken func(Keys, *far), lose func([]byte) bool, spoil func(*Handshake), profiles ...dtls.SRTPProtectionProfile) (result, *dtls.Conn, *far, error) {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	f := &far{pipe: newPipe(nil)}
	h := New(id, sha256.Sum256(cert.Certificate[0]), func(b []byte) {
		if lose == nil || !lose(b) {
			f.take(b)
		}
	})
	f.to = h.Take
	if spoil != nil {
		spoil(h)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		k, err := h.Run(ctx)
		if shaken != nil {
			shaken(k, f)
		}
		done <- result{k, err}
	}()
	options := []dtls.ClientOption{dtls.WithCertificates(cert), dtls.WithInsecureSkipVerify(true)}
	if len(profiles) > 0 {
		options = append(options, dtls.WithSRTPProtectionProfiles(profiles...))
	}
	c, err := dtls.ClientWithOptions(f, nowhere, options...)
	if err != nil {
		t.Fatal(err)
	}
	err = c.HandshakeContext(ctx)
	return <-done, c, f, err
}

func TestBothEndsHaveTheSameKeysAndTheBestProfileWins(t *testing.T) {
	r, c, _, err := line(t, nil, nil, nil, dtls.SRTP_AES128_CM_HMAC_SHA1_80, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AEAD_AES_128_GCM)
	if err != nil || r.err != nil {
		t.Fatal(err, r.err)
	}
	defer c.Close()
	if r.keys.Profile != srtp.ProtectionProfileAeadAes128Gcm {
		t.Errorf("profile %v", r.keys.Profile)
	}
	state, _ := c.ConnectionState()
	k := srtp.Config{Profile: r.keys.Profile}
	if err := k.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Keys.LocalMasterKey, r.keys.Remote) || !bytes.Equal(k.Keys.RemoteMasterSalt, r.keys.LocalSalt) {
		t.Error("keys differ")
	}
	r.keys.Wipe()
	if !bytes.Equal(r.keys.Local, make([]byte, 16)) {
		t.Error("keys are not wiped")
	}
}

func TestCloseNotifyThatWasKeptEndsThePeer(t *testing.T) {
	r, c, f, err := line(t, nil, nil, nil, dtls.SRTP_AEAD_AES_128_GCM)
	if err != nil || r.err != nil {
		t.Fatal(err, r.err)
	}
	defer c.Close()
	if len(r.keys.CloseNotify) == 0 || len(r.keys.LastFlight) == 0 {
		t.Fatal("nothing was kept")
	}
	ended := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 9))
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("ended before: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	f.take(r.keys.CloseNotify)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the peer does not know")
	}
}

// TestLostLastFlightIsMadeGood loses our last flight for good; the copy that was kept completes the peer's handshake.
func TestLostLastFlightIsMadeGood(t *testing.T) {
	last := func(b []byte) bool { return b[0] == recordCipher }
	shaken := func(k Keys, f *far) { f.take(k.LastFlight) }
	r, c, _, err := line(t, shaken, last, nil, dtls.SRTP_AEAD_AES_128_GCM)
	if err != nil || r.err != nil {
		t.Fatal(err, r.err)
	}
	c.Close()
}

// recordCipher is a change-cipher-spec record, with which our last flight begins.
const recordCipher = 20

func TestStrangersCertificateIsRefused(t *testing.T) {
	r, c, _, err := line(t, nil, nil, func(h *Handshake) { h.peer[0] ^= 1 }, dtls.SRTP_AEAD_AES_128_GCM)
	defer c.Close()
	if err == nil || !errors.Is(r.err, ErrFingerprint) {
		t.Errorf("%v %v", err, r.err)
	}
}

func TestPeerWithoutAProfileIsRefused(t *testing.T) {
	r, c, _, _ := line(t, nil, nil, nil)
	defer c.Close()
	if r.err == nil {
		t.Error("taken without protection")
	}
}

func TestNothingStaysAliveAfterwards(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		_, c, f, _ := line(t, nil, nil, nil, dtls.SRTP_AEAD_AES_128_GCM)
		c.Close()
		f.Close()
	}
	limit := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(limit) {
			t.Fatalf("%d goroutines more", runtime.NumGoroutine()-before)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestHandshakeEndsWithItsContext(t *testing.T) {
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := New(id, [32]byte{}, func([]byte) {})
	done := make(chan error, 1)
	go func() {
		_, err := h.Run(ctx)
		done <- err
	}()
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("shook hands with nobody")
		}
	case <-time.After(5 * time.Second):
		t.Error("still running")
	}
}
