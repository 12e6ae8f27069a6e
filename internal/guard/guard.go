// Package guard counts what fails at the door and says who has to wait: wrong codes, knocks, host proofs and resumes that do not
// hold, and meetings that do not exist. It is a pure machine. It is not for how often somebody may ask (gate's pacers)
// and not for who may enter (lobby): it never hears of those inside.
package guard

import (
	"net/netip"
	"time"

	"incamera/internal/ident"
)

// What an address may fail at one meeting: a few slips at once, then each failure doubles the wait before the next try. That makes
// at most eight tries in the first minute and under one a minute later.
const (
	freeTries  = 3
	firstWait  = 2 * time.Second
	LockOut    = time.Minute      // a wait from here on is a lock-out
	MaxLockOut = 15 * time.Minute // no wait is longer
)

// What an address may fail at all meetings together: a school behind one address has many slips. This machine's own
// address is not counted so: a proxy on it may speak for everybody.
const freeTriesAnywhere = 40

// A meeting is besieged while its failures of all addresses, of which calmPerMinute are forgiven, stand at siegeAt or more. Then the first slip
// of an address is its last for LockOut, and its further ones double that. Addresses that have not failed are let try as ever.
const (
	siegeAt       = 60
	calmPerMinute = 30
	mostSiege     = 4 * siegeAt // so that a siege ends within six minutes of the last failure
)

// Forget is how long after its last failure an address is a stranger again. It is longer than any wait.
const Forget = 30 * time.Minute

// The bounds of the tables. Full means: who failed longest ago is forgotten, so that newcomers are always counted.
const (
	MostAddresses = 16_384
	MostMeetings  = 4_096
)

// Kind is what somebody tries.
type Kind uint8

// The kinds. Resumes are counted apart from the others: whoever guesses codes beside a member keeps the member out of nothing.
const (
	Code    Kind = iota // the proof of the access code
	Knock               // a knock that is not whole
	Host                // the proof of the host key
	Resume              // the ticket of a seat
	Meeting             // the address of a meeting that does not exist
)

// Try is somebody's try at a meeting. Meeting counts for no meeting.
type Try struct {
	From    netip.Prefix // one IPv4 address or one IPv6 /64
	Meeting ident.MeetingID
	Kind    Kind
}

// Verdict is what a failure leads to.
type Verdict struct {
	Failures int           // that stand against the address, at this meeting or, if it is more of a wait, anywhere
	Wait     time.Duration // until the next try is looked at
	Locked   bool          // the address has earned a lock-out by itself, not only because others besiege the meeting
}

// pair is an address at one meeting; resumes have a pair of their own.
type pair struct {
	from    netip.Prefix
	meeting ident.MeetingID
	resume  bool
}

// Machine is the guard of one server. One owner at a time.
type Machine struct {
	pairs     *table[pair, tally]
	addresses *table[netip.Prefix, tally]
	sieges    *table[ident.MeetingID, siege]
}

// tally is what stands against somebody.
type tally struct {
	failures int
	until    time.Time // no try is looked at before
}

// siege is what stands at one meeting against all.
type siege struct {
	level float64
	at    time.Time // when the level was so
}

// New gives a guard who has seen nothing.
func New() *Machine {
	return &Machine{
		pairs:     newTable[pair, tally](MostAddresses),
		addresses: newTable[netip.Prefix, tally](MostAddresses),
		sieges:    newTable[ident.MeetingID, siege](MostMeetings),
	}
}

// Wait is how long a try has to wait before it is looked at; zero is now. Who has to wait is not counted anew. An address that has not failed
// within Forget never waits.
func (m *Machine) Wait(t Try, now time.Time) time.Duration {
	wait := time.Duration(0)
	if t.Kind != Meeting {
		wait = m.pairs.get(pairOf(t), now).until.Sub(now)
	}
	if countsAnywhere(t) {
		wait = max(wait, m.addresses.get(t.From, now).until.Sub(now))
	}
	return max(wait, 0)
}

// Failed counts a try that was looked at and did not hold. Times must not go back.
func (m *Machine) Failed(t Try, now time.Time) Verdict {
	var v Verdict
	if countsAnywhere(t) {
		anywhere := m.addresses.get(t.From, now)
		v = anywhere.fail(now, freeTriesAnywhere)
		m.addresses.put(t.From, anywhere, now)
	}
	if t.Kind == Meeting {
		return v
	}
	besieged := t.Kind != Resume && m.besieged(t.Meeting, now)
	here := m.pairs.get(pairOf(t), now)
	local := here.fail(now, freeTries)
	if besieged {
		here.until = latest(here.until, now.Add(doubled(LockOut, here.failures-1)))
		local.Wait = here.until.Sub(now)
	}
	m.pairs.put(pairOf(t), here, now)
	if local.Wait >= v.Wait {
		return local
	}
	return v
}

// countsAnywhere tells whether a failure stands against the address at all meetings; a member's old ticket does not.
func countsAnywhere(t Try) bool { return t.Kind != Resume && !t.From.Addr().IsLoopback() }

// besieged counts a failure at a meeting and tells whether there are too many of all addresses.
func (m *Machine) besieged(meeting ident.MeetingID, now time.Time) bool {
	s := m.sieges.get(meeting, now)
	calm := now.Sub(s.at).Minutes() * calmPerMinute
	s.level = min(max(0, s.level-calm)+1, mostSiege)
	s.at = now
	m.sieges.put(meeting, s, now)
	return s.level >= siegeAt
}

// fail counts a failure; the first so many are free.
func (t *tally) fail(now time.Time, free int) Verdict {
	t.failures++
	v := Verdict{Failures: t.failures}
	if t.failures >= free {
		v.Wait = doubled(firstWait, t.failures-free)
		v.Locked = v.Wait >= LockOut
		t.until = latest(t.until, now.Add(v.Wait))
	}
	return v
}

// doubled is a wait doubled so many times, within the longest.
func doubled(wait time.Duration, times int) time.Duration {
	for range times {
		if wait *= 2; wait >= MaxLockOut {
			return MaxLockOut
		}
	}
	return wait
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func pairOf(t Try) pair { return pair{t.From, t.Meeting, t.Kind == Resume} }
