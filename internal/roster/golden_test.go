package roster

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"incamera/internal/ident"
	"incamera/internal/statement"
)

// judged is a case of protocol/gate.json: what the page's gate said of a commit.
type judged struct {
	Name, Meeting, HostKey, Group, By, Verdict string
	Epoch                                      uint64
	State, Commit, Envelope                    []byte
	After                                      []byte // of a commit that passes as MLS, too
}

func readJudged(t testing.TB) []judged {
	t.Helper()
	raw, err := os.ReadFile("../../protocol/gate.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []judged
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (j judged) revive(t testing.TB, epoch uint64, state []byte) *State {
	t.Helper()
	meeting := ident.MeetingID(unhex(t, j.Meeting))
	s, err := Revive(meeting, [32]byte(unhex(t, j.HostKey)), statement.GroupID(unhex(t, j.Group)), epoch, state)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheServerJudgesAsThePageDoes(t *testing.T) {
	for _, j := range readJudged(t) {
		t.Run(j.Name, func(t *testing.T) {
			change, err := j.revive(t, j.Epoch, j.State).Check(ident.ParticipantID(unhex(t, j.By)), j.Commit, j.Envelope)
			if got := rule(t, err); got != j.Verdict {
				t.Fatalf("%q, the page said %q", got, j.Verdict)
			}
			if len(j.After) > 0 {
				same(t, change.Next, j.revive(t, j.Epoch+1, j.After))
			}
		})
	}
}

// same compares what two rosters hold, but for what a revival does not tell.
func same(t *testing.T, got, want *State) {
	t.Helper()
	word := func(l Leaf) string {
		l.InboxKey, l.Admission = [32]byte{}, nil
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	words := func(leaves []Leaf) []string {
		var list []string
		for _, l := range leaves {
			list = append(list, word(l)+hex.EncodeToString(l.Admission))
		}
		return list
	}
	if !slices.Equal(words(got.Leaves()), words(want.Leaves())) {
		t.Errorf("leaves\n%v\nthe page has\n%v", words(got.Leaves()), words(want.Leaves()))
	}
	if !slices.Equal(words(got.away), words(want.away)) {
		t.Errorf("away\n%v\nthe page has\n%v", words(got.away), words(want.away))
	}
	if !maps.Equal(got.spent, want.spent) || got.time != want.time || got.epoch != want.epoch || got.Tip().Under() != want.Tip().Under() {
		t.Errorf("spent %d, time %d, epoch %d; the page has %d, %d, %d", len(got.spent), got.time, got.epoch, len(want.spent), want.time, want.epoch)
	}
}
