package gate

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"incamera/internal/config"
	"incamera/internal/fault"
)

// maxBooking bounds a booking's JSON: a statement with a sealed title is under 1 KiB, in base64.
const maxBooking = 8 << 10

// statuses are the HTTP statuses of faults; the rest are 400.
var statuses = map[fault.Code]int{
	fault.CreateRefused: http.StatusForbidden,
	fault.CreateBusy:    http.StatusConflict,
	fault.MessageFlood:  http.StatusTooManyRequests,
	fault.MessageLarge:  http.StatusRequestEntityTooLarge,
	fault.ServerFull:    http.StatusServiceUnavailable,
	fault.ServerClosing: http.StatusServiceUnavailable,
	fault.Internal:      http.StatusInternalServerError,
}

// api has the calls of protocol/README.md section 5.
func (g *Gate) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/nonce", g.giveNonce)
	mux.HandleFunc("POST /api/meetings", g.makeMeeting)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) }) //nolint:errcheck // the asker may have gone
	return mux
}

func (g *Gate) giveNonce(w http.ResponseWriter, _ *http.Request) {
	nonce := g.desk.Nonce()
	say(w, http.StatusOK, struct {
		Nonce  []byte `json:"nonce"`
		Create bool   `json:"create"` // whether the page may make meetings without a token
	}{nonce[:], g.create != config.CreateToken})
}

func (g *Gate) makeMeeting(w http.ResponseWriter, r *http.Request) {
	if from := r.Header.Get("Origin"); from != "" && !g.sameOrigin(r) {
		refuse(w, fault.New(fault.CreateRefused))
		return
	}
	if !g.mayCreate(r) {
		refuse(w, fault.New(fault.CreateRefused))
		return
	}
	if !g.making.allow(addressOf(r), time.Now()) {
		refuse(w, fault.New(fault.MessageFlood))
		return
	}
	var asked struct {
		HostKey []byte `json:"hostKey"`
		Booking []byte `json:"booking"`
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(http.MaxBytesReader(w, r.Body, maxBooking)); err != nil {
		refuse(w, fault.New(fault.MessageLarge))
		return
	}
	d := json.NewDecoder(&raw)
	d.DisallowUnknownFields()
	if err := d.Decode(&asked); err != nil || len(asked.HostKey) != 32 || d.More() {
		refuse(w, fault.New(fault.CreateBad))
		return
	}
	record, err := g.desk.Make(r.Context(), [32]byte(asked.HostKey), asked.Booking)
	if err != nil {
		refuse(w, err)
		return
	}
	say(w, http.StatusCreated, struct {
		ID      string `json:"id"`
		Expires int64  `json:"expires"` // milliseconds since 1970
	}{record.Meeting().Text(), record.Expires.UnixMilli()})
}

// mayCreate tells whether the operator lets this request make a meeting. The configuration has seen to it that
// `localhost` goes with a loopback listener only.
func (g *Gate) mayCreate(r *http.Request) bool {
	if g.create != config.CreateToken {
		return true
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && len(g.token) > 0 && subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) == 1
}

func refuse(w http.ResponseWriter, err error) {
	f, _ := fault.Of(err)
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	say(w, status, struct {
		Code fault.Code `json:"code"`
		Text string     `json:"text"`
		Todo string     `json:"todo"`
	}{f.Code, f.Text, f.Todo})
}

func say(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(what) //nolint:errcheck // the asker may have gone
}
