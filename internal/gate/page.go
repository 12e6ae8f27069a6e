package gate

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// dist is the built page with compressed copies of its files; only .gitkeep until `make web` ran.
//
//go:embed all:dist
var dist embed.FS

// routes are the addresses that are the page itself.
var routes = regexp.MustCompile(`^/(new|m/[0-9a-z]{26})?$`)

// types are the media types of the files that a page consists of; a file of another kind is not served.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
	".webmanifest": "application/manifest+json", ".woff2": "font/woff2",
}

// file is one file of the page, held in memory, with its compressed forms.
type file struct {
	kind  string
	tag   string // strong ETag of the plain bytes, without quotes
	plain []byte
	forms map[string][]byte // by content coding
}

// page serves the built page. The files do not change while the program runs.
type page map[string]file

func readPage(from fs.FS) (page, error) {
	p := page{}
	err := fs.WalkDir(from, ".", func(name string, e fs.DirEntry, err error) error {
		kind := types[path.Ext(name)]
		if err != nil || e.IsDir() || kind == "" {
			return err
		}
		plain, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		f := file{kind: kind, tag: tagOf(plain), plain: plain, forms: map[string][]byte{}}
		for coding, ending := range map[string]string{"br": ".br", "gzip": ".gz"} {
			if packed, err := fs.ReadFile(from, name+ending); err == nil {
				f.forms[coding] = packed
			}
		}
		p["/"+name] = f
		return nil
	})
	return p, err
}

func tagOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET is answered here.", http.StatusMethodNotAllowed)
		return
	}
	name := r.URL.Path
	if routes.MatchString(name) {
		name = "/index.html"
	}
	f, ok := p[name]
	switch {
	case !ok && name == "/index.html":
		http.Error(w, "This program was built without its page. Run `make build`.", http.StatusServiceUnavailable)
	case !ok:
		http.Error(w, "There is nothing at this address.", http.StatusNotFound)
	default:
		f.serve(w, r, strings.HasPrefix(name, "/assets/"))
	}
}

// serve answers with the best form that the browser takes. What lies under /assets has its content's hash in its name and never changes.
func (f file) serve(w http.ResponseWriter, r *http.Request, forever bool) {
	h := w.Header()
	coding := f.coding(r.Header.Get("Accept-Encoding"))
	body, tag := f.plain, f.tag
	if coding != "" {
		body, tag = f.forms[coding], f.tag+"-"+coding
		h.Set("Content-Encoding", coding)
	}
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", strconv.Quote(tag))
	h.Set("Cache-Control", "no-cache")
	if forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), strconv.Quote(tag)) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	w.Write(body) //nolint:errcheck // the browser may have gone
}

// coding picks br before gzip among what Accept-Encoding allows (RFC 9110 12.5.3); a weight of zero forbids.
func (f file) coding(accept string) string {
	allowed := map[string]bool{}
	for item := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		q, weighed := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
		v, err := strconv.ParseFloat(q, 64)
		allowed[strings.ToLower(strings.TrimSpace(name))] = !weighed || err == nil && v > 0
	}
	for _, coding := range []string{"br", "gzip"} {
		if allowed[coding] && f.forms[coding] != nil {
			return coding
		}
	}
	return ""
}
