// Package config is what an operator may choose: one struct with a sentence, a unit and a default for
// each field, read from a file, the environment and flags, checked once with all faults at a time and
// never changed afterwards. It is not for constants of the protocol; those stand where they are used.
package config

import (
	"net"
	"net/netip"
	"time"
)

// Create says who may make meetings on this server.
type Create string

// The choices of Create.
const (
	CreateLocalhost Create = "localhost" // whoever reaches the loopback listener of this machine
	CreateToken     Create = "token"     // whoever holds the token file of the data folder
	CreateAnyone    Create = "anyone"    // whoever reaches the server
)

// Config is read-only once Load has given it. Its fields' sentences are the `doc` tags, from which the
// sample file is made.
type Config struct {
	Listen         string        `key:"listen" default:"localhost:8080" doc:"Address of the page and its signalling, HOST:PORT. The host localhost means both loopback addresses, 127.0.0.1 and ::1."`
	Media          string        `key:"media" default:":7882" doc:"UDP address for picture and sound, [HOST]:PORT. Without a host all addresses of the machine are used, IPv4 and IPv6."`
	MediaAddress   []string      `key:"media-address" doc:"Addresses told to browsers besides those of the machine, IP or IP:PORT, at most eight, separated by commas: for a server behind NAT or in a container."`
	Relay          bool          `key:"relay" default:"true" doc:"Whether picture and sound may also come through the port of the page (TURN over TCP and TLS), for people whose network lets no UDP out: true or false. A proxy in front that speaks HTTP only cannot carry it."`
	Data           string        `key:"data" default:"./incamera-data" doc:"Folder for everything that is kept. It is made if it is not there."`
	PublicURL      string        `key:"public-url" doc:"Where people reach this server, such as https://meet.example.org. Needed as soon as it is not reached as localhost."`
	Proxies        []string      `key:"proxies" doc:"Addresses or networks of the proxies in front, separated by commas: 127.0.0.1,10.0.0.0/8. Their X-Forwarded-For is believed; without a choice nobody's is, and all who come through a proxy share its limits."`
	Create         Create        `key:"create" doc:"Who may make meetings: localhost, token or anyone. Without a choice it is localhost, which asks for a loopback listener and no public URL."`
	TLSCertificate string        `key:"tls-certificate" doc:"File with the certificate chain, PEM. Without certificate and key the server speaks HTTP, for localhost or behind a proxy."`
	TLSKey         string        `key:"tls-key" doc:"File with the certificate's private key, PEM."`
	StoreKeyFile   string        `key:"store-key-file" doc:"File with the key that seals the store, 64 hexadecimal digits, readable by the server alone. Without a choice it is store.key in the data folder, made at the first start."`
	MaxMembers     int           `key:"max-members" default:"50" min:"2" max:"300" doc:"Most people in one meeting."`
	MaxKnocks      int           `key:"max-knocks" default:"100" min:"1" max:"10000" doc:"Most people waiting at the door of one meeting."`
	MaxMeetings    int           `key:"max-meetings" default:"1000" min:"1" max:"100000" doc:"Most meetings, running and booked."`
	MaxAge         time.Duration `key:"max-age" default:"24h" min:"1m" max:"168h" doc:"Longest life of a running meeting, with a unit: 90m, 24h."`
	BookingLife    time.Duration `key:"booking-life" default:"168h" min:"1m" max:"8760h" doc:"How long a meeting that nobody starts is kept, with a unit: 168h is a week."`
}

// HTTPAddresses are the TCP addresses to listen on: two for localhost, which is both loopback families.
func (c Config) HTTPAddresses() []string {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || host != "localhost" {
		return []string{c.Listen}
	}
	return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
}

// ParseNetwork reads an address or a network of addresses.
func ParseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return ip.Unmap().Prefix(ip.Unmap().BitLen())
	}
	return netip.ParsePrefix(text)
}

// onLoopback tells whether nobody but this machine can reach the address HOST:PORT.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
