package wire

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"incamera/internal/fault"
)

const person = "00112233445566778899aabbccddeeff"

func TestParseRefusesWhatIsNotExactlyTheForm(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		code fault.Code
	}{
		"good":               {`{"type":"deny","id":1,"participant":"` + person + `"}`, ""},
		"no id is good":      {`{"type":"deny","participant":"` + person + `"}`, ""},
		"empty":              {``, fault.MessageBad},
		"not an object":      {`[1]`, fault.MessageBad},
		"two objects":        {`{"type":"ping"}{"type":"ping"}`, fault.MessageBad},
		"no type":            {`{"id":1}`, fault.MessageBad},
		"unknown type":       {`{"type":"gossip"}`, fault.MessageUnknown},
		"an answer":          {`{"type":"ok","id":1}`, fault.MessageUnknown},
		"unknown field":      {`{"type":"ping","x":1}`, fault.MessageBad},
		"other case":         {`{"Type":"ping"}`, fault.MessageBad},
		"field's other case": {`{"type":"deny","Participant":"` + person + `"}`, fault.MessageBad},
		"missing field":      {`{"type":"deny"}`, fault.MessageBad},
		"a key twice":        {`{"type":"ping","type":"ping"}`, fault.MessageBad},
		"escaped key twice":  {`{"type":"ping","\u0074ype":"ping"}`, fault.MessageBad},
		"null":               {`{"type":"deny","participant":null}`, fault.MessageBad},
		"upper-case hex":     {`{"type":"deny","participant":"` + strings.ToUpper(person) + `"}`, fault.MessageBad},
		"nobody":             {`{"type":"deny","participant":"` + strings.Repeat("0", 32) + `"}`, fault.MessageBad},
		"id zero":            {`{"type":"ping","id":0}`, fault.MessageBad},
		"negative id":        {`{"type":"ping","id":-1}`, fault.MessageBad},
		"fraction":           {`{"type":"joined","epoch":1.5}`, fault.MessageBad},
		"exponent":           {`{"type":"joined","epoch":1e2}`, fault.MessageBad},
		"negative epoch":     {`{"type":"joined","epoch":-1}`, fault.MessageBad},
		"over 2^53":          {`{"type":"joined","epoch":9007199254740992}`, fault.MessageBad},
		"base64 with break":  {`{"type":"leave","statement":"AA\nAA"}`, fault.MessageBad},
		"base64 stray bits":  {`{"type":"leave","statement":"AB=="}`, fault.MessageBad},
		"base64 no padding":  {`{"type":"leave","statement":"AA"}`, fault.MessageBad},
		"empty statement":    {`{"type":"end","statement":""}`, fault.MessageBad},
		"statement too long": {`{"type":"end","statement":"` + strings.Repeat("AAAA", 342) + `"}`, fault.MessageBad},
		"65 in view":         {`{"type":"view","participants":["` + strings.Repeat(person+`","`, 64) + person + `"]}`, fault.MessageBad},
		"invalid UTF-8":      {"{\"type\":\"pi\xffng\"}", fault.MessageBad},
		"too deep":           {`{"type":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`, fault.MessageBad},
		"too large":          {`{"type":"ping` + strings.Repeat(" ", MaxBytesSeated) + `"}`, fault.MessageLarge},
		"bad media facts":    {`{"type":"media","offer":{"ufrag":"","fingerprint":"","codings":[],"sections":[],"loopback":false}}`, fault.MediaFactsBad},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ParseRequest([]byte(c.text))
			f, _ := fault.Of(err)
			if c.code == "" && err != nil || c.code != "" && (err == nil || f.Code != c.code) {
				t.Errorf("got %v, want %q", err, c.code)
			}
		})
	}
}

func TestParseKeepsTheIDOfWhatItRefuses(t *testing.T) {
	for _, text := range []string{`{"id":7,"type":"gossip"}`, `{"type":"deny","id":7}`} {
		if _, head, err := ParseRequest([]byte(text)); err == nil || head.ID != 7 {
			t.Errorf("%s: %v, id %d", text, err, head.ID)
		}
	}
}

func TestEveryMessageComesBackAsItWas(t *testing.T) {
	for _, r := range slices.Concat(requests, oks, pushes) {
		v := reflect.New(r.typ).Elem()
		sample(v, "")
		text := Encode(v.Interface(), Head{ID: 3})
		var back any
		var err error
		if slices.Contains(requests, r) {
			back, _, err = ParseRequest(text)
			if errors.Is(err, fault.New(fault.MediaFactsBad)) {
				continue // a sample is no offer; sfu's tests have real ones
			}
		} else {
			var ok Reply
			if r.name == "ok" {
				ok = v.Interface().(Reply)
			}
			back, _, err = ParseReply(text, ok)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", r.typ.Name(), err, text)
			continue
		}
		if !reflect.DeepEqual(back, v.Interface()) {
			t.Errorf("%s came back different\n%s", r.typ.Name(), text)
		}
	}
}

// sample fills every field with the least that its size allows.
func sample(v reflect.Value, size string) {
	n := 1
	for n < 400 && !fits(size, n) {
		n++
	}
	switch {
	case v.Type() == reflect.TypeFor[Bytes]():
		v.SetBytes(bytes.Repeat([]byte{7}, n))
	case v.Kind() == reflect.Array:
		v.Index(3).SetUint(9)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			sample(v.Field(i), v.Type().Field(i).Tag.Get("size"))
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		sample(v.Index(0), "")
	case v.Kind() == reflect.String:
		v.SetString("x<&>\"")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(12)
	default:
		v.SetUint(12)
	}
}

func TestAHeadIsPutInFrontOfASharedBody(t *testing.T) {
	body := Body(Presence{Connected: true})
	kept := string(body)
	if got := string(WithHead(body, Head{Seq: 4})); !strings.HasPrefix(got, `{"seq":4,"type":"presence",`) {
		t.Error(got)
	}
	if string(body) != kept {
		t.Error("the shared body changed")
	}
	if got := string(Encode(Ping{}, Head{})); got != `{"type":"ping"}` {
		t.Error(got)
	}
	if got := string(Encode(Slots{}, Head{})); got != `{"type":"slots","slots":[]}` {
		t.Error(got)
	}
}

func seeds(f *testing.F) {
	for _, r := range requests {
		v := reflect.New(r.typ).Elem()
		sample(v, "")
		f.Add(Encode(v.Interface(), Head{ID: 1}))
	}
	f.Add([]byte(`{"type":"ping","type":"ping"}`))
	f.Add([]byte(`{"type":"joined","epoch":1e2}`))
}

func FuzzParseThenEncodeIsSame(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		message, head, err := ParseRequest(data)
		if err != nil {
			return
		}
		text := Encode(message, head)
		again, head2, err := ParseRequest(text)
		if err != nil || head != head2 || !reflect.DeepEqual(message, again) {
			t.Fatalf("%s\n%s\n%v", data, text, err)
		}
		if !bytes.Equal(text, Encode(again, head2)) {
			t.Fatal("the canonical form is not stable")
		}
	})
}

func FuzzNeverPanics(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _, err := ParseRequest(data)
		if err != nil {
			if f, known := fault.Of(err); !known {
				t.Fatalf("%v has no code", f)
			}
		}
		for _, ok := range []Reply{nil, OkHello{}, OkHost{}, OkKnock{}, OkReturn{}, OkRemove{}, OkMedia{}} {
			_, _, _ = ParseReply(data, ok)
		}
	})
}
