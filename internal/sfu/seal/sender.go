package seal

import (
	"encoding/binary"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Sender seals everything that one connection is sent: media, repair and reports, so that no number is
// used twice under its key. One goroutine owns it.
type Sender struct {
	gcm     *gcm          // nil for AES_CM peers
	counter *srtp.Context // nil for GCM peers
	reports *srtp.Context
	header  rtp.Header
}

// NewSender takes the master key and salt of our direction; the caller may wipe them afterwards.
func NewSender(profile Profile, key, salt []byte) (*Sender, error) {
	s := &Sender{}
	var err error
	if s.reports, err = srtp.CreateContext(key, salt, profile); err != nil {
		return nil, err
	}
	if isGCM(profile) {
		s.gcm, err = newGCM(key, salt)
	} else {
		s.counter, err = srtp.CreateContext(key, salt, profile)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Seal appends to dst the protected form of a packet: header is whole, with the low 16 bits of index as
// its sequence number; its extensions stay in clear and are authenticated. The caller never gives the same ssrc and index twice, and room for Overhead in
// dst's capacity. Payload may already lie in dst's spare room behind the header. On error dst is returned as it was.
func (s *Sender) Seal(dst, header, payload []byte, index int64) ([]byte, error) {
	start := len(dst)
	dst = append(dst, header...)
	if s.gcm != nil {
		ssrc := binary.BigEndian.Uint32(header[8:])
		return s.gcm.aead.Seal(dst, s.gcm.nonce(ssrc, index), payload, dst[start:]), nil
	}
	dst = append(dst, payload...)
	plain := dst[start:]
	out, err := s.counter.EncryptRTP(plain[:0:cap(plain)], plain, &s.header)
	if err != nil {
		return dst[:start], err
	}
	return append(dst[:start], out...), nil
}

// SealReports appends the protected form of a compound of RTCP packets.
func (s *Sender) SealReports(dst, plain []byte) ([]byte, error) {
	out, err := s.reports.EncryptRTCP(nil, plain, nil)
	if err != nil {
		return dst, err
	}
	return append(dst, out...), nil
}

// Wipe forgets the keys; the Sender is not used afterwards.
func (s *Sender) Wipe() {
	if s.gcm != nil {
		s.gcm.wipe()
	}
	*s = Sender{}
}

// Overhead is what Seal adds to header and payload, in bytes.
func (s *Sender) Overhead() int {
	if s.gcm != nil {
		return Overhead
	}
	return counterTag
}
