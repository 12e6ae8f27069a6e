package seal

import (
	"encoding/binary"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// maxSources bounds the SSRCs that one connection may send under: two media, their repair, and replacements.
// Full means: packets of further sources are dropped.
const maxSources = 32

// replayWindow is how many packets back a late one is still taken.
const replayWindow = 1024

// reportWindow is the same for reports (RFC 3711 3.3.2).
const reportWindow = 128

// Opener opens what one connection sends. One goroutine owns it.
type Opener struct {
	gcm     *gcm
	counter *srtp.Context
	reports *srtp.Context
	header  rtp.Header
	seen    map[uint32]*window
	senders map[uint32]struct{} // of reports
}

// window is the packet index and replay list of one source (RFC 3711 3.3.1, 3.3.2).
type window struct {
	newest int64
	seen   [replayWindow / 64]uint64
}

// NewOpener takes the master key and salt of the peer's direction; the caller may wipe them afterwards.
func NewOpener(profile Profile, key, salt []byte) (*Opener, error) {
	o := &Opener{seen: map[uint32]*window{}, senders: map[uint32]struct{}{}}
	var err error
	if o.reports, err = srtp.CreateContext(key, salt, profile, srtp.SRTCPReplayProtection(reportWindow)); err != nil {
		return nil, err
	}
	if isGCM(profile) {
		o.gcm, err = newGCM(key, salt)
	} else {
		o.counter, err = srtp.CreateContext(key, salt, profile)
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

// Open checks and decrypts a packet in place. size is the length of its header with CSRCs and extension, which the
// caller has parsed. It returns the payload, which lies in packet, and the packet's index.
func (o *Opener) Open(packet []byte, size int) (payload []byte, index int64, err error) {
	if len(packet) < size+Overhead && o.gcm != nil || len(packet) < size {
		return nil, 0, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(packet[8:])
	seq := binary.BigEndian.Uint16(packet[2:])
	w := o.seen[ssrc]
	if w == nil {
		if len(o.seen) >= maxSources {
			return nil, 0, ErrFull
		}
		index = int64(seq)
	} else if index = w.estimate(seq); index < 0 || w.has(index) {
		return nil, 0, ErrReplay
	}
	if payload, err = o.decrypt(packet, size, ssrc, index); err != nil {
		return nil, 0, ErrForged
	}
	if w == nil {
		w = &window{newest: index}
		o.seen[ssrc] = w
	}
	w.mark(index)
	return payload, index, nil
}

func (o *Opener) decrypt(packet []byte, size int, ssrc uint32, index int64) ([]byte, error) {
	if o.gcm != nil {
		return o.gcm.aead.Open(packet[size:size], o.gcm.nonce(ssrc, index), packet[size:], packet[:size])
	}
	out, err := o.counter.DecryptRTP(packet[:0:len(packet)], packet, &o.header)
	if err != nil || len(out) < size {
		return nil, ErrForged
	}
	return out[size:], nil
}

// OpenReports opens a compound of RTCP packets; replays are refused.
func (o *Opener) OpenReports(packet []byte) ([]byte, error) {
	if len(packet) < 8 {
		return nil, ErrShort
	}
	ssrc := binary.BigEndian.Uint32(packet[4:])
	_, known := o.senders[ssrc]
	if !known && len(o.senders) >= maxSources {
		return nil, ErrFull
	}
	out, err := o.reports.DecryptRTCP(nil, packet, nil)
	if err != nil {
		return nil, ErrForged
	}
	if !known {
		o.senders[ssrc] = struct{}{}
	}
	return out, nil
}

// Wipe forgets the keys; the Opener is not used afterwards.
func (o *Opener) Wipe() {
	if o.gcm != nil {
		o.gcm.wipe()
	}
	*o = Opener{}
}

// estimate guesses the index of a sequence number: the one nearest to the newest.
func (w *window) estimate(seq uint16) int64 {
	return w.newest + int64(int16(seq-uint16(w.newest)))
}

func (w *window) has(index int64) bool {
	if index > w.newest {
		return false
	}
	return w.newest-index >= replayWindow || w.seen[index/64%(replayWindow/64)]&(1<<(index%64)) != 0
}

func (w *window) mark(index int64) {
	for i := max(w.newest+1, index-replayWindow+1); i <= index; i++ {
		w.seen[i/64%(replayWindow/64)] &^= 1 << (i % 64)
	}
	w.newest = max(w.newest, index)
	w.seen[index/64%(replayWindow/64)] |= 1 << (index % 64)
}
