// Package rtcp reads and writes the reports and requests that go with media (RFC 3550 6, RFC 4585,
// RFC 5104, and the drafts for REMB and transport-wide feedback). It keeps no connection and reads
// no clock.
package rtcp

import "encoding/binary"

// Packet types (RFC 3550 12.1, RFC 4585 9).
const (
	typeSenderReport   = 200
	typeReceiverReport = 201
	typeDescription    = 202
	typeTransport      = 205
	typePayload        = 206
)

// Formats of feedback (RFC 4585 6.2, 6.3, RFC 5104 4.3, draft-holmer-rmcat-transport-wide-cc-extensions-01).
const (
	formatNack     = 1
	formatArrivals = 15
	formatPLI      = 1
	formatFIR      = 4
	formatApp      = 15
)

// Kind is what a packet of a compound is, of those that the server acts on.
type Kind uint8

// The kinds.
const (
	Other Kind = iota
	SenderReport
	Nack
	KeyFrame // a picture loss indication or a full intra request
)

// Packet is one packet of a compound.
type Packet struct {
	Kind  Kind
	Media uint32 // whom it is about: SSRC of the sender of a report, else of the media
	body  []byte // after the common header
}

// Next reads the first packet of a compound and gives the rest; false at the end or at the first fault.
func Next(b []byte) (p Packet, rest []byte, ok bool) {
	if len(b) < 4 || b[0]>>6 != 2 {
		return Packet{}, nil, false
	}
	size := 4 + 4*int(binary.BigEndian.Uint16(b[2:]))
	if size > len(b) {
		return Packet{}, nil, false
	}
	p.body = b[4:size]
	format := b[0] & 0x1f
	switch {
	case b[1] == typeSenderReport && len(p.body) >= 24:
		p.Kind, p.Media = SenderReport, binary.BigEndian.Uint32(p.body)
	case b[1] == typeTransport && format == formatNack && len(p.body) >= 12:
		p.Kind, p.Media = Nack, binary.BigEndian.Uint32(p.body[4:])
	case b[1] == typePayload && format == formatPLI && len(p.body) >= 8:
		p.Kind, p.Media = KeyFrame, binary.BigEndian.Uint32(p.body[4:])
	case b[1] == typePayload && format == formatFIR && len(p.body) >= 16:
		p.Kind, p.Media = KeyFrame, binary.BigEndian.Uint32(p.body[8:])
	}
	return p, b[size:], true
}

// Times gives the sender's wall clock in ns since 1970 and its RTP time out of a sender report.
func (p Packet) Times() (wall int64, ticks uint32) {
	return fromNTP(binary.BigEndian.Uint64(p.body[4:])), binary.BigEndian.Uint32(p.body[12:])
}

// Middle gives the middle 32 bits of a sender report's wall clock, for a later report block.
func (p Packet) Middle() uint32 { return uint32(binary.BigEndian.Uint64(p.body[4:]) >> 16) }

// Missing appends the sequence numbers that a Nack asks for, at most limit of them.
func (p Packet) Missing(dst []uint16, limit int) []uint16 {
	for b := p.body[8:]; len(b) >= 4 && limit > 0; b = b[4:] {
		seq, mask := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		dst = append(dst, seq)
		limit--
		for i := uint16(0); i < 16 && limit > 0; i++ {
			if mask&(1<<i) != 0 {
				dst = append(dst, seq+i+1)
				limit--
			}
		}
	}
	return dst
}

// epoch1900 is the seconds from 1900, where NTP begins, to 1970.
const epoch1900 = 2208988800

func fromNTP(n uint64) int64 {
	return (int64(n>>32)-epoch1900)*1e9 + int64((n&0xffffffff)*1e9>>32)
}

func toNTP(t int64) uint64 {
	return uint64(t/1e9+epoch1900)<<32 | uint64(t%1e9)<<32/1e9
}
