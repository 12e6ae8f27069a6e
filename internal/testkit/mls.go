package testkit

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"incamera/internal/statement"
)

// vector writes a vector with MLS's variable size (RFC 9420 2.1.2).
func vector(b, v []byte) []byte {
	switch n := len(v); {
	case n < 1<<6:
		b = append(b, byte(n))
	case n < 1<<14:
		b = append(b, 0x40|byte(n>>8), byte(n))
	default:
		b = append(b, 0x80|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, v...)
}

func noise(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// KeyPackage is a KeyPackage in form (RFC 9420 10), good for an hour; keys and MLS signatures are noise.
func KeyPackage(leafKey [32]byte, identity []byte, now time.Time) []byte {
	b := []byte{0, 1, 0, 1}
	b = vector(b, noise(32)) // init key
	b = vector(b, noise(32)) // encryption key
	b = vector(b, leafKey[:])
	b = vector(append(b, 0, 1), identity)
	for _, capability := range [][]byte{{0, 1}, {0, 1}, {0xf1, 0xca, 0xf1, 0xcb}, nil, {0, 1}} {
		b = vector(b, capability)
	}
	b = append(b, 1)
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(-time.Hour).Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(now.Add(time.Hour).Unix()))
	b = vector(b, nil)
	b = vector(b, noise(64))
	b = vector(b, nil)
	return vector(b, noise(64))
}

// PublicMessage is a commit's header with noise for content (RFC 9420 6.2).
func PublicMessage(group statement.GroupID, epoch uint64, leaf uint32) []byte {
	b := vector([]byte{0, 1, 0, 1}, group[:])
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = binary.BigEndian.AppendUint32(append(b, 1), leaf)
	b = vector(b, noise(16))
	return append(append(b, byte(statement.Commit)), noise(40)...)
}

// PrivateMessage is an application message's header with noise for ciphertext (RFC 9420 6.3).
func PrivateMessage(group statement.GroupID, epoch uint64) []byte {
	b := vector([]byte{0, 1, 0, 2}, group[:])
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = vector(append(b, byte(statement.Application)), nil)
	b = vector(b, noise(28))
	return vector(b, noise(80))
}
