package rtp

import (
	"bytes"
	"testing"

	pion "github.com/pion/rtp"
)

func TestHeaderTable(t *testing.T) {
	q := &pion.Packet{
		Header:  pion.Header{Version: 2, Marker: true, PayloadType: 96, SequenceNumber: 7, Timestamp: 8, SSRC: 9, CSRC: []uint32{1, 2}},
		Payload: []byte("payload"),
	}
	for _, big := range []bool{false, true} {
		_ = q.SetExtension(3, []byte("mid"))
		_ = q.SetExtension(5, []byte{1, 2})
		if big {
			q.Extension, q.Extensions = false, nil
			q.ExtensionProfile = 0x1000
			_ = q.SetExtensionWithProfile(3, []byte("mid"), 0x1000)
			_ = q.SetExtensionWithProfile(5, bytes.Repeat([]byte{4}, 40), 0x1000)
		}
		b, err := q.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		h, ok := Parse(b)
		if !ok || h.Seq != 7 || h.Time != 8 || h.SSRC != 9 || h.Payload != 96 || !h.Marker || string(b[h.Size:]) != "payload" {
			t.Fatalf("%+v %v", h, ok)
		}
		if string(h.Extension(3)) != "mid" || !bytes.Equal(h.Extension(5), q.GetExtension(5)) || h.Extension(6) != nil || h.Extension(0) != nil {
			t.Errorf("extensions of %x", b)
		}
		for n := range h.Size {
			if _, ok := Parse(b[:n]); ok {
				t.Errorf("took a header cut to %d bytes", n)
			}
		}
	}
}

// TestByteIsReadByOthers holds the extension that is written to the stock parser.
func TestByteIsReadByOthers(t *testing.T) {
	b := make([]byte, HeaderSize+ByteSize+3)
	for id := uint8(1); id <= MaxOneByteID; id++ {
		copy(b[HeaderSize+ByteSize:], "abc")
		Put(b, 111, true, 7, 8, 9)
		PutByte(b, id, 0x9f)
		var q pion.Packet
		if err := q.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if got := q.GetExtensionIDs(); len(got) != 1 || got[0] != id || !bytes.Equal(q.GetExtension(id), []byte{0x9f}) {
			t.Errorf("extensions %v of %x", got, b)
		}
		if string(q.Payload) != "abc" || q.SSRC != 9 || !q.Marker || q.PayloadType != 111 || q.SequenceNumber != 7 {
			t.Errorf("%v", q)
		}
	}
}

func TestPaddingIsTakenOff(t *testing.T) {
	h := Header{Padded: true}
	for in, want := range map[string]string{"ab\x01": "ab", "ab\x02": "a", "\x02\x02": ""} {
		if got, ok := h.Unpad([]byte(in)); !ok || string(got) != want {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "ab\x00", "a\x04"} {
		if _, ok := h.Unpad([]byte(in)); ok {
			t.Errorf("%q was taken", in)
		}
	}
}

// FuzzWhatOthersParseWeParseAlike compares with the stock parser wherever that takes a packet.
func FuzzWhatOthersParseWeParseAlike(f *testing.F) {
	f.Add([]byte{0x90, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x31, 1, 2, 0, 9})
	f.Add([]byte{0x91, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0x10, 0, 0, 1, 3, 2, 1, 2, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok := Parse(b)
		if ok && (h.Size > len(b) || h.Size < HeaderSize) {
			t.Fatalf("header of %d in %d bytes", h.Size, len(b))
		}
		if ok {
			for id := range 256 {
				h.Extension(uint8(id))
			}
			h.Unpad(b[h.Size:])
		}
		var q pion.Header
		n, err := q.Unmarshal(b)
		if err != nil || q.Version != 2 {
			return
		}
		if !ok || n != h.Size || q.SequenceNumber != h.Seq || q.SSRC != h.SSRC || q.Timestamp != h.Time || q.Marker != h.Marker {
			t.Fatalf("%x: %+v, others read %+v of %d bytes", b, h, q, n)
		}
	})
}
