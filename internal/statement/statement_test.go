package statement

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"testing"

	"incamera/internal/ident"
)

var (
	testKey     = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	testMeeting = ident.MeetingID{1, 2, 3}
	testGroup   = GroupID{1, 2, 3}
	testPerson  = ident.ParticipantID{9}
	key1, key2  = [32]byte{1}, [32]byte{2}
)

type body interface{ Encode() []byte }

// samples has one body of every kind and the parser that must give it back.
var samples = map[Kind]struct {
	body  body
	parse func([]byte) (body, error)
}{
	KindBooking:   {Booking{Nonce: key1, SealedTitle: make([]byte, SealedTitleLen)}, parser(ParseBooking)},
	KindEntry:     {Entry{Origin: "https://a.example", Device: key1}, parser(ParseEntry)},
	KindHost:      {Host{Origin: "https://a.example", Participant: testPerson}, parser(ParseHost)},
	KindKnock:     {Knock{Reference: key1, Participant: testPerson, Time: 1 << 40}, parser(ParseKnock)},
	KindLeaf:      {Leaf{Participant: testPerson, SignatureKey: key2}, parser(ParseLeaf)},
	KindResume:    {Resume{Origin: "http://localhost:8080", TicketHash: key2}, parser(ParseResume)},
	KindPolicy:    {Policy{Generation: 1, Sequence: 1, Locked: true, Hosts: [][32]byte{key1, key2}, Barred: [][32]byte{key1}}, parser(ParsePolicy)},
	KindAdmission: {Admission{Under: Under{1, key1}, Expiry: 5, Entries: []Admitted{{Reference: key1, Participant: testPerson, Device: key2, Role: RoleHost}}}, parser(ParseAdmission)},
	KindRemoval:   {Removal{Under: Under{1, key1}, Participant: testPerson, Device: key2}, parser(ParseRemoval)},
	KindLeave:     {Leave{Participant: testPerson, SignatureKey: key2}, parser(ParseLeave)},
	KindHead:      {Head{Epoch: 3, Authenticator: key1, Under: Under{1, key1}}, parser(ParseHead)},
	KindEnd:       {End{Under: Under{1, key1}, Epoch: 9}, parser(ParseEnd)},
}

func parser[B body](parse func([]byte) (B, error)) func([]byte) (body, error) {
	return func(b []byte) (body, error) { return parse(b) }
}

func TestEveryKindIsReadAsItWasWritten(t *testing.T) {
	if len(samples) != len(grouped) {
		t.Fatalf("%d samples for %d kinds", len(samples), len(grouped))
	}
	for kind, sample := range samples {
		t.Run(string(kind), func(t *testing.T) {
			raw := Sign(testKey, kind, testMeeting, testGroup, sample.body.Encode())
			s, err := Parse(raw)
			if err != nil || !s.Verify(testMeeting, testGroup) || !bytes.Equal(s.Encode(), raw) {
				t.Fatalf("parse %v, verify %v", err, s.Verify(testMeeting, testGroup))
			}
			got, err := sample.parse(s.Body)
			if err != nil || !bytes.Equal(got.Encode(), s.Body) {
				t.Fatalf("body %+v: %v", got, err)
			}
			for n := range s.Body {
				if _, err := sample.parse(s.Body[:n]); err == nil {
					t.Fatalf("a body cut to %d bytes was taken", n)
				}
			}
			if _, err := sample.parse(append(bytes.Clone(s.Body), 0)); !errors.Is(err, ErrForm) {
				t.Fatal("a trailing byte was taken")
			}
		})
	}
}

func TestASignatureHoldsForOneKindMeetingAndGroup(t *testing.T) {
	leave := Leave{Participant: testPerson}.Encode()
	s, _ := Parse(Sign(testKey, KindLeave, testMeeting, testGroup, leave))
	asLeaf := s
	asLeaf.Kind = KindLeaf
	other := s
	other.Body = Leave{Participant: testPerson, SignatureKey: key1}.Encode()
	switch {
	case !s.Verify(testMeeting, testGroup):
		t.Error("the true statement does not verify")
	case s.Verify(ident.MeetingID{4}, testGroup), s.Verify(testMeeting, GroupID{4}), asLeaf.Verify(testMeeting, testGroup), other.Verify(testMeeting, testGroup):
		t.Error("a statement moved elsewhere verifies")
	}
	booking, _ := Parse(Sign(testKey, KindLeaf, testMeeting, testGroup, leave))
	if !booking.Verify(testMeeting, GroupID{}) {
		t.Error("a kind outside groups must be signed over a zero group")
	}
}

func TestStatementsThatAreRefused(t *testing.T) {
	good := Sign(testKey, KindEnd, testMeeting, testGroup, End{}.Encode())
	unknown := bytes.Clone(good)
	copy(unknown[1:], "enD")
	for name, raw := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-1], "trailing": append(bytes.Clone(good), 0), "unknown kind": unknown,
		"two": append(bytes.Clone(good), good...),
	} {
		if _, err := Parse(raw); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := ParseAll(append(bytes.Clone(good), good...), 2); err != nil || len(all) != 2 {
		t.Errorf("two statements in a row: %d, %v", len(all), err)
	}
	if _, err := ParseAll(append(bytes.Clone(good), good...), 1); err == nil {
		t.Error("more statements than the limit")
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	entry := Admitted{Reference: key1, Participant: testPerson, Device: key2}
	sameDevice := Admitted{Reference: [32]byte{3}, Participant: ident.ParticipantID{8}, Device: key2}
	many := make([]Admitted, MaxAdmissionEntries+1)
	for i := range many {
		many[i] = Admitted{Reference: [32]byte{1, byte(i)}, Participant: ident.ParticipantID{byte(i)}, Device: [32]byte{2, byte(i)}}
	}
	badRole := Admission{Entries: []Admitted{{Role: 3}}}
	for name, err := range map[string]error{
		"no entry":         second(ParseAdmission(Admission{}.Encode())),
		"too many entries": second(ParseAdmission(Admission{Entries: many}.Encode())),
		"device twice":     second(ParseAdmission(Admission{Entries: []Admitted{entry, sameDevice}}.Encode())),
		"unknown role":     second(ParseAdmission(badRole.Encode())),
		"no host":          second(ParsePolicy(Policy{Generation: 1, Sequence: 1}.Encode())),
		"host twice":       second(ParsePolicy(Policy{Generation: 1, Sequence: 1, Hosts: [][32]byte{key1, key1}}.Encode())),
		"sequence zero":    second(ParsePolicy(Policy{Generation: 1, Hosts: [][32]byte{key1}}.Encode())),
		"short title":      second(ParseBooking(Booking{SealedTitle: []byte("x")}.Encode())),
		"token proof":      second(ParseKnock(Knock{TokenProof: key1}.Encode())),
	} {
		if !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzParseThenEncodeIsSame(f *testing.F) {
	for kind, sample := range samples {
		f.Add(Sign(testKey, kind, testMeeting, testGroup, sample.body.Encode()))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(s.Encode(), raw) {
			t.Fatal("the statement changed")
		}
		got, err := samples[s.Kind].parse(s.Body)
		if err == nil && !bytes.Equal(got.Encode(), s.Body) {
			t.Fatal("the body changed")
		}
	})
}
