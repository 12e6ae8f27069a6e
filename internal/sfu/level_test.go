package sfu

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/sfu/seal"
	"incamera/internal/wire"
)

// levelled is a bare client's offer with the level of sound under an id of its own; 0: without.
func levelled(t *testing.T, pairs, id int) wire.MediaOffer {
	t.Helper()
	c, err := client.New(pairs)
	check(t, err)
	o := c.Offer()
	x := &o.Codings[0].Extensions
	*x = (*x)[:len(*x)-1]
	if id != 0 {
		*x = append(*x, wire.MediaExtension{URI: uriLevel, ID: id})
	}
	return o
}

// voice makes packet n of a sound. An empty level: the packet says nothing of it.
func voice(n int, id uint8, level ...byte) *rtp.Packet {
	p := &rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: client.Opus, SequenceNumber: uint16(n), Timestamp: uint32(n) * 960, SSRC: 78},
		Payload: bytes.Repeat([]byte{byte(n)}, 90),
	}
	_ = p.SetExtension(client.Mid, []byte("0"))
	if len(level) > 0 {
		_ = p.SetExtension(id, level)
	}
	return p
}

func (p *puppet) hand(t *testing.T, s *shard, q *rtp.Packet) {
	t.Helper()
	d := p.sealed(t, q)
	s.mu.Lock()
	defer s.mu.Unlock()
	window := s.in.free()
	window[0].Path, window[0].Data = d.Path, window[0].Data[:copy(window[0].Data, d.Data)]
	s.batch(1, time.Now())
	s.flush()
}

func TestLevelGoesToEachUnderItsOwnIdAndToNobodyElse(t *testing.T) {
	for _, profile := range []seal.Profile{gcm128, seal.AES256GCM, seal.AES128CM} {
		m, p := still(t)
		r := p.Room()
		const from = 11
		a := puppetWith(t, r, person(1), levelled(t, 0, from), profile)
		ids := []int{from, 2, 14, 0, 15, 200} // the last two do not fit the form that is written
		var all []*puppet
		for i, id := range ids {
			who := person(byte(i + 2))
			all = append(all, puppetWith(t, r, who, levelled(t, 1, id), profile))
			r.Route(who, []ident.ParticipantID{person(1)})
		}
		a.hand(t, p.shard, voice(1, from, 0x9b))
		a.hand(t, p.shard, voice(2, from))
		a.hand(t, p.shard, voice(3, from, 0x9b, 1)) // of no size that is known
		a.hand(t, p.shard, voice(4, from, 0x00))
		for i, id := range ids {
			got := all[i].opened(t, m.sent(all[i].path.Remote))
			if len(got) != 4 {
				t.Fatalf("%v id %d: %d packets", profile, id, len(got))
			}
			for n, q := range got {
				want := map[int][]byte{0: {0x9b}, 3: {0x00}}[n]
				if id == 0 || id > 14 {
					want = nil
				}
				has := q.GetExtensionIDs()
				if want == nil && (len(has) != 0 || q.Extension) || want != nil && (len(has) != 1 || !bytes.Equal(q.GetExtension(uint8(id)), want)) {
					t.Errorf("%v id %d packet %d: extensions %v, want %x", profile, id, n, has, want)
				}
				if !bytes.Equal(q.Payload, bytes.Repeat([]byte{byte(n + 1)}, 90)) || q.SequenceNumber != got[0].SequenceNumber+uint16(n) {
					t.Errorf("%v id %d packet %d: payload or number changed", profile, id, n)
				}
			}
			if x := &all[i].link.show.pairs[0].slots[0]; x.packets != 4 || x.octets != 4*90 {
				t.Errorf("%v id %d: %d packets of %d octets are reported", profile, id, x.packets, x.octets)
			}
		}
		r.Close()
	}
}

func TestLevelThatNobodyAgreedOnIsNotPassedOn(t *testing.T) {
	m, p := still(t)
	r := p.Room()
	defer r.Close()
	a := puppetWith(t, r, person(1), levelled(t, 0, 0), gcm128)
	b := puppetWith(t, r, person(2), levelled(t, 1, 3), gcm128)
	r.Route(person(2), []ident.ParticipantID{person(1)})
	a.hand(t, p.shard, voice(1, 3, 0x9b))
	if got := b.opened(t, m.sent(b.path.Remote)); len(got) != 1 || got[0].Extension {
		t.Fatalf("%v", got)
	}
}

// TestStockPeerHearsTheLevel is the whole way between two stock peers.
func TestStockPeerHearsTheLevel(t *testing.T) {
	p := running(t, "127.0.0.1:0")
	r := p.Room()
	a, b := newBrowser(t, 0), newBrowser(t, 1)
	a.join(r, person(1))
	b.join(r, person(2))
	r.Route(person(2), []ident.ParticipantID{person(1)})
	(&film{c: a, mark: 'A'}).roll()
	until(t, "sound", func() bool { return len(b.packets("a0")) > 10 })
	for _, q := range b.packets("a0") {
		if x := q.GetExtension(b.level); !bytes.Equal(x, []byte{'A' | 0x80}) {
			t.Fatalf("level %x under %d, extensions %v", x, b.level, q.GetExtensionIDs())
		}
	}
	until(t, "picture", func() bool { return len(b.packets("v0")) > 10 })
	for _, q := range b.packets("v0") {
		if q.Extension {
			t.Fatalf("a picture with extensions %v", q.GetExtensionIDs())
		}
	}
}
