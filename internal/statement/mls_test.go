package statement

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"incamera/internal/ident"
)

// recorded is testdata/mls.json: messages as the page's vault makes them.
type recorded struct {
	Meeting, Group, KeyPackage, Reference, Participant, Device, SignatureKey, InboxKey string
	PrivateGroup, PathGroup, PathCommit                                                string
	Epoch, PrivateEpoch, Time                                                          uint64
	PathLeaf                                                                           uint32
	SenderLeaf                                                                         uint32
	Admission, Commit, Proposal, Private                                               string
}

func readRecorded(t testing.TB) recorded {
	t.Helper()
	raw, err := os.ReadFile("testdata/mls.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAKeyPackageOfThePageIsRead(t *testing.T) {
	r := readRecorded(t)
	raw := unhex(t, r.KeyPackage)
	k, err := ParseKeyPackage(raw)
	if err != nil {
		t.Fatal(err)
	}
	meeting := ident.MeetingID(unhex(t, r.Meeting))
	for name, pair := range map[string][2]string{
		"reference":     {hex.EncodeToString(k.Reference[:]), r.Reference},
		"participant":   {k.Participant.Text(), r.Participant},
		"device":        {hex.EncodeToString(k.Device[:]), r.Device},
		"signature key": {hex.EncodeToString(k.SignatureKey[:]), r.SignatureKey},
		"inbox key":     {hex.EncodeToString(k.InboxKey[:]), r.InboxKey},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, want %s", name, pair[0], pair[1])
		}
	}
	if k.NotAfter-k.NotBefore != 7200 {
		t.Errorf("lives %d s", k.NotAfter-k.NotBefore)
	}
	if !k.Vouched(meeting) || k.Vouched(ident.MeetingID{}) {
		t.Error("the device vouches for the leaf in this meeting and no other")
	}
	if ref, err := KeyPackageRef(raw); err != nil || ref != k.Reference {
		t.Errorf("reference: %v", err)
	}
	if fault := k.Fault(meeting, r.Time); fault != "" {
		t.Error(fault)
	}
	for n := range raw {
		if _, err := ParseKeyPackage(raw[:n]); !errors.Is(err, ErrForm) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := ParseKeyPackage(append(raw, 0)); !errors.Is(err, ErrForm) {
		t.Error("a trailing byte was taken")
	}
}

func TestHeadersOfThePagesMessagesAreRead(t *testing.T) {
	r := readRecorded(t)
	group := GroupID(unhex(t, r.Group))
	commit, err := ParsePublicMessage(unhex(t, r.Commit))
	if err != nil || commit.GroupID != group || commit.Epoch != r.Epoch || commit.SenderLeaf != r.SenderLeaf || commit.ContentType != Commit {
		t.Fatalf("commit %+v, %v", commit, err)
	}
	if !InGroup(group, ident.MeetingID(unhex(t, r.Meeting))) {
		t.Error("the group is not of the meeting")
	}
	data, err := ParseCommitData(commit.AuthenticatedData)
	if err != nil || data.Time != r.Time || len(data.Statements) != 1 || !bytes.Equal(data.Statements[0].Encode(), unhex(t, r.Admission)) {
		t.Fatalf("data %+v, %v", data, err)
	}
	proposal, err := ParsePublicMessage(unhex(t, r.Proposal))
	if err != nil || proposal.ContentType != Proposal {
		t.Errorf("proposal %+v, %v", proposal, err)
	}
	private, err := ParsePrivateMessage(unhex(t, r.Private))
	if err != nil || private.GroupID != GroupID(unhex(t, r.PrivateGroup)) || private.Epoch != r.PrivateEpoch || private.ContentType != Application || len(private.AuthenticatedData) != 0 {
		t.Errorf("private %+v, %v", private, err)
	}
	if _, err := ParsePublicMessage(unhex(t, r.Private)); !errors.Is(err, ErrForm) {
		t.Error("a PrivateMessage was read as a PublicMessage")
	}
}

func TestACommitOfThePageIsReadToItsEnd(t *testing.T) {
	r := readRecorded(t)
	raw := unhex(t, r.Commit)
	c, err := ParseCommit(raw)
	if err != nil || len(c.Adds) != 1 || len(c.Removes) != 0 || len(c.PSKs) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	psk := c.PSKs[0]
	if hex.EncodeToString(c.Adds[0].Reference[:]) != r.Reference || !psk.External || hex.EncodeToString(psk.ID) != r.Meeting || len(psk.Nonce) != 32 {
		t.Errorf("add %x, PSK %+v", c.Adds[0].Reference, psk)
	}
	removing, err := ParseCommit(unhex(t, r.PathCommit))
	group, leaf := GroupID(unhex(t, r.PathGroup)), removing.Path
	if err != nil || len(removing.Removes) != 1 || leaf == nil || !leaf.Plain() {
		t.Fatalf("%+v, %v", removing, err)
	}
	if !leaf.SignedIn(group, r.PathLeaf) || leaf.SignedIn(group, r.PathLeaf+1) || leaf.SignedIn(GroupID{}, r.PathLeaf) {
		t.Error("the leaf of the path signs for its place in this group and no other")
	}
	raw = unhex(t, r.PathCommit)
	for n := range raw {
		if _, err := ParseCommit(raw[:n]); !errors.Is(err, ErrForm) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	if _, err := ParseCommit(append(raw, 0)); !errors.Is(err, ErrForm) {
		t.Error("a trailing byte was taken")
	}
	if _, err := ParseCommit(unhex(t, r.Proposal)); !errors.Is(err, ErrForm) {
		t.Error("a proposal was read as a commit")
	}
}

func FuzzMLSNeverPanics(f *testing.F) {
	r := readRecorded(f)
	for _, s := range []string{r.KeyPackage, r.Commit, r.PathCommit, r.Proposal, r.Private} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := ParseKeyPackage(b); err == nil && k.Reference != keyPackageRef(b) {
			t.Fatal("another reference")
		}
		m, err := ParsePublicMessage(b)
		if err == nil {
			_, _ = ParseCommitData(m.AuthenticatedData)
		}
		if c, ok := ParseCommit(b); ok == nil && (err != nil || len(c.Adds)+len(c.Removes)+len(c.PSKs) > maxProposals) {
			t.Fatal("a commit that is no message, or too large")
		}
		_, _ = ParseRevived(b)
		_, _ = ParsePrivateMessage(b)
		_, _ = ParseCommitData(b)
	})
}
