package ident

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMeetingIDsReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var id MeetingID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if got, err := ParseMeetingID(id.Text()); err != nil || got != id {
			t.Fatalf("%s: got %v, %v", id.Text(), got, err)
		}
	})
}

func TestOnlyTheOneFormOfAnIDIsRead(t *testing.T) {
	good := MeetingID{1, 2, 3}.Text()
	for name, text := range map[string]string{
		"empty":                        "",
		"short":                        good[:25],
		"long":                         good + "0",
		"upper case":                   strings.ToUpper(strings.Repeat("a", 25)) + "0",
		"a letter outside Crockford":   "u" + good[1:],
		"bits behind the last byte":    good[:25] + "1",
		"white space":                  " " + good[1:],
		"a sign of more than one byte": "é" + good[2:],
	} {
		if _, err := ParseMeetingID(text); err == nil {
			t.Errorf("%s: %q was read", name, text)
		}
	}
	for name, text := range map[string]string{
		"empty":      "",
		"short":      strings.Repeat("0", 31),
		"upper case": strings.Repeat("A", 32),
		"not hex":    strings.Repeat("g", 32),
	} {
		if _, err := ParseParticipantID(text); err == nil {
			t.Errorf("%s: %q was read", name, text)
		}
	}
}

func TestTheMeetingIDIsTheFingerprintOfTheHostKey(t *testing.T) {
	a, b := MeetingOf([32]byte{1}), MeetingOf([32]byte{2})
	if a == b || a != MeetingOf([32]byte{1}) {
		t.Fatal("the id does not follow from the key alone")
	}
}

func TestNoLogLineShowsAnID(t *testing.T) {
	meeting := MeetingID{0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	person := ParticipantID(meeting)
	ticket := Ticket{0xde, 0xad, 0xbe, 0xef}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "meeting", meeting, "person", person, "ticket", ticket)
	fmt.Fprintf(&out, "%v %v %v %s %s %s", meeting, person, ticket, meeting, person, ticket)
	for _, secret := range []string{meeting.Text(), person.Text(), "deadbeef", "222 173 190"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q stands in %q", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), meeting.String()) {
		t.Error("the tag is missing: the search proves nothing")
	}
}

func TestTicketsAreEqualOnlyToThemselves(t *testing.T) {
	if !(Ticket{1}).Equal(Ticket{1}) || (Ticket{1}).Equal(Ticket{2}) {
		t.Fatal("tickets compare wrongly")
	}
}
