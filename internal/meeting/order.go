package meeting

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"incamera/internal/epoch"
	"incamera/internal/fault"
	"incamera/internal/ident"
	"incamera/internal/lobby"
	"incamera/internal/roster"
	"incamera/internal/statement"
	"incamera/internal/wire"
)

// OrderKey is the key with which the server of secret signs the order of a meeting's commits. It outlives a restart
// as long as the secret does.
func OrderKey(secret [32]byte, id ident.MeetingID) ed25519.PrivateKey {
	seed, err := hkdf.Key(sha256.New, secret[:], id[:], "incamera/1 order", ed25519.SeedSize)
	if err != nil {
		panic("meeting: " + err.Error()) // only for more than 255 hashes
	}
	defer clear(seed)
	return ed25519.NewKeyFromSeed(seed)
}

func (m *Meeting) orderKey() [32]byte { return [32]byte(m.key.Public().(ed25519.PublicKey)) }

// ordered is a commit that may be reopened, with what the group was before it.
type ordered struct {
	epoch    uint64
	hash     [32]byte // of the commit
	before   *roster.State
	refusals map[ident.ParticipantID][]byte
}

// keptOrders bounds what is kept for reopening; the order of commits reopens no more.
const keptOrders = 16

// commit offers a commit to the order, once the gate has passed it. The committer hears ok before the commit itself.
func (m *Meeting) commit(v *visit, in Asked, r wire.Commit) {
	if code := m.epoch.Expects(v.who, r.Lease, r.Epoch); code != "" { // first: the gate is dear
		m.refuse(v.line, in.ID, code)
		return
	}
	task, _ := m.epoch.Task(v.who, r.Lease)
	change, err := m.group.roster.Check(v.who, r.Commit, r.Statement)
	if err != nil || !carries(change, task) || m.tooEarly(change.Time) {
		m.refuse(v.line, in.ID, fault.CommitBad)
		m.revise()
		return
	}
	committed := epoch.Committed{
		By: v.who, Sender: change.Sender.Participant, Lease: r.Lease, Epoch: r.Epoch, Commit: r.Commit, Statement: r.Statement,
		Welcome: r.Welcome, Tree: r.Tree, Policies: len(change.Policies), Path: change.HasPath,
	}
	for _, a := range change.Added {
		committed.Added = append(committed.Added, a.Participant)
	}
	for _, g := range change.Removed {
		committed.Removed = append(committed.Removed, g.Participant)
	}
	effects := m.epoch.Step(committed, time.Now())
	if code := refusedCommit(effects); code != "" {
		m.refuse(v.line, in.ID, code)
		m.carryEpoch(effects) // time may have moved the lease meanwhile
		return
	}
	m.answer(v.line, in.ID, wire.Ok{})
	m.group.advance(change.Next, r.Commit)
	asks := slices.IndexFunc(effects, func(e epoch.Effect) bool { _, ask := e.(epoch.Ask); return ask })
	if asks < 0 {
		asks = len(effects)
	}
	m.carryEpoch(effects[:asks])
	m.rule() // what the commit loosens holds from now
	m.revise()
	m.carryEpoch(effects[asks:]) // nobody is asked for what the commit made impossible
}

// earliness is how far a commit's time may be ahead of this server's clock: no commit after it could be earlier.
const earliness = 2 * time.Minute

func (m *Meeting) tooEarly(millis uint64) bool {
	return millis > max(nowMillis()+uint64(earliness.Milliseconds()), m.group.roster.Time())
}

// carries tells whether a commit has the very policies and KeyPackages of its task, and leaves nobody away whom the task removes by a
// signed word: without it they would come back by rejoin.
func carries(change roster.Change, task epoch.Task) bool {
	same := slices.EqualFunc(change.Policies, task.Policies, bytes.Equal)
	for _, a := range change.Added {
		same = same && slices.ContainsFunc(task.Adds, func(asked epoch.Add) bool {
			reference, err := statement.KeyPackageRef(asked.KeyPackage)
			return err == nil && asked.Who == a.Participant && reference == a.Reference
		})
	}
	for _, r := range task.Removes {
		_, away := change.Next.AwayOf(r.Who)
		same = same && (len(r.Statement) == 0 || !away)
	}
	return same
}

// advance moves the roster on and keeps the way back.
func (g *group) advance(next *roster.State, commit []byte) {
	if len(g.undo) == keptOrders {
		g.undo = slices.Delete(g.undo, 0, 1)
	}
	g.undo = append(g.undo, ordered{g.roster.Epoch(), sha256.Sum256(commit), g.roster, map[ident.ParticipantID][]byte{}})
	g.roster = next
}

// orderPush is the commit of an epoch with its author's word and the server's.
func (m *Meeting) orderPush(e epoch.Order) wire.CommitPush {
	body := statement.Envelope{Epoch: e.Epoch, Commit: sha256.Sum256(e.Commit)}.Encode()
	group, _ := m.epoch.Group()
	return wire.CommitPush{
		Epoch: e.Epoch, Commit: e.Commit, Statement: e.Statement,
		Order: statement.Sign(m.key, statement.KindOrder, m.facts.Meeting, group, body),
	}
}

// refused counts a member's signed refusal of an ordered commit.
func (m *Meeting) refused(v *visit, r wire.Refuse) fault.Code {
	at := slices.IndexFunc(m.group.undo, func(o ordered) bool { return o.epoch == r.Epoch })
	if at < 0 {
		return fault.EpochStale
	}
	o := m.group.undo[at]
	leaf, _, err := o.before.Refusal(r.Statement, r.Epoch, o.hash)
	if err != nil || leaf.Participant != v.who || leaf.Device != [32]byte(v.device) {
		return fault.StatementBad
	}
	o.refusals[v.who] = r.Statement
	return m.stepEpoch(epoch.Refused{By: v.who, Host: o.before.Tip().IsHost(leaf.Device), Epoch: r.Epoch})
}

// reopen takes an epoch's commit back, and those after it.
func (m *Meeting) reopen(e epoch.Reopen) {
	at := slices.IndexFunc(m.group.undo, func(o ordered) bool { return o.epoch == e.Epoch })
	if at < 0 {
		panic("meeting: an epoch reopened that is not kept") // both keep as many
	}
	o := m.group.undo[at]
	m.group.roster, m.group.undo = o.before, m.group.undo[:at]
	push := wire.Reopened{Epoch: e.Epoch, Author: wire.Participant(e.Author)}
	for _, who := range slices.SortedFunc(maps.Keys(o.refusals), func(a, b ident.ParticipantID) int { return bytes.Compare(a[:], b[:]) }) {
		push.Refusals = append(push.Refusals, o.refusals[who])
	}
	for _, who := range e.To {
		m.pushTo(who, push)
	}
	for _, who := range e.Welcomed {
		m.turnOut(who)
	}
	m.rule()
	m.revise() // nobody rejoins for a leaf that is void
}

// turnOut takes the seat of who was welcomed by a commit that is void. The page comes anew, on another line.
func (m *Meeting) turnOut(who ident.ParticipantID) {
	_, inside := m.group.roster.LeafOf(who)
	m.shutMedia(who) // a seat with the host key stays, outside the group
	m.place(m.lobby.Step(lobby.Unwelcomed{Who: who, Inside: inside}, time.Now()))
}
