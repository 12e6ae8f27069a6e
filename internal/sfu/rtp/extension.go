package rtp

import "encoding/binary"

// MaxExtensions is the most that the two header extensions of PutExtensions add to a header.
const MaxExtensions = 4 + 2*(2+255) + 2

// PutExtensions gives the header that Put wrote up to two header extensions, in the one-byte form if both fit it, else
// in the two-byte form (RFC 8285 4.2, 4.3), which needs a=extmap-allow-mixed. It returns the header's size; dst has
// room for MaxExtensions more bytes. An extension with id 0, or that is empty or longer than 255 bytes, is left out.
func PutExtensions(dst []byte, firstID uint8, first []byte, secondID uint8, second []byte) int {
	firstID, secondID = usable(firstID, first), usable(secondID, second)
	if firstID == 0 && secondID == 0 {
		return HeaderSize
	}
	short := fitsOneByte(firstID, first) && fitsOneByte(secondID, second)
	at := HeaderSize + 4
	at += putOne(dst[at:], short, firstID, first)
	at += putOne(dst[at:], short, secondID, second)
	for at%4 != 0 {
		dst[at] = 0
		at++
	}
	dst[0] |= 0x10
	profile := uint16(twoByte)
	if short {
		profile = oneByte
	}
	binary.BigEndian.PutUint16(dst[HeaderSize:], profile)
	binary.BigEndian.PutUint16(dst[HeaderSize+2:], uint16(at-HeaderSize-4)/4)
	return at
}

func usable(id uint8, value []byte) uint8 {
	if len(value) == 0 || len(value) > 255 {
		return 0
	}
	return id
}

func fitsOneByte(id uint8, value []byte) bool {
	return id == 0 || id <= MaxOneByteID && len(value) <= 16
}

func putOne(dst []byte, short bool, id uint8, value []byte) int {
	switch {
	case id == 0:
		return 0
	case short:
		dst[0] = id<<4 | uint8(len(value)-1)
		return 1 + copy(dst[1:], value)
	}
	dst[0], dst[1] = id, uint8(len(value))
	return 2 + copy(dst[2:], value)
}
