package sfu

import "incamera/internal/forward"

// Size of a video's memory for retransmissions: 0.8 s of 2.5 Mbit/s. Full means: the oldest are forgotten.
const (
	historyBytes   = 224 << 10
	historyPackets = 512
)

// history keeps the last packets of a video as they came, for those who lost them. The zero value is empty
// and takes its memory with the first packet.
type history struct {
	bytes   []byte
	entries []remembered
	end     int64 // bytes ever written
}

// remembered is one packet.
type remembered struct {
	packet forward.Packet
	at     int64 // where it begins, in bytes ever written
	size   int
	marker bool
}

// put remembers a packet. Payloads longer than a datagram do not exist.
func (h *history) put(p *forward.Packet, payload []byte, marker bool) {
	if h.bytes == nil {
		h.bytes, h.entries = make([]byte, historyBytes), make([]remembered, historyPackets)
	}
	at := h.end
	if room := historyBytes - at%historyBytes; int64(len(payload)) > room {
		at += room // no packet lies over the seam
	}
	copy(h.bytes[at%historyBytes:], payload)
	h.entries[p.Index%historyPackets] = remembered{*p, at, len(payload), marker}
	h.end = at + int64(len(payload))
}

// get finds a packet by its index, nil if it was forgotten or never came.
func (h *history) get(index int64) (*remembered, []byte) {
	if h.bytes == nil || index < 0 {
		return nil, nil
	}
	e := &h.entries[index%historyPackets]
	if e.packet.Index != index || e.size == 0 || h.end-e.at > historyBytes {
		return nil, nil
	}
	at := e.at % historyBytes
	return e, h.bytes[at : at+int64(e.size)]
}

func (h *history) wipe() {
	clear(h.bytes)
	*h = history{}
}
