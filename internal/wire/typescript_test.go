package wire

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite web/src/core/wire.gen.ts")

const generated = "../../web/src/core/wire.gen.ts"

// answers says what each request is answered by; all others by Ok.
var answers = map[string]string{
	"hello": "OkHello", "host": "OkHost", "knock": "OkKnock", "rejoin": "OkKnock",
	"revive": "OkReturn", "return": "OkReturn", "open": "OkSeated", "joined": "OkSeated", "remove": "OkRemove", "media": "OkMedia", "ping": "Pong",
}

func TestTypeScriptTypesAreCurrent(t *testing.T) {
	text := typescript()
	if *update {
		if err := os.WriteFile(generated, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(generated)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != text {
		t.Errorf("%s is not what the Go types say; run: go test ./internal/wire -run TypeScript -update", generated)
	}
}

// typescript writes the types of all messages, one field a line.
func typescript() string {
	var b strings.Builder
	b.WriteString(`// Code generated from internal/wire; DO NOT EDIT. To renew it: go test ./internal/wire -run TypeScript -update
// The language of protocol/README.md, section 6.

/** Base64 is bytes as standard base64 with padding. */
export type Base64 = string
/** MeetingID is 26 characters of Crockford base32, lower case. */
export type MeetingID = string
/** ParticipantID is 32 lower-case hex digits. */
export type ParticipantID = string
/** FaultCode is a code of protocol/faults.json. */
export type FaultCode = string

`)
	fmt.Fprintf(&b, "export const version = %d\nexport const subprotocol = '%s'\nexport const maxBytesAtDoor = %d\nexport const maxBytesSeated = %d\n",
		Version, Subprotocol, MaxBytesAtDoor, MaxBytesSeated)
	var reasons []string
	for _, r := range []Reason{ReasonEnded, ReasonClosed, ReasonDenied, ReasonLapsed, ReasonRemoved, ReasonLocked, ReasonElsewhere, ReasonFull} {
		reasons = append(reasons, "'"+string(r)+"'")
	}
	fmt.Fprintf(&b, "\nexport type Reason = %s\n", strings.Join(reasons, " | "))
	w := &writer{out: &b, done: map[reflect.Type]bool{}}
	var asked, said, answered []string
	for _, r := range requests {
		w.iface(r.typ, r.name, "readonly id?: number")
		asked = append(asked, r.typ.Name())
	}
	for _, r := range slices.Concat(oks, pushes) {
		head := "readonly seq?: number"
		if r.name == "ok" {
			head = "readonly id: number"
			answered = append(answered, r.typ.Name())
		} else {
			said = append(said, r.typ.Name())
		}
		if r.name == "fault" {
			head = "readonly id?: number"
		}
		if r.name == "ping" || r.name == "pong" {
			continue // written with the requests
		}
		w.iface(r.typ, r.name, head)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[NonceAnswer](), reflect.TypeFor[CreateRequest](), reflect.TypeFor[CreateAnswer](), reflect.TypeFor[FaultAnswer](),
	} {
		w.iface(typ, "", "")
	}
	union(&b, "Request is a message from the page.", "Request", asked)
	union(&b, "Answer is what a request with an id gets, unless it gets a Fault.", "Answer", answered)
	union(&b, "Push is what the server says of its own accord; Fault without an id concerns the connection.", "Push", said)
	b.WriteString("\n/** AnswerOf is the answer to a request by its type. */\nexport interface AnswerOf {\n")
	for _, r := range requests {
		answer := answers[r.name]
		if answer == "" {
			answer = "Ok"
		}
		fmt.Fprintf(&b, "  %s: %s\n", r.name, answer)
	}
	b.WriteString("}\n")
	return b.String()
}

func union(b *strings.Builder, doc, name string, members []string) {
	line := "export type " + name + " = " + strings.Join(members, " | ")
	if len(line) > 120 { // prettier's width
		line = "export type " + name + " =\n  | " + strings.Join(members, "\n  | ")
	}
	fmt.Fprintf(b, "\n/** %s */\n%s\n", doc, line)
}

type writer struct {
	out  *strings.Builder
	done map[reflect.Type]bool
}

func (w *writer) iface(typ reflect.Type, name, head string) {
	w.done[typ] = true
	var lines []string
	if name != "" {
		lines = append(lines, "readonly type: '"+name+"'", head)
	}
	var wanted []reflect.Type
	for field := range typ.Fields() {
		text, needs := tsType(field.Type)
		lines = append(lines, fmt.Sprintf("readonly %s: %s", field.Tag.Get("json"), text))
		if needs != nil && !w.done[needs] && !slices.Contains(wanted, needs) {
			wanted = append(wanted, needs)
		}
	}
	for _, needs := range wanted {
		w.iface(needs, "", "")
	}
	fmt.Fprintf(w.out, "\nexport interface %s {\n  %s\n}\n", typ.Name(), strings.Join(lines, "\n  "))
}

// tsType names a type and the struct that has to be written for it.
func tsType(t reflect.Type) (string, reflect.Type) {
	switch t {
	case reflect.TypeFor[Bytes](), reflect.TypeFor[Bytes32]():
		return "Base64", nil
	case reflect.TypeFor[Meeting]():
		return "MeetingID", nil
	case reflect.TypeFor[Participant]():
		return "ParticipantID", nil
	case reflect.TypeFor[Slot]():
		return "ParticipantID | ''", nil
	case reflect.TypeFor[Reason]():
		return "Reason", nil
	}
	switch t.Kind() {
	case reflect.Slice:
		text, needs := tsType(t.Elem())
		if strings.Contains(text, "|") {
			text = "(" + text + ")"
		}
		return "readonly " + text + "[]", needs
	case reflect.Struct:
		return t.Name(), t
	case reflect.String:
		if t.Name() == "Code" {
			return "FaultCode", nil
		}
		return "string", nil
	case reflect.Bool:
		return "boolean", nil
	default:
		return "number", nil
	}
}
