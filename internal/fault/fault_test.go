package fault

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// declared reads the constants of type Code from the source, so that none can be forgotten here.
func declared(t *testing.T) []Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, Code(value))
		}
		return true
	})
	return codes
}

func TestConstantsAndTableAgree(t *testing.T) {
	codes := declared(t)
	if len(codes) < 30 {
		t.Fatalf("found %d constants only; the reader of code.go is broken", len(codes))
	}
	for _, code := range codes {
		if _, ok := words[code]; !ok {
			t.Errorf("%s is declared but has no words in protocol/faults.json", code)
		}
	}
	for code := range words {
		if !slices.Contains(codes, code) {
			t.Errorf("%s has words in protocol/faults.json but no constant", code)
		}
	}
}

func TestEveryFaultSpeaksPlainly(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	banned := regexp.MustCompile(`(?i)\b(please|oops|error|invalid|session|participant|lobby)\b|!`)
	kinds := []Kind{Retry, Yours, Ours, Refused}
	for code, f := range words {
		if !form.MatchString(string(code)) {
			t.Errorf("%q is not lower case words joined by underscores", code)
		}
		if !slices.Contains(kinds, f.Kind) {
			t.Errorf("%s: kind %q is none of %v", code, f.Kind, kinds)
		}
		for _, sentence := range []string{f.Text, f.Todo} {
			if !strings.HasSuffix(sentence, ".") || len(sentence) > 90 {
				t.Errorf("%s: %q is not a short sentence", code, sentence)
			}
			if word := banned.FindString(sentence); word != "" {
				t.Errorf("%s: %q says %q", code, sentence, word)
			}
		}
	}
}

func TestFaultsAreTheSameByCode(t *testing.T) {
	deep := fmt.Errorf("reading: %w", New(CodeWrong).With(io.ErrUnexpectedEOF))
	if !errors.Is(deep, New(CodeWrong)) {
		t.Error("a wrapped fault with a detail is not the fault of its code")
	}
	if errors.Is(deep, New(KnockBad)) {
		t.Error("a fault is the fault of another code")
	}
	if !errors.Is(deep, io.ErrUnexpectedEOF) {
		t.Error("the detail cannot be found")
	}
	f, ok := Of(deep)
	if !ok || f.Code != CodeWrong || f.Kind != Yours {
		t.Errorf("Of gave %v, %v", f, ok)
	}
}

// shapeless is an error that panics when compared.
type shapeless []string

func (s shapeless) Error() string { return strings.Join(s, " ") }

func TestComparingNeverPanics(t *testing.T) {
	a, b := New(Internal).With(shapeless{"a"}), New(Internal).With(shapeless{"b"})
	if !errors.Is(a, b) {
		t.Error("two faults of one code differ")
	}
}

func TestForeignErrorsAreOurs(t *testing.T) {
	f, ok := Of(io.EOF)
	if ok || f.Code != Internal || f.Kind != Ours || !errors.Is(f, io.EOF) {
		t.Errorf("Of(io.EOF) = %v, %v", f, ok)
	}
	if f := New("never_heard"); f.Code != Internal {
		t.Errorf("an unknown code became %s", f.Code)
	}
}

func TestDetailStaysInTheLog(t *testing.T) {
	f := New(KnockBad).With(errors.New("canary"))
	if strings.Contains(f.Text+f.Todo, "canary") {
		t.Error("the detail stands in the words for people")
	}
	if got := f.LogValue().String(); got != "knock_bad: canary" {
		t.Errorf("the log says %q", got)
	}
}
