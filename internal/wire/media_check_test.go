package wire

import (
	"errors"
	"strings"
	"testing"
)

// goodOffer is the least that every role of a section needs.
func goodOffer() MediaOffer {
	return MediaOffer{
		Ufrag: "ab+/", Fingerprint: strings.Repeat("0f", 32),
		Codings: []MediaCoding{
			{Kind: "audio", Codecs: []MediaCodec{{Name: "opus", Payload: 111, Primary: -1}}, Extensions: []MediaExtension{{URI: "urn:x", ID: 1}}},
			{Kind: "video", Codecs: []MediaCodec{{Name: "VP8", Payload: 96, Primary: -1}, {Name: "rtx", Payload: 97, Primary: 96}}, Rids: []string{"q", "h"}},
		},
		Sections: []MediaSection{
			{"0", RoleMicrophone, 0},
			{"1", RoleCamera, 1},
			{"2", RoleScreen, 1},
			{"3", RoleScreenAudio, 0},
			{"4", RoleSlotAudio, 0},
			{"5", RoleSlotVideo, 1},
		},
	}
}

func TestEveryBoundOfAnOfferIsKept(t *testing.T) {
	good := goodOffer()
	if err := good.Check(); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, spoil := range map[string]func(o *MediaOffer){
		"ufrag short":        func(o *MediaOffer) { o.Ufrag = "abc" },
		"ufrag long":         func(o *MediaOffer) { o.Ufrag = strings.Repeat("a", 65) },
		"ufrag characters":   func(o *MediaOffer) { o.Ufrag = "ab:d" },
		"fingerprint short":  func(o *MediaOffer) { o.Fingerprint = o.Fingerprint[2:] },
		"fingerprint upper":  func(o *MediaOffer) { o.Fingerprint = strings.ToUpper(o.Fingerprint) },
		"no codings":         func(o *MediaOffer) { o.Codings = nil },
		"many codings":       func(o *MediaOffer) { o.Codings = make([]MediaCoding, 17) },
		"kind":               func(o *MediaOffer) { o.Codings[0].Kind = "smell" },
		"no codecs":          func(o *MediaOffer) { o.Codings[0].Codecs = nil },
		"many codecs":        func(o *MediaOffer) { o.Codings[0].Codecs = make([]MediaCodec, 33) },
		"many extensions":    func(o *MediaOffer) { o.Codings[0].Extensions = make([]MediaExtension, 17) },
		"many rids":          func(o *MediaOffer) { o.Codings[1].Rids = []string{"a", "b", "c", "d", "e"} },
		"rid twice":          func(o *MediaOffer) { o.Codings[1].Rids = []string{"a", "a"} },
		"rid characters":     func(o *MediaOffer) { o.Codings[1].Rids = []string{"a b"} },
		"codec of no name":   func(o *MediaOffer) { o.Codings[0].Codecs[0].Name = "ulpfec" },
		"codec of the other": func(o *MediaOffer) { o.Codings[0].Codecs[0].Name = "VP8" },
		"payload type":       func(o *MediaOffer) { o.Codings[0].Codecs[0].Payload = 128 },
		"payload of reports": func(o *MediaOffer) { o.Codings[0].Codecs[0].Payload = 72 },
		"payload twice":      func(o *MediaOffer) { o.Codings[1].Codecs[1].Payload = 96 },
		"format long":        func(o *MediaOffer) { o.Codings[0].Codecs[0].Format = strings.Repeat("x", 257) },
		"format characters":  func(o *MediaOffer) { o.Codings[0].Codecs[0].Format = "a\r\nb" },
		"primary of none":    func(o *MediaOffer) { o.Codings[1].Codecs[1].Primary = 5 },
		"primary of rtx":     func(o *MediaOffer) { o.Codings[1].Codecs[1].Primary = 97 },
		"primary of media":   func(o *MediaOffer) { o.Codings[0].Codecs[0].Primary = 111 },
		"extension id":       func(o *MediaOffer) { o.Codings[0].Extensions[0].ID = 0 },
		"extension id large": func(o *MediaOffer) { o.Codings[0].Extensions[0].ID = 256 },
		"extension uri":      func(o *MediaOffer) { o.Codings[0].Extensions[0].URI = "urn x" },
		"extension uri long": func(o *MediaOffer) { o.Codings[0].Extensions[0].URI = strings.Repeat("x", 129) },
		"extension twice": func(o *MediaOffer) {
			o.Codings[0].Extensions = append(o.Codings[0].Extensions, o.Codings[0].Extensions[0])
		},
		"no sections":     func(o *MediaOffer) { o.Sections = nil },
		"many sections":   func(o *MediaOffer) { o.Sections = make([]MediaSection, 129) },
		"mid twice":       func(o *MediaOffer) { o.Sections[1].Mid = "0" },
		"mid long":        func(o *MediaOffer) { o.Sections[1].Mid = strings.Repeat("1", 17) },
		"mid empty":       func(o *MediaOffer) { o.Sections[1].Mid = "" },
		"mid characters":  func(o *MediaOffer) { o.Sections[1].Mid = "1 2" },
		"coding":          func(o *MediaOffer) { o.Sections[1].Coding = 2 },
		"coding negative": func(o *MediaOffer) { o.Sections[1].Coding = -1 },
		"kind of a role":  func(o *MediaOffer) { o.Sections[1].Coding = 0 },
		"role":            func(o *MediaOffer) { o.Sections[1].Role = "nose" },
		"order":           func(o *MediaOffer) { o.Sections[0], o.Sections[1] = o.Sections[1], o.Sections[0] },
		"role twice":      func(o *MediaOffer) { o.Sections[2].Role = RoleCamera },
		"half a slot":     func(o *MediaOffer) { o.Sections = o.Sections[:5] },
		"slot turned":     func(o *MediaOffer) { o.Sections[4], o.Sections[5] = o.Sections[5], o.Sections[4] },
		"screen after slots": func(o *MediaOffer) {
			o.Sections = append(o.Sections[:2:2], o.Sections[4], o.Sections[5], o.Sections[2])
		},
	} {
		o := goodOffer()
		spoil(&o)
		if err := o.Check(); !errors.Is(err, ErrMedia) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
