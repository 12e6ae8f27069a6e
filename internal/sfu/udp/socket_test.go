package udp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func open(t *testing.T, address string) *Socket {
	t.Helper()
	s, err := Listen(address)
	if err != nil {
		t.Skipf("no address %s here: %v", address, err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// collect reads n datagrams.
func collect(t *testing.T, s *Socket, n int) []Datagram {
	t.Helper()
	var all []Datagram
	deadline := time.Now().Add(5 * time.Second)
	for len(all) < n {
		window := make([]Datagram, MaxBatch)
		for i := range window {
			window[i].Data = make([]byte, 2000)
		}
		k, err := s.ReadBatch(window, deadline)
		if err != nil {
			t.Fatalf("%d of %d datagrams, then %v", len(all), n, err)
		}
		all = append(all, window[:k]...)
	}
	return all
}

func loop(s *Socket, host string) *Path {
	return &Path{Remote: netip.AddrPortFrom(netip.MustParseAddr(host), s.LocalAddr().Port())}
}

func TestRunOfPacketsArrivesCut(t *testing.T) {
	for _, row := range []struct{ from, to, host string }{
		{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1"},
		{"[::1]:0", "[::1]:0", "::1"},
		{":0", ":0", "127.0.0.1"},
		{":0", ":0", "::1"},
		{":0", "127.0.0.1:0", "127.0.0.1"},
	} {
		a, b := open(t, row.from), open(t, row.to)
		data := bytes.Repeat([]byte{1}, 4*1200+77)
		to := loop(b, row.host)
		if err := a.WriteBatch([]Message{{Path: to, Data: data, Segment: 1200}, {Path: to, Data: []byte("alone")}}); err != nil {
			t.Fatal(err)
		}
		got := collect(t, b, 6)
		for i, d := range got {
			want := 1200
			switch i {
			case 4:
				want = 77
			case 5:
				want = 5
			}
			if len(d.Data) != want || d.Path.Remote.Port() != a.LocalAddr().Port() || d.Path.Remote.Addr() != netip.MustParseAddr(row.host) {
				t.Errorf("%v: datagram %d of %d bytes from %v", row, i, len(d.Data), d.Path.Remote)
			}
			if d.Path.Local != netip.MustParseAddr(row.host) {
				t.Errorf("%v: came to %v", row, d.Path.Local)
			}
		}
		if c := a.Counts(); c.Calls != 1 || c.Messages != 2 || c.Dropped != 0 {
			t.Errorf("%v: %+v", row, c)
		}
	}
}

func TestAnswerGoesBackThePath(t *testing.T) {
	s := open(t, ":0")
	for _, host := range []string{"127.0.0.5", "::1"} {
		c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(loop(s, host).Remote))
		if err != nil {
			t.Skip(err)
		}
		defer c.Close()
		c.Write([]byte("hello"))
		d := collect(t, s, 1)[0]
		if err := s.WriteBatch([]Message{{Path: &d.Path, Data: []byte("back")}}); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		b := make([]byte, 9)
		if n, err := c.Read(b); err != nil || string(b[:n]) != "back" { // a connected socket takes nothing from elsewhere
			t.Errorf("%s: %q %v", host, b[:n], err)
		}
	}
}

func TestReadEndsAtTheDeadlineAndAtTheClose(t *testing.T) {
	s := open(t, "127.0.0.1:0")
	window := []Datagram{{Data: make([]byte, 100)}}
	if _, err := s.ReadBatch(window, time.Now().Add(10*time.Millisecond)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { s.Close() })
	if _, err := s.ReadBatch(window, time.Now().Add(5*time.Second)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("close: %v", err)
	}
	if err := s.WriteBatch([]Message{{Path: &Path{Remote: netip.MustParseAddrPort("127.0.0.1:9")}, Data: []byte("x")}}); err == nil {
		t.Error("wrote to a closed socket")
	}
}

func TestMessagesGoPieceByPieceWhereTheyMust(t *testing.T) {
	a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	a.out.plain = time.Now().Add(time.Hour) // as after EIO
	to := loop(b, "127.0.0.1")
	one := Message{Path: to, Data: []byte("one")}
	run := Message{Path: to, Data: bytes.Repeat([]byte{2}, 2500), Segment: 1000}
	if err := a.WriteBatch([]Message{one, run, one, run, run, one}); err != nil {
		t.Fatal(err)
	}
	sizes := []int{3, 1000, 1000, 500, 3, 1000, 1000, 500, 1000, 1000, 500, 3}
	for i, d := range collect(t, b, len(sizes)) {
		if len(d.Data) != sizes[i] {
			t.Errorf("datagram %d of %d bytes", i, len(d.Data))
		}
	}
	if c := a.Counts(); c.Plain != 3 || c.Messages != 6 || c.Dropped != 0 {
		t.Errorf("%+v", c)
	}
}

func TestOneRefusedMessageDoesNotHoldUpTheRest(t *testing.T) {
	a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	to := loop(b, "127.0.0.1")
	ok := Message{Path: to, Data: []byte("ok")}
	bad := Message{Path: &Path{Remote: netip.MustParseAddrPort("192.0.2.1:0")}, Data: []byte("no port")}
	if err := a.WriteBatch([]Message{ok, bad, ok}); err != nil {
		t.Fatal(err)
	}
	collect(t, b, 2)
	if c := a.Counts(); c.Dropped != 1 || c.Messages != 2 {
		t.Errorf("%+v", c)
	}
}

// TestPieceLargerThanThePathGoesAlone lowers the path's size in a network of the test's own.
func TestPieceLargerThanThePathGoesAlone(t *testing.T) {
	type pair struct{ a, b *Socket }
	made := make(chan pair, 1)
	go func() {
		defer close(made)
		runtime.LockOSThread() // for ever: the thread ends with its network
		if unix.Unshare(unix.CLONE_NEWNET) != nil || narrowLoopback(1280) != nil {
			return
		}
		a, errA := Listen("127.0.0.1:0")
		b, errB := Listen("127.0.0.1:0")
		if errA == nil && errB == nil {
			made <- pair{a, b}
		}
	}()
	p, ok := <-made
	if !ok {
		t.Skip("may not make a network here")
	}
	defer p.a.Close()
	defer p.b.Close()
	data := bytes.Repeat([]byte{3}, 3000)
	if err := p.a.WriteBatch([]Message{{Path: loop(p.b, "127.0.0.1"), Data: data, Segment: 1500}}); err != nil {
		t.Fatal(err)
	}
	for _, d := range collect(t, p.b, 2) {
		if len(d.Data) != 1500 {
			t.Errorf("%d bytes", len(d.Data))
		}
	}
	if c := p.a.Counts(); c.Plain != 1 {
		t.Errorf("%+v", c)
	}
}

// narrowLoopback brings lo up with the given MTU in the thread's network.
func narrowLoopback(mtu int32) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request := func(code uintptr, value int32) error {
		var r [40]byte
		copy(r[:], "lo")
		*(*int32)(unsafe.Pointer(&r[16])) = value
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), code, uintptr(unsafe.Pointer(&r[0]))); e != 0 {
			return e
		}
		return nil
	}
	if err := request(unix.SIOCSIFMTU, mtu); err != nil {
		return err
	}
	return request(unix.SIOCSIFFLAGS, unix.IFF_UP|unix.IFF_RUNNING)
}
