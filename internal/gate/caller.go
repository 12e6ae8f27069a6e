package gate

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"incamera/internal/booking"
	"incamera/internal/fault"
	"incamera/internal/guard"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/meeting"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// caller is one connection on its way from hello to a place in a meeting. One goroutine owns it.
type caller struct {
	signal *Signal
	line   *line
	origin string // of the page, checked against our names
	from   address
	tries  netip.Prefix // what the guard counts against
	pace   *rate.Limiter
	excess int // messages over the rate

	facts *meeting.Door    // what hello found; nil before it
	place *meeting.Meeting // where proofs were accepted; nil before
	known bool             // has shown the code of the meeting on this line
	cut   bool             // the last word has been queued

	large int    // messages over the limit of the door
	done  func() // gives the place of the one that is being looked at back; nil without one
}

func (c *caller) say(id uint64, reply wire.Reply) {
	c.line.Send(wire.Encode(reply, wire.Head{ID: id}))
}

// end says why the line ends here.
func (c *caller) end(id uint64, code fault.Code) {
	c.say(id, wire.Fault{Code: code})
	c.line.Close()
	c.cut = true
}

// hang tells the meeting that the line is gone.
func (c *caller) hang() {
	if c.facts != nil {
		c.signal.idlers.remove(c.facts.Facts.Meeting, c.line)
	}
	if c.place != nil {
		_ = c.place.Send(meeting.Hung{Line: c.line}) // over: it has forgotten the line
	}
}

// dispatch takes one message. Proofs are checked here, so that strangers cost no meeting's owner anything.
func (c *caller) dispatch(ctx context.Context, data []byte) {
	request, head, err := wire.ParseRequest(data)
	if _, revives := request.(wire.Revive); c.done != nil && !revives {
		c.end(head.ID, fault.MessageLarge)
		return
	}
	if err != nil {
		f, _ := fault.Of(err)
		c.say(head.ID, wire.Fault{Code: f.Code})
		return
	}
	switch r := request.(type) {
	case wire.Ping:
		c.say(head.ID, wire.Pong{})
	case wire.Pong:
	case wire.Hello:
		c.hello(ctx, head.ID, r)
	case wire.Host, wire.Knock, wire.Rejoin, wire.Resume, wire.Revive, wire.Return:
		c.prove(ctx, head.ID, r)
	default:
		if c.place == nil {
			c.say(head.ID, wire.Fault{Code: fault.MessageOrder})
			return
		}
		if err := c.place.Send(meeting.Asked{Line: c.line, ID: head.ID, Request: r}); err != nil {
			c.line.Close()
			c.cut = true
		}
	}
}

// finish gives the place of a large message back.
func (c *caller) finish() {
	if c.done != nil {
		c.done()
		c.done = nil
	}
}

// mayRevive tells whether the line may have a group to tell of that the server forgot.
func (c *caller) mayRevive() bool {
	return c.facts != nil && !c.line.seated.Load() && c.signal.live.forgot(c.facts.Facts.Meeting)
}

// hello tells the public facts of a meeting.
func (c *caller) hello(ctx context.Context, id uint64, r wire.Hello) {
	switch {
	case r.Version != wire.Version:
		c.end(id, fault.VersionOld)
		return
	case c.facts != nil:
		c.say(id, wire.Fault{Code: fault.MessageOrder})
		return
	case !c.signal.hellos.allow(c.from, time.Now()):
		c.end(id, fault.MessageFlood)
		return
	}
	meetingID := ident.MeetingID(r.Meeting)
	var record booking.Record
	var open bool
	err := c.signal.warden.find(guard.Try{From: c.tries, Kind: guard.Meeting}, func() (err error) {
		record, open, err = c.signal.live.find(ctx, meetingID)
		return err
	})
	if err != nil {
		f, _ := fault.Of(err)
		c.end(id, f.Code)
		return
	}
	c.facts = &meeting.Door{
		Facts:  meeting.Facts{Meeting: meetingID, HostKey: record.HostKey, EntryKey: record.Entry},
		Origin: c.origin,
	}
	rand.Read(c.facts.Challenge[:])
	c.signal.idlers.add(meetingID, c.line)
	c.say(id, wire.OkHello{
		HostKey: record.HostKey, Booking: record.Statement, Challenge: c.facts.Challenge, Open: open,
		OrderKey: c.signal.live.orderKey(meetingID),
	})
}

// prove checks a proof and hands the caller to the meeting. The guard
// looks at codes only, and lets those pass who are inside or have shown theirs.
func (c *caller) prove(ctx context.Context, id uint64, r wire.Request) {
	if c.facts == nil {
		c.say(id, wire.Fault{Code: fault.MessageOrder})
		return
	}
	if _, back := r.(wire.Return); back && !c.signal.live.grouped(c.facts.Facts.Meeting) {
		c.say(id, wire.Fault{Code: fault.GroupUnknown}) // asked every two seconds by all members after a restart: costs no look
		return
	}
	seated := c.line.seated.Load()
	if seated && comesBack(r) {
		c.say(id, wire.Fault{Code: fault.MessageOrder}) // before hundreds of signatures are looked at
		return
	}
	if !seated && !c.signal.proofs.allow(c.from, time.Now()) {
		c.say(id, wire.Fault{Code: fault.MessageFlood})
		return
	}
	var in meeting.Input
	check := func() (err error) {
		in, err = c.check(id, r)
		return err
	}
	var err error
	coded := showsCode(r)
	if coded && !seated && !c.known {
		err = c.signal.warden.look(guard.Try{From: c.tries, Meeting: c.facts.Facts.Meeting, Kind: guard.Code}, check)
	} else {
		err = check()
	}
	if err == nil {
		c.known = c.known || coded
		err = c.admit(ctx, in, seated)
	}
	if err == nil {
		return
	}
	f, _ := fault.Of(err)
	switch f.Code {
	case fault.MeetingUnknown, fault.ServerClosing:
		c.end(id, f.Code)
	default:
		c.say(id, wire.Fault{Code: f.Code})
	}
}

// comesBack tells whether a request is of a line that is none of the meeting's yet, whatever becomes of it there.
func comesBack(r wire.Request) bool {
	switch r.(type) {
	case wire.Resume, wire.Revive, wire.Return:
		return true
	}
	return false
}

// showsCode tells whether a request carries a proof of the access code.
func showsCode(r wire.Request) bool {
	switch r.(type) {
	case wire.Knock, wire.Rejoin:
		return true
	}
	return false
}

// admit hands a proven caller to the meeting, at a pace that its owner can bear.
func (c *caller) admit(ctx context.Context, in meeting.Input, seated bool) error {
	paced := c.signal.knocks
	switch in.(type) {
	case meeting.Rejoined, meeting.Returned:
		paced = c.signal.returns
	}
	if !seated && !paced.allow(c.facts.Facts.Meeting, time.Now()) {
		return fault.New(fault.MessageFlood)
	}
	err := c.enter(ctx, in)
	if err == nil {
		c.signal.idlers.remove(c.facts.Facts.Meeting, c.line)
	}
	return err
}

// check turns a proof into an input for the meeting.
func (c *caller) check(id uint64, r wire.Request) (meeting.Input, error) {
	from := meeting.From{Line: c.line, ID: id, Challenge: c.facts.Challenge}
	switch r := r.(type) {
	case wire.Host:
		err := c.facts.Host(r)
		return meeting.Hosted{From: from, Who: ident.ParticipantID(r.Participant), Device: lobby.Device(r.Device)}, err
	case wire.Knock:
		knock, err := c.facts.Knock(r, time.Now())
		return meeting.Knocked{From: from, Knock: knock}, err
	case wire.Rejoin:
		claim, err := c.facts.Rejoin(r, time.Now())
		return meeting.Rejoined{From: from, Claim: claim}, err
	case wire.Resume:
		device, err := c.facts.Resume(r)
		return meeting.Resumed{
			From: from, Who: ident.ParticipantID(r.Participant), Device: device, Ticket: ident.Ticket(r.Ticket), Seq: r.Seq,
		}, err
	case wire.Revive:
		state, err := c.facts.Revive(r, time.Now())
		return meeting.Revived{From: from, Who: ident.ParticipantID(r.Participant), Device: lobby.Device(r.Device), State: state}, err
	case wire.Return:
		err := c.facts.Return(r)
		return meeting.Returned{
			From: from, Who: ident.ParticipantID(r.Participant), Device: lobby.Device(r.Device),
			Group: statement.GroupID(r.Group), Epoch: r.Epoch,
		}, err
	}
	return nil, fault.New(fault.MessageUnknown)
}

// missing is what is answered where no meeting runs for those who can only come back to one.
func missing(in meeting.Input) fault.Code {
	switch in.(type) {
	case meeting.Resumed:
		return fault.ResumeBad
	case meeting.Rejoined:
		return fault.RejoinBad
	case meeting.Returned:
		return fault.GroupUnknown
	}
	return ""
}

// enter hands a proven caller to the meeting. One that fell asleep, never started, at this very moment is
// brought to life again.
func (c *caller) enter(ctx context.Context, in meeting.Input) error {
	live, id := c.signal.live, c.facts.Facts.Meeting
	if code := missing(in); code != "" {
		r := live.get(id)
		if r == nil || r.Send(in) != nil {
			return fault.New(code)
		}
		c.place = r.Meeting
		return nil
	}
	for range 3 {
		r, err := live.enter(ctx, id)
		if err != nil {
			return err
		}
		if _, host := in.(meeting.Hosted); host {
			live.started(ctx, r)
		}
		c.place = r.Meeting
		if err := r.Send(in); !errors.Is(err, meeting.ErrOver) {
			return err
		}
		if r.Over() {
			return fault.New(fault.MeetingUnknown)
		}
		select {
		case <-r.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fault.New(fault.MeetingUnknown)
}
