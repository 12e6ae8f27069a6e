package seal

import (
	"bytes"
	"errors"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"pgregory.net/rapid"
)

var profiles = []Profile{AES128GCM, AES256GCM, AES128CM}

func keys(p Profile) (key, salt []byte) {
	k, _ := p.KeyLen()
	s, _ := p.SaltLen()
	return bytes.Repeat([]byte{7}, k), bytes.Repeat([]byte{9}, s)
}

// ours makes a matching pair of our ends.
func ours(t testing.TB, p Profile) (*Sender, *Opener) {
	t.Helper()
	key, salt := keys(p)
	s, err := NewSender(p, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	o, err := NewOpener(p, key, salt)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func header(seq uint16, ssrc uint32) []byte {
	b, _ := (&rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: seq, Timestamp: 5, SSRC: ssrc, Marker: true}).Marshal()
	return b
}

func TestStockPeerOpensWhatWeSealOverWraps(t *testing.T) {
	for _, p := range profiles {
		s, _ := ours(t, p)
		key, salt := keys(p)
		stock, err := srtp.CreateContext(key, salt, p)
		if err != nil {
			t.Fatal(err)
		}
		arena := make([]byte, 0, 4096)
		for i := int64(30_000); i < 140_000; i += 7 {
			payload := []byte{1, 2, 3, byte(i)}
			sealed, err := s.Seal(arena[:0], header(uint16(i), 5), payload, i)
			if err != nil || len(sealed) != 12+4+s.Overhead() {
				t.Fatalf("%v: %d bytes, %v", p, len(sealed), err)
			}
			plain, err := stock.DecryptRTP(nil, sealed, nil)
			if err != nil || !bytes.Equal(plain[12:], payload) {
				t.Fatalf("%v: packet %d: %v", p, i, err)
			}
		}
	}
}

func TestRolloverCounterHasThirtyTwoBits(t *testing.T) {
	for _, p := range []Profile{AES128GCM, AES256GCM} {
		s, _ := ours(t, p)
		key, salt := keys(p)
		stock, _ := srtp.CreateContext(key, salt, p)
		index := int64(0x12345678)<<16 | 900
		stock.SetROC(5, 0x12345678)
		sealed, err := s.Seal(nil, header(900, 5), []byte("late in the day"), index)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stock.DecryptRTP(nil, sealed, nil); err != nil {
			t.Errorf("%v: %v", p, err)
		}
	}
}

func TestPayloadMayLieWhereItGoes(t *testing.T) {
	for _, p := range profiles {
		s, o := ours(t, p)
		arena := make([]byte, 200)
		copy(arena[50+12:], "in place")
		sealed, err := s.Seal(arena[:50], header(1, 5), arena[62:70:70], 1)
		if err != nil {
			t.Fatal(err)
		}
		payload, index, err := o.Open(sealed[50:], 12)
		if err != nil || index != 1 || string(payload) != "in place" {
			t.Fatalf("%v: %q %d %v", p, payload, index, err)
		}
	}
}

func TestExtensionsStayInClearAndAreAuthenticated(t *testing.T) {
	for _, p := range profiles {
		s, o := ours(t, p)
		key, salt := keys(p)
		stock, _ := srtp.CreateContext(key, salt, p)
		h := header(1, 5)
		h[0] |= 0x10
		h = append(h, 0xbe, 0xde, 0, 1, 0x30, 0x85, 0, 0)
		sealed, err := s.Seal(nil, h, []byte("payload"), 1)
		if err != nil || !bytes.Equal(sealed[:len(h)], h) || len(sealed) != len(h)+7+s.Overhead() {
			t.Fatalf("%v: %x %v", p, sealed, err)
		}
		var q rtp.Packet
		plain, err := stock.DecryptRTP(nil, sealed, nil)
		if err != nil || q.Unmarshal(plain) != nil || string(q.Payload) != "payload" || !bytes.Equal(q.GetExtension(3), []byte{0x85}) {
			t.Fatalf("%v: a stock peer reads %v, %v", p, &q, err)
		}
		changed := bytes.Clone(sealed)
		changed[17] ^= 1
		if _, _, err := o.Open(changed, len(h)); !errors.Is(err, ErrForged) {
			t.Errorf("%v: a changed level gives %v", p, err)
		}
	}
}

func TestStockPeersPacketsOpenOnceAndOverWraps(t *testing.T) {
	for _, p := range profiles {
		_, o := ours(t, p)
		key, salt := keys(p)
		stock, _ := srtp.CreateContext(key, salt, p)
		for i := int64(65_000); i < 200_000; i += 3 {
			raw, _ := (&rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: uint16(i), SSRC: 8}, Payload: []byte{byte(i)}}).Marshal()
			sealed, err := stock.EncryptRTP(nil, raw, nil)
			if err != nil {
				t.Fatal(err)
			}
			again := bytes.Clone(sealed)
			payload, index, err := o.Open(sealed, 12)
			if err != nil || index != i || payload[0] != byte(i) {
				t.Fatalf("%v: packet %d came as %d: %v", p, i, index, err)
			}
			if _, _, err := o.Open(again, 12); !errors.Is(err, ErrReplay) {
				t.Fatalf("%v: replay: %v", p, err)
			}
		}
	}
}

func TestForgeriesLeaveNoTrace(t *testing.T) {
	for _, p := range profiles {
		s, o := ours(t, p)
		for ssrc := range uint32(200) { // forged sources must not fill the list
			b := append(header(1, 1000+ssrc), make([]byte, 40)...)
			if _, _, err := o.Open(b, 12); !errors.Is(err, ErrForged) {
				t.Fatalf("%v: %v", p, err)
			}
		}
		good, _ := s.Seal(nil, header(5, 5), []byte("good"), 5)
		for i := range good {
			b := bytes.Clone(good)
			b[i] ^= 0x40
			if _, _, err := o.Open(b, 12); err == nil {
				t.Fatalf("%v: byte %d was changed and nobody noticed", p, i)
			}
		}
		if _, _, err := o.Open(good, 12); err != nil {
			t.Fatalf("%v: the good one: %v", p, err)
		}
	}
}

func TestSourcesAreBounded(t *testing.T) {
	s, o := ours(t, AES128GCM)
	for i := range uint32(maxSources + 1) {
		b, _ := s.Seal(nil, header(1, i), []byte("x"), 1)
		_, _, err := o.Open(b, 12)
		if (err == nil) != (i < maxSources) {
			t.Fatalf("source %d: %v", i, err)
		}
	}
}

func TestReportsPassOnceBothWays(t *testing.T) {
	plain := []byte{0x80, 201, 0, 1, 0, 0, 0, 5}
	for _, p := range profiles {
		s, o := ours(t, p)
		b, err := s.SealReports([]byte("before"), plain)
		if err != nil {
			t.Fatal(err)
		}
		b = b[6:]
		got, err := o.OpenReports(bytes.Clone(b))
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%v: %x %v", p, got, err)
		}
		if _, err := o.OpenReports(b); err == nil {
			t.Fatalf("%v: replayed report", p)
		}
	}
}

// TestWindowAgreesWithAModel walks at random around the replay window and over wraps.
func TestWindowAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Int64Range(0, 1<<18).Draw(t, "start")
		w := &window{newest: at}
		w.mark(at)
		seen := map[int64]bool{at: true}
		newest := at
		for range rapid.IntRange(1, 300).Draw(t, "n") {
			i := max(0, newest+rapid.Int64Range(-1500, 1500).Draw(t, "d"))
			if e := w.estimate(uint16(i)); e != i {
				t.Fatalf("estimate %d for %d at %d", e, i, newest)
			}
			want := seen[i] || newest-i >= replayWindow
			if w.has(i) != want {
				t.Fatalf("%d at %d: %v", i, newest, !want)
			}
			if !want {
				w.mark(i)
				seen[i] = true
				newest = max(newest, i)
			}
		}
	})
}

func TestWipedKeysAreGone(t *testing.T) {
	s, o := ours(t, AES128GCM)
	g := s.gcm
	s.Wipe()
	o.Wipe()
	if g.salt != [12]byte{} || g.aead != nil || s.gcm != nil || s.reports != nil || o.gcm != nil {
		t.Error("something is left")
	}
}

func FuzzOpenNeverPanics(f *testing.F) {
	f.Add(append(header(1, 5), make([]byte, 30)...), 12)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 12 || size > len(b) {
			return
		}
		for _, p := range profiles {
			_, o := ours(t, p)
			if _, _, err := o.Open(bytes.Clone(b), size); err == nil {
				t.Fatal("opened")
			}
			if _, err := o.OpenReports(bytes.Clone(b)); err == nil {
				t.Fatal("opened")
			}
		}
	})
}
