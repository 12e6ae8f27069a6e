package gate

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"incamera/internal/fault"
	"incamera/internal/guard"
)

// lockedOut is the text of the log's line for programs such as fail2ban (docs/operate/serve.md). Operators' filters look for it: it never changes.
const lockedOut = "too many wrong tries at the door"

// warden has the guard count what fails at the door. Tries of one address are looked at one after the other, so that none is looked
// at before the one before it is counted.
type warden struct {
	log   *slog.Logger
	turns [64]sync.Mutex // an address has always the same one; nobody's has none

	mu    sync.Mutex
	guard *guard.Machine
}

func newWarden(log *slog.Logger) *warden { return &warden{log: log, guard: guard.New()} }

// look has check look at a try, unless the address has to wait; then it is refused without a look, right or wrong. What
// check refuses with a fault of the asker is counted.
func (w *warden) look(t guard.Try, check func() error) error {
	if t.From.IsValid() {
		turn := &w.turns[turnOf(t.From)]
		turn.Lock()
		defer turn.Unlock()
	}
	if w.wait(t) > 0 {
		return fault.New(fault.TriesMany)
	}
	err := check()
	if ofAsker(err) {
		w.failed(t)
	}
	return err
}

// find has check look for a meeting. One that exists is found whatever stands against the address: its people may share it with a stranger.
func (w *warden) find(t guard.Try, check func() error) error {
	err := check()
	if !ofAsker(err) {
		return err
	}
	if w.wait(t) > 0 {
		return fault.New(fault.TriesMany)
	}
	w.failed(t)
	return err
}

func (w *warden) wait(t guard.Try) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.guard.Wait(t, time.Now())
}

// ofAsker tells whether an error is a fault, and the asker's.
func ofAsker(err error) bool {
	f, known := fault.Of(err)
	return err != nil && known && f.Kind != fault.Ours
}

// failed counts a try that did not hold and writes a line for each lock-out.
func (w *warden) failed(t guard.Try) {
	w.mu.Lock()
	v := w.guard.Failed(t, time.Now())
	w.mu.Unlock()
	if v.Locked {
		w.log.Warn(lockedOut, "address", plain(t.From), "tries", v.Failures, "wait", v.Wait)
	}
}

// guardedAs is the address that a request's failures stand against: none if it comes from this machine, where a proxy may speak for everybody.
func guardedAs(r *http.Request) netip.Prefix {
	from := addressOf(r)
	ip := netip.Prefix(from).Addr()
	if !ip.IsValid() || ip.IsLoopback() {
		return netip.Prefix{}
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	own, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if err != nil || !ok {
		return netip.Prefix(from)
	}
	here, err := netip.ParseAddrPort(own.String())
	if err == nil && here.Addr().Unmap() == peer.Addr().Unmap() {
		return netip.Prefix{}
	}
	return netip.Prefix(from)
}

// plain words an address as firewalls take it: an IPv4 address alone, an IPv6 subscriber with the length.
func plain(from netip.Prefix) string {
	if from.IsSingleIP() {
		return from.Addr().String()
	}
	return from.String()
}

func turnOf(from netip.Prefix) byte {
	sum := byte(0)
	for _, b := range from.Addr().As16() {
		sum = sum*31 + b
	}
	return sum % 64
}
