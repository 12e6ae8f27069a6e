package turn

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"incamera/internal/ident"
)

func TestPacketsGoToOurMediaAndBackOverUDP(t *testing.T) {
	h := open(t)
	relay := allocate(t, overUDP(t, h, h.issue(t, 1)))
	echoes(t, relay, h.media, "over a permission, then a channel")
	echoes(t, relay, h.media, strings.Repeat("x", 1400))
	until(t, "the packets are counted", func() bool {
		c := h.Counters()
		return c.Allocations == 1 && c.BytesToMedia >= 1400 && c.BytesToPeople >= 1400
	})
}

func TestPacketsGoToOurMediaOverIPv6(t *testing.T) {
	at := media(t, "udp6", "[::1]:0")
	h := open(t, func(c *Config) {
		c.Relay = []netip.Addr{netip.MustParseAddr("::1")}
		c.Peers = []Peer{{Announced: at}}
	})
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Fatal(err)
	}
	go h.ServeUDP(conn)
	own, err := net.ListenPacket("udp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	relay := allocate(t, client(t, own, conn.LocalAddr().String(), h.issue(t, 1)))
	echoes(t, relay, at, "over IPv6")
}

func TestAnAnnouncedAddressIsReachedWhereItIs(t *testing.T) {
	outside := netip.MustParseAddrPort("203.0.113.5:7882")
	h := open(t)
	if err := h.Announce([]Peer{{Announced: outside, Local: h.media}}); err != nil {
		t.Fatal(err)
	}
	relay := allocate(t, overUDP(t, h, h.issue(t, 1)))
	echoes(t, relay, outside, "as if from the outside")
}

// TestOnePortServesThePageAndTheRelay has a real HTTP server and TURN on one listener, plain and with TLS.
func TestOnePortServesThePageAndTheRelay(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			h := open(t)
			listener, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			if secure {
				listener = tls.NewListener(listener, serverTLS)
			}
			pages, relays := h.Split(listener)
			page := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %d", r.Method, len(body))
			})}
			ended := make(chan error, 2)
			go func() { ended <- page.Serve(pages) }()
			go func() { ended <- h.ServeListener(relays) }()
			defer func() {
				page.Close()
				<-ended
			}()
			dial := func() net.Conn {
				conn, err := net.Dial("tcp4", address)
				if err != nil {
					t.Fatal(err)
				}
				if secure {
					conn = tls.Client(conn, &tls.Config{RootCAs: clientTLS.RootCAs, ServerName: "127.0.0.1"})
				}
				return conn
			}
			url := "http://" + address
			if secure {
				url = "https://" + address
			}
			browser := &http.Client{Transport: &http.Transport{TLSClientConfig: clientTLS}}
			defer browser.CloseIdleConnections()
			fetch := func() {
				answer, err := browser.Post(url, "text/plain", bytes.NewReader(make([]byte, 100_000)))
				if err != nil {
					t.Fatal(err)
				}
				defer answer.Body.Close()
				if text, _ := io.ReadAll(answer.Body); string(text) != "POST 100000" {
					t.Fatalf("the page said %q", text)
				}
			}
			fetch()
			relay := allocate(t, overStream(t, dial(), h.issue(t, 1)))
			for n := range 9 { // every padding
				echoes(t, relay, h.media, strings.Repeat("y", 1+n))
			}
			fetch()
			if h.Counters().Streams != 1 {
				t.Errorf("counted %+v", h.Counters())
			}
			h.Revoke(ident.ParticipantID{1})
			until(t, "the stream of a revoked seat ends", func() bool { return h.Counters().Streams == 0 })
			fetch()
		})
	}
}
