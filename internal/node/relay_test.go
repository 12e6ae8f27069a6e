package node_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"

	"incamera/internal/config"
	"incamera/internal/node"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

// relayed is a TURN client at the page's port with a seat's credential, and what came of its allocation.
func relayed(t *testing.T, address string, relay wire.Relay) (*pion.Client, error) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	client, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: address, Conn: pion.NewSTUNConn(conn), Username: relay.Username, Password: relay.Credential, LoggerFactory: quiet,
		RTO: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); conn.Close() }) //nolint:errcheck // a test's connection
	socket, err := client.Allocate()
	if err == nil {
		t.Cleanup(func() { socket.Close() }) //nolint:errcheck // a test's socket
	}
	return client, err
}

// seated is a host alone in a new meeting, with what they were told of the relay.
func seated(t *testing.T, address string, like *testkit.Person) (*testkit.Person, *testkit.Invite, *testkit.Group, wire.Relay) {
	t.Helper()
	in := book(t, address)
	host := testkit.RealPerson(t, "host", address)
	if like != nil {
		host.ID = like.ID
	}
	host.Hello(in)
	host.TakeSeat(in)
	g, open := host.NewGroup(in, 1)
	return host, in, g, host.Opened(g, open)
}

func TestTheRelayOnThePortOfThePageLeadsToMediaAndNowhereElse(t *testing.T) {
	address, _ := running(t)
	host, in, g, relay := seated(t, address, nil)
	if want := "turn:" + address + "?transport=tcp"; len(relay.URLs) != 1 || relay.URLs[0] != want {
		t.Fatalf("told %q, not %q", relay.URLs, want)
	}
	answer := host.Do(wire.Media{Offer: testkit.Offer(1)}).(wire.OkMedia).Answer
	media := netip.AddrPortFrom(netip.MustParseAddr(answer.Candidates[0].Address), uint16(answer.Candidates[0].Port))
	client, err := relayed(t, address, relay)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.CreatePermission(net.UDPAddrFromAddrPort(media)); err != nil {
		t.Errorf("media cannot be reached: %v", err)
	}
	other := netip.AddrPortFrom(media.Addr(), media.Port()^1)
	if err := client.CreatePermission(net.UDPAddrFromAddrPort(other)); err == nil {
		t.Error("another port of this machine is open")
	}
	wrong := relay
	wrong.Credential += "x"
	if _, err := relayed(t, address, wrong); err == nil {
		t.Error("a wrong secret opens the relay")
	}
	host.Do(host.Ending(in, g))
	if _, err := relayed(t, address, relay); err == nil {
		t.Error("the relay outlives the seat")
	}
}

func TestAnIdThatStandsInAnotherMeetingGetsNothingOfItsSeat(t *testing.T) {
	address, _ := running(t)
	host, _, _, relay := seated(t, address, nil)
	thief, in, g, own := seated(t, address, host)
	if own.Username == relay.Username || own.Credential == relay.Credential {
		t.Error("two meetings share a credential")
	}
	thief.Do(thief.Ending(in, g))
	if _, err := relayed(t, address, relay); err != nil {
		t.Errorf("the end of another meeting ends the relay of this one: %v", err)
	}
}

func TestTheRelayCanBeSwitchedOff(t *testing.T) {
	address, _ := running(t, "relay", "false")
	_, _, _, relay := seated(t, address, nil)
	if len(relay.URLs) != 0 || relay.Username != "" || relay.Credential != "" {
		t.Errorf("told %q", relay.URLs)
	}
	if _, err := relayed(t, address, wire.Relay{Username: "a", Credential: "b"}); err == nil {
		t.Error("there is a relay")
	}
}

func TestTheRelaySpeaksTLSOnThePortOfThePage(t *testing.T) {
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
	for _, protocols := range [][]string{nil, {"stun.turn"}} {
		conn := dialTLS(t, address, roots, protocols)
		conn.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // the read tells
		ask := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest), stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}})
		if _, err := conn.Write(ask.Raw); err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 8)
		if _, err := io.ReadFull(conn, head); err != nil || binary.BigEndian.Uint16(head) != 0x0113 {
			t.Errorf("a stranger's Allocate is answered %x, %v", head, err)
		}
	}
	client := &http.Client{Transport: pageOver(roots)}
	answer, err := client.Get("https://" + address + "/healthz")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the page beside it: %v", err)
	} else {
		answer.Body.Close() //nolint:errcheck // a test's answer
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if conn, err := net.Dial("tcp", strings.Replace(address, "localhost", "127.0.0.1", 1)); err == nil {
		conn.Close() //nolint:errcheck // a test's connection
		t.Error("the port is open after the end")
	}
}
