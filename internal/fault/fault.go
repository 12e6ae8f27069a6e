// Package fault is how this program says no: a stable code for programs, a kind, a sentence for
// people and what they can do about it. Detail goes to the log and never to the other side.
// It is not for faults of programming: those panic.
package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"incamera/protocol"
)

// Fault is an error with three audiences. Two faults are the same to errors.Is when their codes are.
type Fault struct {
	Code Code
	Kind Kind
	Text string // a sentence for people, in English
	Todo string // what they can do, in English

	// cause is behind a pointer, so that comparing faults never compares (and panics on) foreign errors.
	cause *cause
}

type cause struct{ err error }

// words is read once and never written.
var words = read(protocol.Faults)

// New gives the fault of a code. A code outside the table is a fault of ours: it becomes Internal.
func New(code Code) Fault {
	f, known := words[code]
	if !known {
		return words[Internal].With(fmt.Errorf("no words for fault code %q", string(code)))
	}
	return f
}

// Of finds the fault in err. Any other error is reported as Internal with err as its detail, and false.
func Of(err error) (Fault, bool) {
	if f, ok := errors.AsType[Fault](err); ok {
		return f, true
	}
	return New(Internal).With(err), false
}

// With adds a detail for the log; what is told to people stays the same.
func (f Fault) With(err error) Fault {
	f.cause = &cause{err}
	return f
}

// Error is for logs: the code and the detail, never the words for people.
func (f Fault) Error() string {
	if f.cause == nil {
		return string(f.Code)
	}
	return string(f.Code) + ": " + f.cause.err.Error()
}

// Is matches any fault of the same code, whatever its detail.
func (f Fault) Is(target error) bool {
	t, ok := target.(Fault)
	return ok && t.Code == f.Code
}

// Unwrap gives the detail, or nil.
func (f Fault) Unwrap() error {
	if f.cause == nil {
		return nil
	}
	return f.cause.err
}

// LogValue keeps logs to the code and the detail.
func (f Fault) LogValue() slog.Value { return slog.StringValue(f.Error()) }

// read parses the embedded table; a table that does not parse is a broken build.
func read(table []byte) map[Code]Fault {
	var rows map[Code]struct {
		Kind       Kind
		Text, Todo string
	}
	if err := json.Unmarshal(table, &rows); err != nil {
		panic("fault: protocol/faults.json: " + err.Error())
	}
	faults := make(map[Code]Fault, len(rows))
	for code, row := range rows {
		faults[code] = Fault{Code: code, Kind: row.Kind, Text: row.Text, Todo: row.Todo}
	}
	return faults
}
