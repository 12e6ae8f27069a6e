package sfu

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"incamera/internal/ident"
	"incamera/internal/sfu/client"
	"incamera/internal/wire"
)

// browserOffer has what browsers offer: more codecs than are taken, a screen, two pairs of slots.
func browserOffer() wire.MediaOffer {
	video := []wire.MediaCodec{
		{Name: "VP9", Payload: 98, Format: "profile-id=0", Primary: -1},
		{Name: "rtx", Payload: 99, Format: "apt=98", Primary: 98},
		{Name: "VP8", Payload: 96, Primary: -1},
		{Name: "rtx", Payload: 97, Format: "apt=96", Primary: 96},
	}
	audio := []wire.MediaCodec{{Name: "red", Payload: 63, Primary: -1}, {Name: "opus", Payload: 111, Format: "minptime=10", Primary: -1}}
	ext := []wire.MediaExtension{{URI: uriMid, ID: 4}, {URI: uriArrivals, ID: 3}, {URI: uriLevel, ID: 1}, {URI: "urn:other", ID: 9}}
	return wire.MediaOffer{
		Ufrag: "abcd", Fingerprint: strings.Repeat("0a", 32),
		Codings: []wire.MediaCoding{
			{Kind: "audio", Codecs: audio, Extensions: ext},
			{Kind: "video", Codecs: video, Extensions: ext},
			{Kind: "audio", Codecs: audio, Extensions: ext[1:]},
			{Kind: "video", Codecs: video[2:], Extensions: ext[:1]},
		},
		Sections: []wire.MediaSection{
			{Mid: "0", Role: wire.RoleMicrophone},
			{Mid: "1", Role: wire.RoleCamera, Coding: 1},
			{Mid: "2", Role: wire.RoleScreen, Coding: 1},
			{Mid: "3", Role: wire.RoleScreenAudio},
			{Mid: "4", Role: wire.RoleSlotAudio, Coding: 2},
			{Mid: "5", Role: wire.RoleSlotVideo, Coding: 3},
			{Mid: "6", Role: wire.RoleSlotAudio, Coding: 2},
			{Mid: "7", Role: wire.RoleSlotVideo, Coding: 3},
		},
	}
}

func TestOfferIsAnsweredWithWhatIsTaken(t *testing.T) {
	_, p := still(t)
	r := p.Room()
	defer r.Close()
	a, err := r.Open(person(1), browserOffer())
	check(t, err)
	want := []wire.MediaAccept{
		{Payloads: []int{111}, Extensions: []int{4, 3, 1}},
		{Payloads: []int{96, 97}, Extensions: []int{4, 3}},
		{Payloads: []int{111}, Extensions: []int{1}},
		{Payloads: []int{96, 97}, Extensions: []int{}},
	}
	if !reflect.DeepEqual(a.Codings, want) {
		t.Errorf("codings %v", a.Codings)
	}
	seen := map[uint32]bool{}
	for i, s := range a.Sections {
		video, slot := i%2 == 1, i >= 4
		if s.Active != (i < 2 || slot) || (s.SSRC != 0) != slot || (s.RTX != 0) != (slot && video) {
			t.Errorf("section %d: %+v", i, s)
		}
		for _, n := range []uint32{s.SSRC, s.RTX} {
			if n != 0 && seen[n] {
				t.Errorf("section %d: SSRC twice", i)
			}
			seen[n] = true
		}
	}
	if len(a.Ufrag) < 4 || len(a.Password) < 22 || len(a.Fingerprint) != 64 || len(a.Candidates) != 1 {
		t.Errorf("%d %d %d %v", len(a.Ufrag), len(a.Password), len(a.Fingerprint), a.Candidates)
	}
}

func TestVideoThatNobodyTakesIsInactive(t *testing.T) {
	_, p := still(t)
	r := p.Room()
	defer r.Close()
	o := browserOffer()
	o.Codings[1].Codecs = o.Codings[1].Codecs[:2]
	o.Codings[3].Codecs = o.Codings[1].Codecs
	a, err := r.Open(person(1), o)
	check(t, err)
	if a.Sections[1].Active || a.Sections[5].Active || a.Sections[5].SSRC != 0 || !a.Sections[4].Active {
		t.Errorf("%+v", a.Sections)
	}
	if a, err = r.Open(person(2), browserOffer()); err != nil || !a.Sections[1].Active {
		t.Error(err)
	}
	r.Route(person(2), []ident.ParticipantID{person(1), person(1)})
	r.Route(person(1), []ident.ParticipantID{person(2)})
}

func TestFactsOutOfBoundsAreRefusedAndOpenNothing(t *testing.T) {
	_, p := still(t)
	r := p.Room()
	defer r.Close()
	o := browserOffer()
	o.Fingerprint = "zz"
	if _, err := r.Open(person(1), o); !errors.Is(err, wire.ErrMedia) {
		t.Fatalf("%v", err)
	}
	if _, err := r.Open(ident.ParticipantID{}, browserOffer()); !errors.Is(err, ErrNobody) {
		t.Fatalf("%v", err)
	}
	if h := p.Stats().Health; h != (Health{Rooms: 1}) {
		t.Fatalf("%+v", h)
	}
}

func TestCandidatesAreOfWhereWeListen(t *testing.T) {
	p, err := Listen(Config{Listen: ":0"})
	check(t, err)
	defer p.conn.Close()
	for _, loopback := range []bool{false, true} {
		list, err := p.announce.candidates(loopback)
		if err != nil {
			t.Skip(err)
		}
		has := map[string]bool{}
		for _, c := range list {
			has[c.Address] = true
			if c.Port != int(p.Addr().Port()) {
				t.Errorf("port %d", c.Port)
			}
		}
		if len(list) > maxCandidate || has["127.0.0.1"] != loopback || has["::1"] != loopback || has["0.0.0.0"] || has["::"] {
			t.Errorf("loopback %v: %v", loopback, list)
		}
	}
	a, err := newAnnouncer(p.Addr(), []string{"192.0.2.7", "192.0.2.8:5000", "[2001:db8::1]:6000"})
	check(t, err)
	list, err := a.candidates(false)
	check(t, err)
	want := []wire.MediaCandidate{{Address: "192.0.2.7", Port: int(p.Addr().Port())}, {Address: "192.0.2.8", Port: 5000}, {Address: "2001:db8::1", Port: 6000}}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("%v", list)
	}
	if _, err := newAnnouncer(p.Addr(), []string{"192.0.2.8:0"}); err == nil {
		t.Error("port 0 was announced")
	}
}

// TestPublisherWithoutMidsIsKnownByItsPayloadTypes is how Firefox behaves after its first packets.
func TestPublisherWithoutMidsIsKnownByItsPayloadTypes(t *testing.T) {
	_, _, a, b := watching(t, "127.0.0.1:0")
	q := picture(1)
	q.Extension, q.Extensions = false, nil
	check(t, a.Send(q))
	if got := next(t, b, 5e9); got == nil || got.Payload[5] != 1 {
		t.Fatal("not recognised")
	}
	q = picture(2)
	q.SSRC = 4711
	q.PayloadType = client.Opus
	q.Extension, q.Extensions = false, nil
	check(t, a.Send(q))
	audio, _ := b.Slot(0)
	if got := next(t, b, 5e9); got == nil || got.SSRC != audio.SSRC {
		t.Fatal("sound not recognised")
	}
}

func TestMediaThatWasNotOfferedIsRefused(t *testing.T) {
	p, _, a, b := watching(t, "127.0.0.1:0")
	for i, change := range []func(q *rtp.Packet){
		func(q *rtp.Packet) { q.PayloadType = 45 },
		func(q *rtp.Packet) { q.PayloadType = client.Opus }, // sound on the camera's mid
		func(q *rtp.Packet) { q.Payload = []byte{0x90, 0x80} },
	} {
		q := picture(i)
		change(q)
		check(t, a.Send(q))
	}
	until(t, "refused", func() bool { return p.Stats().Dropped.Refused == 3 })
	if got := next(t, b, 30e6); got != nil {
		t.Fatalf("passed on: %v", got)
	}
}
