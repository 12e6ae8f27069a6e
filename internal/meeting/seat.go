package meeting

import (
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/wire"
)

// What a seat keeps for a line that comes back. Over it the oldest go, and a resume from before them fails.
const (
	keptPushes    = 512
	keptPushBytes = 1 << 20
	keptAnswers   = 64
)

// push is one kept push.
type push struct {
	seq  uint64
	body []byte
}

// answer is what a request was answered, kept so that asking twice does nothing twice.
type answer struct {
	id    uint64
	frame []byte
}

// seat is a member's place with what is on its way there.
type seat struct {
	who       ident.ParticipantID
	device    lobby.Device
	ticket    ident.Ticket
	line      Line // nil while broken
	since     uint64
	seq       uint64
	kept      []push
	keptBytes int
	forgotten uint64 // the newest push that is not kept any more though it should be
	lastID    uint64
	answers   []answer
}

// push numbers a message for this member. A fleeting one is lost on who is away.
func (s *seat) push(body []byte, fleeting bool) {
	s.seq++
	if s.line != nil {
		s.line.Send(wire.WithHead(body, wire.Head{Seq: s.seq}))
	}
	if fleeting {
		return
	}
	s.kept = append(s.kept, push{s.seq, body})
	s.keptBytes += len(body)
	for len(s.kept) > keptPushes || s.keptBytes > keptPushBytes && len(s.kept) > 1 {
		s.keptBytes -= len(s.kept[0].body)
		s.forgotten = s.kept[0].seq
		s.kept = s.kept[1:]
	}
}

// missed gives what came after seq, or false if some of it is not kept any more.
func (s *seat) missed(seq uint64) ([]push, bool) {
	if seq > s.seq || seq < s.forgotten {
		return nil, false
	}
	for i, p := range s.kept {
		if p.seq > seq {
			return s.kept[i:], true
		}
	}
	return nil, true
}

// answered tells whether a request came before, with what it was answered then.
func (s *seat) answered(id uint64) (frame []byte, before bool) {
	if id > s.lastID {
		s.lastID = id
		return nil, false
	}
	for _, a := range s.answers {
		if a.id == id {
			return a.frame, true
		}
	}
	return nil, true
}

func (s *seat) keepAnswer(id uint64, frame []byte) {
	if len(s.answers) == keptAnswers {
		s.answers = s.answers[1:]
	}
	s.answers = append(s.answers, answer{id, frame})
}

// wipe zeroes what only this member was to see.
func (s *seat) wipe() {
	clear(s.ticket[:])
	s.kept, s.answers, s.line = nil, nil, nil
}
