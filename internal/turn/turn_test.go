package turn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"

	"incamera/internal/ident"
)

const patience = 10 * time.Second

// media is a stand-in for the media plane: it sends back what it gets.
func media(t testing.TB, network, address string) netip.AddrPort {
	t.Helper()
	at, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP(network, at)
	if err != nil {
		t.Skip("this machine has no ", address)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, maxMessage)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			conn.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

// house is a server with media behind it and a UDP socket in front.
type house struct {
	*Server
	media netip.AddrPort
	udp   net.Addr
}

func open(t testing.TB, change ...func(*Config)) house {
	t.Helper()
	before := runtime.NumGoroutine()
	h := house{media: media(t, "udp4", "127.0.0.1:0")}
	cfg := Config{
		URLs: []string{"turn:localhost"}, Relay: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		Peers: []Peer{{Announced: h.media}},
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if h.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	h.udp = conn.LocalAddr()
	go h.ServeUDP(conn)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		until(t, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before+1 }) // media's own
	})
	return h
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(end) {
			t.Fatal("not within time: ", what)
		}
		runtime.Gosched()
		<-time.After(time.Millisecond)
	}
}

func (h house) issue(t testing.TB, seat byte) Credential {
	t.Helper()
	c, err := h.Issue(ident.ParticipantID{seat})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// client is a real TURN client over a socket, which it closes.
func client(t testing.TB, conn net.PacketConn, server string, c Credential) *pion.Client {
	t.Helper()
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	client, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: server, Conn: conn, Username: c.Username, Password: c.Password, LoggerFactory: quiet, RTO: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); conn.Close() })
	return client
}

func overUDP(t testing.TB, h house, c Credential) *pion.Client {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return client(t, conn, h.udp.String(), c)
}

// overStream makes a client over a connection of its own.
func overStream(t testing.TB, conn net.Conn, c Credential) *pion.Client {
	t.Helper()
	return client(t, pion.NewSTUNConn(conn), conn.RemoteAddr().String(), c)
}

// allocate makes a relayed socket.
func allocate(t testing.TB, c *pion.Client) net.PacketConn {
	t.Helper()
	conn, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echoes sends a packet to a peer until it comes back; the first ones may go while the permission is asked for.
func echoes(t testing.TB, relay net.PacketConn, peer netip.AddrPort, text string) {
	t.Helper()
	buf, to := make([]byte, maxMessage), net.UDPAddrFromAddrPort(peer)
	for range 20 {
		if _, err := relay.WriteTo([]byte(text), to); err != nil {
			t.Fatal(err)
		}
		relay.SetReadDeadline(time.Now().Add(patience / 20))
		n, from, err := relay.ReadFrom(buf)
		if err == nil && string(buf[:n]) == text && from.String() == peer.String() {
			return
		}
	}
	t.Fatalf("nothing came back from %s", peer)
}

// certificate makes a pair of TLS configurations for 127.0.0.1.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plate := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "relay"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, plate, plate, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"http/1.1"}},
		&tls.Config{RootCAs: trusted}
}
