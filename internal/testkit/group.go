package testkit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"incamera/internal/ident"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// Group is a group as its members hold it. All hold the same, so one copy serves a whole story, and whoever hears an
// ordered commit holds it against what the others heard.
type Group struct {
	ID       statement.GroupID
	Meeting  ident.MeetingID
	OrderKey [32]byte
	State
	before  map[uint64]State // by epoch, what each was before its commit
	plans   map[[32]byte]plan
	ordered map[uint64][32]byte // hash of the commit of each epoch
}

func newGroup(in *Invite, id statement.GroupID, orderKey [32]byte) *Group {
	return &Group{
		ID: id, Meeting: in.ID, OrderKey: orderKey, before: map[uint64]State{}, plans: map[[32]byte]plan{}, ordered: map[uint64][32]byte{},
	}
}

// found is the state of epoch 0: one leaf, admitted by the host key.
func (g *Group) found(policy []byte, first planned) {
	g.State = State{leaves: map[uint32]seated{0: first.seated}, spent: map[[32]byte]uint64{first.reference: first.until}}
	g.chain(policy)
}

func envelope(epoch uint64, commit []byte) statement.Envelope {
	return statement.Envelope{Epoch: epoch, Commit: sha256.Sum256(commit)}
}

// errOrder is wrapped by what a member finds wrong with an ordered commit.
var errOrder = errors.New("testkit: not ordered as the protocol says")

// Take holds an ordered commit against the protocol and what others heard: the server's signature under the policy's order key,
// its author's, one commit an epoch. The first to hear it moves the group on.
func (g *Group) Take(push wire.CommitPush) error {
	hash := sha256.Sum256(push.Commit)
	p, made := g.plans[hash]
	switch {
	case !made || p.epoch != push.Epoch:
		return fmt.Errorf("%w: nobody made the commit of epoch %d", errOrder, push.Epoch)
	case !g.says(push.Order, statement.KindOrder, g.OrderKey, envelope(push.Epoch, push.Commit).Encode()):
		return fmt.Errorf("%w: the server does not stand for the commit of epoch %d", errOrder, push.Epoch)
	case !g.says(push.Statement, statement.KindCommit, p.author, envelope(push.Epoch, push.Commit).Encode()):
		return fmt.Errorf("%w: its author does not stand for the commit of epoch %d", errOrder, push.Epoch)
	}
	if before, heard := g.ordered[push.Epoch]; heard {
		if before != hash {
			return fmt.Errorf("%w: two commits of epoch %d", errOrder, push.Epoch)
		}
		return nil
	}
	if push.Epoch != g.Epoch {
		return fmt.Errorf("%w: the commit of epoch %d came in epoch %d", errOrder, push.Epoch, g.Epoch)
	}
	g.advance(hash, p)
	return nil
}

// advance moves the group on by an ordered commit.
func (g *Group) advance(hash [32]byte, p plan) {
	g.ordered[g.Epoch], g.before[g.Epoch] = hash, g.State
	g.State = g.apply(p)
}

// Reopen takes the last commit back, on signed refusals by a host or by more than half of the members.
func (g *Group) Reopen(r wire.Reopened) error {
	before, known := g.before[r.Epoch]
	if _, ordered := g.ordered[r.Epoch]; !ordered {
		return nil // another has heard it first
	}
	if !known || r.Epoch+1 != g.Epoch {
		return fmt.Errorf("%w: epoch %d reopened in epoch %d", errOrder, r.Epoch, g.Epoch)
	}
	refused := statement.Envelope{Epoch: r.Epoch, Commit: g.ordered[r.Epoch]}.Encode()
	by := map[[32]byte]bool{}
	for _, raw := range r.Refusals {
		s, err := statement.Parse(raw)
		if err != nil || s.Kind != statement.KindRefusal || !s.Verify(g.Meeting, g.ID) || !bytes.HasPrefix(s.Body, refused) {
			return fmt.Errorf("%w: a refusal of epoch %d that is none", errOrder, r.Epoch)
		}
		by[s.Signer] = true
	}
	count, host := 0, false
	for _, l := range before.leaves {
		if by[l.device] {
			count++
			host = host || before.Authority(l.device) == 2
		}
	}
	if !host && 2*count <= len(before.leaves) {
		return fmt.Errorf("%w: epoch %d reopened by %d of %d", errOrder, r.Epoch, count, len(before.leaves))
	}
	delete(g.ordered, r.Epoch)
	g.State = before
	return nil
}

// says tells whether raw is signed by a key as a statement of a kind with a body in this group.
func (g *Group) says(raw []byte, kind statement.Kind, signer [32]byte, body []byte) bool {
	s, err := statement.Parse(raw)
	return err == nil && s.Kind == kind && s.Signer == signer && bytes.Equal(s.Body, body) && s.Verify(g.Meeting, g.ID)
}

// Next is the policy after the newest one, changed.
func (g *Group) Next(change func(p *statement.Policy)) statement.Policy {
	p := g.Policy
	p.Hosts, p.CoHosts, p.Barred = slices.Clone(p.Hosts), slices.Clone(p.CoHosts), slices.Clone(p.Barred)
	p.Sequence, p.Previous = p.Sequence+1, g.Under.Hash
	change(&p)
	p.Hosts, p.CoHosts, p.Barred = rising(p.Hosts), rising(p.CoHosts), rising(p.Barred)
	return p
}

// Lock and Unlock change whether anybody new may come in.
func Lock(p *statement.Policy) { p.Locked = true }

// Unlock lets new people in again.
func Unlock(p *statement.Policy) { p.Locked = false }

// CoHost makes a device a co-host's.
func CoHost(device [32]byte) func(p *statement.Policy) {
	return func(p *statement.Policy) { p.CoHosts = append(p.CoHosts, device) }
}

// HostOn makes a device a host's; a co-host's is one no more.
func HostOn(device [32]byte) func(p *statement.Policy) {
	return func(p *statement.Policy) {
		p.CoHosts = without(p.CoHosts, device)
		p.Hosts = append(p.Hosts, device)
	}
}

// Demote makes a device a guest's.
func Demote(device [32]byte) func(p *statement.Policy) {
	return func(p *statement.Policy) { p.CoHosts, p.Hosts = without(p.CoHosts, device), without(p.Hosts, device) }
}

// Bar keeps a device out for good.
func Bar(device [32]byte) func(p *statement.Policy) {
	return func(p *statement.Policy) {
		p.CoHosts = without(p.CoHosts, device)
		p.Barred = append(p.Barred, device)
	}
}

// Pardon takes a bar back.
func Pardon(device [32]byte) func(p *statement.Policy) {
	return func(p *statement.Policy) { p.Barred = without(p.Barred, device) }
}

func without(keys [][32]byte, key [32]byte) [][32]byte {
	return slices.DeleteFunc(keys, func(k [32]byte) bool { return k == key })
}
