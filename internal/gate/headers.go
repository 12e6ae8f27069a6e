package gate

import (
	"net/http"
	"strings"
)

// The policies of the page and of its worker's scripts: nothing but our own files, no inline script or style, no
// string becomes code (Trusted Types). A worker takes the policy of its own answer, not the page's.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; " +
		"media-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"trusted-types svelte-trusted-html incamera; require-trusted-types-for 'script'; connect-src 'self'"
	workerPolicy = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// workerPrefix begins the path of every script that runs in the crypto worker (web/vite.config.ts).
const workerPrefix = "/assets/worker"

// permissions are what the page may ask a person for; everything else is off.
const permissions = "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), " +
	"picture-in-picture=(self), screen-wake-lock=(self), speaker-selection=(self), autoplay=(self), " +
	"accelerometer=(), browsing-topics=(), clipboard-read=(), geolocation=(), gyroscope=(), hid=(), " +
	"idle-detection=(), local-fonts=(), magnetometer=(), midi=(), payment=(), publickey-credentials-get=(), " +
	"serial=(), storage-access=(), usb=(), xr-spatial-tracking=()"

// harden sets the headers that every answer carries.
func (g *Gate) harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", g.policyFor(r))
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Embedder-Policy", "require-corp")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", permissions)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if g.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// policyFor names the WebSocket's origin too: not every browser takes 'self' for it.
func (g *Gate) policyFor(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, workerPrefix) {
		return workerPolicy
	}
	scheme := " ws://"
	if g.secure {
		scheme = " wss://"
	}
	return pagePolicy + scheme + r.Host // g.welcome has checked Host against the names of this server
}
