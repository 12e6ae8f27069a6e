package gate

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"incamera/internal/config"
)

func TestOnlyAProxysWordIsBelieved(t *testing.T) {
	p, err := proxiesOf(config.Config{Proxies: []string{"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer string
		says []string
		want string
	}{
		{"127.0.0.1:9", []string{"203.0.113.7"}, "203.0.113.7:9"},
		{"[::ffff:127.0.0.1]:9", []string{"203.0.113.7"}, "203.0.113.7:9"},
		{"127.0.0.1:9", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7:9"},
		{"127.0.0.1:9", []string{"198.51.100.1", "203.0.113.7, 10.1.2.3"}, "203.0.113.7:9"},
		{"[2001:db8::1]:9", []string{"2001:470::7"}, "[2001:470::7]:9"},
		{"127.0.0.1:9", []string{"203.0.113.7, nonsense"}, "127.0.0.1:9"},
		{"127.0.0.1:9", nil, "127.0.0.1:9"},
		{"192.0.2.1:9", []string{"203.0.113.7"}, "192.0.2.1:9"},
		{"10.0.0.1:9", []string{"10.0.0.2"}, "10.0.0.2:9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for _, s := range c.says {
			r.Header.Add("X-Forwarded-For", s)
		}
		got := ""
		p.unwrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%s says %q: %s, want %s", c.peer, c.says, got, c.want)
		}
	}
}

func TestAnAddressIsWordedAsFirewallsTakeIt(t *testing.T) {
	for remote, want := range map[string]string{
		"203.0.113.7:9":            "203.0.113.7",
		"[::ffff:203.0.113.7]:9":   "203.0.113.7",
		"[2001:db8:1:2:3:4:5:6]:9": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:9":         "fe80::/64",
	} {
		if got := plain(netip.Prefix(prefixOf(remote))); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}
