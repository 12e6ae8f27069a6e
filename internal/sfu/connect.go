package sfu

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"incamera/internal/sfu/dtls"
	"incamera/internal/sfu/ice"
	"incamera/internal/sfu/seal"
	"incamera/internal/sfu/udp"
)

// Record types of DTLS that may come after the handshake (RFC 5246 6.2.1).
const (
	recordCipher    = 20
	recordAlert     = 21
	recordHandshake = 22
)

// check answers a connectivity check. Whoever cannot prove to know the password gets no answer.
func (s *shard) check(d *udp.Datagram, now int64) {
	if !ice.Is(d.Data) {
		s.stats.Dropped.Unknown++
		return
	}
	ufrag, ok := s.ice.Read(d.Data)
	l := s.byUfrag[string(ufrag)]
	if !ok || l == nil {
		s.stats.Dropped.Unknown++
		return
	}
	from := d.Path.Remote
	check, ok := s.ice.Verify(l.net.credentials, from)
	if !ok || !s.claim(l, from, now) {
		s.stats.Dropped.Unknown++
		return
	}
	if l.net.answers == 0 {
		s.stats.Dropped.Flood++
		return
	}
	l.net.answers--
	s.out.one(&d.Path, check.Answer)
	s.out.flush()
	if check.Conflict {
		return
	}
	l.net.checked, l.net.authentic = now, now
	if !l.net.known || check.Nominates {
		l.net.path, l.net.known = d.Path, true
	}
	if l.net.shake == nil && l.net.out == nil {
		s.shake(l)
	}
}

// claim binds an address to a link, unless another that is alive has it: a member must not
// take another's packets by checks from a forged address.
func (s *shard) claim(l *link, from netip.AddrPort, now int64) bool {
	o := s.byRemote[from]
	if o == l {
		return true
	}
	if o != nil && now-o.net.authentic < claimTime {
		return false
	}
	if o != nil {
		o.net.remotes = slices.DeleteFunc(o.net.remotes, func(a netip.AddrPort) bool { return a == from })
	}
	s.byRemote[from] = l
	l.net.remotes = append(l.net.remotes, from)
	if len(l.net.remotes) > maxRemotes {
		i := 0
		if l.net.remotes[0] == l.net.path.Remote {
			i = 1
		}
		delete(s.byRemote, l.net.remotes[i])
		l.net.remotes = slices.Delete(l.net.remotes, i, i+1)
	}
	return true
}

// shake begins the handshake in a goroutine of its own. Full means: the next check tries again.
func (s *shard) shake(l *link) {
	if s.shakes >= maxShakes || s.stopped {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	h := dtls.New(s.identity, l.net.peer, func(b []byte) { s.sendRecord(l, b) })
	l.net.shake, l.net.cancel = h, cancel
	s.shakes++
	s.shaking.Go(func() {
		defer cancel()
		keys, err := h.Run(ctx)
		s.shaken(l, keys, err)
	})
}

// sendRecord carries a datagram of a handshake away.
func (s *shard) sendRecord(l *link, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.closed && l.net.known {
		s.out.one(&l.net.path, b)
		s.out.flush()
	}
}

// shaken ends a handshake: media can flow, or the link is torn down.
func (s *shard) shaken(l *link, keys dtls.Keys, err error) {
	defer keys.Wipe()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shakes--
	if l.closed {
		return
	}
	l.net.shake, l.net.cancel = nil, nil
	if err == nil {
		err = l.fit(keys)
	}
	if err != nil {
		s.stats.HandshakesFailed++
		if errors.Is(err, dtls.ErrFingerprint) {
			s.stats.FingerprintsMismatched++
		}
		s.log.Warn("media connection failed", "person", l.who, "reason", err.Error())
		s.close(l)
	}
}

// fit installs the keys and keeps the records.
func (l *link) fit(k dtls.Keys) error {
	out, err := seal.NewSender(k.Profile, k.Local, k.LocalSalt)
	if err != nil {
		return err
	}
	in, err := seal.NewOpener(k.Profile, k.Remote, k.RemoteSalt)
	if err != nil {
		out.Wipe()
		return err
	}
	l.net.out, l.net.in = out, in
	l.net.records = dtls.Keys{LastFlight: k.LastFlight, CloseNotify: k.CloseNotify}
	return nil
}

// record takes a DTLS record: a part of the handshake, or after it a sign that our last flight was
// lost, or an alert, which nobody can read any more and which is therefore a hint only.
func (l *link) record(b []byte, now int64) {
	if l.net.shake != nil {
		l.net.shake.Take(b)
		return
	}
	if l.net.out == nil {
		return
	}
	switch b[0] {
	case recordCipher, recordHandshake:
		if l.net.resends < maxResends {
			l.net.resends++
			l.shard.out.one(&l.net.path, l.net.records.LastFlight)
			l.shard.out.flush()
		}
	case recordAlert:
		l.net.hinted = now
	}
}

// gone tells whether the peer has left: no consent for 30 s (RFC 7675 5.1), or nothing authentic for 8 s after
// an alert. Checks that go on after it show that the alert was not the peer's.
func (l *link) gone(now int64) bool {
	if now-l.net.checked > consentTime {
		return true
	}
	if l.net.checked > l.net.hinted+hintTime/4 {
		l.net.hinted = 0
	}
	return l.net.hinted != 0 && now-max(l.net.hinted, l.net.authentic) > hintTime
}
