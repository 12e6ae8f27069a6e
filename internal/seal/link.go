package seal

import (
	"encoding/base32"
	"errors"
	"strings"

	"incamera/internal/ident"
)

// ErrLink is returned for a link or code that is not of the form.
var ErrLink = errors.New("seal: not a link of this form")

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// lenient reads what people type: any case, no dashes, o for 0, i and l for 1.
var lenient = strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1")

// Text shows the code in groups of four.
func (c Code) Text() string {
	s := crockford.EncodeToString(c[:])
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

// Text is the seed as it stands in a host link.
func (s Seed) Text() string { return crockford.EncodeToString(s[:]) }

// ParseCode reads an access code as typed.
func ParseCode(typed string) (Code, error) {
	var c Code
	err := read(typed, c[:])
	return c, err
}

// ParseSeed reads a host seed as typed.
func ParseSeed(typed string) (Seed, error) {
	var s Seed
	err := read(typed, s[:])
	return s, err
}

func read(typed string, to []byte) error {
	clean := lenient.Replace(strings.ToLower(typed))
	b, err := crockford.DecodeString(clean)
	if err != nil || len(b) != len(to) || crockford.EncodeToString(b) != clean {
		return ErrLink
	}
	copy(to, b)
	return nil
}

// Link is a meeting's address with what its fragment carries.
type Link struct {
	Meeting ident.MeetingID
	Code    *Code // nil: the page asks for it
	Seed    *Seed // nil: a guest's link
}

// GuestLink is a link below origin (scheme, host and port).
func (m Meeting) GuestLink(origin string) string {
	return origin + "/m/" + m.ID.Text() + "#" + strings.ReplaceAll(m.Code.Text(), "-", "")
}

// HostLink carries the host seed too: whoever has it is the host.
func (m Meeting) HostLink(origin string) string { return m.GuestLink(origin) + "." + m.Seed.Text() }

// ParseLink reads a whole link, or its part from /m/ on. Personal links (with ~) are reserved and refused.
func ParseLink(link string) (Link, error) {
	_, rest, found := strings.Cut(link, "/m/")
	if !found {
		return Link{}, ErrLink
	}
	address, fragment, _ := strings.Cut(rest, "#")
	id, err := ident.ParseMeetingID(address)
	if err != nil {
		return Link{}, ErrLink
	}
	l := Link{Meeting: id}
	codeText, seedText, hasSeed := strings.Cut(fragment, ".")
	if codeText != "" {
		code, err := ParseCode(codeText)
		if err != nil {
			return Link{}, err
		}
		l.Code = &code
	}
	if !hasSeed {
		return l, nil
	}
	seed, err := ParseSeed(seedText)
	if err != nil || seed.Meeting() != id {
		return Link{}, ErrLink
	}
	l.Seed = &seed
	return l, nil
}
