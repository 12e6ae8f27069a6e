package statement

import "incamera/internal/ident"

// Seat is who holds a leaf, by its keys.
type Seat struct {
	Participant  ident.ParticipantID
	Device       [32]byte
	SignatureKey [32]byte // of the leaf
}

// SeatAt is a live leaf in its place.
type SeatAt struct {
	Index uint32
	Seat
}

// Spent is a KeyPackage reference that was used.
type Spent struct {
	Reference [32]byte
	Until     uint64 // when the KeyPackage dies, milliseconds since 1970
}

// Revived is what a device tells a server that restarted about its group (protocol/README.md section 6, revive).
type Revived struct {
	Policies   [][]byte // from sequence 1
	Admissions [][]byte // of all who are live or away
	Spent      []Spent
	Away       []Seat   // in the order of their going
	Time       uint64   // of the last commit, milliseconds since 1970
	Leaves     []SeatAt // by index
}

// Bounds of what a device may tell.
const (
	maxRevivedPolicies   = 512
	maxRevivedAdmissions = 1024 + 256
	maxRevivedSpent      = 1 << 15
	maxRevivedAway       = 256
	maxRevivedLeaves     = 1024
)

// ParseRevived reads the state of a revive. Nothing of it is checked but its form.
func ParseRevived(b []byte) (Revived, error) {
	c := cursor{rest: b}
	c.must(c.uint8() == 1)
	r := Revived{Policies: c.raws(maxRevivedPolicies), Admissions: c.raws(maxRevivedAdmissions)}
	spent := cursor{rest: c.vector4()}
	for n := 0; len(spent.rest) > 0 && !spent.bad; n++ {
		spent.must(n < maxRevivedSpent)
		r.Spent = append(r.Spent, Spent{spent.key(), spent.uint64()})
	}
	away := cursor{rest: c.vector4()}
	for n := 0; len(away.rest) > 0 && !away.bad; n++ {
		away.must(n < maxRevivedAway)
		r.Away = append(r.Away, away.seat())
	}
	r.Time = c.uint64()
	leaves := cursor{rest: c.vector4()}
	for n := 0; len(leaves.rest) > 0 && !leaves.bad; n++ {
		leaves.must(n < maxRevivedLeaves)
		r.Leaves = append(r.Leaves, SeatAt{leaves.uint32(), leaves.seat()})
	}
	c.must(!spent.bad && !away.bad && !leaves.bad)
	return r, c.done()
}

func (c *cursor) seat() Seat {
	var s Seat
	c.fill(s.Participant[:])
	s.Device, s.SignatureKey = c.key(), c.key()
	return s
}

// raws reads a <4> list of at most limit statements and gives their bytes.
func (c *cursor) raws(limit int) [][]byte {
	inner := cursor{rest: c.vector4()}
	var list [][]byte
	for len(inner.rest) > 0 && !inner.bad {
		from := inner.rest
		inner.statement()
		inner.must(len(list) < limit)
		list = append(list, inner.since(from))
	}
	c.must(!inner.bad)
	return list
}
