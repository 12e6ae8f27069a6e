package rtcp

import (
	"encoding/binary"
	"math/bits"
)

// MaxBlocks is the most report blocks of one receiver report.
const MaxBlocks = 31

// Block is what a receiver report says about one source (RFC 3550 6.4.1).
type Block struct {
	SSRC     uint32
	Fraction uint8  // lost since the last report, in 256ths
	Lost     uint32 // cumulative, 24 bits
	Highest  uint32 // sequence number with its rollovers
	Jitter   uint32 // in ticks
	Last     uint32 // middle of the last sender report's wall clock
	Delay    uint32 // since that report, in 65,536ths of a second
}

func appendHeader(dst []byte, format, kind uint8, words int) []byte {
	dst = append(dst, 0x80|format, kind)
	return binary.BigEndian.AppendUint16(dst, uint16(words))
}

func appendWords(dst []byte, words ...uint32) []byte {
	for _, w := range words {
		dst = binary.BigEndian.AppendUint32(dst, w)
	}
	return dst
}

// AppendSenderReport appends a report of what we send, wall in ns since 1970 (RFC 3550 6.4.1).
func AppendSenderReport(dst []byte, ssrc uint32, wall int64, ticks, packets, octets uint32) []byte {
	ntp := toNTP(wall)
	dst = appendHeader(dst, 0, typeSenderReport, 6)
	return appendWords(dst, ssrc, uint32(ntp>>32), uint32(ntp), ticks, packets, octets)
}

// AppendName appends the canonical name of a source, at most 200 bytes (RFC 3550 6.5.1).
func AppendName(dst []byte, ssrc uint32, name string) []byte {
	item := 2 + len(name)
	words := 2 + item/4 // the list of items ends with one to four zero bytes
	dst = appendHeader(dst, 1, typeDescription, words)
	dst = appendWords(dst, ssrc)
	dst = append(dst, 1, byte(len(name)))
	dst = append(dst, name...)
	for i := item; i < (item/4+1)*4; i++ {
		dst = append(dst, 0)
	}
	return dst
}

// AppendReceiverReport appends a report of what we receive, at most MaxBlocks blocks.
func AppendReceiverReport(dst []byte, ssrc uint32, blocks []Block) []byte {
	dst = appendHeader(dst, uint8(len(blocks)), typeReceiverReport, 1+6*len(blocks))
	dst = appendWords(dst, ssrc)
	for i := range blocks {
		b := &blocks[i]
		dst = appendWords(dst, b.SSRC, uint32(b.Fraction)<<24|b.Lost&0xffffff, b.Highest, b.Jitter, b.Last, b.Delay)
	}
	return dst
}

// AppendPLI appends a request for a key frame (RFC 4585 6.3.1).
func AppendPLI(dst []byte, ssrc, media uint32) []byte {
	return appendWords(appendHeader(dst, formatPLI, typePayload, 2), ssrc, media)
}

// AppendNack appends a request for missing packets, which must be in order (RFC 4585 6.2.1).
func AppendNack(dst []byte, ssrc, media uint32, missing []uint16) []byte {
	at := len(dst)
	dst = appendWords(appendHeader(dst, formatNack, typeTransport, 2), ssrc, media)
	for i := 0; i < len(missing); {
		first, mask := missing[i], uint16(0)
		for i++; i < len(missing) && missing[i]-first-1 < 16; i++ {
			mask |= 1 << (missing[i] - first - 1)
		}
		dst = appendWords(dst, uint32(first)<<16|uint32(mask))
	}
	binary.BigEndian.PutUint16(dst[at+2:], uint16((len(dst)-at)/4-1))
	return dst
}

// AppendREMB appends the most that we want to receive of a source, in bits a second
// (draft-alvestrand-rmcat-remb-03 2.2).
func AppendREMB(dst []byte, ssrc uint32, rate uint64, media uint32) []byte {
	shift := max(0, bits.Len64(rate)-18)
	dst = appendWords(appendHeader(dst, formatApp, typePayload, 5), ssrc, 0)
	dst = append(dst, "REMB"...)
	return appendWords(dst, 1<<24|uint32(shift)<<18|uint32(rate>>shift), media)
}
