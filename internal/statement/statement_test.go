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
	KindLeaf:      {Leaf{Participant: testPerson, SignatureKey: key2, InboxKey: key1}, parser(ParseLeaf)},
	KindResume:    {Resume{Origin: "http://localhost:8080", TicketHash: key2}, parser(ParseResume)},
	KindPolicy:    {goodPolicy(func(*Policy) {}), parser(ParsePolicy)},
	KindAdmission: {Admission{Under: Under{1, key1}, Expiry: 5, Entries: []Admitted{{Reference: key1, Participant: testPerson, Device: key2, Role: RoleHost}}}, parser(ParseAdmission)},
	KindRemoval:   {Removal{Under: Under{1, key1}, Participant: testPerson, Device: key2}, parser(ParseRemoval)},
	KindLeave:     {Leave{Participant: testPerson, SignatureKey: key2}, parser(ParseLeave)},
	KindRejoin:    {Rejoin{Participant: testPerson, SignatureKey: key1, Reference: key2, Epoch: 4, Authenticator: key1}, parser(ParseRejoin)},
	KindConsent:   {Consent{Policy: key1}, parser(ParseConsent)},
	KindHead:      {Head{Epoch: 3, Authenticator: key1, Under: Under{1, key1}, Time: 1 << 40}, parser(ParseHead)},
	KindCommit:    {Envelope{Epoch: 3, Commit: key1}, parser(ParseEnvelope)},
	KindRefusal:   {Refusal{Envelope{Epoch: 3, Commit: key1}, WhyOpens}, parser(ParseRefusal)},
	KindOrder:     {Envelope{Epoch: 3, Commit: key2}, parser(ParseEnvelope)},
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
	asLeaf.Kind = KindConsent
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
		"co-host's role":   second(ParseAdmission(Admission{Entries: []Admitted{{Role: 1}}}.Encode())),
		"no reason":        second(ParseRefusal(Refusal{}.Encode())),
		"unknown reason":   second(ParseRefusal(Refusal{Why: 3}.Encode())),
		"short title":      second(ParseBooking(Booking{SealedTitle: []byte("x")}.Encode())),
		"token proof":      second(ParseKnock(Knock{TokenProof: key1}.Encode())),
	} {
		if !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func goodPolicy(change func(*Policy)) Policy {
	p := Policy{
		Generation: 1, Sequence: 1, Locked: true, Allows: AllowAll, Recording: RecordingPaused, OrderKey: key1,
		Hosts: [][32]byte{key1, key2}, CoHosts: [][32]byte{{3}}, Barred: [][32]byte{{4}, {5}},
	}
	change(&p)
	return p
}

// keysFrom gives n keys in byte order.
func keysFrom(n int) [][32]byte {
	list := make([][32]byte, n)
	for i := range list {
		list[i] = [32]byte{9, byte(i >> 8), byte(i)}
	}
	return list
}

func TestPoliciesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		good, bad func(*Policy)
	}{
		"no host":             {func(p *Policy) { p.Hosts = p.Hosts[:1] }, func(p *Policy) { p.Hosts = nil }},
		"generation zero":     {func(p *Policy) { p.Generation = 2 }, func(p *Policy) { p.Generation = 0 }},
		"sequence zero":       {func(p *Policy) { p.Sequence = 2 }, func(p *Policy) { p.Sequence = 0 }},
		"a host twice":        {func(p *Policy) { p.Hosts = [][32]byte{key1, key2} }, func(p *Policy) { p.Hosts = [][32]byte{key1, key1} }},
		"hosts out of order":  {func(p *Policy) { p.Hosts = [][32]byte{key1, key2} }, func(p *Policy) { p.Hosts = [][32]byte{key2, key1} }},
		"a host barred":       {func(p *Policy) { p.Barred = [][32]byte{{6}} }, func(p *Policy) { p.Barred = [][32]byte{key1} }},
		"a co-host barred":    {func(p *Policy) { p.Barred = [][32]byte{{6}} }, func(p *Policy) { p.Barred = [][32]byte{{3}} }},
		"a host as co-host":   {func(p *Policy) { p.CoHosts = [][32]byte{{6}} }, func(p *Policy) { p.CoHosts = [][32]byte{key2} }},
		"too many hosts":      {func(p *Policy) { p.Hosts = keysFrom(MaxHosts) }, func(p *Policy) { p.Hosts = keysFrom(MaxHosts + 1) }},
		"too many co-hosts":   {func(p *Policy) { p.CoHosts = keysFrom(MaxCoHosts) }, func(p *Policy) { p.CoHosts = keysFrom(MaxCoHosts + 1) }},
		"too many barred":     {func(p *Policy) { p.Barred = keysFrom(MaxBarred) }, func(p *Policy) { p.Barred = keysFrom(MaxBarred + 1) }},
		"unknown label":       {func(p *Policy) { p.Label, p.Allows, p.Recording = 2, 0, 0 }, func(p *Policy) { p.Label, p.Allows, p.Recording = 3, 0, 0 }},
		"unknown recording":   {func(p *Policy) { p.Recording = 2 }, func(p *Policy) { p.Recording = 3 }},
		"an unknown right":    {func(p *Policy) { p.Allows = 32 }, func(p *Policy) { p.Allows = 64 }},
		"sharing, sensitive":  {func(p *Policy) { p.Label, p.Allows = Sensitive, AllowAll&^AllowShare }, func(p *Policy) { p.Label = Sensitive }},
		"keeping, restricted": {func(p *Policy) { p.Label, p.Allows, p.Recording = Restricted, 0, 0 }, func(p *Policy) { p.Label, p.Allows, p.Recording = Restricted, 0, 1 }},
	} {
		if _, err := ParsePolicy(goodPolicy(c.good).Encode()); err != nil {
			t.Errorf("%s: what is right is refused: %v", name, err)
		}
		if _, err := ParsePolicy(goodPolicy(c.bad).Encode()); !errors.Is(err, ErrForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzPolicyBodyIsCanonical(f *testing.F) {
	f.Add(goodPolicy(func(*Policy) {}).Encode())
	f.Add(goodPolicy(func(p *Policy) { p.Barred = keysFrom(40) }).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePolicy(b)
		if err == nil && (!bytes.Equal(p.Encode(), b) || len(p.Hosts) == 0 || len(p.Barred) > MaxBarred) {
			t.Fatalf("%+v", p)
		}
	})
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
