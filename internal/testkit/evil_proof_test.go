package testkit

import (
	"reflect"
	"slices"
	"testing"

	"incamera/internal/fault"
	"incamera/internal/wire"
)

// proving is one way to a seat or to the door, with the fields that are no proof.
type proving struct {
	name  string
	who   *Person
	make  func(p *Person, in *Invite) wire.Request
	loose []string
}

// TestA5NoProofSurvivesAChange: every field of every message before the seat, a bit in each place; then statements that are signed well, but for
// another page, line, meeting or group. Each is looked at and refused; untouched, it is taken.
func TestA5NoProofSurvivesAChange(t *testing.T) {
	t.Run("a running meeting", func(t *testing.T) {
		evilScene(t, func(s evil) {
			s.guest.Hang()
			s.carriedPresence()
			second := s.h.Person("second host")
			for _, p := range []proving{
				{"host", second, func(p *Person, in *Invite) wire.Request { return p.HostProof(in) }, nil},
				{"knock", s.h.Person("newbie"), func(p *Person, in *Invite) wire.Request { return p.KnockProof(in) }, nil},
				{"resume", s.guest, func(p *Person, in *Invite) wire.Request { return p.ResumeProof(in) }, []string{"Seq"}},
				{"rejoin", s.guest, func(p *Person, in *Invite) wire.Request { return p.RejoinProof(in, s.g) }, nil},
			} {
				s.try(p)
			}
			other, _ := s.host.NewGroup(s.in, 1)
			tab := s.tab(s.guest)
			tab.Refused(fault.RejoinBad, tab.RejoinProof(s.in, other))
		})
	})
	t.Run("after a restart", func(t *testing.T) {
		evilScene(t, func(s evil) {
			s.h.Restart()
			s.try(proving{"revive", s.co, func(p *Person, in *Invite) wire.Request { return p.ReviveProof(in, s.g) }, []string{"State", "Epoch"}})
			s.try(proving{"return", s.guest, func(p *Person, in *Invite) wire.Request { return p.ReturnProof(in, s.g) }, nil})
		})
	})
}

// tab is somebody on a new line from an address of its own.
func (s evil) tab(p *Person) *Person {
	s.t.Helper()
	tab := *p
	tab.From = s.h.Address()
	tab.Hello(s.in)
	return &tab
}

func (s evil) try(p proving) {
	s.t.Helper()
	s.bend(p, "of another page", func(tab *Person, in *Invite) { tab.Origin = "http://localhost:8081" })
	s.bend(p, "for another line", func(tab *Person, in *Invite) { tab.Challenge[7] ^= 1 })
	s.bend(p, "for another meeting", func(tab *Person, in *Invite) { *in = *s.h.Book("another") })
	s.bend(p, "of another device", func(tab *Person, in *Invite) { tab.Device = s.h.Person("another").Device })
	shape := reflect.ValueOf(p.make(s.tab(p.who), s.in))
	for field := range shape.NumField() {
		name := shape.Type().Field(field).Name
		if slices.Contains(p.loose, name) {
			continue
		}
		size := sizeOf(shape.Field(field))
		for at := 0; at < size; at += 1 + size/96 {
			s.flip(p, field, name, at)
		}
	}
	tab := s.tab(p.who)
	tab.Seq = 0
	if f, refused := tab.Ask(p.make(tab, s.in)).(wire.Fault); refused {
		s.t.Errorf("%s, untouched, is refused: %s", p.name, f.Code)
	}
	tab.Hang()
}

// bend makes a proof after a change of what it is made from. A device that knocks may be anybody's, and so may a host's.
func (s evil) bend(p proving, what string, change func(tab *Person, in *Invite)) {
	s.t.Helper()
	if what == "of another device" && (p.name == "knock" || p.name == "host") {
		return
	}
	tab, in := s.tab(p.who), *s.in
	change(tab, &in)
	s.refused(tab, p.make(tab, &in), p.name+" "+what)
}

// flip changes one bit of one field.
func (s evil) flip(p proving, field int, name string, at int) {
	s.t.Helper()
	tab := s.tab(p.who)
	request := reflect.New(reflect.TypeOf(p.make(tab, s.in))).Elem()
	request.Set(reflect.ValueOf(p.make(tab, s.in)))
	v := request.Field(field)
	switch v.Kind() {
	case reflect.Slice:
		b := slices.Clone(v.Bytes())
		b[at] ^= 1 << (at % 8)
		v.SetBytes(b)
	case reflect.Array:
		v.Index(at).SetUint(v.Index(at).Uint() ^ 1<<(at%8))
	default:
		v.SetUint(v.Uint() ^ 1<<at)
	}
	s.refused(tab, request.Interface().(wire.Request), p.name+" with another "+name)
}

// refused insists that a request was looked at and refused.
func (s evil) refused(tab *Person, r wire.Request, what string) {
	s.t.Helper()
	f, refused := tab.Ask(r).(wire.Fault)
	if !refused || f.Code == fault.TriesMany || f.Code == fault.MessageFlood || f.Code == fault.Internal {
		s.t.Errorf("%s was answered %+v, refused %v", what, f, refused)
	}
	tab.Hang()
}

func sizeOf(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return v.Len()
	case reflect.Uint64:
		return 8
	}
	return 0
}
