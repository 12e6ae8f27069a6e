package meeting

import (
	"cmp"
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// revived takes a group that this server forgot from the word of a host or co-host of its own chain.
func (m *Meeting) revived(in Revived) {
	if code := m.mayRevive(in); code != "" {
		m.refuse(in.Line, in.ID, code)
		return
	}
	state := in.State
	m.group = group{roster: state, tip: state.Tip(), revived: true, told: state.Epoch()}
	var members []ident.ParticipantID
	var seats lobby.Revived
	for _, leaf := range state.Leaves() {
		members = append(members, leaf.Participant)
		seats.Seats = append(seats.Seats, lobby.Member{Who: leaf.Participant, Device: leaf.Device})
	}
	for _, leaf := range state.Away() {
		seats.Away = append(seats.Away, lobby.Member{Who: leaf.Participant, Device: leaf.Device})
	}
	m.stepEpoch(epoch.Revived{Group: state.Group(), Generation: state.Generation(), Epoch: state.Epoch(), Members: members})
	m.rule()
	m.place(m.lobby.Step(seats, time.Now()))
	for _, who := range members {
		if !m.lobby.Welcomed(who) { // a host who came before the group: this page does not hold it
			m.stepEpoch(epoch.Vacated{Who: who})
		}
	}
	m.comeBack(in.From, in.Who, in.Device)
}

// place carries out what the door decided about seats that nobody has taken yet. Who stands at the door meanwhile stays
// there: a line comes to such a seat by return or rejoin alone.
func (m *Meeting) place(effects []lobby.Effect) {
	for _, effect := range effects {
		if seat, ok := effect.(lobby.Seat); ok {
			m.newSeat(seat.Who, seat.Device)
			continue
		}
		m.carryDoor([]lobby.Effect{effect})
	}
}

// mayRevive: where no group is known, or what was revived is earlier. The signed chain goes first, so that nobody whose rights a policy
// took puts an old state in the place of a newer one. A device's bare word for a later epoch counts until something was ordered.
func (m *Meeting) mayRevive(in Revived) fault.Code {
	r := m.group.roster
	switch {
	case m.visits[in.Line] != nil:
		return fault.MessageOrder
	case r == nil:
		return ""
	case !m.group.revived:
		return fault.GroupHeld
	}
	further := cmp.Or(cmp.Compare(in.State.Generation(), r.Generation()), in.State.Against(r))
	switch {
	case further > 0:
		return ""
	case further == 0 && m.lobby.ShutOut(in.Device):
		return fault.Removed
	case further < 0, r.Epoch() != m.group.told, in.State.Epoch() <= r.Epoch():
		return fault.EpochStale
	}
	return ""
}

// returned gives a member of a revived group its seat again, in the epoch that was told: who holds a later one without a seat here has it
// by another commit than this server ordered.
func (m *Meeting) returned(in Returned) {
	r := m.group.roster
	switch {
	case m.visits[in.Line] != nil:
		m.refuse(in.Line, in.ID, fault.MessageOrder)
		return
	case r == nil:
		m.refuse(in.Line, in.ID, fault.GroupUnknown)
		return
	}
	leaf, inside := r.LeafOf(in.Who)
	if !m.group.revived || !inside || leaf.Device != [32]byte(in.Device) || r.Group() != in.Group ||
		r.Epoch() != in.Epoch || m.group.told != in.Epoch {
		m.refuse(in.Line, in.ID, fault.RejoinBad)
		return
	}
	m.comeBack(in.From, in.Who, in.Device)
}

// comeBack puts a line on a member's seat, with a new ticket and a new numbering.
func (m *Meeting) comeBack(from From, who ident.ParticipantID, device lobby.Device) {
	s := m.seats[who]
	if s == nil || s.device != device {
		m.refuse(from.Line, from.ID, fault.RejoinBad)
		return
	}
	effects := m.lobby.Step(lobby.Returned{Who: who, Device: device}, time.Now())
	if code := refusal(effects); code != "" {
		m.refuse(from.Line, from.ID, code)
		return
	}
	if s.line != nil {
		m.dismiss(m.visits[s.line], wire.Over{Reason: wire.ReasonElsewhere})
	}
	s.wipe()
	fresh := m.newSeat(who, device)
	m.sit(from, fresh)
	m.answer(from.Line, from.ID, wire.OkReturn{Ticket: wire.Bytes32(fresh.ticket), Relay: m.media.relay.Issue(who)})
	m.carryDoor(effects)
	m.stepEpoch(epoch.Line{Who: who, Connected: true})
	m.tellAbsent(who)
}
