package testkit

import "incamera/internal/wire"

// natural does what the story waits for, so that stories come far.
func (w *walk) natural(s, _ *soul, twist int) {
	m := w.model
	for _, p := range w.souls {
		if seat := m.of(p).seat; seat != nil && seat.line != nil {
			p.line = seat.line
		}
	}
	if w.confirmOrCommit() || m.group == nil && m.lost != nil && w.bringBack() {
		return
	}
	host := w.natureHost()
	seat := m.of(host).seat
	admitter := w.admitter()
	switch {
	case m.barred(host):
		w.naturalGuest(s, twist)
	case seat == nil && !w.live(host):
		w.call(host)
	case seat == nil:
		w.beHost(host, nil, 0)
	case seat.line == nil && !w.live(host):
		w.call(host)
	case seat.line == nil && seat.ticket == [32]byte{}:
		w.comeBack(host, nil, 0)
	case seat.line == nil:
		w.resume(host, nil, 0)
	case !seat.inGroup && m.holders() == 0:
		w.openGroup(host, nil, 0)
	case !seat.inGroup && m.of(host).taking == nil:
		w.take(host, nil, 0)
	case admitter != nil && !m.locked():
		w.admit(admitter, nil, 0)
	case m.group != nil && m.group.Policy.Locked && twist == 0 && m.rank(host) == 2:
		w.rule(host, host, 1)
	default:
		w.naturalGuest(s, twist)
	}
}

// admitter is who may let in somebody who is shown to them: a co-host rather than a host.
func (w *walk) admitter() (admitter *soul) {
	for _, p := range w.souls {
		if rank := w.model.rank(p); rank > 0 && len(p.shown) > 0 && w.live(p) && w.model.of(p).seat != nil && (admitter == nil || rank == 1) {
			admitter = p
		}
	}
	return admitter
}

// natureHost is who of those with the host link has a seat, or the first of them.
func (w *walk) natureHost() *soul {
	for _, h := range w.souls[:2] {
		if w.model.of(h).seat != nil {
			return h
		}
	}
	return w.souls[0]
}

func (w *walk) confirmOrCommit() bool {
	m := w.model
	for _, p := range w.souls {
		if seat := m.of(p).seat; seat != nil && seat.line != nil && seat.inGroup && !seat.confirmed {
			w.send(seat.line, wire.Joined{Epoch: seat.since})
			return true
		}
	}
	for _, p := range w.souls {
		seat := m.of(p).seat
		if seat != nil && seat.line != nil && p.task != nil && m.group != nil && p.task.Epoch == m.group.Epoch && w.live(p) {
			w.commit(p, nil, 0)
			p.task = nil
			return true
		}
	}
	return false
}

// bringBack has a host or co-host tell a restarted server of the group.
func (w *walk) bringBack() bool {
	for _, p := range w.souls {
		if w.model.lost.Authority(p.DeviceKey()) == 0 || !w.model.lost.Has(p.ID) {
			continue
		}
		if !w.live(p) {
			w.call(p)
		} else {
			w.revive(p, p, 0)
		}
		return true
	}
	return false
}

func (w *walk) naturalGuest(s *soul, twist int) {
	m := w.model
	f := m.of(s)
	inside := m.group != nil && !f.gone
	if inside {
		_, inside = m.group.known(s.ID)
	}
	switch {
	case !w.live(s):
		w.call(s)
	case f.seat != nil && f.seat.line == nil && f.seat.ticket == [32]byte{}:
		w.comeBack(s, nil, 0)
	case f.seat != nil && f.seat.line == nil:
		w.resume(s, nil, 0)
	case f.seat == nil && f.door == nil && inside:
		w.rejoin(s, s, 0)
	case f.seat == nil && f.door == nil:
		w.knock(s, nil, 0)
	case f.seat != nil && twist%2 == 0 && !m.playing[s.Name]:
		w.ask(s, wire.Media{Offer: Offer(2)})
	case f.seat != nil:
		w.app(s, nil, 0)
	}
}
