package node_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"incamera/internal/config"
	"incamera/internal/node"
)

// certificate writes a self-signed certificate for localhost and its key.
func certificate(t *testing.T, dir string) (chain, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	chain, key, roots = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem"), x509.NewCertPool()
	for name, block := range map[string]*pem.Block{chain: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(own)
	return chain, key, roots
}

// pageOver asks over TLS, each time on a new connection.
func pageOver(roots *x509.CertPool) *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
}

// dialTLS opens a connection that closes with the test.
func dialTLS(t *testing.T, address string, roots *x509.CertPool, protocols []string) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, NextProtos: protocols})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) //nolint:errcheck // a test's connection
	return conn
}

func TestAnOwnCertificateMakesItHTTPS(t *testing.T) {
	address := freeAddress(t)
	chain, key, roots := certificate(t, t.TempDir())
	cfg, err := config.Load(config.Sources{Flags: map[string]string{
		"listen": address, "media": "127.0.0.1:0", "data": t.TempDir(), "tls-certificate": chain, "tls-key": key,
	}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), cfg, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	client := &http.Client{Transport: pageOver(roots)}
	if n.URL() != "https://"+address {
		t.Errorf("people are sent to %s", n.URL())
	}
	answer, err := client.Get(n.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close() //nolint:errcheck // a test's answer
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") == "" ||
		!strings.Contains(answer.Header.Get("Content-Security-Policy"), "wss://"+address) {
		t.Errorf("%s %v", answer.Status, answer.Header)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
