package lobby

import (
	"slices"

	"incamera/internal/ident"
)

// mostKept bounds each of the door's memories of devices; over it the oldest is forgotten.
const mostKept = 4096

// memory is a bounded table of devices and whose they are, the oldest first. The zero value is empty.
type memory struct {
	who   map[Device]ident.ParticipantID
	order []Device
}

func (m *memory) has(d Device) bool {
	_, ok := m.who[d]
	return ok
}

func (m *memory) is(d Device, who ident.ParticipantID) bool {
	owner, ok := m.who[d]
	return ok && owner == who
}

// keep remembers a device; one that is known already keeps its age.
func (m *memory) keep(d Device, who ident.ParticipantID) {
	if !m.has(d) && len(m.order) >= mostKept {
		m.forget(m.order[0])
	}
	m.add(d, who)
}

func (m *memory) add(d Device, who ident.ParticipantID) {
	if m.who == nil {
		m.who = map[Device]ident.ParticipantID{}
	}
	if !m.has(d) {
		m.order = append(m.order, d)
	}
	m.who[d] = who
}

func (m *memory) forget(d Device) {
	if !m.has(d) {
		return
	}
	delete(m.who, d)
	m.order = slices.DeleteFunc(m.order, func(have Device) bool { return have == d })
}

// pardon forgets all devices of a participant and tells whether there were any.
func (m *memory) pardon(who ident.ParticipantID) (found bool) {
	for d, owner := range m.who {
		if owner == who {
			m.forget(d)
			found = true
		}
	}
	return found
}

// know remembers a member's device as the newest. Who sits here is not forgotten: nobody could be removed by name.
func (m *Machine) know(d Device, who ident.ParticipantID) {
	m.known.forget(d)
	for len(m.known.order) >= mostKept {
		at := slices.IndexFunc(m.known.order, func(have Device) bool {
			s := m.seats[m.known.who[have]]
			return s == nil || s.device != have
		})
		if at < 0 {
			break // more sit here than are kept: the limit of members bounds them
		}
		m.known.forget(m.known.order[at])
	}
	m.known.add(d, who)
}
