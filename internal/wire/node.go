package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

const (
	maxDepth   = 8         // the deepest message, media, needs six
	maxNodes   = 16 << 10  // values in one message; an offer of 128 sections has about 4,000
	maxInteger = 1<<53 - 1 // what both languages hold exactly
)

// object is a JSON object whose keys are distinct.
type object map[string]any

// parse reads one JSON object: valid UTF-8, no duplicate keys, no null, no fractions, nothing after it.
// Values are object, []any, string, bool, int64.
func parse(data []byte) (object, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errForm
	}
	r := reader{dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	value, err := r.value(0)
	if err != nil {
		return nil, err
	}
	top, ok := value.(object)
	if !ok {
		return nil, fmt.Errorf("%w: not an object", errForm)
	}
	return top, nil
}

type reader struct {
	dec   *json.Decoder
	nodes int
}

func (r *reader) value(depth int) (any, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", errForm, err)
	}
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("%w: too large a tree", errForm)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(depth)
		}
		return r.list(depth)
	case string, bool:
		return token, nil
	case json.Number:
		return integer(string(token))
	}
	return nil, fmt.Errorf("%w: null", errForm)
}

func (r *reader) object(depth int) (any, error) {
	o := object{}
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %v", errForm, err)
		}
		key, ok := token.(string)
		if _, twice := o[key]; !ok || twice {
			return nil, fmt.Errorf("%w: a key twice", errForm)
		}
		if o[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.Token()
	return o, err
}

func (r *reader) list(depth int) (any, error) {
	list := []any{}
	for r.dec.More() {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := r.dec.Token()
	return list, err
}

// integer takes the one way to write each whole number.
func integer(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > maxInteger || n < -maxInteger || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%w: number", errForm)
	}
	return n, nil
}
