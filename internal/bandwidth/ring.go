package bandwidth

// ringSize is how many sent packets are remembered: a second at 10 Mbit/s. Full means: the oldest are forgotten,
// and feedback on them is ignored.
const ringSize = 1024

// state is what is known of a packet.
type state uint8

const (
	unsent state = iota
	flying
	lost
	presumed // its report was lost
	acknowledged
)

// packet is one sent packet, kept small: there are a thousand for each receiver.
type packet struct {
	micros uint32 // when it was sent, wrapping
	size   uint16
	state  state
}

// ring remembers what was sent. Numbers begin above 1<<16, so that none is negative.
type ring struct {
	packets [ringSize]packet
	newest  int64
	told    int64 // newest that a report spoke of
	last    int64 // ns, when newest was sent
}

// put notes a packet and gives its unwrapped number. A number that is not newer than the last starts the ring anew.
func (r *ring) put(seq uint16, size int, now int64) int64 {
	n := r.newest + int64(int16(seq-uint16(r.newest)))
	if r.newest == 0 || n <= r.newest || n > r.newest+ringSize {
		n = (max(r.newest, 1<<16)>>16+1)<<16 + int64(seq)
		r.packets, r.told = [ringSize]packet{}, 0
	}
	for i := max(r.newest+1, n-ringSize+1); i < n; i++ {
		r.packets[i%ringSize] = packet{} // numbers that were left out
	}
	r.packets[n%ringSize] = packet{uint32(now / 1000), uint16(min(max(size, 0), 1<<16-1)), flying}
	r.newest, r.last = n, now
	return n
}

// at is the place of a number.
func (r *ring) at(n int64) *packet { return &r.packets[n%ringSize] }

// find gives a packet by its number on the wire, nil if it is not remembered.
func (r *ring) find(seq uint16) (int64, *packet) {
	n := r.newest + int64(int16(seq-uint16(r.newest)))
	if r.newest == 0 || n > r.newest || n <= r.newest-ringSize {
		return 0, nil
	}
	if p := r.at(n); p.state != unsent {
		return n, p
	}
	return 0, nil
}

// time is when a packet was sent, in ns.
func (r *ring) time(p *packet) int64 {
	return r.last/1000*1000 - int64(uint32(r.last/1000)-p.micros)*1000
}

// idle tells that every packet was reported.
func (r *ring) idle() bool { return r.newest == r.told || r.newest == 0 }
