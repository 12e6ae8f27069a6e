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
	"incamera/internal/wire"
)

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
	return mux
}

func (g *Gate) giveNonce(w http.ResponseWriter, _ *http.Request) {
	nonce := g.desk.Nonce()
	say(w, http.StatusOK, wire.NonceAnswer{Nonce: nonce, Create: g.create != config.CreateToken})
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
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(http.MaxBytesReader(w, r.Body, wire.MaxBytesCreate)); err != nil {
		refuse(w, fault.New(fault.MessageLarge))
		return
	}
	asked, err := wire.ParseCreate(raw.Bytes())
	if err != nil {
		refuse(w, err)
		return
	}
	record, err := g.desk.Make(r.Context(), asked.HostKey, asked.Booking)
	if err != nil {
		refuse(w, err)
		return
	}
	say(w, http.StatusCreated, wire.CreateAnswer{ID: wire.Meeting(record.Meeting()), Expires: record.Expires.UnixMilli()})
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
	say(w, status, wire.FaultAnswer{Code: f.Code, Text: f.Text, Todo: f.Todo})
}

func say(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(what) //nolint:errcheck // the asker may have gone
}
