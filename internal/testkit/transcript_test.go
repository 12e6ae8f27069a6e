package testkit_test

import (
	"flag"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"incamera/internal/fault"
	"incamera/internal/lobby"
	"incamera/internal/testkit"
	"incamera/internal/wire"
)

var update = flag.Bool("update", false, "rewrite protocol/transcripts")

// conversations are the protocol's transcripts: name, what about, and who says what.
var conversations = []struct {
	name, about string
	play        func(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript)
}{
	{"knock-admit", "A guest knocks, is let in, confirms, is heard and seen, and leaves.", knockAdmit},
	{"early-guest", "A guest comes before the host and still waits; nobody answers.", earlyGuest},
	{"wrong-code", "A guest with a wrong access code is refused and tries again with the right one.", wrongCode},
	{"denied", "The host denies; the device stays out until the host allows it.", denied},
	{"removed", "The host removes a member, who stays out.", removed},
	{"end", "The host ends the meeting for everyone; its links open nothing any more.", end},
	{"resume", "A member's line breaks and comes back to its seat.", resume},
	{"regroup", "All reload at once, so that nobody holds the group: the host opens a new one, and the others come in again.", regroup},
	{"lock", "The host locks: who waits and who comes is told so; then the door is open again.", lock},
	{"rejoin", "A guest loads the page anew and comes back by the device's word, while the host is away.", rejoin},
	{"cohost", "A co-host lets somebody in while the host is away.", cohost},
	{"bar", "The host removes a member for good; the device stays out until it is pardoned.", bar},
	{"restart", "The server starts anew in the middle of a meeting; the host brings the group back, and the guest returns.", restart},
	{"bad-input", "What is malformed, unknown, out of order or too large is refused by name.", badInput},
}

func TestTranscriptsAreWhatTheServerSays(t *testing.T) {
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := testkit.NewHouse(t, testkit.Limits)
				in := h.Book("A talk")
				tr := h.Record()
				tr.NameInvite(in)
				c.play(h, in, tr)
				tr.Compare(t, "../../protocol/transcripts/"+c.name+".txt", c.about, *update)
			})
		})
	}
}

func knockAdmit(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	tr.Heading("The host takes the seat and opens the group.")
	g := host.Enter(in)
	tr.Heading("The guest knocks.")
	guest.Hello(in)
	guest.Knock(in)
	tr.Heading("The host admits; the committer is asked to commit and does.")
	testkit.LetIn(host, guest, in, g)
	tr.Heading("Only now picture and sound open.")
	host.Do(wire.Media{Offer: testkit.Offer(1)})
	testkit.Next[wire.Slots](host)
	guest.Do(wire.Media{Offer: testkit.Offer(1)})
	testkit.Next[wire.Slots](host)
	testkit.Next[wire.Slots](guest)
	guest.Do(wire.View{Participants: []wire.Participant{host.WireID()}})
	tr.Heading("They write to each other.")
	guest.Do(guest.Message(g, 1, false))
	testkit.Next[wire.AppPush](host)
	host.Do(host.Message(g, 1, true))
	testkit.Next[wire.AppPush](guest)
	tr.Heading("The guest leaves; the group removes the leaf.")
	guest.Do(guest.Leaving(in, g))
	guest.Gone()
	testkit.Next[wire.Slots](host)
	host.Work(g)
}

func earlyGuest(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	guest, host := h.Person("guest"), h.Person("host")
	guest.Hello(in)
	guest.Knock(in)
	tr.Heading("An hour later the host comes.")
	guest.Silent(time.Hour)
	host.Hello(in)
	host.TakeSeat(in)
	testkit.Next[wire.Waiting](guest)
	testkit.Next[wire.KnockPush](host)
	tr.Heading("After 45 minutes a KeyPackage is replaced.")
	guest.Knock(in)
	testkit.Next[wire.KnockPush](host)
	tr.Heading("Nobody answers for ten minutes.")
	testkit.Next[wire.Ask](later(guest, lobby.AskAfter))
	guest.Do(wire.Stay{})
	testkit.Next[wire.Ask](later(guest, lobby.AskAfter))
	testkit.Next[wire.Over](later(guest, lobby.LapseAfter))
	guest.Gone()
	testkit.Next[wire.KnockGone](host)
}

// later waits until just before something is due.
func later(p *testkit.Person, wait time.Duration) *testkit.Person {
	p.Silent(wait - time.Second)
	return p
}

func wrongCode(h *testkit.House, in *testkit.Invite, _ *testkit.Transcript) {
	guest := h.Person("guest")
	guest.Hello(in)
	wrong := *in
	wrong.Keys.Root[0] ^= 1
	guest.Refused(fault.CodeWrong, guest.KnockProof(&wrong))
	guest.Knock(in)
	guest.Do(wire.Withdraw{})
	unknown := h.Person("stranger")
	unknown.Call()
	unknown.Refused(fault.MeetingUnknown, wire.Hello{Version: 1, Meeting: wire.Meeting{7}})
	unknown.Gone()
}

func denied(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.Next[wire.KnockPush](host)
	host.Do(wire.Deny{Participant: guest.WireID()})
	testkit.Next[wire.KnockGone](host)
	testkit.Next[wire.Over](guest)
	guest.Gone()
	tr.Heading("The same device again, before and after the host allows it.")
	guest.Hello(in)
	guest.Refused(fault.KnockDenied, guest.KnockProof(in))
	host.Do(wire.Allow{Participant: guest.WireID()})
	guest.Knock(in)
	testkit.Next[wire.KnockPush](host)
}

func removed(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	tr.Heading("The removal.")
	host.Do(host.Removal(in, g, guest))
	testkit.Next[wire.Over](guest)
	guest.Gone()
	host.Work(g)
	tr.Heading("Neither the ticket nor another knock opens the door.")
	guest.Resume(in)
	guest.Refused(fault.Removed, guest.KnockProof(in))
}

func lock(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest, stranger := h.Person("host"), h.Person("guest"), h.Person("stranger")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.Next[wire.KnockPush](host)
	tr.Heading("The host locks.")
	host.Do(host.Change(in, g, testkit.Lock))
	testkit.Next[wire.Over](guest)
	guest.Gone()
	testkit.Next[wire.KnockGone](host)
	host.Work(g)
	tr.Heading("A stranger is told.")
	stranger.Hello(in)
	stranger.Refused(fault.MeetingLocked, stranger.KnockProof(in))
	tr.Heading("The host unlocks.")
	host.Rule(in, g, testkit.Unlock)
	stranger.Knock(in)
	testkit.LetIn(host, stranger, in, g)
}

func rejoin(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest, friend := h.Person("host"), h.Person("guest"), h.Person("friend")
	g := host.Enter(in)
	for _, p := range []*testkit.Person{friend, guest} {
		p.Hello(in)
		p.Knock(in)
		testkit.LetIn(host, p, in, g)
	}
	testkit.Next[wire.CommitPush](friend)
	tr.Heading("The host's line breaks, and the guest loads the page anew.")
	host.Hang()
	testkit.Next[wire.Presence](friend)
	testkit.Next[wire.Presence](guest)
	guest.Hang()
	testkit.Next[wire.Presence](friend)
	guest.Rejoin(in, g)
	tr.Heading("Whoever is inside takes the old leaf out and the new one in; nobody has to admit.")
	friend.Work(g)
	guest.Welcomed(g)
	guest.Do(guest.Message(g, guest.Epoch, false))
	testkit.Next[wire.AppPush](friend)
}

func cohost(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest, stranger := h.Person("host"), h.Person("guest"), h.Person("stranger")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	tr.Heading("The host makes the guest a co-host, and is away.")
	host.Rule(in, g, testkit.CoHost(guest.DeviceKey()))
	testkit.Next[wire.CommitPush](guest)
	host.Hang()
	testkit.Next[wire.Presence](guest)
	tr.Heading("The co-host lets a stranger in.")
	stranger.Hello(in)
	stranger.Knock(in)
	testkit.LetIn(guest, stranger, in, g)
}

func bar(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	tr.Heading("Out for good: one commit removes the member and bars the device.")
	host.Do(host.RemovalForGood(in, g, guest))
	testkit.Next[wire.Over](guest)
	guest.Gone()
	host.Work(g)
	tr.Heading("The device stays out.")
	guest.Hello(in)
	guest.Refused(fault.Removed, guest.KnockProof(in))
	tr.Heading("The pardon.")
	host.Rule(in, g, testkit.Pardon(guest.DeviceKey()))
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
}

func restart(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	tr.Heading("The server closes down and starts anew: it knows the booking, and nothing else.")
	h.Restart()
	for _, p := range []*testkit.Person{host, guest} {
		testkit.Next[wire.Fault](p)
		p.Gone()
	}
	guest.Hello(in)
	guest.Refused(fault.GroupUnknown, guest.ReturnProof(in, g))
	tr.Heading("The host tells what the group is; the guest asks again.")
	host.Revive(in, g)
	testkit.Next[wire.Presence](host)
	guest.Take(guest.ReturnProof(in, g))
	testkit.Next[wire.Presence](host)
	host.Do(host.Message(g, g.Epoch, false))
	testkit.Next[wire.AppPush](guest)
}

func end(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest, waiting := h.Person("host"), h.Person("guest"), h.Person("waiting")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	waiting.Hello(in)
	waiting.Knock(in)
	testkit.Next[wire.KnockPush](host)
	tr.Heading("The end.")
	host.Do(host.Ending(in, g))
	for _, p := range []*testkit.Person{host, guest, waiting} {
		testkit.Next[wire.Over](p)
		p.Gone()
	}
	tr.Heading("The link opens nothing any more.")
	guest.Call()
	guest.Refused(fault.MeetingUnknown, wire.Hello{Version: 1, Meeting: wire.Meeting(in.ID)})
	guest.Gone()
}

func resume(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest := h.Person("host"), h.Person("guest")
	g := host.Enter(in)
	guest.Hello(in)
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
	tr.Heading("The guest's line breaks; what is fleeting is lost, what is not is kept.")
	guest.Hang()
	testkit.Next[wire.Presence](host)
	host.Do(host.Message(g, 1, true))
	host.Do(host.Message(g, 1, false))
	guest.Resume(in)
	testkit.Next[wire.AppPush](guest)
	testkit.Next[wire.Presence](host)
	tr.Heading("A wrong ticket.")
	thief := *guest
	thief.Ticket[0] ^= 1
	thief.Resume(in)
}

func regroup(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	host, guest, friend := h.Person("host"), h.Person("guest"), h.Person("friend")
	g := host.Enter(in)
	for _, p := range []*testkit.Person{friend, guest} {
		p.Hello(in)
		p.Knock(in)
		testkit.LetIn(host, p, in, g)
	}
	testkit.Next[wire.CommitPush](friend)
	tr.Heading("All reload. The guest is back first, and is to be taken in by the friend, whose line breaks.")
	host.Hang()
	testkit.Next[wire.Presence](friend)
	testkit.Next[wire.Presence](guest)
	guest.Hang()
	testkit.Next[wire.Presence](friend)
	guest.Rejoin(in, g)
	testkit.Next[wire.Task](friend)
	friend.Hang()
	synctest.Wait() // nobody hears of it
	tr.Heading("Nobody holds the group: the host opens a new one, and the guest knocks again.")
	host.Hello(in)
	host.TakeSeat(in)
	g = host.OpenGroup(in, 2)
	guest.Challenge = testkit.Next[wire.Regroup](guest).Challenge
	guest.Knock(in)
	testkit.LetIn(host, guest, in, g)
}

func badInput(h *testkit.House, in *testkit.Invite, tr *testkit.Transcript) {
	guest := h.Person("guest")
	guest.Call()
	for _, frame := range []string{
		"no JSON", `{"type":"ping","type":"ping"}`, `{"id":1,"type":"gossip"}`, `{"id":2,"type":"ping","more":1}`, `{"id":3,"type":"joined","epoch":-1}`,
	} {
		guest.Say([]byte(frame))
		testkit.Next[wire.Fault](guest)
	}
	tr.Heading("Out of order: nothing before hello, nothing of members before a seat.")
	guest.AskAs(4, wire.Leave{})
	guest.AskAs(5, guest.KnockProof(in))
	guest.Challenge = guest.AskAs(6, wire.Hello{Version: 1, Meeting: wire.Meeting(in.ID)}).(wire.OkHello).Challenge
	guest.AskAs(7, wire.Hello{Version: 1, Meeting: wire.Meeting(in.ID)})
	guest.AskAs(8, guest.KnockProof(in))
	guest.AskAs(9, wire.Admit{Admission: []byte{1}})
	guest.AskAs(10, wire.App{Message: []byte{1}, To: []wire.Participant{}})
	guest.AskAs(11, wire.Media{})
	tr.Heading("Too large.")
	guest.Say([]byte(`{"type":"` + strings.Repeat("x", wire.MaxBytesAtDoor) + `"}`))
	testkit.Next[wire.Fault](guest)
	guest.Gone()
	tr.Heading("An old page.")
	guest.Call()
	guest.AskAs(1, wire.Hello{Version: 2, Meeting: wire.Meeting(in.ID)})
	guest.Gone()
}
