// Package guard counts what can be guessed at the door and says who has to wait: wrong codes, knocks that are not whole, and meetings that
// do not exist. It is a pure machine. It is not for how often somebody may ask (gate's pacers), not for who may enter (lobby), and not for
// host proofs and tickets: nobody guesses 256 bits, and whoever shares an address with a guesser must still come back.
package guard

import (
	"net/netip"
	"time"

	"incamera/internal/ident"
)

// What an address may fail at one meeting: some slips, for it may be a whole office's, then each failure doubles the lock-out. That makes
// at most eight tries in the first minute and under one a minute later. The right code is held up by a lock-out only.
const (
	freeTries  = 8
	LockOut    = time.Minute      // the first one
	MaxLockOut = 15 * time.Minute // no wait is longer
)

// How many meetings that do not exist an address may ask for.
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

// nobodysWait is between two tries of those without an address of their own while they besiege a meeting.
const nobodysWait = time.Minute / calmPerMinute

// Kind is what somebody tries.
type Kind uint8

// The kinds.
const (
	Code    Kind = iota // the proof of the access code
	Knock               // a knock that is not whole
	Meeting             // the address of a meeting that does not exist
)

// Try is somebody's try at a meeting. Meeting counts for no meeting.
type Try struct {
	From    netip.Prefix // one IPv4 address or one IPv6 /64; the zero value is nobody's, such as a proxy's that may speak for everybody
	Meeting ident.MeetingID
	Kind    Kind
}

// Verdict is what a failure leads to.
type Verdict struct {
	Failures int           // that stand against the address
	Wait     time.Duration // until the next try is looked at
	Locked   bool          // the address has earned a lock-out by itself, not only because others besiege the meeting
}

// pair is an address at one meeting.
type pair struct {
	from    netip.Prefix
	meeting ident.MeetingID
}

// Machine is the guard of one server. One owner at a time.
type Machine struct {
	pairs     *table[pair, tally]
	addresses *table[netip.Prefix, tally]
	sieges    *table[ident.MeetingID, siege]
	nobodys   *table[ident.MeetingID, siege] // by those without an address of their own
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
		nobodys:   newTable[ident.MeetingID, siege](MostMeetings),
	}
}

// Wait is how long a try has to wait before it is looked at; zero is now. Who has to wait is not counted anew. An address that has not failed
// within Forget never waits.
func (m *Machine) Wait(t Try, now time.Time) time.Duration {
	var until time.Time
	switch {
	case t.Kind == Meeting:
		until = m.addresses.get(t.From, now).until
	case t.From.IsValid():
		until = m.pairs.get(pairOf(t), now).until
	default:
		if s := m.nobodys.get(t.Meeting, now); s.levelAt(now) >= siegeAt {
			until = s.at.Add(nobodysWait)
		}
	}
	return max(until.Sub(now), 0)
}

// Failed counts a try that was looked at and did not hold. Times must not go back.
func (m *Machine) Failed(t Try, now time.Time) Verdict {
	switch {
	case t.Kind == Meeting && !t.From.IsValid():
		return Verdict{} // there is no meeting to protect
	case t.Kind == Meeting:
		anywhere := m.addresses.get(t.From, now)
		v := anywhere.fail(now, freeTriesAnywhere)
		m.addresses.put(t.From, anywhere, now)
		return v
	case !t.From.IsValid():
		count(m.nobodys, t.Meeting, now)
		return Verdict{Wait: m.Wait(t, now)}
	}
	besieged := count(m.sieges, t.Meeting, now) >= siegeAt
	here := m.pairs.get(pairOf(t), now)
	v := here.fail(now, freeTries)
	if besieged {
		here.until = latest(here.until, now.Add(doubled(LockOut, here.failures-1)))
		v.Wait = here.until.Sub(now)
	}
	m.pairs.put(pairOf(t), here, now)
	return v
}

// count counts a failure at a meeting and gives the level of the siege.
func count(sieges *table[ident.MeetingID, siege], meeting ident.MeetingID, now time.Time) float64 {
	s := sieges.get(meeting, now)
	s = siege{level: min(s.levelAt(now)+1, mostSiege), at: now}
	sieges.put(meeting, s, now)
	return s.level
}

func (s siege) levelAt(now time.Time) float64 {
	return max(0, s.level-now.Sub(s.at).Minutes()*calmPerMinute)
}

// fail counts a failure; the last free one earns the first lock-out.
func (t *tally) fail(now time.Time, free int) Verdict {
	t.failures++
	v := Verdict{Failures: t.failures}
	if t.failures >= free {
		v.Wait = doubled(LockOut, t.failures-free)
		v.Locked = true
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

func pairOf(t Try) pair { return pair{t.From, t.Meeting} }
