package gate

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"incamera/internal/config"
)

// names are the Host values under which this server answers; under any other it does not, so that no foreign name that
// points here (DNS rebinding) gets a page or a connection.
type names map[string]bool

// namesOf gives the public URL's host, or the loopback names with the listener's port.
func namesOf(cfg config.Config) (names, error) {
	_, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, err
	}
	n := names{}
	if cfg.PublicURL == "" {
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			n[host+":"+port] = true
			if port == "80" {
				n[host] = true
			}
		}
		return n, nil
	}
	u, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, err
	}
	n[strings.ToLower(u.Host)] = true
	if p := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]; u.Port() == "" {
		n[strings.ToLower(u.Host)+p] = true
	}
	return n, nil
}

func (n names) has(r *http.Request) bool { return n[strings.ToLower(r.Host)] }

// sameOrigin tells whether a request that a page made was made by our own page.
func (g *Gate) sameOrigin(r *http.Request) bool { return r.Header.Get("Origin") == g.origin(r) }

// origin is what the page's own location.origin reads under the name it was asked for.
func (g *Gate) origin(r *http.Request) string {
	scheme := "http://"
	if g.secure {
		scheme = "https://"
	}
	return scheme + strings.ToLower(r.Host)
}

// welcome turns away requests under foreign names.
func (g *Gate) welcome(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.names.has(r) {
			http.Error(w, "This server does not go by that name. Its operator sets it with --public-url.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
