package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// field is one row of Config as its tags tell it.
type field struct {
	index              int
	key, fallback, doc string
	min, max           string // inclusive; empty: none
}

// fields are in the order of the struct; read once, never written.
var fields = read()

func read() []field {
	t := reflect.TypeFor[Config]()
	rows := make([]field, t.NumField())
	for i := range rows {
		tag := t.Field(i).Tag
		rows[i] = field{i, tag.Get("key"), tag.Get("default"), tag.Get("doc"), tag.Get("min"), tag.Get("max")}
	}
	return rows
}

// Keys are the names of all fields, as files and flags write them.
func Keys() []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

// assign sets one field from text and checks the limits of its tags.
func (f field) assign(into reflect.Value, v value) *Problem {
	bad := &Problem{Field: f.key, Value: v.text, Origin: v.origin}
	got := reflect.New(into.Type()).Elem()
	if parse(v.text, got) != nil {
		bad.What, bad.Do = "is not a whole number", "Write digits only, such as "+f.fallback+"."
		switch got.Interface().(type) {
		case time.Duration:
			bad.What, bad.Do = "is not a length of time", "Write a number and a unit, such as 90m or "+f.fallback+"."
		case bool:
			bad.What, bad.Do = "is neither true nor false", "Write true or false."
		}
		return bad
	}
	if f.min != "" {
		low, high := reflect.New(into.Type()).Elem(), reflect.New(into.Type()).Elem()
		if err := errors.Join(parse(f.min, low), parse(f.max, high)); err != nil {
			panic("config: limits of " + f.key + ": " + err.Error())
		}
		if got.Int() < low.Int() || got.Int() > high.Int() {
			bad.What, bad.Do = "is out of bounds", fmt.Sprintf("Choose from %s to %s.", f.min, f.max)
			return bad
		}
	}
	into.Set(got)
	return nil
}

func lookup(env []string, name string) string {
	for _, pair := range env {
		if text, found := strings.CutPrefix(pair, name+"="); found {
			return text
		}
	}
	return ""
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// reason is an operating system's error without the path, which stands beside it already.
func reason(err error) string {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err.Error()
	}
	return err.Error()
}
