package forward

import "encoding/binary"

// Picture is what a VP8 payload descriptor says (RFC 7741 4.2): where its running numbers lie and what they are.
type Picture struct {
	ID     uint16 // picture id, 7 or 15 bits
	Layer  uint8  // TL0PICIDX
	IDAt   uint8  // offset of the picture id in the payload; 0: there is none
	LayAt  uint8  // offset of TL0PICIDX; 0: there is none
	Size   uint8  // bytes of the descriptor; 0: no descriptor was read
	Wide   bool   // the picture id has 15 bits
	Begins bool   // the packet is the first of its frame
}

// ParseVP8 reads the descriptor at the head of a VP8 payload; false means that it is cut short.
func ParseVP8(payload []byte) (Picture, bool) {
	var p Picture
	if len(payload) == 0 {
		return p, false
	}
	p.Begins = payload[0]&0x10 != 0 && payload[0]&0x0f == 0
	p.Size = 1
	if payload[0]&0x80 == 0 {
		return p, true
	}
	if len(payload) < 2 {
		return Picture{}, false
	}
	flags := payload[1]
	p.Size = 2
	if flags&0x80 != 0 {
		if !p.readID(payload) {
			return Picture{}, false
		}
	}
	if flags&0x40 != 0 {
		if len(payload) <= int(p.Size) {
			return Picture{}, false
		}
		p.LayAt, p.Layer = p.Size, payload[p.Size]
		p.Size++
	}
	if flags&0x30 != 0 {
		p.Size++
	}
	if len(payload) < int(p.Size) {
		return Picture{}, false
	}
	return p, true
}

func (p *Picture) readID(payload []byte) bool {
	if len(payload) < 3 {
		return false
	}
	p.IDAt = 2
	if payload[2]&0x80 == 0 {
		p.ID, p.Size = uint16(payload[2]), 3
		return true
	}
	if len(payload) < 4 {
		return false
	}
	p.Wide = true
	p.ID, p.Size = binary.BigEndian.Uint16(payload[2:])&0x7fff, 4
	return true
}

// Key tells whether the payload begins a key frame: the P bit, in the first byte that stays clear of
// end-to-end encryption, is zero (RFC 7741 4.3).
func (p Picture) Key(payload []byte) bool {
	return p.Begins && len(payload) > int(p.Size) && payload[p.Size]&1 == 0
}

// Put writes the running numbers into a payload that has this descriptor.
func (p Picture) Put(payload []byte) {
	if p.IDAt != 0 {
		if p.Wide {
			binary.BigEndian.PutUint16(payload[p.IDAt:], 0x8000|p.ID)
		} else {
			payload[p.IDAt] = byte(p.ID & 0x7f)
		}
	}
	if p.LayAt != 0 {
		payload[p.LayAt] = p.Layer
	}
}

// idMask is the range of the picture id.
func (p Picture) idMask() uint16 { return 1<<p.idBits() - 1 }

func (p Picture) idBits() uint {
	if p.Wide {
		return 15
	}
	return 7
}

// vp8Rate reads the temporal layer out of a descriptor that ParseVP8 took, and whether its frame refers to none but
// the lowest (RFC 7741 4.2); false if the sender does not say.
func vp8Rate(payload []byte) (rate uint8, sync, ok bool) {
	if payload[0]&0x80 == 0 || payload[1]&0x20 == 0 {
		return 0, false, false
	}
	at := 2
	if payload[1]&0x80 != 0 {
		at += 1 + int(payload[2]>>7)
	}
	if payload[1]&0x40 != 0 {
		at++
	}
	return payload[at] >> 6, payload[at]&0x20 != 0, true
}
