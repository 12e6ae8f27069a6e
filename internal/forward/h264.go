package forward

// Types of units in a payload (RFC 6184 5.2).
const (
	h264Parameters = 7  // sequence parameter set: stands before every key frame of a sender that talks to browsers
	h264Together   = 24 // several units in one packet
	h264Fragment   = 28
)

// h264Key tells whether a packet begins a key frame: it holds a sequence parameter set, whole or the beginning
// of one. Parameter sets stay clear of end-to-end encryption.
func h264Key(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	switch b[0] & 0x1f {
	case h264Parameters:
		return true
	case h264Fragment:
		return b[1]&0x80 != 0 && b[1]&0x1f == h264Parameters
	case h264Together:
		for b = b[1:]; len(b) > 2; {
			size := int(b[0])<<8 | int(b[1])
			if size == 0 || len(b) < 2+size {
				return false
			}
			if b[2]&0x1f == h264Parameters {
				return true
			}
			b = b[2+size:]
		}
	}
	return false
}

// av1Key tells whether a packet begins a coded video sequence: the N bit of its aggregation header, on a packet
// that does not go on with the unit of the one before (AV1 RTP specification 4.4).
func av1Key(b []byte) bool { return len(b) > 1 && b[0]&0x88 == 0x08 }
