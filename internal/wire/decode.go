package wire

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// fill sets v from a parsed value. A struct takes exactly its fields: one too many or one missing is refused.
func fill(v reflect.Value, value any, size string) error {
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return fillText(v, text, value, size)
	}
	switch v.Kind() {
	case reflect.Struct:
		o, ok := value.(object)
		if !ok {
			return fmt.Errorf("%w: not an object", errForm)
		}
		return fillStruct(v, o)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok || !fits(size, len(list)) {
			return fmt.Errorf("%w: list", errForm)
		}
		return fillList(v, list)
	case reflect.String:
		text, ok := value.(string)
		if !ok || !fits(size, len(text)) {
			return fmt.Errorf("%w: text", errForm)
		}
		v.SetString(text)
		return nil
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			return fmt.Errorf("%w: not a truth value", errForm)
		}
		v.SetBool(b)
		return nil
	default:
		return fillNumber(v, value)
	}
}

func fillText(v reflect.Value, into encoding.TextUnmarshaler, value any, size string) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%w: not text", errForm)
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("%w: value", errForm)
	}
	if v.Kind() == reflect.Slice && !fits(size, v.Len()) {
		return fmt.Errorf("%w: length", errForm)
	}
	return nil
}

func fillStruct(v reflect.Value, o object) error {
	typ := v.Type()
	if len(o) != typ.NumField() {
		return fmt.Errorf("%w: fields", errForm)
	}
	for i := range typ.NumField() {
		field := typ.Field(i)
		name := field.Tag.Get("json")
		value, ok := o[name]
		if !ok {
			return fmt.Errorf("%w: no %s", errForm, name)
		}
		if err := fill(v.Field(i), value, field.Tag.Get("size")); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func fillList(v reflect.Value, list []any) error {
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, value := range list {
		if err := fill(v.Index(i), value, ""); err != nil {
			return err
		}
	}
	return nil
}

func fillNumber(v reflect.Value, value any) error {
	n, ok := value.(int64)
	switch {
	case !ok:
		return fmt.Errorf("%w: not a number", errForm)
	case v.CanInt() && !v.OverflowInt(n):
		v.SetInt(n)
	case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	default:
		return fmt.Errorf("%w: number out of range", errForm)
	}
	return nil
}

// fits tells whether length n keeps a size tag: "", "304" or "1-1024".
func fits(size string, n int) bool {
	if size == "" {
		return true
	}
	low, high, isRange := strings.Cut(size, "-")
	if !isRange {
		high = low
	}
	least, err1 := strconv.Atoi(low)
	most, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil {
		panic("wire: size tag " + size)
	}
	return n >= least && n <= most
}
