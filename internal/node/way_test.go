package node

import (
	"net/netip"
	"slices"
	"testing"
)

func TestTheRelayIsWhereThePageIs(t *testing.T) {
	for page, want := range map[string]string{
		"http://localhost:8080":         "turn:localhost:8080?transport=tcp",
		"http://127.0.0.1":              "turn:127.0.0.1:80?transport=tcp",
		"https://meet.example.org":      "turns:meet.example.org:443?transport=tcp",
		"https://meet.example.org:8443": "turns:meet.example.org:8443?transport=tcp",
		"https://[2001:db8::7]":         "turns:[2001:db8::7]:443?transport=tcp",
	} {
		if got, err := relayURL(page); err != nil || got != want {
			t.Errorf("%s: %s, %v", page, got, err)
		}
	}
}

func TestTheWayToMediaIsItsAddressOrLoopback(t *testing.T) {
	four, six := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	for media, want := range map[string][]netip.Addr{
		"127.0.0.2:7882": {netip.MustParseAddr("127.0.0.2")},
		"0.0.0.0:7882":   {four},
		"[::1]:7882":     usable(six),
		"[::]:7882":      append([]netip.Addr{four}, usable(six)...),
		"192.0.2.9:7882": nil, // not of this machine
	} {
		if got := waysTo(netip.MustParseAddrPort(media)); !slices.Equal(got, want) {
			t.Errorf("%s: %v", media, got)
		}
	}
}
