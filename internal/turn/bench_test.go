package turn

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// BenchmarkRelayedPackets sends packets of 1,200 bytes over a channel to media that sends them back: two relayed packets an
// operation, with the sockets of client and media in the figure.
func BenchmarkRelayedPackets(b *testing.B) {
	b.Run("udp", func(b *testing.B) {
		h := open(b)
		relayed(b, h, speak(b, h, h.issue(b, 1)))
	})
	b.Run("tcp", func(b *testing.B) {
		h := open(b)
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		_, turn := h.Split(l)
		go h.ServeListener(turn)
		conn, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		relayed(b, h, &speaker{t: b, conn: conn, cred: h.issue(b, 1)})
	})
}

func relayed(b *testing.B, h house, s *speaker) {
	if s.ask(stun.MethodAllocate, transport(protocolUDP)) != 0 || s.ask(stun.MethodChannelBind, channelNumber(0x4000), peerAt(h.media)) != 0 {
		b.Fatal("no channel")
	}
	const size, window = 1200, 16
	packet, back := make([]byte, 4+size), make([]byte, 64<<10)
	binary.BigEndian.PutUint16(packet, 0x4000)
	binary.BigEndian.PutUint16(packet[2:], size)
	s.conn.SetDeadline(time.Time{})
	send := func() {
		if _, err := s.conn.Write(packet); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(2 * size)
	b.ReportAllocs()
	b.ResetTimer()
	for range window {
		send()
	}
	for got := 0; got < b.N*len(packet); {
		n, err := s.conn.Read(back)
		if err != nil {
			b.Fatal(err)
		}
		for range (got+n)/len(packet) - got/len(packet) {
			send()
		}
		got += n
	}
	b.StopTimer()
}
