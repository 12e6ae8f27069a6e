package meeting

import (
	"fmt"
	"time"

	"incamera/internal/allot"
	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// carryDoor carries out what the door decided.
func (m *Meeting) carryDoor(effects []lobby.Effect) {
	var batch epoch.Batch // who may come in and who may not: one task for all
	for _, effect := range effects {
		switch e := effect.(type) {
		case lobby.Invite:
			batch = append(batch, epoch.Wanted{Add: epoch.Add{
				Who: e.Knock.Who, KeyPackage: e.Knock.KeyPackage, Statement: e.Statement, AtOnce: e.Cause != lobby.ByAdmission,
			}})
		case lobby.Uninvite:
			batch = append(batch, epoch.Unwanted{Who: e.Who})
		case lobby.Seat, lobby.Confirm, lobby.Unseat, lobby.AskBack:
			m.stepBatch(&batch)
			m.carrySeat(effect)
		default:
			m.carryWord(effect)
		}
	}
	m.stepBatch(&batch)
}

func (m *Meeting) stepBatch(batch *epoch.Batch) {
	if len(*batch) > 0 {
		m.stepEpoch(*batch)
		*batch = nil
	}
}

// carrySeat carries out what the door decided about seats.
func (m *Meeting) carrySeat(effect lobby.Effect) {
	switch e := effect.(type) {
	case lobby.Seat:
		m.seat(e)
	case lobby.Confirm:
		m.confirm(e.Who)
	case lobby.Unseat:
		m.unseat(e)
	case lobby.AskBack:
		m.askBack(e)
	}
}

// carryWord tells people what the door decided.
func (m *Meeting) carryWord(effect lobby.Effect) {
	switch e := effect.(type) {
	case lobby.Refuse: // nobody asked: time passed, or a line broke that held nothing
	case lobby.TellWaiting:
		m.tellDoor(e.Who, wire.Waiting{Open: e.Open})
	case lobby.AskWaiting:
		m.tellDoor(e.Who, wire.Ask{})
	case lobby.Dismiss:
		m.noteEnd(e.Why, e.Statement)
		if e.Why == lobby.WhyVoid {
			m.drop(m.door[e.Who])
			return
		}
		m.dismiss(m.door[e.Who], over(e.Why, e.Statement))
	case lobby.ShowKnock:
		m.pushTo(e.To, knockPush(e))
	case lobby.HideKnock:
		m.pushTo(e.To, wire.KnockGone{Participant: wire.Participant(e.Who)})
	case lobby.ShowPresence:
		m.pushOthers(e.Who, wire.Presence{Participant: wire.Participant(e.Who), Connected: e.Connected})
	case lobby.Finish:
		if !m.seen.over.Load() { // nobody sat or waited
			m.noteEnd(e.Why, nil)
		}
		for _, v := range m.visits { // who was asked back and has not knocked yet
			m.dismiss(v, m.farewell)
		}
	default:
		panic(fmt.Sprintf("meeting: effect %T", e))
	}
}

func (m *Meeting) tellDoor(who ident.ParticipantID, reply wire.Reply) {
	if v := m.door[who]; v != nil {
		v.line.Send(wire.Encode(reply, wire.Head{}))
	}
}

func knockPush(e lobby.ShowKnock) wire.KnockPush {
	return wire.KnockPush{
		Participant: wire.Participant(e.Knock.Who), Device: wire.Bytes32(e.Knock.Device),
		KeyPackage: e.Knock.KeyPackage, SealedName: e.Knock.SealedName, Statement: e.Knock.Statement,
		Since: e.Since, Returning: e.Returning,
	}
}

// over words a reason. A statement goes with those that a host signed.
func over(why lobby.Why, statement []byte) wire.Over {
	reasons := map[lobby.Why]wire.Reason{
		lobby.WhyEnded: wire.ReasonEnded, lobby.WhyClosed: wire.ReasonClosed, lobby.WhyDenied: wire.ReasonDenied,
		lobby.WhyLapsed: wire.ReasonLapsed, lobby.WhyRemoved: wire.ReasonRemoved, lobby.WhyElsewhere: wire.ReasonElsewhere,
		lobby.WhyLeft: wire.ReasonClosed, lobby.WhyAbsent: wire.ReasonClosed, lobby.WhyLocked: wire.ReasonLocked,
	}
	o := wire.Over{Reason: reasons[why]}
	if why == lobby.WhyEnded || why == lobby.WhyRemoved {
		o.Statement = statement
	}
	return o
}

// seat makes a place; the line at the door, if any, becomes the seat's.
func (m *Meeting) seat(e lobby.Seat) {
	s := m.newSeat(e.Who, e.Device)
	if v := m.door[e.Who]; v != nil {
		v.line.Seat()
		delete(m.door, e.Who)
		v.seat, s.line = s, v.line
	}
}

func (m *Meeting) newSeat(who ident.ParticipantID, device lobby.Device) *seat {
	m.media.relay.Revoke(who) // what an earlier seat had
	s := &seat{who: who, device: device, ticket: ident.Ticket(m.secrets.Bytes32()), since: m.epoch.Epoch()}
	m.seats[who] = s
	return s
}

// confirm lets picture and sound begin and tells the newcomer who is away.
func (m *Meeting) confirm(who ident.ParticipantID) {
	m.stepEpoch(epoch.Joined{Who: who})
	m.tellAbsent(who)
}

func (m *Meeting) tellAbsent(who ident.ParticipantID) {
	for other, s := range m.seats {
		if other != who && s.line == nil {
			m.pushTo(who, wire.Presence{Participant: wire.Participant(other)})
		}
	}
}

// unseat shuts media first, then says why, then has the group remove the member.
func (m *Meeting) unseat(e lobby.Unseat) {
	m.noteEnd(e.Why, e.Statement)
	m.shutMedia(e.Who)
	m.media.relay.Revoke(e.Who)
	if s := m.seats[e.Who]; s != nil {
		switch v := m.visits[s.line]; {
		case e.Why == lobby.WhyLeft, e.Why == lobby.WhyVoid:
			m.drop(v)
		default:
			m.dismiss(v, over(e.Why, e.Statement))
		}
		delete(m.seats, e.Who)
		s.wipe()
	}
	if !e.Remove {
		return
	}
	reasons := map[lobby.Why]epoch.Reason{lobby.WhyRemoved: epoch.ByRemoval, lobby.WhyLeft: epoch.ByLeave}
	reason, said := reasons[e.Why]
	if !said || len(e.Statement) == 0 {
		reason, e.Statement = epoch.ByAbsence, nil
	}
	m.stepEpoch(epoch.Gone{Remove: epoch.Remove{Who: e.Who, Statement: e.Statement, Reason: reason}})
}

// noteEnd makes the links dead before anybody hears of the end.
func (m *Meeting) noteEnd(why lobby.Why, statement []byte) {
	if why == lobby.WhyEnded || why == lobby.WhyClosed {
		m.seen.over.Store(true)
		m.farewell = over(why, statement)
	}
}

// askBack takes the seat and leaves the line, on which the person may knock again.
func (m *Meeting) askBack(e lobby.AskBack) {
	regroup := func(v *visit) []byte {
		return wire.Body(wire.Regroup{Challenge: wire.Bytes32(v.challenge), Policy: m.group.tip.Raw()})
	}
	if e.AtDoor {
		if v := m.door[e.Who]; v != nil {
			v.line.Send(wire.WithHead(regroup(v), wire.Head{}))
		}
		return
	}
	m.shutMedia(e.Who)
	m.media.relay.Revoke(e.Who)
	s := m.seats[e.Who]
	if s == nil {
		return
	}
	delete(m.seats, e.Who)
	if s.line != nil {
		v := m.visits[s.line]
		s.push(regroup(v), true)
		v.seat = nil
	}
	s.wipe()
}

func (m *Meeting) shutMedia(who ident.ParticipantID) {
	if !m.allot.Open(who) {
		return
	}
	m.media.Shut(who)
	m.carrySlots(m.allot.Step(allot.Closed{Who: who}))
}

// carrySlots routes first and tells then: a frame that comes early is dropped by the receiver, not shown.
func (m *Meeting) carrySlots(effects []allot.Effect) {
	for _, e := range effects {
		m.media.Route(e.Who, e.Slots)
		slots := make([]wire.Slot, len(e.Slots))
		for i, who := range e.Slots {
			slots[i] = wire.Slot(who)
		}
		m.pushTo(e.Who, wire.Slots{Slots: slots})
	}
}

func (m *Meeting) pushOthers(who ident.ParticipantID, reply wire.Reply) {
	body := wire.Body(reply)
	for other, s := range m.seats {
		if other != who {
			s.push(body, false)
		}
	}
}

// stepEpoch feeds the order of commits and carries out what it says; the code is of a refusal.
func (m *Meeting) stepEpoch(in epoch.Input) fault.Code {
	effects := m.epoch.Step(in, time.Now())
	m.carryEpoch(effects)
	return refusedCommit(effects)
}

// refusedCommit is the code of a step that was refused, or nothing.
func refusedCommit(effects []epoch.Effect) fault.Code {
	for _, effect := range effects {
		if r, ok := effect.(epoch.Refuse); ok {
			return r.Code
		}
	}
	return ""
}

func (m *Meeting) carryEpoch(effects []epoch.Effect) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case epoch.Refuse:
		case epoch.Ask:
			if _, stands := m.epoch.Task(e.Who, e.Task.Lease); stands { // what came before it may have voided it
				m.pushTo(e.Who, taskPush(e.Task))
			}
		case epoch.Order:
			body := wire.Body(m.orderPush(e))
			for _, who := range e.To {
				if s := m.seats[who]; s != nil {
					s.push(body, false)
				}
			}
		case epoch.Reopen:
			m.reopen(e)
		case epoch.Welcome:
			m.welcome(e)
		case epoch.Unaddable:
			m.carryDoor(m.lobby.Step(lobby.Unaddable{Who: e.Who}, time.Now()))
		default:
			panic(fmt.Sprintf("meeting: effect %T", e))
		}
	}
}

// welcome seats the person whom the group added and hands them, and nobody else, the way in.
func (m *Meeting) welcome(e epoch.Welcome) {
	m.carryDoor(m.lobby.Step(lobby.Welcomed{Who: e.Who, KeyPackage: e.KeyPackage}, time.Now()))
	s := m.seats[e.Who]
	if s == nil {
		return
	}
	s.since = e.Epoch
	s.push(wire.Body(wire.Admitted{
		Epoch: e.Epoch, Welcome: e.Welcome, Tree: e.Tree, Admission: e.Statement, Ticket: wire.Bytes32(s.ticket),
	}), false)
}

func taskPush(t epoch.Task) wire.Task {
	push := wire.Task{Lease: t.Lease, Epoch: t.Epoch, Policies: sealed(t.Policies), Consents: sealed(t.Consents)}
	for _, a := range t.Adds {
		push.Adds = append(push.Adds, wire.TaskAdd{Statement: a.Statement, KeyPackage: a.KeyPackage, Participant: wire.Participant(a.Who)})
	}
	for _, r := range t.Removes {
		push.Removes = append(push.Removes, wire.TaskRemove{Participant: wire.Participant(r.Who), Statement: r.Statement})
	}
	return push
}
