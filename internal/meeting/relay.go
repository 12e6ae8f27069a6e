package meeting

import (
	"time"

	"incamera/internal/ident"
	"incamera/internal/wire"
)

// Relay gives seats a way for their media through a network that lets no UDP out.
type Relay interface {
	// Issue gives a seat its credential, one without URLs where there is none to be had.
	Issue(who ident.ParticipantID) wire.Relay
	// Renew keeps a credential good for more than renewEvery.
	Renew(who ident.ParticipantID)
	// Revoke ends a seat's credential and what is relayed by it.
	Revoke(who ident.ParticipantID)
}

// noRelay is a server without one.
type noRelay struct{}

func (noRelay) Issue(ident.ParticipantID) wire.Relay { return wire.Relay{} }
func (noRelay) Renew(ident.ParticipantID)            {}
func (noRelay) Revoke(ident.ParticipantID)           {}

// renewEvery is less than half of what a relay's credential lives for.
const renewEvery = 4 * time.Minute

// plane is the meeting's part of the media plane with the relay to it.
type plane struct {
	Media
	relay   Relay
	renewal time.Time // when the relay's credentials are renewed next
}

func newPlane(media Media, relay Relay) plane {
	if relay == nil {
		relay = noRelay{}
	}
	return plane{Media: media, relay: relay, renewal: time.Now().Add(renewEvery)}
}

// renewRelay keeps the credentials of all seats good, of those too whose line is broken: they may come back.
func (m *Meeting) renewRelay(now time.Time) {
	if now.Before(m.media.renewal) {
		return
	}
	m.media.renewal = now.Add(renewEvery)
	for who := range m.seats {
		m.media.relay.Renew(who)
	}
}
