package statement

import (
	"bytes"
	"encoding/binary"
	"math"
)

// cursor reads big-endian TLS presentation language; the first read that does not fit makes all later ones zero.
type cursor struct {
	rest []byte
	bad  bool
}

// take gives the next n bytes, not copied, or nil.
func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.rest) {
		c.bad = true
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) fill(to []byte) { copy(to, c.take(len(to))) }

func (c *cursor) key() (k [32]byte) {
	c.fill(k[:])
	return k
}

func (c *cursor) uint8() uint8 {
	var b [1]byte
	c.fill(b[:])
	return b[0]
}

func (c *cursor) uint16() uint16 {
	var b [2]byte
	c.fill(b[:])
	return binary.BigEndian.Uint16(b[:])
}

func (c *cursor) uint32() uint32 {
	var b [4]byte
	c.fill(b[:])
	return binary.BigEndian.Uint32(b[:])
}

func (c *cursor) uint64() uint64 {
	var b [8]byte
	c.fill(b[:])
	return binary.BigEndian.Uint64(b[:])
}

// below reads a byte that must be less than limit.
func (c *cursor) below(limit uint8) uint8 {
	v := c.uint8()
	c.must(v < limit)
	return v
}

func (c *cursor) vector1() []byte { return c.take(int(c.uint8())) }

func (c *cursor) vector2() []byte { return c.take(int(c.uint16())) }

func (c *cursor) vector4() []byte {
	n := c.uint32()
	if n > math.MaxInt32 {
		c.bad = true
		return nil
	}
	return c.take(int(n))
}

// variable reads a vector whose length has MLS's variable size (RFC 9420 2.1.2): the shortest form only.
func (c *cursor) variable() []byte {
	first := c.uint8()
	n := int(first & 0x3f)
	switch first >> 6 {
	case 1:
		n = n<<8 | int(c.uint8())
		c.must(n >= 1<<6)
	case 2:
		n = n<<24 | int(c.uint8())<<16 | int(c.uint16())
		c.must(n >= 1<<14)
	case 3:
		c.bad = true
	}
	return c.take(n)
}

// keys reads a <2> list of at most limit 32-byte keys that rises strictly in byte order.
func (c *cursor) keys(limit int) [][32]byte {
	inner := cursor{rest: c.vector2()}
	var list [][32]byte
	for len(inner.rest) > 0 && !inner.bad {
		k := inner.key()
		n := len(list)
		inner.must(n < limit && (n == 0 || bytes.Compare(list[n-1][:], k[:]) < 0))
		list = append(list, k)
	}
	c.must(!inner.bad)
	return list
}

func (c *cursor) statement() Statement {
	s := Statement{Kind: Kind(c.vector1())}
	_, known := grouped[s.Kind]
	c.must(known)
	c.fill(s.Signer[:])
	s.Body = c.vector2()
	c.fill(s.Signature[:])
	return s
}

// since gives what was read after rest was from; nothing once something did not fit.
func (c *cursor) since(from []byte) []byte {
	if c.bad {
		return nil
	}
	n := len(from) - len(c.rest)
	return from[:n:n]
}

func (c *cursor) must(ok bool) { c.bad = c.bad || !ok }

// done is ErrForm unless everything fitted and nothing is left.
func (c *cursor) done() error {
	if c.bad || len(c.rest) != 0 {
		return ErrForm
	}
	return nil
}

// appendVector appends a <2> vector; longer ones are a fault of the caller.
func appendVector(b, v []byte) []byte {
	if len(v) > math.MaxUint16 {
		panic("statement: vector too long to be written")
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
}
