package testkit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/coder/websocket"

	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/testkit/mls"
	"incamera/internal/wire"
)

// patience is how long a person waits for a message that should come: in a bubble it costs nothing.
const patience = 10 * time.Second

// Person is somebody with a device, and a line while they have one.
type Person struct {
	t      testing.TB
	Name   string
	ID     ident.ParticipantID
	Device ed25519.PrivateKey
	Leaf   *mls.Leaf              // the one in the tree, nil before the first
	made   map[[32]byte]*mls.Leaf // by the reference of its KeyPackage
	last   *mls.Leaf              // made last
	Origin string
	From   netip.Addr // where the next call comes from, in a house
	dial   func(ctx context.Context, from netip.Addr) (*websocket.Conn, error)
	log    *Transcript

	ear
	Place
}

// ear is a person's line, with what came on it.
type ear struct {
	conn   *websocket.Conn
	heard  chan []byte // closed when the line is
	frames [][]byte    // all that was heard, on all lines
	pushes []wire.Reply
	lastID uint64
}

// Place is what a person holds of their connection and their seat.
type Place struct {
	Challenge, Ticket, OrderKey [32]byte
	Seq, Epoch                  uint64
	Group                       *Group // whose commits are held against the protocol, nil outside
}

// Person makes somebody new, at an address of their own.
func (h *House) Person(name string) *Person {
	p := NewPerson(h.t, name, Origin, nil)
	p.dial = func(ctx context.Context, from netip.Addr) (*websocket.Conn, error) {
		return dial(ctx, "ws://localhost:8080/signal", Origin, h.pipes.client(from))
	}
	p.From = h.Address()
	p.log = h.log
	p.log.nameAll(p)
	h.Media.know(p.ID, name)
	return p
}

// Address gives an address that nobody in the house has had: a /64 of its own.
func (h *House) Address() netip.Addr {
	b := h.last.As16()
	for i := 7; ; i-- {
		if b[i]++; b[i] != 0 {
			break
		}
	}
	h.last = netip.AddrFrom16(b)
	return h.last
}

// NewPerson makes somebody who reaches a server through dial.
func NewPerson(t testing.TB, name, origin string, dial func(ctx context.Context) (*websocket.Conn, error)) *Person {
	t.Helper()
	p := &Person{t: t, Name: name, Origin: origin, made: map[[32]byte]*mls.Leaf{}}
	p.dial = func(ctx context.Context, _ netip.Addr) (*websocket.Conn, error) { return dial(ctx) }
	rand.Read(p.ID[:])
	_, p.Device, _ = ed25519.GenerateKey(nil)
	return p
}

// RealPerson makes somebody who reaches the server at address HOST:PORT over the network.
func RealPerson(t testing.TB, name, address string) *Person {
	origin := "http://" + address
	return NewPerson(t, name, origin, func(ctx context.Context) (*websocket.Conn, error) {
		return dial(ctx, "ws://"+address+"/signal", origin, http.DefaultClient)
	})
}

func dial(ctx context.Context, url, origin string, client *http.Client) (*websocket.Conn, error) {
	conn, answer, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: http.Header{"Origin": {origin}}, Subprotocols: []string{wire.Subprotocol},
	})
	if err != nil {
		if answer != nil {
			return nil, fmt.Errorf("%s: %w", answer.Status, err)
		}
		return nil, err
	}
	conn.SetReadLimit(-1)
	return conn, nil
}

// Call opens a new line.
func (p *Person) Call() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := p.dial(ctx, p.From)
	if err != nil {
		p.t.Fatalf("%s cannot call: %v", p.Name, err)
	}
	heard := make(chan []byte, 4096)
	p.conn, p.heard, p.pushes = conn, heard, nil
	gone, hang := context.WithCancel(context.Background())
	p.t.Cleanup(func() {
		hang()
		conn.CloseNow() //nolint:errcheck // it may be closed already
	})
	go func() {
		defer close(heard)
		for {
			_, frame, err := conn.Read(gone)
			if err != nil {
				return
			}
			heard <- frame
		}
	}()
}

// Hang breaks the line without a word.
func (p *Person) Hang() {
	p.conn.CloseNow() //nolint:errcheck // that is the point
	for range p.heard {
	}
}

// Say sends a frame as it stands.
func (p *Person) Say(frame []byte) {
	p.t.Helper()
	p.log.said(p, frame)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.conn.Write(ctx, websocket.MessageText, frame); err != nil {
		p.t.Fatalf("%s cannot speak: %v", p.Name, err)
	}
}

// Ask sends a request and gives its answer; pushes that come before it are kept for Next.
func (p *Person) Ask(r wire.Request) wire.Reply {
	p.t.Helper()
	p.lastID++
	return p.AskAs(p.lastID, r)
}

// AskAs is Ask with an id of one's own choice.
func (p *Person) AskAs(id uint64, r wire.Request) wire.Reply {
	p.t.Helper()
	p.Say(wire.Encode(r, wire.Head{ID: id}))
	return p.Answer(id, r)
}

// oks are the answers that are more than an ok.
var oks = map[reflect.Type]wire.Reply{
	reflect.TypeFor[wire.Hello](): wire.OkHello{}, reflect.TypeFor[wire.Host](): wire.OkHost{},
	reflect.TypeFor[wire.Knock](): wire.OkKnock{}, reflect.TypeFor[wire.Rejoin](): wire.OkKnock{},
	reflect.TypeFor[wire.Revive](): wire.OkReturn{}, reflect.TypeFor[wire.Return](): wire.OkReturn{},
	reflect.TypeFor[wire.Open](): wire.OkSeated{}, reflect.TypeFor[wire.Joined](): wire.OkSeated{},
	reflect.TypeFor[wire.Remove](): wire.OkRemove{}, reflect.TypeFor[wire.Media](): wire.OkMedia{},
}

// Answer waits for the answer to a request that was sent under id.
func (p *Person) Answer(id uint64, r wire.Request) wire.Reply {
	p.t.Helper()
	ok := oks[reflect.TypeOf(r)]
	for {
		reply, head := p.hear(ok)
		if head.ID == id {
			return reply
		}
		p.pushes = append(p.pushes, reply)
	}
}

// Do asks and insists on ok.
func (p *Person) Do(r wire.Request) wire.Reply {
	p.t.Helper()
	reply := p.Ask(r)
	if f, bad := reply.(wire.Fault); bad {
		p.t.Fatalf("%s: %T was refused: %s", p.Name, r, f.Code)
	}
	return reply
}

// Refused asks and insists on a fault.
func (p *Person) Refused(code fault.Code, r wire.Request) {
	p.t.Helper()
	reply := p.Ask(r)
	if f, bad := reply.(wire.Fault); !bad || f.Code != code {
		p.t.Errorf("%s: %T was answered %#v, want %s", p.Name, r, reply, code)
	}
}

var errHung = errors.New("the line is gone")

// hear takes one message off the line.
func (p *Person) hear(ok wire.Reply) (wire.Reply, wire.Head) {
	p.t.Helper()
	reply, head, err := p.listen(ok, patience)
	if err != nil {
		p.t.Fatalf("%s hears nothing: %v", p.Name, err)
	}
	return reply, head
}

func (p *Person) listen(ok wire.Reply, wait time.Duration) (wire.Reply, wire.Head, error) {
	p.t.Helper()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case frame, open := <-p.heard:
		if !open {
			return nil, wire.Head{}, errHung
		}
		p.frames = append(p.frames, frame)
		reply, head, err := wire.ParseReply(frame, ok)
		if err != nil {
			p.t.Fatalf("%s heard what is no message: %v\n%s", p.Name, err, frame)
		}
		if head.Seq > 0 {
			if head.Seq <= p.Seq {
				p.t.Errorf("%s heard push %d after %d", p.Name, head.Seq, p.Seq)
			}
			p.Seq = head.Seq
		}
		p.log.heard(p, frame)
		p.check(reply)
		return reply, head, nil
	case <-timer.C:
		return nil, wire.Head{}, context.DeadlineExceeded
	}
}

// check holds what the server ordered against the protocol and what others heard.
func (p *Person) check(reply wire.Reply) {
	p.t.Helper()
	var err error
	switch r := reply.(type) {
	case wire.CommitPush:
		if p.Group != nil {
			err = p.Group.Take(r)
			p.Epoch = r.Epoch + 1
		}
	case wire.Reopened:
		if p.Group != nil {
			err = p.Group.Reopen(r)
			p.Epoch = r.Epoch
		}
	}
	if err != nil {
		p.t.Errorf("%s: %v", p.Name, err)
	}
}

// Next insists that the next push is a T.
func Next[T wire.Reply](p *Person) T {
	p.t.Helper()
	var reply wire.Reply
	if len(p.pushes) > 0 {
		reply, p.pushes = p.pushes[0], p.pushes[1:]
	} else {
		reply, _ = p.hear(nil)
	}
	want, ok := reply.(T)
	if !ok {
		p.t.Fatalf("%s heard %#v, want a %T", p.Name, reply, want)
	}
	return want
}

// Silent insists that nothing comes for a while.
func (p *Person) Silent(wait time.Duration) {
	p.t.Helper()
	if len(p.pushes) > 0 {
		p.t.Fatalf("%s has heard %#v", p.Name, p.pushes[0])
	}
	reply, _, err := p.listen(nil, wait)
	if !errors.Is(err, context.DeadlineExceeded) {
		p.t.Fatalf("%s hears %#v, %v; want silence", p.Name, reply, err)
	}
}

// Gone insists that the line is closed by the server, with nothing more said.
func (p *Person) Gone() {
	p.t.Helper()
	reply, _, err := p.listen(nil, patience)
	if !errors.Is(err, errHung) {
		p.t.Fatalf("%s hears %#v, %v; want the line closed", p.Name, reply, err)
	}
	p.log.closed(p)
}

func hexOf(b [32]byte) string { return hex.EncodeToString(b[:]) }
