package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds of an offer. A browser's offer with 62 slots stays far below each.
const (
	maxCodings    = 16
	maxSections   = 128
	maxCodecs     = 32
	maxExtensions = 16
	maxRids       = 4
	maxURI        = 128
	maxFormat     = 256
	maxMid        = 16
	maxRid        = 16
)

// ErrMedia is wrapped by every fault of an offer; the fault's code is media_facts_bad.
var ErrMedia = errors.New("wire: bad media facts")

func badMedia(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMedia}, args...)...)
}

// Check tells whether the offer keeps every bound of its fields. The error names the field, never its content.
func (o *MediaOffer) Check() error {
	if len(o.Ufrag) < 4 || len(o.Ufrag) > 64 || !only(o.Ufrag, iceChar) {
		return badMedia("ufrag")
	}
	if b, err := hex.DecodeString(o.Fingerprint); err != nil || len(b) != 32 || strings.ToLower(o.Fingerprint) != o.Fingerprint {
		return badMedia("fingerprint")
	}
	if len(o.Codings) < 1 || len(o.Codings) > maxCodings {
		return badMedia("codings: %d", len(o.Codings))
	}
	for i := range o.Codings {
		if err := o.Codings[i].check(); err != nil {
			return badMedia("coding %d: %v", i, err)
		}
	}
	return o.checkSections()
}

// checkSections holds the sections to their order: the four that send, each at most once, then pairs.
func (o *MediaOffer) checkSections() error {
	if len(o.Sections) < 1 || len(o.Sections) > maxSections {
		return badMedia("sections: %d", len(o.Sections))
	}
	order := []string{RoleMicrophone, RoleCamera, RoleScreen, RoleScreenAudio}
	mids := map[string]bool{}
	at, slots := 0, 0
	for i, s := range o.Sections {
		if s.Mid == "" || len(s.Mid) > maxMid || !only(s.Mid, tokenChar) || mids[s.Mid] {
			return badMedia("section %d: mid", i)
		}
		mids[s.Mid] = true
		if s.Coding < 0 || s.Coding >= len(o.Codings) {
			return badMedia("section %d: coding", i)
		}
		want := "audio"
		switch s.Role {
		case RoleMicrophone, RoleCamera, RoleScreen, RoleScreenAudio:
			place := slices.Index(order, s.Role)
			if place < at || slots > 0 {
				return badMedia("section %d: out of order", i)
			}
			at = place + 1
			if s.Role == RoleCamera || s.Role == RoleScreen {
				want = "video"
			}
		case RoleSlotAudio, RoleSlotVideo:
			if (s.Role == RoleSlotAudio) != (slots%2 == 0) {
				return badMedia("section %d: slots come in pairs of audio and video", i)
			}
			slots++
			if s.Role == RoleSlotVideo {
				want = "video"
			}
		default:
			return badMedia("section %d: role", i)
		}
		if o.Codings[s.Coding].Kind != want {
			return badMedia("section %d: kind", i)
		}
	}
	if slots%2 != 0 {
		return badMedia("a slot without video")
	}
	return nil
}

func (c *MediaCoding) check() error {
	if c.Kind != "audio" && c.Kind != "video" {
		return errors.New("kind")
	}
	if len(c.Codecs) < 1 || len(c.Codecs) > maxCodecs || len(c.Extensions) > maxExtensions || len(c.Rids) > maxRids {
		return errors.New("count of codecs, extensions or rids")
	}
	primaries := map[int]bool{}
	payloads := map[int]bool{}
	for i, k := range c.Codecs {
		if err := k.check(c.Kind); err != nil {
			return fmt.Errorf("codec %d: %w", i, err)
		}
		if payloads[k.Payload] {
			return fmt.Errorf("codec %d: payload type twice", i)
		}
		payloads[k.Payload] = true
		primaries[k.Payload] = k.Name != "rtx"
	}
	for i, k := range c.Codecs {
		if k.Name == "rtx" && !primaries[k.Primary] {
			return fmt.Errorf("codec %d: primary", i)
		}
	}
	return c.checkExtensions()
}

func (c *MediaCoding) checkExtensions() error {
	ids := map[int]bool{}
	for i, x := range c.Extensions {
		if x.URI == "" || len(x.URI) > maxURI || !only(x.URI, visibleChar) || x.ID < 1 || x.ID > 255 || ids[x.ID] {
			return fmt.Errorf("extension %d", i)
		}
		ids[x.ID] = true
	}
	for i, r := range c.Rids {
		if r == "" || len(r) > maxRid || !only(r, tokenChar) || slices.Contains(c.Rids[:i], r) {
			return fmt.Errorf("rid %d", i)
		}
	}
	return nil
}

func (k *MediaCodec) check(kind string) error {
	switch k.Name {
	case "red": // of both kinds: browsers offer it for video too
	case "opus":
		if kind != "audio" {
			return errors.New("name")
		}
	case "VP8", "VP9", "AV1", "H264", "rtx":
		if kind != "video" {
			return errors.New("name")
		}
	default:
		return errors.New("name")
	}
	if k.Payload < 0 || k.Payload > 127 || k.Payload >= 64 && k.Payload < 96 {
		return errors.New("payload type")
	}
	if len(k.Format) > maxFormat || !only(k.Format, printChar) {
		return errors.New("format")
	}
	if k.Name == "rtx" {
		if k.Primary < 0 || k.Primary > 127 {
			return errors.New("primary")
		}
	} else if k.Primary != -1 {
		return errors.New("primary")
	}
	return nil
}

func only(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
func iceChar(c byte) bool     { return alphanumeric(c) || c == '+' || c == '/' } // RFC 8839 5.4
func visibleChar(c byte) bool { return c > ' ' && c < 0x7f }
func printChar(c byte) bool   { return c >= ' ' && c < 0x7f }

// tokenChar is a character of a token (RFC 8866 9).
func tokenChar(c byte) bool {
	return visibleChar(c) && !strings.ContainsRune(`"(),/:;<=>?@[\]`, rune(c))
}
