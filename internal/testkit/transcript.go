package testkit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Transcript writes a conversation down: a line "guest> {…}" for what a person says, "guest< {…}" for what
// they hear, "guest< closed" at the end of a line. Values that differ each time stand as "$name": of whom
// and what, and in which version if it is not the first.
type Transcript struct {
	lines []string
	names map[string]string // by the value as it stands in JSON, quotes included
	count map[string]int
}

// Record has everything said and heard in the house from now on written down.
func (h *House) Record() *Transcript {
	h.log = &Transcript{names: map[string]string{}, count: map[string]int{}}
	return h.log
}

// Heading begins a part of the conversation.
func (tr *Transcript) Heading(text string) { tr.lines = append(tr.lines, "", "# "+text) }

// NameInvite names the values of a meeting.
func (tr *Transcript) NameInvite(in *Invite) {
	tr.nameText("meeting", in.ID.Text())
	tr.nameValue("hostKey", in.HostKey[:])
	tr.nameValue("booking", in.Booking)
}

func (tr *Transcript) nameAll(p *Person) {
	if tr == nil {
		return
	}
	tr.nameText(p.Name+".participant", p.ID.Text())
	device := p.DeviceKey()
	tr.nameValue(p.Name+".device", device[:])
}

func (tr *Transcript) nameValue(name string, value []byte) {
	if tr != nil {
		tr.nameText(name, base64.StdEncoding.EncodeToString(value))
	}
}

func (tr *Transcript) nameText(name, text string) {
	quoted := `"` + text + `"`
	if _, known := tr.names[quoted]; known {
		return
	}
	tr.count[name]++
	if n := tr.count[name]; n > 1 {
		name = fmt.Sprintf("%s.%d", name, n)
	}
	tr.names[quoted] = `"$` + name + `"`
}

// fresh are the fields in which the server sends what it has just made.
var fresh = regexp.MustCompile(`"(challenge|ticket)":"([A-Za-z0-9+/=]{44})"`)

// ordering are the fields in which the server says who orders commits, and that it ordered one.
var ordering = regexp.MustCompile(`"(orderKey|order)":"([A-Za-z0-9+/=]{44,})"`)

func (tr *Transcript) said(p *Person, frame []byte) {
	if tr != nil {
		tr.lines = append(tr.lines, p.Name+"> "+tr.named(p, frame))
	}
}

func (tr *Transcript) heard(p *Person, frame []byte) {
	if tr != nil {
		tr.lines = append(tr.lines, p.Name+"< "+tr.named(p, frame))
	}
}

func (tr *Transcript) closed(p *Person) {
	if tr != nil {
		tr.lines = append(tr.lines, p.Name+"< closed")
	}
}

func (tr *Transcript) named(p *Person, frame []byte) string {
	if len(frame) > 8<<10 {
		return fmt.Sprintf("(%d bytes)", len(frame))
	}
	for _, found := range ordering.FindAllSubmatch(frame, -1) {
		tr.nameText("server."+string(found[1]), string(found[2]))
	}
	for _, found := range fresh.FindAllSubmatch(frame, -1) {
		tr.nameText(p.Name+"."+string(found[1]), string(found[2]))
	}
	if !json.Valid(frame) {
		return fmt.Sprintf("%q", frame)
	}
	return values.ReplaceAllStringFunc(string(frame), func(quoted string) string {
		if name, known := tr.names[quoted]; known {
			return name
		}
		return quoted
	})
}

var values = regexp.MustCompile(`"[^"\\]{16,}"`)

// Compare holds the conversation against the file, or rewrites the file.
func (tr *Transcript) Compare(t testing.TB, file, about string, update bool) {
	t.Helper()
	text := []byte("# " + about + "\n" + strings.Join(tr.lines, "\n") + "\n")
	if update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run with -update", err)
	}
	if bytes.Equal(have, text) {
		return
	}
	was, is := strings.Split(string(have), "\n"), strings.Split(string(text), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			t.Fatalf("%s differs at line %d:\nwas %s\nis  %s", file, i+1, at(was, i), at(is, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
