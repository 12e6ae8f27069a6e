package gate

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"incamera/internal/config"
)

func samplePage(t *testing.T) page {
	t.Helper()
	p, err := readPage(fstest.MapFS{
		"index.html":             {Data: []byte("<title>page</title>")},
		"index.html.br":          {Data: []byte("br")},
		"index.html.gz":          {Data: []byte("gz")},
		"assets/main-1.js":       {Data: []byte("1")},
		"assets/worker-vault.js": {Data: []byte("2")},
		"assets/notes.go":        {Data: []byte("no")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sampleGate(t *testing.T, change func(*config.Config)) *Gate {
	t.Helper()
	cfg := config.Config{Listen: "localhost:8080", Create: config.CreateLocalhost}
	if change != nil {
		change(&cfg)
	}
	lines := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	g, err := New(cfg, "0123456789abcdef", &desk{}, lines)
	if err != nil {
		t.Fatal(err)
	}
	g.page = samplePage(t)
	return g
}

func get(g *Gate, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	return w
}

func TestTheBestFormThatTheBrowserTakesIsServed(t *testing.T) {
	g := sampleGate(t, nil)
	for accept, want := range map[string]string{
		"":                       "",
		"gzip, deflate, br":      "br",
		"gzip":                   "gzip",
		"br;q=0, gzip":           "gzip",
		"br;q=0,gzip;q=0.0":      "",
		"BR;q=1.0":               "br",
		"brotli, x-gzip":         "",
		"gzip; q = 0.5, br; q=0": "gzip",
		"br;q=word":              "",
	} {
		if got := get(g, "/", "Accept-Encoding", accept).Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
	}
}

func TestOnlyTheAddressesOfThePageAreThePage(t *testing.T) {
	g := sampleGate(t, nil)
	for target, want := range map[string]int{
		"/": 200, "/new": 200, "/m/" + strings.Repeat("0", 26): 200, "/assets/main-1.js": 200,
		"/m/short": 404, "/m/" + strings.Repeat("U", 26): 404, "/etc/passwd": 404, "/assets/": 404,
		"/assets/notes.go": 404, "/index.html.br": 404, "/../go.mod": 404, "/.gitkeep": 404,
	} {
		if got := get(g, target).Code; got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	g := sampleGate(t, nil)
	first := get(g, "/", "Accept-Encoding", "br")
	again := get(g, "/", "Accept-Encoding", "br", "If-None-Match", first.Header().Get("ETag"))
	other := get(g, "/", "Accept-Encoding", "gzip", "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || other.Code != http.StatusOK {
		t.Errorf("the same form %d, another form %d", again.Code, other.Code)
	}
	if c := get(g, "/assets/main-1.js").Header().Get("Cache-Control"); !strings.Contains(c, "immutable") {
		t.Errorf("assets: %q", c)
	}
	if c := first.Header().Get("Cache-Control"); c != "no-cache" {
		t.Errorf("the page: %q", c)
	}
}

func TestAProgramWithoutItsPageSaysSo(t *testing.T) {
	g := sampleGate(t, nil)
	g.page = page{}
	if w := get(g, "/"); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	g := sampleGate(t, nil)
	for _, target := range []string{"/", "/nothing", "/api/nonce", "/healthz", "/assets/main-1.js", "/signal"} {
		h := get(g, target, "Origin", "http://localhost:8080").Header()
		for name, want := range map[string]string{
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Embedder-Policy": "require-corp",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"Permissions-Policy":           permissions,
			"Content-Security-Policy":      pagePolicy + " ws://localhost:8080",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", target, name, h.Get(name))
			}
		}
		if h.Get("Strict-Transport-Security") != "" || h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers that must not be there: %v", target, h)
		}
	}
	for _, banned := range []string{"unsafe", "*", "data:", "http:"} {
		if strings.Contains(pagePolicy+workerPolicy, banned) {
			t.Errorf("a policy allows %s", banned)
		}
	}
	if p := get(g, "/assets/worker-vault.js").Header().Get("Content-Security-Policy"); p != workerPolicy {
		t.Errorf("the worker's policy: %q", p)
	}
	secure := sampleGate(t, func(c *config.Config) { c.PublicURL, c.Create = "https://meet.example.org", config.CreateAnyone })
	h := get(secure, "/", "Host", "meet.example.org").Header()
	if h.Get("Strict-Transport-Security") == "" || !strings.HasSuffix(h.Get("Content-Security-Policy"), " wss://meet.example.org") {
		t.Errorf("over TLS: %v", h)
	}
}

func TestHealthIsToldUnderAnyName(t *testing.T) {
	if w := get(sampleGate(t, nil), "/healthz", "Host", "10.0.0.7:8080"); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestForeignNamesAndOriginsAreTurnedAway(t *testing.T) {
	local := sampleGate(t, nil)
	public := sampleGate(t, func(c *config.Config) { c.PublicURL, c.Create = "https://meet.example.org", config.CreateAnyone })
	for _, c := range []struct {
		gate         *Gate
		host, origin string
		want         int
	}{
		{local, "localhost:8080", "http://localhost:8080", http.StatusTeapot},
		{local, "127.0.0.1:8080", "http://127.0.0.1:8080", http.StatusTeapot},
		{local, "[::1]:8080", "http://[::1]:8080", http.StatusTeapot},
		{local, "LOCALHOST:8080", "http://localhost:8080", http.StatusTeapot},
		{local, "evil.example", "http://evil.example", http.StatusMisdirectedRequest},
		{local, "localhost:81", "http://localhost:81", http.StatusMisdirectedRequest},
		{local, "localhost:8080", "http://evil.example", http.StatusForbidden},
		{local, "localhost:8080", "http://127.0.0.1:8080", http.StatusForbidden},
		{local, "localhost:8080", "https://localhost:8080", http.StatusForbidden},
		{local, "localhost:8080", "null", http.StatusForbidden},
		{local, "localhost:8080", "", http.StatusForbidden},
		{public, "meet.example.org", "https://meet.example.org", http.StatusTeapot},
		{public, "localhost:8080", "http://localhost:8080", http.StatusMisdirectedRequest},
		{public, "meet.example.org", "http://meet.example.org", http.StatusForbidden},
	} {
		if got := get(c.gate, "/signal", "Host", c.host, "Origin", c.origin).Code; got != c.want {
			t.Errorf("host %s, origin %s: %d, want %d", c.host, c.origin, got, c.want)
		}
	}
}
