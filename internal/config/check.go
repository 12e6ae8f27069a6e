package config

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Problem is one fault of a configuration: the field, what is wrong with its value, what to do.
type Problem struct{ Field, Value, Origin, What, Do string }

// String is one paragraph for the operator.
func (p Problem) String() string {
	subject := p.Field
	if p.Value != "" {
		subject += fmt.Sprintf(" (%s", p.Value)
		if p.Origin != "" {
			subject += ", from " + p.Origin
		}
		subject += ")"
	}
	return subject + ": " + p.What + ". " + p.Do
}

// Problems is every fault of a configuration in one error.
type Problems []Problem

// Error lists all of them, a line each.
func (p Problems) Error() string {
	lines := []string{"the configuration has one fault:"}
	if len(p) > 1 {
		lines[0] = fmt.Sprintf("the configuration has %d faults:", len(p))
	}
	for _, problem := range p {
		lines = append(lines, "  "+problem.String())
	}
	return strings.Join(lines, "\n")
}

const maxMediaAddresses = 8 // a candidate list stays one small message

// check looks at everything that one field alone cannot tell and chooses who may create.
func check(c *Config) Problems {
	var p Problems
	add := func(field, value, what, do string) {
		p = append(p, Problem{Field: field, Value: value, What: what, Do: do})
	}
	if !isAddress(c.Listen) {
		add("listen", c.Listen, "is not HOST:PORT", "Write for example localhost:8080 or :443.")
	}
	if !isAddress(c.Media) {
		add("media", c.Media, "is not [HOST]:PORT", "Write for example :7882.")
	}
	if len(c.MediaAddress) > maxMediaAddresses {
		add("media-address", "", "there are more than eight", "Keep those that browsers can reach.")
	}
	for _, address := range c.MediaAddress {
		if !isAnnounceable(address) {
			add("media-address", address, "is neither IP nor IP:PORT", "Write for example 203.0.113.7 or [2001:db8::7]:7882.")
		}
	}
	for _, network := range c.Proxies {
		if _, err := ParseNetwork(network); err != nil {
			add("proxies", network, "is neither an address nor a network", "Write for example 127.0.0.1 or 10.0.0.0/8.")
		}
	}
	if strings.TrimSpace(c.Data) == "" {
		add("data", "", "is empty", "Name a folder, such as ./incamera-data.")
	}
	checkPublicURL(c, add)
	checkCreate(c, add)
	checkTLS(c, add)
	return p
}

func checkPublicURL(c *Config, add func(field, value, what, do string)) {
	if c.PublicURL == "" {
		return
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		add("public-url", c.PublicURL, "is not the address of a web server", "Write for example https://meet.example.org.")
		return
	}
	if strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		add("public-url", c.PublicURL, "has more than a host in it", "Write only the scheme and the host: "+u.Scheme+"://"+u.Host+".")
		return
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	if u.Scheme == "http" && !onLoopback(net.JoinHostPort(u.Hostname(), port)) {
		add("public-url", c.PublicURL, "is not https, and browsers give camera and microphone to https alone", "Write https://"+u.Host+" and set tls-certificate and tls-key, or put a proxy in front.")
		return
	}
	c.PublicURL = u.Scheme + "://" + u.Host
}

// checkCreate refuses to guess: a server that others can reach must say who may make meetings.
func checkCreate(c *Config, add func(field, value, what, do string)) {
	const choose = "Choose token (whoever holds the token file of the data folder) or anyone."
	open := isAddress(c.Listen) && !onLoopback(c.Listen)
	switch {
	case c.Create != "" && !slices.Contains([]Create{CreateLocalhost, CreateToken, CreateAnyone}, c.Create):
		add("create", string(c.Create), "is no choice", "Choose localhost, token or anyone.")
	case c.Create == "" && c.PublicURL != "":
		add("create", "", "a public URL is set, but not who may make meetings", choose)
	case c.Create == "" && open:
		add("create", "", "the listener "+c.Listen+" can be reached from elsewhere, but it is not set who may make meetings", choose)
	case c.Create == CreateLocalhost && c.PublicURL != "":
		add("create", string(c.Create), "does not go with a public URL", choose)
	case c.Create == CreateLocalhost && open:
		add("create", string(c.Create), "does not go with the listener "+c.Listen+", which can be reached from elsewhere", choose)
	case c.Create == "":
		c.Create = CreateLocalhost
	}
}

func checkTLS(c *Config, add func(field, value, what, do string)) {
	switch {
	case c.TLSCertificate == "" && c.TLSKey == "":
	case c.TLSKey == "":
		add("tls-key", "", "is missing beside tls-certificate", "Set both or none.")
	case c.TLSCertificate == "":
		add("tls-certificate", "", "is missing beside tls-key", "Set both or none.")
	default:
		if _, err := tls.LoadX509KeyPair(c.TLSCertificate, c.TLSKey); err != nil {
			add("tls-certificate", c.TLSCertificate, "does not open with tls-key "+c.TLSKey+": "+err.Error(), "Name a PEM certificate chain and its private key.")
		}
	}
}

func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isAnnounceable(text string) bool {
	if ip, err := netip.ParseAddr(text); err == nil {
		return !ip.IsUnspecified() && ip.Zone() == ""
	}
	withPort, err := netip.ParseAddrPort(text)
	return err == nil && withPort.Port() != 0 && !withPort.Addr().IsUnspecified() && withPort.Addr().Zone() == ""
}
