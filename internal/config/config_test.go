package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite deploy/incamera.yaml")

const samplePath = "../../deploy/incamera.yaml"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "incamera.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, from Sources) Config {
	t.Helper()
	cfg, err := Load(from)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestNothingConfiguredServesLocalhost(t *testing.T) {
	got := load(t, Sources{})
	want := Config{
		Listen: "localhost:8080", Media: ":7882", Relay: true, Data: "./incamera-data", Create: CreateLocalhost,
		StoreKeyFile: "incamera-data/store.key",
		MaxMembers:   50, MaxKnocks: 100, MaxMeetings: 1000, MaxAge: 24 * time.Hour, BookingLife: 168 * time.Hour,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := got.HTTPAddresses(); !slices.Equal(got, []string{"127.0.0.1:8080", "[::1]:8080"}) {
		t.Errorf("localhost listens on %v", got)
	}
}

func TestFlagsPrevailOverEnvironmentOverFile(t *testing.T) {
	path := write(t, "max-members: 10\nmax-knocks: 11\nmax-meetings: 12\nmax-age: 2h\nmedia-address: [192.0.2.1, '[2001:db8::1]:7882']\n")
	cfg := load(t, Sources{
		Env:   []string{"INCAMERA_CONFIG=" + path, "INCAMERA_MAX_KNOCKS=21", "INCAMERA_MAX_MEETINGS=22", "INCAMERA_DATA=", "PATH=/bin"},
		Flags: map[string]string{"max-meetings": "32"},
	})
	if cfg.MaxMembers != 10 || cfg.MaxKnocks != 21 || cfg.MaxMeetings != 32 || cfg.MaxAge != 2*time.Hour {
		t.Errorf("got %+v", cfg)
	}
	if !slices.Equal(cfg.MediaAddress, []string{"192.0.2.1", "[2001:db8::1]:7882"}) {
		t.Errorf("media addresses %q", cfg.MediaAddress)
	}
	if cfg.Data != "./incamera-data" {
		t.Errorf("an empty variable changed the data folder to %q", cfg.Data)
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	path := write(t, "listen: nowhere\nmax-age: 3 days\npubic-url: https://meet.example.org\nmax-knocks: {a: b}\n")
	_, err := Load(Sources{
		File:  path,
		Env:   []string{"INCAMERA_MAX_MEMBERS=1", "INCAMERA_CREATE=everyone"},
		Flags: map[string]string{"media-address": "example.org,192.0.2.1:0", "proxies": "10.0.0.0/8,nginx", "tls-key": "k.pem"},
	})
	problems, ok := errors.AsType[Problems](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Field)
		if p.What == "" || !strings.HasSuffix(p.Do, ".") {
			t.Errorf("%s: says %q and advises %q", p.Field, p.What, p.Do)
		}
		if !strings.Contains(err.Error(), p.String()) {
			t.Errorf("the message lacks %s", p)
		}
	}
	slices.Sort(got)
	want := []string{"create", "listen", "max-age", "max-knocks", "max-members", "media-address", "media-address", "proxies", "pubic-url", "tls-certificate"}
	if !slices.Equal(got, want) {
		t.Errorf("faults %v\nwant   %v\n%v", got, want, err)
	}
}

func TestWhoMayCreateIsNeverGuessed(t *testing.T) {
	for _, row := range []struct {
		listen, public, create string
		want                   Create // empty: refused
	}{
		{"localhost:8080", "", "", CreateLocalhost},
		{"127.0.0.1:0", "", "localhost", CreateLocalhost},
		{"[::1]:8080", "", "", CreateLocalhost},
		{":8080", "", "", ""},
		{"192.0.2.1:8080", "", "localhost", ""},
		{"localhost:8080", "https://meet.example.org", "", ""},
		{"localhost:8080", "https://meet.example.org", "localhost", ""},
		{"localhost:8080", "https://meet.example.org/", "token", CreateToken},
		{":443", "https://meet.example.org", "anyone", CreateAnyone},
		{":8080", "", "token", CreateToken},
		{"localhost:8080", "", "some", ""},
	} {
		flags := map[string]string{"listen": row.listen, "public-url": row.public, "create": row.create}
		cfg, err := Load(Sources{Flags: flags})
		if cfg.Create != row.want || (err != nil) != (row.want == "") {
			t.Errorf("%+v: got %q, %v", row, cfg.Create, err)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for given, want := range map[string]string{
		"https://meet.example.org":       "https://meet.example.org",
		"https://meet.example.org:8443/": "https://meet.example.org:8443",
		"http://localhost:9000":          "http://localhost:9000",
		"http://meet.example.org":        "",
		"meet.example.org":               "",
		"https://meet.example.org/a":     "",
		"https://me@meet.example.org":    "",
		"https://meet.example.org/#x":    "",
		"ftp://meet.example.org":         "",
		"https://":                       "",
	} {
		cfg, err := Load(Sources{Flags: map[string]string{"public-url": given, "create": "token"}})
		if cfg.PublicURL != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q, %v", given, cfg.PublicURL, err)
		}
	}
}

func TestUnreadableFilesAreFaults(t *testing.T) {
	for name, path := range map[string]string{
		"missing":    filepath.Join(t.TempDir(), "none.yaml"),
		"folder":     t.TempDir(),
		"not yaml":   write(t, "listen: [\n"),
		"no pairs":   write(t, "just words\n"),
		"said twice": write(t, "listen: localhost:1\nlisten: localhost:2\n"),
		"too large":  write(t, "# "+strings.Repeat("x", maxFileBytes)),
	} {
		if _, err := Load(Sources{File: path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestCertificateMustOpenWithItsKey(t *testing.T) {
	path := write(t, "no certificate")
	_, err := Load(Sources{Flags: map[string]string{"tls-certificate": path, "tls-key": path}})
	if err == nil || !strings.Contains(err.Error(), "tls-certificate") {
		t.Errorf("got %v", err)
	}
}

func TestSampleIsWrittenAndChangesNothing(t *testing.T) {
	if *update {
		if err := os.WriteFile(samplePath, []byte(Sample()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(samplePath)
	if err != nil || string(text) != Sample() {
		t.Fatalf("deploy/incamera.yaml is not what config makes; run go test ./internal/config -update (%v)", err)
	}
	defaults := load(t, Sources{})
	if got := load(t, Sources{File: samplePath}); !reflect.DeepEqual(got, defaults) {
		t.Errorf("the sample changes the defaults to %+v", got)
	}
	awake := strings.ReplaceAll("\n"+string(text), "\n#", "\n")
	var keys []string
	for line := range strings.Lines(awake) {
		if key, _, ok := strings.Cut(line, ":"); ok && slices.Contains(Keys(), key) {
			keys = append(keys, strings.TrimSpace(line))
		}
	}
	if len(keys) != len(fields) {
		t.Errorf("the sample has %d of %d fields", len(keys), len(fields))
	}
	if got := load(t, Sources{File: write(t, strings.Join(keys, "\n"))}); !reflect.DeepEqual(got, defaults) {
		t.Errorf("the sample's values are not the defaults: %+v", got)
	}
}

func TestEveryFieldIsDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range fields {
		if f.key == "" || seen[f.key] || !strings.HasSuffix(f.doc, ".") {
			t.Errorf("%+v has no key of its own or no sentence", f)
		}
		seen[f.key] = true
	}
}

func FuzzLoadNeverPanics(f *testing.F) {
	f.Add("listen: localhost:1\nmax-age: 3h", "8", ":8080")
	f.Add("a: [b, {c: d}]", "-1", "[::1]:x")
	f.Fuzz(func(t *testing.T, file, members, listen string) {
		path := write(t, file)
		cfg, err := Load(Sources{File: path, Flags: map[string]string{"max-members": members, "listen": listen}})
		if err == nil && (cfg.MaxMembers < 2 || cfg.Create == "" || len(cfg.HTTPAddresses()) == 0) {
			t.Errorf("%+v was accepted", cfg)
		}
	})
}
