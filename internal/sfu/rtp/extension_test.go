package rtp

import (
	"bytes"
	"testing"

	pion "github.com/pion/rtp"
)

func TestExtensionsAreReadByOthers(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 92)
	for _, row := range []struct {
		name          string
		firstID       uint8
		first         []byte
		secondID      uint8
		second        []byte
		size, profile int
	}{
		{"none", 0, []byte{1}, 3, nil, 12, 0},
		{"a short descriptor", 12, []byte{1, 2, 3}, 0, nil, 20, oneByte},
		{"two short ones", 12, []byte{1, 2, 3}, 3, []byte{9}, 24, oneByte},
		{"16 bytes", 14, long[:16], 0, nil, 36, oneByte},
		{"17 bytes", 14, long[:17], 0, nil, 36, twoByte},
		{"a key frame's", 12, long, 3, []byte{9, 8}, 116, twoByte},
		{"an id beyond the short form", 15, []byte{1, 2, 3}, 0, nil, 24, twoByte},
		{"the longest", 255, bytes.Repeat([]byte{1}, 255), 254, bytes.Repeat([]byte{2}, 255), HeaderSize + MaxExtensions, twoByte},
		{"too long", 5, make([]byte, 256), 0, nil, 12, 0},
	} {
		b := bytes.Repeat([]byte{0xff}, HeaderSize+MaxExtensions)
		Put(b, 96, true, 7, 8, 9)
		n := PutExtensions(b, row.firstID, row.first, row.secondID, row.second)
		if n > row.size || n%4 != 0 || row.size-n > 3 {
			t.Errorf("%s: %d bytes, want %d", row.name, n, row.size)
		}
		packet := append(b[:n:n], 1, 2, 3)
		var p pion.Packet
		if err := p.Unmarshal(packet); err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		h, ok := Parse(packet)
		if !ok || h.Size != n || !bytes.Equal(p.Payload, []byte{1, 2, 3}) || p.SSRC != 9 || p.SequenceNumber != 7 {
			t.Errorf("%s: header of %d bytes", row.name, h.Size)
		}
		if p.Extension && int(p.ExtensionProfile) != row.profile || p.Extension != (row.profile != 0) {
			t.Errorf("%s: profile %x", row.name, p.ExtensionProfile)
		}
		if row.profile == 0 {
			continue
		}
		for id, want := range map[uint8][]byte{row.firstID: row.first, row.secondID: row.second} {
			if id != 0 && (!bytes.Equal(p.GetExtension(id), want) || !bytes.Equal(h.Extension(id), want)) {
				t.Errorf("%s: extension %d is %x", row.name, id, p.GetExtension(id))
			}
		}
	}
}
