// Package rtp reads the headers of RTP packets (RFC 3550 5.1, RFC 8285). It copies nothing and knows no
// payloads.
package rtp

import "encoding/binary"

// HeaderSize is the fixed part of a header; ByteSize is what one header extension of a byte adds to it.
const (
	HeaderSize = 12
	ByteSize   = 8
)

// MaxOneByteID is the greatest id that a header extension of the one-byte form can have (RFC 8285 4.2).
const MaxOneByteID = 14

// Profiles of header extensions (RFC 8285 4.2, 4.3).
const (
	oneByte = 0xBEDE
	twoByte = 0x1000
)

// Header is the parsed front of a packet.
type Header struct {
	Time, SSRC uint32
	Seq        uint16
	Payload    uint8
	Marker     bool
	Padded     bool
	Size       int    // bytes before the payload
	extension  []byte // the extension's content; lies in the packet
	profile    uint16
}

// Is tells media from reports on the same port by the second byte (RFC 5761 4), given a first byte of 128 to 191.
func Is(b []byte) bool { return b[1] < 192 || b[1] > 223 }

// Parse reads a header; false for anything cut short or of another version.
func Parse(b []byte) (Header, bool) {
	if len(b) < HeaderSize || b[0]>>6 != 2 {
		return Header{}, false
	}
	h := Header{
		Payload: b[1] & 0x7f, Marker: b[1]&0x80 != 0, Padded: b[0]&0x20 != 0,
		Seq: binary.BigEndian.Uint16(b[2:]), Time: binary.BigEndian.Uint32(b[4:]), SSRC: binary.BigEndian.Uint32(b[8:]),
		Size: HeaderSize + 4*int(b[0]&0x0f),
	}
	if b[0]&0x10 != 0 {
		if len(b) < h.Size+4 {
			return Header{}, false
		}
		h.profile = binary.BigEndian.Uint16(b[h.Size:])
		words := int(binary.BigEndian.Uint16(b[h.Size+2:]))
		start := h.Size + 4
		h.Size = start + 4*words
		if len(b) < h.Size {
			return Header{}, false
		}
		h.extension = b[start:h.Size]
	}
	return h, len(b) >= h.Size
}

// Extension gives the header extension with the id, which lies in the packet that was parsed; nil if there is none.
func (h *Header) Extension(id uint8) []byte {
	switch {
	case id == 0:
	case h.profile == oneByte:
		return findOneByte(h.extension, id)
	case h.profile&0xfff0 == twoByte:
		return findTwoByte(h.extension, id)
	}
	return nil
}

func findOneByte(x []byte, id uint8) []byte {
	for len(x) > 0 {
		if x[0] == 0 { // padding
			x = x[1:]
			continue
		}
		size := int(x[0]&0x0f) + 1
		if x[0]>>4 == 15 || len(x) < 1+size {
			return nil
		}
		if x[0]>>4 == id {
			return x[1 : 1+size]
		}
		x = x[1+size:]
	}
	return nil
}

func findTwoByte(x []byte, id uint8) []byte {
	for len(x) > 1 {
		if x[0] == 0 {
			x = x[1:]
			continue
		}
		size := int(x[1])
		if len(x) < 2+size {
			return nil
		}
		if x[0] == id {
			return x[2 : 2+size]
		}
		x = x[2+size:]
	}
	return nil
}

// Unpad takes the padding off a decrypted payload; false if it claims more than there is.
func (h *Header) Unpad(payload []byte) ([]byte, bool) {
	if !h.Padded {
		return payload, true
	}
	if len(payload) == 0 {
		return nil, false
	}
	n := int(payload[len(payload)-1])
	if n == 0 || n > len(payload) {
		return nil, false
	}
	return payload[:len(payload)-n], true
}

// Put writes the 12 bytes of a header without extensions.
func Put(dst []byte, payload uint8, marker bool, seq uint16, time, ssrc uint32) {
	_ = dst[HeaderSize-1]
	dst[0], dst[1] = 0x80, payload
	if marker {
		dst[1] |= 0x80
	}
	binary.BigEndian.PutUint16(dst[2:], seq)
	binary.BigEndian.PutUint32(dst[4:], time)
	binary.BigEndian.PutUint32(dst[8:], ssrc)
}

// PutByte gives the header that Put wrote a header extension of one byte, in ByteSize more bytes (RFC 8285 4.2).
// The id is 1 to MaxOneByteID.
func PutByte(dst []byte, id, value uint8) {
	x := dst[HeaderSize : HeaderSize+ByteSize]
	dst[0] |= 0x10
	binary.BigEndian.PutUint16(x, oneByte)
	binary.BigEndian.PutUint16(x[2:], 1)
	x[4], x[5], x[6], x[7] = id<<4, value, 0, 0
}
