package seal

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// cheap skips PBKDF2, which is slow on purpose; the golden test runs it.
func cheap(meeting ident.MeetingID) Keys { return Keys{Meeting: meeting, Root: key(1)} }

func TestANewMeetingCanBeBookedAndEntered(t *testing.T) {
	m, err := NewMeeting("Board", key(3))
	if err != nil {
		t.Fatal(err)
	}
	s, err := statement.Parse(m.Booking)
	if err != nil || s.Kind != statement.KindBooking || s.Signer != m.HostKey || !s.Verify(m.ID, statement.GroupID{}) {
		t.Fatalf("booking: %v", err)
	}
	if m.ID != ident.MeetingOf(m.HostKey) {
		t.Error("the address is not the fingerprint of the host key")
	}
	booking, err := statement.ParseBooking(s.Body)
	if err != nil || booking.Nonce != key(3) {
		t.Fatalf("booking body: %v", err)
	}
	keys := m.Code.Keys(m.ID)
	if title, err := keys.OpenTitle(booking.SealedTitle); err != nil || title != "Board" {
		t.Errorf("title %q, %v", title, err)
	}
	proof, err := statement.Parse(keys.EntryProof(statement.Entry{Origin: "http://localhost:8080"}))
	if err != nil || proof.Signer != booking.Entry || !proof.Verify(m.ID, statement.GroupID{}) {
		t.Errorf("entry: %v", err)
	}
}

func TestAWrongCodeOpensNoTitle(t *testing.T) {
	right := cheap(ident.MeetingID{1})
	sealed, err := right.SealTitle("Board")
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]Keys{"code": {Meeting: right.Meeting, Root: key(2)}, "meeting": cheap(ident.MeetingID{2})} {
		if _, err := wrong.OpenTitle(sealed); !errors.Is(err, ErrTitle) {
			t.Errorf("wrong %s: %v", name, err)
		}
	}
	if _, err := right.SealTitle(strings.Repeat("x", TitleBytes+1)); !errors.Is(err, ErrTitle) {
		t.Errorf("a long title: %v", err)
	}
}

func TestLinksAreReadAsTheyWereMade(t *testing.T) {
	seed, code := Seed(key(5)), Code(filled(7, 10))
	m := Meeting{ID: seed.Meeting(), Code: code, Seed: seed}
	guest, err := ParseLink(m.GuestLink("https://meet.example"))
	if err != nil || guest.Meeting != m.ID || *guest.Code != code || guest.Seed != nil {
		t.Errorf("guest link: %+v, %v", guest, err)
	}
	host, err := ParseLink(m.HostLink("https://meet.example"))
	if err != nil || *host.Code != code || *host.Seed != seed {
		t.Errorf("host link: %v", err)
	}
	bare, err := ParseLink("/m/" + m.ID.Text())
	if err != nil || bare.Code != nil {
		t.Errorf("bare link: %v", err)
	}
	other := Meeting{ID: Seed(key(6)).Meeting(), Code: code, Seed: seed}
	for name, link := range map[string]string{
		"another's seed": other.HostLink(""), "personal": m.GuestLink("") + "~token", "no address": "https://meet.example/",
		"short code": m.GuestLink("")[:40], "capital address": "/m/" + strings.ToUpper(m.ID.Text()),
	} {
		if _, err := ParseLink(link); !errors.Is(err, ErrLink) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretsArePrintedAsNothing(t *testing.T) {
	m := Meeting{Code: Code(filled(0x41, 10)), Seed: Seed(key(0x61))}
	shown := fmt.Sprint(m.Code, m.Seed, m.Code.LogValue(), m.Seed.LogValue(), cheap(ident.MeetingID{}))
	if strings.Contains(shown, "AB") || strings.Contains(shown, "65 66") || strings.Contains(shown, "97 98") {
		t.Error("a secret was printed:", shown)
	}
}

func FuzzParseCodeTakesOneMeaning(f *testing.F) {
	f.Add("8515-1j2m-9mak-5akk")
	f.Fuzz(func(t *testing.T, typed string) {
		c, err := ParseCode(typed)
		if err != nil {
			return
		}
		if again, err := ParseCode(c.Text()); err != nil || again != c {
			t.Fatalf("%q is %q, which is not read back", typed, c.Text())
		}
	})
}
