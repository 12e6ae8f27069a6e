package sfu

import (
	"encoding/hex"
	"errors"
	"slices"

	"incamera/internal/forward"
	"incamera/internal/ident"
	"incamera/internal/sfu/ice"
	"incamera/internal/wire"
)

// Errors of a room.
var (
	ErrClosed = errors.New("sfu: the room is closed")
	ErrNobody = errors.New("sfu: no participant")
)

// Room is the media of one meeting. Its methods are called by the meeting's owner; each takes the shard's lock,
// which is held at most for one batch of packets.
type Room struct {
	// fixed
	shard    *shard
	announce announcer

	// the shard's
	seats  map[ident.ParticipantID]*seat
	closed bool
}

// seat is one person: a connection, if there is one, and whom its slots show.
type seat struct {
	link  *link
	shows []ident.ParticipantID
}

// Open opens the person's connection, or replaces it: whom its slots show stays, and so does who is shown to
// others. Facts that break a bound give an error that wraps wire.ErrMedia.
func (r *Room) Open(who ident.ParticipantID, offer wire.MediaOffer) (wire.MediaAnswer, error) {
	if who.IsZero() {
		return wire.MediaAnswer{}, ErrNobody
	}
	if err := offer.Check(); err != nil {
		return wire.MediaAnswer{}, err
	}
	candidates, err := r.announce.candidates(offer.Loopback)
	if err != nil {
		return wire.MediaAnswer{}, err
	}
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	if r.closed || r.shard.stopped {
		return wire.MediaAnswer{}, ErrClosed
	}
	s := r.seat(who)
	if s.link != nil {
		r.shard.close(s.link)
	}
	l := r.shard.open(r, who, ice.NewCredentials(offer.Ufrag))
	hex.Decode(l.net.peer[:], []byte(offer.Fingerprint))
	answer := wire.MediaAnswer{
		Ufrag: l.net.credentials.Ufrag, Password: l.net.credentials.Password,
		Fingerprint: hex.EncodeToString(r.shard.identity.Fingerprint[:]), Candidates: candidates,
	}
	l.accept(&offer, &answer)
	s.link = l
	r.aim(s)
	return answer, nil
}

// Route says whom the person's slots show: slot i shows slots[i], the zero id empties it, and slots that are
// not named are empty. It may come before Open. More than 62 slots do not exist.
func (r *Room) Route(who ident.ParticipantID, slots []ident.ParticipantID) {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	if r.closed || who.IsZero() {
		return
	}
	s := r.seat(who)
	slots = slots[:min(len(slots), maxPairs)]
	if slices.Equal(s.shows, slots) {
		return
	}
	s.shows = slices.Clone(slots)
	r.aim(s)
}

// Shut closes the person's connection and forgets the seat. At return not one more media packet goes to or
// comes from that person.
func (r *Room) Shut(who ident.ParticipantID) {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	if s := r.seats[who]; s != nil {
		if s.link != nil {
			r.shard.close(s.link)
		}
		delete(r.seats, who)
	}
}

// Close shuts everybody out. At return keys and histories are wiped and the plane knows nothing of the meeting.
func (r *Room) Close() {
	r.shard.mu.Lock()
	defer r.shard.mu.Unlock()
	r.close()
}

// close is Close under the shard's lock.
func (r *Room) close() {
	for who, s := range r.seats {
		if s.link != nil {
			r.shard.close(s.link)
		}
		delete(r.seats, who)
	}
	r.closed = true
	delete(r.shard.rooms, r)
}

func (r *Room) seat(who ident.ParticipantID) *seat {
	s := r.seats[who]
	if s == nil {
		s = &seat{}
		r.seats[who] = s
	}
	return s
}

// aim points a seat's slots at the streams of those that it shows.
func (r *Room) aim(s *seat) {
	if s.link == nil {
		return
	}
	now := r.shard.clock()
	for i, p := range s.link.show.pairs {
		var to [2]*stream
		if i < len(s.shows) {
			to = r.streams(s.shows[i])
		}
		p.point(to, now)
	}
}

// appeared points everybody's slots anew that show a person whose streams have changed.
func (r *Room) appeared(who ident.ParticipantID) {
	for _, s := range r.seats {
		if slices.Contains(s.shows, who) {
			r.aim(s)
		}
	}
}

func (r *Room) streams(who ident.ParticipantID) (to [2]*stream) {
	s := r.seats[who]
	if who.IsZero() || s == nil || s.link == nil {
		return to
	}
	for k, t := range s.link.send.tracks {
		if t != nil {
			to[forward.Kind(k)] = t.stream
		}
	}
	return to
}
