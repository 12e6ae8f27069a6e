package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"

	"incamera/internal/fault"
)

// Version is the version of the language that Hello names.
const Version = 1

// Subprotocol is the WebSocket subprotocol of this version.
const Subprotocol = "incamera.1"

// Limits of messages. Before the seat the largest is a knock, under 8 KiB; after it a commit with a tree.
const (
	MaxBytesAtDoor = 64 << 10
	MaxBytesSeated = 512 << 10
)

// Head is what stands around a message: ID of a request and its answer, Seq of a push; zero is absent.
type Head struct{ ID, Seq uint64 }

// ParseRequest reads one message of a client. On a fault the head still has the id if it could be read.
func ParseRequest(data []byte) (Request, Head, error) {
	message, head, err := parseMessage(data, requestTypes, "id")
	if err != nil {
		return nil, head, err
	}
	if media, ok := message.(Media); ok {
		if err := media.Offer.Check(); err != nil {
			return nil, head, fault.New(fault.MediaFactsBad).With(err)
		}
	}
	return message.(Request), head, nil
}

// ParseReply reads one message of the server, for clients written in Go; ok says what an answer of type ok
// is to be read as, nil is Ok.
func ParseReply(data []byte, ok Reply) (Reply, Head, error) {
	types := map[string]reflect.Type{"ok": reflect.TypeFor[Ok]()}
	if ok != nil {
		types["ok"] = reflect.TypeOf(ok)
	}
	for name, typ := range replyTypes {
		types[name] = typ
	}
	message, head, err := parseMessage(data, types, "id", "seq")
	if err != nil {
		return nil, head, err
	}
	return message.(Reply), head, nil
}

func parseMessage(data []byte, types map[string]reflect.Type, numbers ...string) (any, Head, error) {
	var head Head
	if len(data) > MaxBytesSeated {
		return nil, head, fault.New(fault.MessageLarge)
	}
	o, err := parse(data)
	if err != nil {
		return nil, head, fault.New(fault.MessageBad).With(err)
	}
	for _, name := range numbers {
		value, there := o[name]
		if !there {
			continue
		}
		n, ok := value.(int64)
		if !ok || n < 1 {
			return nil, head, fault.New(fault.MessageBad)
		}
		if name == "id" {
			head.ID = uint64(n)
		} else {
			head.Seq = uint64(n)
		}
		delete(o, name)
	}
	name, ok := o["type"].(string)
	if !ok {
		return nil, head, fault.New(fault.MessageBad)
	}
	delete(o, "type")
	typ, known := types[name]
	if !known {
		return nil, head, fault.New(fault.MessageUnknown)
	}
	v := reflect.New(typ).Elem()
	if err := fillStruct(v, o); err != nil {
		return nil, head, fault.New(fault.MessageBad).With(err)
	}
	return v.Interface(), head, nil
}

// Encode gives the one canonical form of a message.
func Encode(message any, head Head) []byte { return WithHead(Body(message), head) }

// Body is the canonical form without a head, for messages that many get under different numbers.
func Body(message any) []byte {
	name, ok := names[reflect.TypeOf(message)]
	if !ok {
		panic("wire: no message " + reflect.TypeOf(message).String())
	}
	var fields bytes.Buffer
	enc := json.NewEncoder(&fields)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(emptyLists(message)); err != nil {
		panic("wire: " + err.Error()) // no field can fail to encode
	}
	text := bytes.TrimSuffix(fields.Bytes(), []byte("\n"))
	out := append(make([]byte, 0, len(text)+len(name)+12), `{"type":"`+name+`"`...)
	if len(text) > 2 {
		out = append(out, ',')
	}
	return append(out, text[1:]...)
}

// WithHead puts a head in front of a body from Body.
func WithHead(body []byte, head Head) []byte {
	if head == (Head{}) {
		return body
	}
	out := append(make([]byte, 0, len(body)+32), '{')
	if head.ID > 0 {
		out = append(strconv.AppendUint(append(out, `"id":`...), head.ID, 10), ',')
	}
	if head.Seq > 0 {
		out = append(strconv.AppendUint(append(out, `"seq":`...), head.Seq, 10), ',')
	}
	return append(out, body[1:]...)
}

// emptyLists gives a copy in which no list is nil, since nil would be written as null.
func emptyLists(message any) any {
	v := reflect.New(reflect.TypeOf(message)).Elem()
	v.Set(reflect.ValueOf(message))
	fillEmpty(v)
	return v.Interface()
}

func fillEmpty(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillEmpty(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		if v.Type().Elem().Kind() != reflect.Struct {
			return
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		for i := range list.Len() {
			fillEmpty(list.Index(i))
		}
		v.Set(list)
	}
}
