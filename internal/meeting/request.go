package meeting

import (
	"slices"
	"time"

	"incamera/internal/allot"
	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// asked answers a request, once however often it is sent.
func (m *Meeting) asked(in Asked) {
	v := m.visits[in.Line]
	if v == nil {
		m.refuse(in.Line, in.ID, fault.MessageOrder)
		return
	}
	if v.seat == nil {
		m.refuseOrAnswer(v, in, m.atDoor(v, in.Request))
		return
	}
	if in.ID > 0 {
		frame, before := v.seat.answered(in.ID)
		if before && frame == nil { // longer ago than answers are kept
			frame = wire.Encode(wire.Fault{Code: fault.MessageOrder}, wire.Head{ID: in.ID})
		}
		if before {
			in.Line.Send(frame)
			return
		}
	}
	m.inside(v, in)
}

func (m *Meeting) refuseOrAnswer(v *visit, in Asked, code fault.Code) {
	if code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	m.answer(v.line, in.ID, wire.Ok{})
}

// refuseOrSeat answers who may have picture and sound from now.
func (m *Meeting) refuseOrSeat(v *visit, in Asked, code fault.Code) {
	if code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	m.answer(v.line, in.ID, wire.OkSeated{Relay: m.media.relay.Issue(v.who)})
}

// atDoor takes what who waits may say.
func (m *Meeting) atDoor(v *visit, r wire.Request) fault.Code {
	switch r.(type) {
	case wire.Stay:
		return refusal(m.lobby.Step(lobby.Stayed{Who: v.who}, time.Now()))
	case wire.Withdraw:
		effects := m.lobby.Step(lobby.Withdrew{Who: v.who}, time.Now())
		if code := refusal(effects); code != "" {
			return code
		}
		delete(m.door, v.who)
		m.carryDoor(effects)
		return ""
	case wire.Open, wire.Take, wire.Admit, wire.Deny, wire.Allow, wire.Policy, wire.Remove, wire.End:
		return fault.NotHost
	default:
		return fault.NotMember
	}
}

// inside takes what a member may say.
func (m *Meeting) inside(v *visit, in Asked) {
	switch r := in.Request.(type) {
	case wire.Open:
		m.refuseOrSeat(v, in, m.openGroup(v, r))
	case wire.Take:
		m.refuseOrAnswer(v, in, m.takeGroup(v, r))
	case wire.Policy:
		m.refuseOrAnswer(v, in, m.propose(v, r.Statement, r.Consents))
		m.expel()
	case wire.Admit:
		m.stepDoor(v, in, func() (lobby.Input, fault.Code) { return m.admission(v, r) })
	case wire.Deny:
		m.stepDoor(v, in, func() (lobby.Input, fault.Code) {
			return lobby.Denied{By: v.who, Who: ident.ParticipantID(r.Participant)}, ""
		})
	case wire.Allow:
		m.stepDoor(v, in, func() (lobby.Input, fault.Code) {
			return lobby.Allowed{By: v.who, Who: ident.ParticipantID(r.Participant)}, ""
		})
	case wire.Remove:
		m.remove(v, in, r)
	case wire.End:
		m.stepDoor(v, in, func() (lobby.Input, fault.Code) { return m.ending(v, r) })
	case wire.Joined:
		m.confirmed(v, in, r)
	case wire.Leave:
		m.stepDoor(v, in, func() (lobby.Input, fault.Code) { return m.leaving(v, r) })
	case wire.Commit:
		m.commit(v, in, r)
	case wire.Refuse:
		m.refuseOrAnswer(v, in, m.refused(v, r))
	case wire.Cannot:
		m.refuseOrAnswer(v, in, m.stepEpoch(epoch.Declined{By: v.who, Lease: r.Lease, Who: people(r.Participants)}))
	case wire.App:
		m.refuseOrAnswer(v, in, m.say(v, r))
	case wire.Media:
		m.openMedia(v, in, r)
	case wire.View:
		m.answer(v.line, in.ID, wire.Ok{})
		m.carrySlots(m.allot.Step(allot.Viewed{Who: v.who, Wanted: people(r.Participants)}))
	default:
		m.refuse(v.line, in.ID, fault.MessageOrder)
	}
}

// confirmed takes the word of who holds the group.
func (m *Meeting) confirmed(v *visit, in Asked, r wire.Joined) {
	input, code := m.joined(v, r)
	m.stepDoorThen(v, in, input, code, func() wire.Reply { return wire.OkSeated{Relay: m.media.relay.Issue(v.who)} })
}

// stepDoor checks a request's statement, steps the door, answers and carries out.
func (m *Meeting) stepDoor(v *visit, in Asked, read func() (lobby.Input, fault.Code)) {
	input, code := read()
	m.stepDoorThen(v, in, input, code, func() wire.Reply { return wire.Ok{} })
}

func (m *Meeting) stepDoorThen(v *visit, in Asked, input lobby.Input, code fault.Code, answer func() wire.Reply) {
	if code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	effects := m.lobby.Step(input, time.Now())
	if code := refusal(effects); code != "" {
		m.refuse(v.line, in.ID, code)
		return
	}
	m.answer(v.line, in.ID, answer())
	m.carryDoor(effects)
}

// spokenEpochs is how many epochs back a message may have been sealed: those on their way when a commit came.
const spokenEpochs = 4

// say passes a PrivateMessage on to all others who were inside when it was sealed, or to those of them whom it names.
func (m *Meeting) say(v *visit, r wire.App) fault.Code {
	group, ok := m.epoch.Group()
	if _, confirmed := m.lobby.Seated(v.who); !ok || !confirmed || !m.epoch.Holds(v.who) {
		return fault.NotMember
	}
	header, err := statement.ParsePrivateMessage(r.Message)
	if err != nil || header.GroupID != group || header.ContentType != statement.Application ||
		header.Epoch != r.Epoch || len(header.AuthenticatedData) > 0 {
		return fault.MessageBad
	}
	if now := m.epoch.Epoch(); r.Epoch > now || r.Epoch+spokenEpochs < now {
		return fault.EpochStale
	}
	to := m.epoch.Hearers()
	if len(r.To) > 0 {
		named := people(r.To)
		to = slices.DeleteFunc(to, func(who ident.ParticipantID) bool { return !slices.Contains(named, who) })
	}
	body := wire.Body(wire.AppPush{Epoch: r.Epoch, Message: r.Message, From: wire.Participant(v.who)})
	for _, who := range to {
		if s := m.seats[who]; s != nil && who != v.who && s.since <= r.Epoch {
			s.push(body, r.Fleeting)
		}
	}
	return ""
}

// openMedia opens picture and sound, for members who hold the group only.
func (m *Meeting) openMedia(v *visit, in Asked, r wire.Media) {
	if _, confirmed := m.lobby.Seated(v.who); !confirmed || !m.epoch.Holds(v.who) {
		m.refuse(v.line, in.ID, fault.MediaClosed)
		return
	}
	reply, err := m.media.Open(v.who, r.Offer)
	if err != nil {
		f, known := fault.Of(err)
		if !known {
			f = fault.New(fault.MediaFactsBad)
		}
		m.refuse(v.line, in.ID, f.Code)
		return
	}
	slots := 0
	for _, section := range r.Offer.Sections {
		if section.Role == wire.RoleSlotVideo {
			slots++
		}
	}
	m.answer(v.line, in.ID, wire.OkMedia{Answer: reply})
	m.carrySlots(m.allot.Step(allot.Opened{Who: v.who, Slots: slots}))
}

func people(list []wire.Participant) []ident.ParticipantID {
	out := make([]ident.ParticipantID, len(list))
	for i, p := range list {
		out[i] = ident.ParticipantID(p)
	}
	return out
}
