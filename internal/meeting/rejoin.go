package meeting

import (
	"incamera/internal/fault"
	"incamera/internal/lobby"
)

// rejoined has the members add a device anew that lost the group, if it is in the group or away by the commits alone.
func (m *Meeting) rejoined(in Rejoined) {
	if code := m.mayRejoin(in.Claim); code != "" {
		m.refuse(in.Line, in.ID, code)
		return
	}
	m.arrive(in.From, in.Claim.Knock, lobby.Rejoined{Knock: in.Claim.Knock})
}

func (m *Meeting) mayRejoin(c Claim) fault.Code {
	r := m.group.roster
	if r == nil {
		return fault.RejoinBad
	}
	device := [32]byte(c.Knock.Device)
	if r.Tip().Barred(device) || m.group.tip.Barred(device) {
		return fault.Removed
	}
	body, old, err := r.Rejoin(m.group.tip, c.Knock.Statement)
	if err != nil || body.Reference != c.Knock.Reference || old.Participant != c.Knock.Who || old.Device != device {
		return fault.RejoinBad
	}
	return ""
}
