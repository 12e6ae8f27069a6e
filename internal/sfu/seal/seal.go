// Package seal protects and opens media packets: SRTP with AES-GCM by its own hand (RFC 7714),
// because a packet for a hundred receivers is sealed a hundred times, and SRTCP and AES_CM peers
// through pion/srtp. It is not for end-to-end encryption, which the server cannot undo.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"

	"github.com/pion/srtp/v3"
)

// Profile is a DTLS-SRTP protection profile (RFC 5764 4.1.2, RFC 7714 14.2).
type Profile = srtp.ProtectionProfile

// The profiles taken, best first.
const (
	AES128GCM = srtp.ProtectionProfileAeadAes128Gcm
	AES256GCM = srtp.ProtectionProfileAeadAes256Gcm
	AES128CM  = srtp.ProtectionProfileAes128CmHmacSha1_80
)

// Errors of opening. They carry nothing of the packet.
var (
	ErrReplay = errors.New("seal: seen before, or too old to tell")
	ErrForged = errors.New("seal: not authentic")
	ErrFull   = errors.New("seal: too many sources")
	ErrShort  = errors.New("seal: too short")
)

// Overhead is the most that sealing adds to a media packet, in bytes.
const Overhead = 16

// counterTag is the tag of AES_CM peers (RFC 5764 4.1.2).
const counterTag = 10

// Labels of the key derivation (RFC 3711 4.3.2).
const (
	labelKey  = 0
	labelSalt = 2
)

// derive is the key derivation function with a derivation rate of zero (RFC 3711 4.3.3).
func derive(label byte, key, salt []byte, n int) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	var in [aes.BlockSize]byte
	copy(in[:14], salt)
	in[7] ^= label
	out := make([]byte, (n+aes.BlockSize-1)/aes.BlockSize*aes.BlockSize)
	for i := 0; i < len(out); i += aes.BlockSize {
		in[15] = byte(i / aes.BlockSize)
		block.Encrypt(out[i:], in[:])
	}
	return out[:n], nil
}

// gcm is AEAD_AES_GCM for one direction of one connection.
type gcm struct {
	aead cipher.AEAD
	salt [12]byte
	iv   [12]byte
}

func newGCM(key, salt []byte) (*gcm, error) {
	session, err := derive(labelKey, key, salt, len(key))
	if err != nil {
		return nil, err
	}
	defer clear(session)
	block, err := aes.NewCipher(session)
	if err != nil {
		return nil, err
	}
	g := &gcm{}
	if g.aead, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	sessionSalt, err := derive(labelSalt, key, salt, len(g.salt))
	if err != nil {
		return nil, err
	}
	copy(g.salt[:], sessionSalt)
	clear(sessionSalt)
	return g, nil
}

// nonce is RFC 7714 8.1: two zero bytes, SSRC, rollover counter and sequence number, over the salt.
func (g *gcm) nonce(ssrc uint32, index int64) []byte {
	binary.BigEndian.PutUint16(g.iv[0:], 0)
	binary.BigEndian.PutUint32(g.iv[2:], ssrc)
	binary.BigEndian.PutUint16(g.iv[6:], uint16(index>>32))
	binary.BigEndian.PutUint32(g.iv[8:], uint32(index))
	for i := range g.iv {
		g.iv[i] ^= g.salt[i]
	}
	return g.iv[:]
}

func (g *gcm) wipe() {
	g.aead = nil
	clear(g.salt[:])
	clear(g.iv[:])
}

func isGCM(p Profile) bool { return p == AES128GCM || p == AES256GCM }
