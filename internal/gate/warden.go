package gate

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"incamera/internal/fault"
	"incamera/internal/guard"
	"incamera/internal/ident"
)

// lockedOut is the text of the log's line for programs such as fail2ban (docs/operate/serve.md). Operators' filters look for it: it never changes.
const lockedOut = "too many wrong tries at the door"

// warden has the guard count what fails at the door. Tries of one address are looked at one after the other, so that none is looked
// at before the one before it is counted.
type warden struct {
	log   *slog.Logger
	turns [64]sync.Mutex // an address has always the same one

	mu    sync.Mutex
	guard *guard.Machine
}

func newWarden(log *slog.Logger) *warden { return &warden{log: log, guard: guard.New()} }

// look has check look at a try, unless the address has to wait; then it is refused without a look, right or wrong. What
// check refuses with a fault of the asker is counted.
func (w *warden) look(t guard.Try, check func() error) error {
	turn := &w.turns[turnOf(t.From)]
	turn.Lock()
	defer turn.Unlock()
	w.mu.Lock()
	wait := w.guard.Wait(t, time.Now())
	w.mu.Unlock()
	if wait > 0 {
		return fault.New(fault.TriesMany)
	}
	err := check()
	if f, known := fault.Of(err); err != nil && known && f.Kind != fault.Ours {
		w.failed(t)
	}
	return err
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

// tryOf is a try of an address at a meeting.
func tryOf(from address, meeting ident.MeetingID, kind guard.Kind) guard.Try {
	return guard.Try{From: netip.Prefix(from), Meeting: meeting, Kind: kind}
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
