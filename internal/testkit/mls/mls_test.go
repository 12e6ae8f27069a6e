package mls

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

var (
	meeting = ident.MeetingID{1, 2, 3}
	group   = statement.GroupID{1, 2, 3}
)

func TestAServerReadsWhatIsMade(t *testing.T) {
	_, device, _ := ed25519.GenerateKey(nil)
	sender := NewLeaf(meeting, ident.ParticipantID{1}, device)
	guest := NewLeaf(meeting, ident.ParticipantID{2}, device)
	raw := guest.KeyPackage(time.Now())
	kp, err := statement.ParseKeyPackage(raw)
	if wrong := kp.Fault(meeting, uint64(time.Now().UnixMilli())); err != nil || wrong != "" {
		t.Fatalf("the KeyPackage: %v, %s", err, wrong)
	}
	c := Commit{
		Group: group, Epoch: 7, Sender: 3, Time: time.UnixMilli(5), Adds: [][]byte{raw}, Removes: []uint32{1}, Path: sender, Leaves: 4,
	}.Encode()
	head, err := statement.ParsePublicMessage(c)
	if err != nil || head.GroupID != group || head.Epoch != 7 || head.SenderLeaf != 3 {
		t.Fatalf("the head %+v: %v", head, err)
	}
	if data, err := statement.ParseCommitData(head.AuthenticatedData); err != nil || data.Time != 5 {
		t.Fatalf("the data %+v: %v", data, err)
	}
	content, err := statement.ParseCommit(c)
	if err != nil || len(content.Adds) != 1 || len(content.Removes) != 1 || len(content.PSKs) != 1 || !bytes.Equal(content.PSKs[0].ID, meeting[:]) {
		t.Fatalf("the content %+v: %v", content, err)
	}
	if p := content.Path; p == nil || p.SignatureKey != sender.SignatureKey() || !p.SignedIn(group, 3) || p.SignedIn(group, 2) {
		t.Error("the path's leaf is the sender's, signed for its place")
	}
}
