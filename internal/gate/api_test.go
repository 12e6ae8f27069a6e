package gate

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"incamera/internal/booking"
	"incamera/internal/config"
	"incamera/internal/fault"
	"incamera/internal/wire"
)

// desk books anything whose statement says good.
type desk struct{ made int }

func (d *desk) Nonce() [32]byte { return [32]byte{7} }

func (d *desk) Make(_ context.Context, key [32]byte, signed []byte) (booking.Record, error) {
	switch string(signed) {
	case "good":
		d.made++
		return booking.Record{HostKey: key, Expires: time.UnixMilli(1234)}, nil
	case "busy":
		return booking.Record{}, fault.New(fault.CreateBusy)
	case "broken":
		return booking.Record{}, errors.New("a path and a secret")
	}
	return booking.Record{}, fault.New(fault.CreateBad)
}

func post(g *Gate, body string, header ...string) (int, map[string]any) {
	r := httptest.NewRequest(http.MethodPost, "http://localhost:8080/api/meetings", strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	var said map[string]any
	json.Unmarshal(w.Body.Bytes(), &said) //nolint:errcheck // an empty map is the answer then
	return w.Code, said
}

func booked(word string) string {
	b, _ := json.Marshal(map[string][]byte{"hostKey": make([]byte, 32), "booking": []byte(word)})
	return string(b)
}

func TestMakingAMeeting(t *testing.T) {
	for name, c := range map[string]struct {
		body, origin string
		status       int
		code         string
	}{
		"good":                {booked("good"), "http://localhost:8080", 201, ""},
		"from a program":      {booked("good"), "", 201, ""},
		"from a foreign page": {booked("good"), "http://evil.example", 403, "create_refused"},
		"busy":                {booked("busy"), "", 409, "create_busy"},
		"badly signed":        {booked("bad"), "", 400, "create_bad"},
		"no JSON":             {"{", "", 400, "create_bad"},
		"an unknown field":    {`{"hostKey":"","booking":"","x":1}`, "", 400, "create_bad"},
		"two objects":         {booked("good") + "{}", "", 400, "create_bad"},
		"a short key":         {`{"hostKey":"AAAA","booking":""}`, "", 400, "create_bad"},
		"too large":           {`{"hostKey":"` + strings.Repeat("A", wire.MaxBytesCreate) + `"}`, "", 413, "message_large"},
		"our own fault":       {booked("broken"), "", 500, "internal"},
	} {
		status, said := post(sampleGate(t, nil), c.body, "Origin", c.origin)
		code, _ := said["code"].(string)
		if status != c.status || code != c.code {
			t.Errorf("%s: %d %v", name, status, said)
		}
		if strings.Contains(strings.ToLower(toJSON(said)), "secret") {
			t.Errorf("%s: the detail got out: %v", name, said)
		}
		if status == 201 && (said["expires"] != 1234.0 || len(said["id"].(string)) != 26) {
			t.Errorf("%s: %v", name, said)
		}
	}
}

func toJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func TestWhoMayMakeMeetings(t *testing.T) {
	token := sampleGate(t, func(c *config.Config) { c.Create = config.CreateToken })
	for header, want := range map[string]int{
		"Bearer 0123456789abcdef":  201,
		"Bearer 0123456789abcdeF":  403,
		"Bearer 0123456789abcdef ": 403,
		"Basic 0123456789abcdef":   403,
		"Bearer ":                  403,
		"":                         403,
	} {
		if got, _ := post(token, booked("good"), "Authorization", header); got != want {
			t.Errorf("%q: %d, want %d", header, got, want)
		}
	}
	empty := sampleGate(t, func(c *config.Config) { c.Create = config.CreateToken })
	empty.token = ""
	if got, _ := post(empty, booked("good"), "Authorization", "Bearer "); got != 403 {
		t.Errorf("without a token: %d", got)
	}
}

func TestMakingMeetingsIsPaced(t *testing.T) {
	g := sampleGate(t, nil)
	for i := range 20 {
		if status, said := post(g, booked("good")); status != 201 {
			t.Fatalf("%d: %d %v", i, status, said)
		}
	}
	if status, said := post(g, booked("good")); status != 429 || said["code"] != "message_flood" {
		t.Errorf("one more: %d %v", status, said)
	}
}

func TestTheTableOfAPacerIsBoundedAndAFloodHarmsNobodyElse(t *testing.T) {
	p, now := newPacer[int](time.Second, 2), time.Unix(0, 0)
	for i := range 3 * mostPaced {
		p.allow(i, now)
	}
	if len(p.known) != mostPaced {
		t.Fatalf("%d are known", len(p.known))
	}
	if !p.allow(1, now) || p.allow(1, now) {
		t.Error("somebody known lost their own bucket to the flood")
	}
	if p.allow(-1, now) {
		t.Error("a newcomer in the flood has a bucket of their own")
	}
	if later := now.Add(time.Minute); !p.allow(-2, later) || len(p.known) != 1 {
		t.Errorf("%d are known after all have gone quiet", len(p.known))
	}
}

func TestAnAddressCountsAsOneSubscriber(t *testing.T) {
	of := func(remote string) address { return addressOf(&http.Request{RemoteAddr: remote}) }
	if of("192.0.2.1:1") != of("192.0.2.1:2") || of("192.0.2.1:1") == of("192.0.2.2:1") {
		t.Error("IPv4: one address is one subscriber")
	}
	if of("[2001:db8::1]:1") != of("[2001:db8::ffff:1]:2") || of("[2001:db8::1]:1") == of("[2001:db8:0:1::1]:1") {
		t.Error("IPv6: one /64 is one subscriber")
	}
	if of("[::ffff:192.0.2.1]:1") != of("192.0.2.1:1") {
		t.Error("a mapped address is the IPv4 address")
	}
}

func TestTheTokenIsMadeOnceAndReadableByItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	first, err := ReadToken(dir)
	if err != nil || len(first) != 32 {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := ReadToken(dir); err != nil || again != first {
		t.Errorf("again: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, TokenFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, TokenFile), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadToken(dir); err == nil {
		t.Error("a short token was taken")
	}
}
