package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

var update = flag.Bool("update", false, "rewrite protocol/keys.json")

const goldenFile = "../../protocol/keys.json"

type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexBytes) UnmarshalText(t []byte) (err error) {
	*h, err = hex.DecodeString(string(t))
	return err
}

// golden is protocol/keys.json: fixed inputs and everything that follows from them.
type golden struct {
	Code struct {
		Bytes hexBytes `json:"bytes"`
		Text  string   `json:"text"`
		Typed []string `json:"typed"` // all mean the same
	} `json:"code"`
	Seed struct {
		Bytes hexBytes `json:"bytes"`
		Text  string   `json:"text"`
	} `json:"seed"`
	Meeting struct {
		HostKey hexBytes `json:"hostKey"`
		Bytes   hexBytes `json:"bytes"`
		Text    string   `json:"text"`
		Guest   string   `json:"guestLink"`
		Host    string   `json:"hostLink"`
	} `json:"meeting"`
	Derived struct {
		Root  hexBytes `json:"root"`
		Entry hexBytes `json:"entryPublic"`
		PSK   hexBytes `json:"psk"`
		Seal  hexBytes `json:"sealKey"`
		Knock hexBytes `json:"knockPublic"`
	} `json:"derived"`
	Title struct {
		Text   string   `json:"text"`
		Nonce  hexBytes `json:"nonce"`
		Sealed hexBytes `json:"sealed"`
	} `json:"title"`
	Name struct {
		Text       string   `json:"text"`
		Padded     hexBytes `json:"padded"`
		Salt       hexBytes `json:"salt"`
		Commitment hexBytes `json:"commitment"`
		Reference  hexBytes `json:"reference"`
		Sealed     hexBytes `json:"sealed"` // HPKE is random: kept as long as it opens
	} `json:"name"`
	Roster struct {
		Time   uint64        `json:"time"`
		Leaves []goldenLeaf  `json:"leaves"`
		Away   []goldenAway  `json:"away"`
		Spent  []goldenSpent `json:"spent"`
		Hash   hexBytes      `json:"hash"`
	} `json:"roster"`
	Group      hexBytes          `json:"group"`
	SignerSeed hexBytes          `json:"signerSeed"`
	Statements []goldenStatement `json:"statements"`
}

type goldenAway struct {
	Participant  hexBytes `json:"participant"`
	Device       hexBytes `json:"device"`
	SignatureKey hexBytes `json:"signatureKey"`
	Commitment   hexBytes `json:"commitment"`
	Role         uint8    `json:"role"`
}

type goldenLeaf struct {
	Leaf uint32 `json:"leaf"`
	goldenAway
}

type goldenSpent struct {
	Reference hexBytes `json:"reference"`
	Until     uint64   `json:"until"`
}

type goldenStatement struct {
	Kind      string   `json:"kind"`
	Body      hexBytes `json:"body"`
	Statement hexBytes `json:"statement"`
	Hash      hexBytes `json:"hash"`
}

// filled gives n bytes that count up from start.
func filled(start byte, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = start + byte(i)
	}
	return b
}

func key(start byte) [32]byte { return [32]byte(filled(start, 32)) }

func compute(old golden) golden {
	var g golden
	code, seed := Code(filled(0x41, 10)), Seed(key(0x80))
	meeting := seed.Meeting()
	keys := code.Keys(meeting)
	m := book(seed, code, keys, key(1), must(keys.sealTitle("", filled(0, 12))))

	g.Code.Bytes, g.Code.Text = code[:], code.Text()
	g.Code.Typed = typed(code)
	g.Seed.Bytes, g.Seed.Text = seed[:], seed.Text()
	g.Meeting.HostKey, g.Meeting.Bytes, g.Meeting.Text = m.HostKey[:], meeting[:], meeting.Text()
	g.Meeting.Guest, g.Meeting.Host = m.GuestLink("https://meet.example"), m.HostLink("https://meet.example")
	g.Derived.Root, g.Derived.PSK, g.Derived.Seal = keys.Root[:], keys.PSK(), keys.sealKey()
	entry := publicOf(keys.Entry())
	g.Derived.Entry, g.Derived.Knock = entry[:], seed.KnockKey().PublicKey().Bytes()
	g.Title.Text, g.Title.Nonce = "Klassenrat – Müller", filled(0x20, 12)
	g.Title.Sealed = must(keys.sealTitle(g.Title.Text, g.Title.Nonce))

	g.Name.Text, g.Name.Salt, g.Name.Reference = "பிரியா Priya", filled(0x50, 32), filled(0x60, 32)
	g.Name.Padded = padName(g.Name.Text)
	sum := sha256.Sum256(append(bytes.Clone(g.Name.Salt), g.Name.Padded...))
	g.Name.Commitment = sum[:]
	g.Name.Sealed = sealedName(seed, g.Name.Reference, g.Name.Padded, old.Name.Sealed)

	g.Roster.Time = 1_795_000_000_123
	g.Roster.Leaves = []goldenLeaf{
		{0, goldenAway{filled(1, 16), filled(2, 32), filled(3, 32), filled(4, 32), 2}},
		{3, goldenAway{filled(5, 16), filled(6, 32), filled(7, 32), filled(8, 32), 0}},
	}
	g.Roster.Away = []goldenAway{{filled(9, 16), filled(10, 32), filled(11, 32), filled(12, 32), 0}}
	g.Roster.Spent = []goldenSpent{{filled(13, 32), 1_795_003_600_000}, {filled(14, 32), 1_795_003_601_000}}
	g.Roster.Hash = rosterHash(g.Roster.Time, g.Roster.Leaves, g.Roster.Away, g.Roster.Spent)
	g.Group, g.SignerSeed = append(bytes.Clone(meeting[:]), filled(0xa0, 16)...), filled(0x30, 32)
	g.Statements = statements(meeting, [32]byte(g.Group), ed25519.NewKeyFromSeed(g.SignerSeed), g.Title.Sealed)
	return g
}

// must is for fixed inputs, which cannot fail.
func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// typed gives ways to type the same code.
func typed(c Code) []string {
	upper := strings.ToUpper(c.Text())
	return []string{c.Text(), upper, strings.ReplaceAll(upper, "-", ""), strings.NewReplacer("1", "l", "0", "O").Replace(c.Text())}
}

func padName(name string) []byte {
	padded := make([]byte, 256)
	binary.BigEndian.PutUint16(padded, uint16(len(name)))
	copy(padded[2:], name)
	return padded
}

func sealedName(seed Seed, reference, padded, old []byte) []byte {
	meeting := seed.Meeting()
	aad := append(bytes.Clone(meeting[:]), reference...)
	if got, err := openName(seed, aad, old); err == nil && bytes.Equal(got, padded) {
		return old
	}
	to, err := hpke.NewDHKEMPublicKey(seed.KnockKey().PublicKey())
	if err != nil {
		panic(err)
	}
	enc, sender, err := hpke.NewSender(to, hpke.HKDFSHA256(), hpke.AES128GCM(), []byte("incamera/1 name"))
	if err != nil {
		panic(err)
	}
	return append(enc, must(sender.Seal(aad, padded))...)
}

func openName(seed Seed, aad, sealed []byte) ([]byte, error) {
	if len(sealed) != 304 {
		return nil, ErrTitle
	}
	key, err := hpke.NewDHKEMPrivateKey(seed.KnockKey())
	if err != nil {
		return nil, err
	}
	recipient, err := hpke.NewRecipient(sealed[:32], key, hpke.HKDFSHA256(), hpke.AES128GCM(), []byte("incamera/1 name"))
	if err != nil {
		return nil, err
	}
	return recipient.Open(aad, sealed[32:])
}

// rosterHash is what a head states of the roster (protocol/README.md section 3).
func rosterHash(time uint64, leaves []goldenLeaf, away []goldenAway, spent []goldenSpent) []byte {
	var inside, outside, used []byte
	person := func(b []byte, p goldenAway) []byte {
		return append(slices.Concat(b, p.Participant, p.Device, p.SignatureKey, p.Commitment), p.Role)
	}
	for _, l := range leaves {
		inside = person(binary.BigEndian.AppendUint32(inside, l.Leaf), l.goldenAway)
	}
	for _, a := range away {
		outside = person(outside, a)
	}
	for _, s := range spent {
		used = binary.BigEndian.AppendUint64(append(used, s.Reference...), s.Until)
	}
	b := binary.BigEndian.AppendUint64(nil, time)
	for _, part := range [][]byte{inside, outside, used} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

func statements(meeting ident.MeetingID, group statement.GroupID, signer ed25519.PrivateKey, title []byte) []goldenStatement {
	person, under := ident.ParticipantID(filled(1, 16)), statement.Under{Sequence: 1, Hash: key(9)}
	admitted := func(start byte, role statement.Role) statement.Admitted {
		return statement.Admitted{
			Reference: key(start), Participant: ident.ParticipantID(filled(start+1, 16)), Device: key(start + 2),
			NameCommitment: key(start + 3), Role: role,
		}
	}
	policy := statement.Policy{
		Generation: 2, Sequence: 1, Previous: key(7), Label: statement.Sensitive, Locked: true,
		Allows: statement.AllowAll &^ (statement.AllowShare | statement.AllowReact), Recording: statement.RecordingPaused, OrderKey: key(8),
		Hosts: [][32]byte{key(2), key(3)}, CoHosts: [][32]byte{key(5)}, Barred: [][32]byte{key(4), key(6)},
	}
	envelope := statement.Envelope{Epoch: 5, Commit: key(1)}
	bodies := []struct {
		kind statement.Kind
		body interface{ Encode() []byte }
	}{
		{statement.KindBooking, statement.Booking{Nonce: key(1), Entry: key(2), Knock: key(3), SealedTitle: title}},
		{statement.KindEntry, statement.Entry{Origin: "https://meet.example", Challenge: key(1), Device: key(2), Reference: key(3)}},
		{statement.KindHost, statement.Host{Origin: "https://meet.example", Challenge: key(1), Device: key(2), Participant: person}},
		{statement.KindKnock, statement.Knock{Reference: key(1), Participant: person, SealedNameHash: key(2), Time: 1_795_000_000_123}},
		{statement.KindLeaf, statement.Leaf{Participant: person, SignatureKey: key(2), InboxKey: key(3)}},
		{statement.KindResume, statement.Resume{Origin: "https://meet.example", Challenge: key(1), TicketHash: key(2)}},
		{statement.KindPolicy, policy},
		{statement.KindAdmission, statement.Admission{Under: under, Expiry: 1_795_000_600_123, Entries: []statement.Admitted{admitted(10, 0), admitted(20, 2)}}},
		{statement.KindRejoin, statement.Rejoin{Participant: person, SignatureKey: key(2), Reference: key(3), Epoch: 5, Authenticator: key(4)}},
		{statement.KindRemoval, statement.Removal{Under: under, Participant: person, Device: key(2), SignatureKey: key(3)}},
		{statement.KindLeave, statement.Leave{Participant: person, SignatureKey: key(2)}},
		{statement.KindConsent, statement.Consent{Policy: key(1)}},
		{statement.KindHead, statement.Head{Epoch: 5, Authenticator: key(1), Under: under, RosterHash: key(2), Time: 1_795_000_000_123}},
		{statement.KindCommit, envelope},
		{statement.KindRefusal, statement.Refusal{Envelope: envelope, Why: statement.WhyOpens}},
		{statement.KindOrder, envelope},
		{statement.KindEnd, statement.End{Under: under, Epoch: 6}},
	}
	var all []goldenStatement
	for _, b := range bodies {
		raw := statement.Sign(signer, b.kind, meeting, group, b.body.Encode())
		sum := sha256.Sum256(raw)
		all = append(all, goldenStatement{Kind: string(b.kind), Body: b.body.Encode(), Statement: raw, Hash: sum[:]})
	}
	return all
}

func TestDerivedValuesAreThoseOfTheGoldenFile(t *testing.T) {
	kept, err := os.ReadFile(goldenFile)
	if err != nil && !*update {
		t.Fatal(err)
	}
	var old golden
	if err := json.Unmarshal(kept, &old); err != nil && !*update {
		t.Fatal(err)
	}
	now, err := json.MarshalIndent(compute(old), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	now = append(now, '\n')
	if *update {
		if err := os.WriteFile(goldenFile, now, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(now, kept) {
		t.Error("protocol/keys.json differs from what this code computes; if that is meant, run go test ./internal/seal -update")
	}
}
