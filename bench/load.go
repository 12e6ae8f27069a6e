package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/pion/rtp"
	"golang.org/x/sys/unix"

	"incamera/internal/sfu/client"
	"incamera/internal/sfu/rtcp"
)

// The publisher's load.
const (
	videoRate = 260 // packets a second
	frameRate = 30
	videoSize = 1200
	audioRate = 50
	audioSize = 100
)

// readBatch is the packets that a receiver takes at once; headSize is what it looks at of each.
const (
	readBatch = 32
	headSize  = 64
)

// load is a publisher and its receivers.
type load struct {
	publisher *client.Client
	receivers []*receiver
	sent      error
}

// receiver counts what comes, by stream; two of them open every packet and compare it.
type receiver struct {
	c       *client.Client
	opens   bool
	streams [2]counter // sound, picture
	opened  atomic.Uint64
	bad     atomic.Pointer[string]
}

// counter follows one stream's sequence numbers.
type counter struct {
	ssrc    uint32
	got     atomic.Uint64
	first   atomic.Int64
	highest atomic.Int64
	started bool // the reader's
}

func newReceiver(c *client.Client, opens bool) *receiver {
	r := &receiver{c: c, opens: opens}
	audio, video := c.Slot(0)
	r.streams[0].ssrc, r.streams[1].ssrc = audio.SSRC, video.SSRC
	return r
}

// start begins everything; the returned function waits for the end.
func (l *load) start(ctx context.Context) func() {
	var all sync.WaitGroup
	for _, r := range l.receivers {
		all.Go(r.read)
	}
	all.Go(func() { l.sent = l.publish(ctx) })
	all.Go(func() { l.consent(ctx) })
	return all.Wait
}

// publish sends frames in bursts and sound in between, and a sender report a second.
func (l *load) publish(ctx context.Context) error {
	video := time.NewTicker(time.Second / frameRate)
	audio := time.NewTicker(time.Second / audioRate)
	report := time.NewTicker(time.Second)
	defer video.Stop()
	defer audio.Stop()
	defer report.Stop()
	f := &footage{c: l.publisher}
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-video.C:
			err = f.frame()
		case <-audio.C:
			err = f.sound()
		case <-report.C:
			err = l.publisher.SendReports(rtcp.AppendSenderReport(nil, videoSSRC, time.Now().UnixNano(), f.ticks, uint32(f.packets), 0))
		}
		if err != nil {
			return err
		}
	}
}

// consent keeps every connection alive, and reports as receivers do.
func (l *load) consent(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			for _, r := range l.receivers {
				r.c.Conn.Close()
			}
			return
		case <-tick.C:
			for _, r := range l.receivers {
				b := rtcp.Block{SSRC: r.streams[1].ssrc, Highest: uint32(r.streams[1].highest.Load())}
				_ = r.c.SendReports(rtcp.AppendReceiverReport(nil, 1, []rtcp.Block{b}))
				if n%3 == 0 {
					_ = r.c.Consent()
				}
			}
			if n%3 == 0 {
				_ = l.publisher.Consent()
			}
		}
	}
}

// SSRCs of the publisher.
const (
	videoSSRC = 1001
	audioSSRC = 1002
)

// footage is a made-up film: every frame begins like a VP8 key frame.
type footage struct {
	c       *client.Client
	seq     uint16
	voice   uint16
	ticks   uint32
	frames  int
	packets int
}

func (f *footage) frame() error {
	f.frames++
	f.ticks += 90000 / frameRate
	n := f.frames*videoRate/frameRate - f.packets
	for i := range n {
		f.seq++
		f.packets++
		p := &rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: client.VP8, SequenceNumber: f.seq, Timestamp: f.ticks, SSRC: videoSSRC, Marker: i == n-1},
			Payload: bytes.Repeat([]byte{byte(f.frames)}, videoSize),
		}
		copy(p.Payload, []byte{0x80, 0x80, 0x80 | byte(f.frames>>8), byte(f.frames), 0})
		if i == 0 {
			p.Payload[0] = 0x90
		}
		if err := f.send(p, "1"); err != nil {
			return err
		}
	}
	return nil
}

func (f *footage) sound() error {
	f.voice++
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: client.Opus, SequenceNumber: f.voice, Timestamp: uint32(f.voice) * 960, SSRC: audioSSRC},
		Payload: bytes.Repeat([]byte{byte(f.voice)}, audioSize),
	}
	if err := p.SetExtension(client.Level, []byte{byte(f.voice)}); err != nil {
		return err
	}
	return f.send(p, "0")
}

func (f *footage) send(p *rtp.Packet, mid string) error {
	if err := p.SetExtension(client.Mid, []byte(mid)); err != nil {
		return err
	}
	return f.c.Send(p)
}

// mark begins the window.
func (l *load) mark() {
	for _, r := range l.receivers {
		r.opened.Store(0)
		for i := range r.streams {
			r.streams[i].got.Store(0)
			r.streams[i].first.Store(r.streams[i].highest.Load())
		}
	}
}

// count ends the window.
func (l *load) count() (got, lost, opened uint64) {
	for _, r := range l.receivers {
		opened += r.opened.Load()
		for i := range r.streams {
			s := &r.streams[i]
			g := s.got.Load()
			got += g
			if expected := uint64(s.highest.Load() - s.first.Load()); expected > g {
				lost += expected - g
			}
		}
	}
	return got, lost, opened
}

func (l *load) fault() error {
	for _, r := range l.receivers {
		if b := r.bad.Load(); b != nil {
			return fmt.Errorf("a receiver: %s", *b)
		}
	}
	return l.sent
}

// mmsghdr is the kernel's.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// read takes packets until the socket closes.
func (r *receiver) read() {
	size := headSize
	if r.opens {
		size = 1600
	}
	var heads [readBatch]mmsghdr
	var vectors [readBatch]unix.Iovec
	buffers := make([][]byte, readBatch)
	for i := range heads {
		buffers[i] = make([]byte, size)
		vectors[i].Base = &buffers[i][0]
		vectors[i].SetLen(size)
		heads[i].hdr.Iov, heads[i].hdr.Iovlen = &vectors[i], 1
	}
	raw, err := r.c.Conn.SyscallConn()
	if err != nil {
		return
	}
	for {
		n := receive(raw, heads[:])
		if n < 0 {
			return
		}
		for i := range n {
			r.take(buffers[i][:min(size, int(heads[i].len))])
		}
	}
}

// receive is one recvmmsg; -1: the socket is closed.
func receive(raw syscall.RawConn, heads []mmsghdr) int {
	n := 0
	err := raw.Read(func(fd uintptr) bool {
		got, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&heads[0])), uintptr(len(heads)), unix.MSG_DONTWAIT, 0, 0)
		if errno == unix.EAGAIN {
			return false
		}
		if errno == 0 {
			n = int(got)
		}
		return true
	})
	if err != nil {
		return -1
	}
	return n
}

func (r *receiver) take(b []byte) {
	if !client.IsMedia(b) {
		return
	}
	ssrc, seq := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	for i := range r.streams {
		if s := &r.streams[i]; s.ssrc == ssrc {
			s.take(seq)
		}
	}
	if r.opens {
		r.compare(b)
	}
}

func (s *counter) take(seq uint16) {
	if !s.started {
		s.started = true
		s.highest.Store(int64(seq) - 1)
		s.first.Store(int64(seq) - 1)
	}
	h := s.highest.Load()
	s.highest.Store(max(h, h+int64(int16(seq-uint16(h)))))
	s.got.Add(1)
}

// compare opens a packet and looks whether its content is one of the publisher's.
func (r *receiver) compare(b []byte) {
	p, err := r.c.Open(b)
	fault := ""
	switch {
	case err != nil:
		fault = err.Error()
	case len(p.Payload) != videoSize && len(p.Payload) != audioSize:
		fault = fmt.Sprintf("payload of %d bytes", len(p.Payload))
	case p.Payload[len(p.Payload)-1] != p.Payload[8]:
		fault = "payload is not the publisher's"
	default:
		r.opened.Add(1)
		return
	}
	r.bad.CompareAndSwap(nil, &fault)
}
