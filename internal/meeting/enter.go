package meeting

import (
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// take carries one input out; false stops the meeting without ending it.
func (m *Meeting) take(in Input) bool {
	switch in := in.(type) {
	case Hosted:
		m.hosted(in)
	case Knocked:
		m.knocked(in)
	case Rejoined:
		m.rejoined(in)
	case Resumed:
		m.resumed(in)
	case Revived:
		m.revived(in)
	case Returned:
		m.returned(in)
	case Asked:
		m.asked(in)
	case Hung:
		m.hung(in.Line)
	case Stopped:
		m.stop()
		return false
	}
	return true
}

// hosted gives a seat to a line with the host key.
func (m *Meeting) hosted(in Hosted) {
	if v := m.visits[in.Line]; v != nil {
		m.refuse(in.Line, in.ID, fault.MessageOrder)
		return
	}
	effects := m.lobby.Step(lobby.HostCame{Who: in.Who, Device: in.Device}, time.Now())
	if code := refusal(effects); code != "" {
		m.refuse(in.Line, in.ID, code)
		in.Line.Close()
		return
	}
	m.dismiss(m.door[in.Who], wire.Over{Reason: wire.ReasonLapsed}) // somebody else who knocked under the host's id
	v := &visit{line: in.Line, who: in.Who, device: in.Device, challenge: in.Challenge}
	m.visits[in.Line], m.door[in.Who] = v, v
	for _, effect := range effects {
		m.carryDoor([]lobby.Effect{effect})
		if seat, ok := effect.(lobby.Seat); ok {
			m.stepEpoch(epoch.Vacated{Who: seat.Who}) // this line does not hold the group
			m.answer(in.Line, in.ID, m.standing(in.Who))
		}
	}
}

// standing tells a device with the host key how the meeting's group stands.
func (m *Meeting) standing(who ident.ParticipantID) wire.OkHost {
	ok := wire.OkHost{Ticket: wire.Bytes32(m.seats[who].ticket), Holders: m.lobby.Holders(who)}
	if r := m.group.roster; r != nil {
		id := r.Group()
		ok.Generation, ok.Group, ok.Policies = r.Generation(), id[:], sealed(r.Chain())
	}
	return ok
}

func sealed(list [][]byte) []wire.Bytes {
	out := make([]wire.Bytes, len(list))
	for i, b := range list {
		out[i] = b
	}
	return out
}

// knocked puts a line into the waiting room, or renews its knock.
func (m *Meeting) knocked(in Knocked) {
	m.arrive(in.From, in.Knock, lobby.Knocked{Knock: in.Knock})
}

// arrive takes a knock of any kind; its line stands at the door from then.
func (m *Meeting) arrive(from From, knock lobby.Knock, input lobby.Input) {
	v := m.visits[from.Line]
	if v != nil && (v.seat != nil || v.who != knock.Who || v.device != knock.Device) {
		m.refuse(from.Line, from.ID, fault.MessageOrder)
		return
	}
	effects := m.lobby.Step(input, time.Now())
	if code := refusal(effects); code != "" {
		m.refuse(from.Line, from.ID, code)
		return
	}
	if v == nil {
		v = &visit{line: from.Line, who: knock.Who, device: knock.Device, challenge: from.Challenge}
		m.visits[from.Line] = v
	}
	if old := m.door[v.who]; old != nil && old != v {
		m.dismiss(old, wire.Over{Reason: wire.ReasonElsewhere})
	}
	m.door[v.who] = v
	m.answer(from.Line, from.ID, wire.OkKnock{Open: m.lobby.HostThere()})
	m.carryDoor(effects)
}

// resumed brings a line back to its seat. Whatever does not fit gets one and the same answer.
func (m *Meeting) resumed(in Resumed) {
	s := m.seats[in.Who]
	if m.visits[in.Line] != nil {
		m.refuse(in.Line, in.ID, fault.MessageOrder)
		return
	}
	if s == nil || s.device != in.Device || !s.ticket.Equal(in.Ticket) {
		m.refuse(in.Line, in.ID, fault.ResumeBad)
		return
	}
	missed, ok := s.missed(in.Seq)
	if !ok {
		m.refuse(in.Line, in.ID, fault.ResumeBad)
		return
	}
	if s.line != nil {
		m.dismiss(m.visits[s.line], wire.Over{Reason: wire.ReasonElsewhere})
	}
	m.sit(in.From, s)
	in.Line.Send(wire.Encode(wire.Ok{}, wire.Head{ID: in.ID}))
	for _, p := range missed {
		in.Line.Send(wire.WithHead(p.body, wire.Head{Seq: p.seq}))
	}
	m.carryDoor(m.lobby.Step(lobby.Resumed{Who: in.Who}, time.Now()))
	m.stepEpoch(epoch.Line{Who: in.Who, Connected: true})
}

// sit makes a line a seat's.
func (m *Meeting) sit(from From, s *seat) {
	from.Line.Seat()
	s.line = from.Line
	m.visits[from.Line] = &visit{line: from.Line, who: s.who, device: s.device, challenge: from.Challenge, seat: s}
}

// hung takes a line that is gone out of everything.
func (m *Meeting) hung(line Line) {
	v := m.visits[line]
	if v == nil {
		return
	}
	delete(m.visits, line)
	switch {
	case v.seat != nil:
		v.seat.line = nil
		m.carryDoor(m.lobby.Step(lobby.Lost{Who: v.who}, time.Now()))
		m.stepEpoch(epoch.Line{Who: v.who, Connected: false})
	case m.door[v.who] == v:
		delete(m.door, v.who)
		m.carryDoor(m.lobby.Step(lobby.Withdrew{Who: v.who}, time.Now()))
	}
}

// stop tells everybody that the server closes down, which ends no meeting: the booking stays, and pages come back by themselves.
func (m *Meeting) stop() {
	for who := range m.seats {
		m.media.Shut(who)
	}
	for _, v := range m.visits {
		v.line.Send(wire.Encode(wire.Fault{Code: fault.ServerClosing}, wire.Head{}))
		v.line.Close()
	}
	clear(m.visits)
}

// dismiss says the last word to a line and forgets it.
func (m *Meeting) dismiss(v *visit, over wire.Over) {
	if v == nil {
		return
	}
	if v.seat != nil {
		v.seat.push(wire.Body(over), true)
	} else {
		v.line.Send(wire.Encode(over, wire.Head{}))
	}
	m.drop(v)
}

// drop closes a line without a last word and forgets it.
func (m *Meeting) drop(v *visit) {
	if v == nil {
		return
	}
	if v.seat != nil {
		v.seat.line = nil
	}
	v.line.Close()
	delete(m.visits, v.line)
	if m.door[v.who] == v {
		delete(m.door, v.who)
	}
}

// answer answers a request; a seat keeps the answer in case the line breaks.
func (m *Meeting) answer(line Line, id uint64, reply wire.Reply) {
	if id == 0 {
		return
	}
	frame := wire.Encode(reply, wire.Head{ID: id})
	if v := m.visits[line]; v != nil && v.seat != nil {
		v.seat.keepAnswer(id, frame)
	}
	line.Send(frame)
}

// refuse answers with a fault; a request without an id is told, too.
func (m *Meeting) refuse(line Line, id uint64, code fault.Code) {
	if id > 0 {
		m.answer(line, id, wire.Fault{Code: code})
		return
	}
	line.Send(wire.Encode(wire.Fault{Code: code}, wire.Head{}))
}

// refusal is the code of a step that was refused, or nothing.
func refusal(effects []lobby.Effect) fault.Code {
	for _, effect := range effects {
		if r, ok := effect.(lobby.Refuse); ok {
			return r.Code
		}
	}
	return ""
}

// pushTo numbers a message for one member.
func (m *Meeting) pushTo(who ident.ParticipantID, reply wire.Reply) {
	if s := m.seats[who]; s != nil {
		s.push(wire.Body(reply), false)
	}
}
