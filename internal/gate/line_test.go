package gate

import (
	"bytes"
	"net"
	"testing"

	"incamera/internal/fault"
	"incamera/internal/wire"
)

func TestALineThatIsNotReadIsCutWithAWord(t *testing.T) {
	for name, frame := range map[string][]byte{"many": []byte("x"), "large": bytes.Repeat([]byte("x"), 512<<10)} {
		l := newLine(nil)
		for range maxQueued + 1 {
			l.Send(frame)
		}
		l.Send([]byte("after"))
		last, _ := l.next()
		if want := wire.Encode(wire.Fault{Code: fault.SlowReader}, wire.Head{}); !bytes.Equal(last, want) {
			t.Errorf("%s: the last word is %q", name, last)
		}
		if more, closing := l.next(); more != nil || !closing {
			t.Errorf("%s: after it %q, closing %v", name, more, closing)
		}
	}
}

func TestALineSaysWhatIsQueuedBeforeItCloses(t *testing.T) {
	l := newLine(nil)
	l.Send([]byte("last"))
	l.Close()
	if frame, closing := l.next(); string(frame) != "last" || closing {
		t.Errorf("%q, %v", frame, closing)
	}
	if frame, closing := l.next(); frame != nil || !closing {
		t.Errorf("%q, %v", frame, closing)
	}
}

func TestOneAddressCannotHoldAllConnections(t *testing.T) {
	b := &bounded{from: map[address]int{}}
	one, two, here := prefixOf("192.0.2.1:1"), prefixOf("192.0.2.2:1"), prefixOf("127.0.0.1:1")
	for range maxConnsOfOne {
		if !b.take(one) {
			t.Fatal("refused within the bound")
		}
	}
	if b.take(one) {
		t.Error("one address holds more than it may")
	}
	if !b.take(two) {
		t.Error("another address is kept out")
	}
	b.give(one)
	if !b.take(one) {
		t.Error("a place that was given back is not free")
	}
	for b.open < maxConns {
		b.take(here)
	}
	if b.take(two) {
		t.Error("more than all")
	}
	for _, from := range []address{one, two, here} {
		for b.from[from] > 0 {
			b.give(from)
		}
	}
	if b.open != 0 || len(b.from) != 0 {
		t.Errorf("%d open, %d addresses after all closed", b.open, len(b.from))
	}
}

func TestListenTakesWhatTheMachineHasAndNotHalfOfWhatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() //nolint:errcheck // a test's port
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	if _, err := Listen([]string{"[::1]:" + port, "127.0.0.1:" + port}, nil); err == nil {
		t.Error("half of localhost was taken by another, and it was no fault")
	}
	open, err := Listen([]string{"127.0.0.1:0", "192.0.2.1:1"}, nil) // the second is no address of this machine
	if err != nil || len(open) != 1 {
		t.Fatalf("%d listeners, %v", len(open), err)
	}
	open[0].Close() //nolint:errcheck // a test's port
}
