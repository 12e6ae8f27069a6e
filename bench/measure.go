package main

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
)

// Figures are what one run measured.
type Figures struct {
	Receivers   int     `json:"receivers"`
	CPU         float64 `json:"cpu_us_per_packet"` // user and system, of the server's process
	Lost        float64 `json:"lost_ratio"`
	RSS         float64 `json:"rss_kib_per_receiver"` // what the process grew by since only the publisher was there
	Process     float64 `json:"rss_kib_process"`
	PerCall     float64 `json:"packets_per_send_call"`
	Packets     uint64  `json:"packets"`
	Allocations float64 `json:"allocations_per_packet"` // everything: reports and checks, too
	Opened      uint64  `json:"opened"`                 // packets that two receivers decrypted and compared
}

// warmUp comes before the window: handshakes are over and the runtime has settled.
const warmUp = 2 * time.Second

// measure runs one server with n receivers.
func measure(ctx context.Context, n int, window time.Duration, profile string) (f Figures, err error) {
	s, err := start(ctx, profile)
	if err != nil {
		return f, err
	}
	defer func() {
		if e := s.end(); err == nil {
			err = e
		}
	}()
	publisher, err := join(ctx, s, 0, 0)
	if err != nil {
		return f, err
	}
	if _, err := s.ask(request{Trim: true}); err != nil {
		return f, err
	}
	empty, err := residentKiB(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	l := &load{publisher: publisher}
	for i := range n {
		c, err := join(ctx, s, i+1, 1)
		if err != nil {
			return f, err
		}
		l.receivers = append(l.receivers, newReceiver(c, i < 2))
		if _, err := s.ask(request{Who: id(i + 1), Route: []ident.ParticipantID{id(0)}}); err != nil {
			return f, err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	finished := l.start(ctx)
	if err := wait(ctx, warmUp); err != nil {
		return f, err
	}
	if _, err := s.ask(request{Trim: true}); err != nil {
		return f, err
	}
	if f, err = watch(ctx, s, l, window); err != nil {
		return f, err
	}
	cancel()
	finished()
	f.Receivers = n
	f.RSS = (f.Process - empty) / float64(n)
	return f, l.fault()
}

// watch takes the figures of the window.
func watch(ctx context.Context, s *server, l *load, window time.Duration) (f Figures, err error) {
	before, err := s.ask(request{})
	if err != nil {
		return f, err
	}
	cpu, err := cpuTime(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	l.mark()
	if err := wait(ctx, window); err != nil {
		return f, err
	}
	after, err := s.ask(request{})
	if err != nil {
		return f, err
	}
	end, err := cpuTime(s.cmd.Process.Pid)
	if err != nil {
		return f, err
	}
	got, lost, opened := l.count()
	if got == 0 {
		return f, fmt.Errorf("nothing was delivered")
	}
	f.Packets, f.Opened = got, opened
	f.CPU = float64((end - cpu).Microseconds()) / float64(got)
	f.Lost = float64(lost) / float64(got+lost)
	f.PerCall = float64(got) / float64(after.Stats.SendCalls-before.Stats.SendCalls)
	f.Allocations = float64(after.Mallocs-before.Mallocs) / float64(got)
	f.Process, err = residentKiB(s.cmd.Process.Pid)
	return f, err
}

// id names participant i; zero is nobody's.
func id(i int) ident.ParticipantID { return ident.ParticipantID{1, byte(i >> 8), byte(i)} }

func join(ctx context.Context, s *server, i, pairs int) (*client.Client, error) {
	c, err := client.New(pairs)
	if err != nil {
		return nil, err
	}
	offer := c.Offer()
	r, err := s.ask(request{Open: &offer, Who: id(i)})
	if err != nil {
		return nil, err
	}
	to, err := netip.ParseAddrPort(r.Address)
	if err != nil {
		return nil, err
	}
	return c, c.Connect(ctx, *r.Answer, to)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// cpuTime is a process's user and system time (proc(5), fields 14 and 15, in hundredths of a second).
func cpuTime(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum, nil
}

func residentKiB(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for _, line := range strings.Split(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
		}
	}
	return 0, fmt.Errorf("no VmRSS")
}
