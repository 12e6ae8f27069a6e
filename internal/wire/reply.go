package wire

import (
	"fmt"

	"incamera/internal/fault"
)

// Reply is a message from the server: an answer, a push to a seat, or a word to who waits.
type Reply interface{ reply() }

// Ok answers a request that needs no more said.
type Ok struct{}

// OkHello answers Hello.
type OkHello struct {
	HostKey   Bytes32 `json:"hostKey"`
	Booking   Bytes   `json:"booking" size:"1-4096"`
	Challenge Bytes32 `json:"challenge"` // for this connection's statements
	Open      bool    `json:"open"`      // a host has come
	OrderKey  Bytes32 `json:"orderKey"`  // the server's, for policy 1
}

// OkHost answers Host.
type OkHost struct {
	Ticket     Bytes32 `json:"ticket"`
	Generation uint32  `json:"generation"`            // of the newest group, 0 if there is none
	Group      Bytes   `json:"group" size:"0-32"`     // the newest group's id, or empty
	Policies   []Bytes `json:"policies" size:"0-512"` // its chain as committed
	Holders    int     `json:"holders"`               // connected members who hold the group
}

// OkKnock answers Knock and Rejoin.
type OkKnock struct {
	Open bool `json:"open"` // a host or co-host is there
}

// OkReturn answers Revive and Return.
type OkReturn struct {
	Ticket Bytes32 `json:"ticket"`
	Relay  Relay   `json:"relay"`
}

// OkSeated answers Open and Joined: picture and sound may begin.
type OkSeated struct {
	Relay Relay `json:"relay"`
}

// Relay is the seat's way for picture and sound through a network that lets no UDP out; without URLs there is none. It is
// good for as long as the seat lives.
type Relay struct {
	URLs       []string `json:"urls" size:"0-4"` // turn: and turns: (RFC 7065), best first
	Username   string   `json:"username" size:"0-64"`
	Credential string   `json:"credential" size:"0-64"`
}

// Format never shows the secret.
func (r Relay) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "relay with %d URLs", len(r.URLs)) //nolint:errcheck // as fmt itself does
}

// OkRemove answers Remove.
type OkRemove struct {
	Barred bool `json:"barred"` // false: the policy was stale, another one is needed
}

// OkMedia answers Media.
type OkMedia struct {
	Answer MediaAnswer `json:"answer"`
}

// Fault answers a request that was refused; without an id it concerns the connection.
type Fault struct {
	Code fault.Code `json:"code" size:"1-64"`
}

// Waiting tells who waits whether a host or co-host is there.
type Waiting struct {
	Open bool `json:"open"`
}

// Ask asks who waits whether they still do.
type Ask struct{}

// Reason says why somebody's part in a meeting is over.
type Reason string

// The reasons of Over.
const (
	ReasonEnded     Reason = "ended"     // by the host's signed word
	ReasonClosed    Reason = "closed"    // by the server: no host came back, too old, or it closes down
	ReasonDenied    Reason = "denied"    // the host did not let them in
	ReasonLapsed    Reason = "lapsed"    // nobody answered, and they did not say that they still wait
	ReasonRemoved   Reason = "removed"   // by the host's signed word
	ReasonLocked    Reason = "locked"    // the meeting was locked
	ReasonElsewhere Reason = "elsewhere" // the seat was taken from another device or connection
	ReasonFull      Reason = "full"      // no seat is free
)

// Over is the last message of a connection.
type Over struct {
	Reason    Reason `json:"reason" size:"1-16"`
	Statement Bytes  `json:"statement" size:"0-1024"` // for ended and removed
}

// KnockPush shows a host who knocks.
type KnockPush struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	KeyPackage  Bytes       `json:"keyPackage" size:"1-4096"`
	SealedName  Bytes       `json:"sealedName" size:"304"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
	Since       int64       `json:"since"`     // ms since 1970
	Returning   bool        `json:"returning"` // the device has or had a seat
}

// KnockGone tells a host that nobody knocks there any more.
type KnockGone struct {
	Participant Participant `json:"participant"`
}

// Admitted hands a guest the way into the group.
type Admitted struct {
	Epoch     uint64  `json:"epoch"` // the one to join
	Welcome   Bytes   `json:"welcome" size:"1-262144"`
	Tree      Bytes   `json:"tree" size:"1-262144"`
	Admission Bytes   `json:"admission" size:"1-16384"` // a statement of kind admission or rejoin
	Ticket    Bytes32 `json:"ticket"`
}

// TaskAdd is one person to add.
type TaskAdd struct {
	Statement   Bytes       `json:"statement" size:"1-16384"` // of kind admission or rejoin
	KeyPackage  Bytes       `json:"keyPackage" size:"1-4096"`
	Participant Participant `json:"participant"`
}

// TaskRemove is one person to remove; Statement is empty for absence.
type TaskRemove struct {
	Participant Participant `json:"participant"`
	Statement   Bytes       `json:"statement" size:"0-1024"`
}

// Task asks the holder of the lease to commit. Where all lists are empty, a commit with a path alone is asked for.
type Task struct {
	Lease    uint64       `json:"lease"`
	Epoch    uint64       `json:"epoch"`
	Policies []Bytes      `json:"policies" size:"0-16"`
	Consents []Bytes      `json:"consents" size:"0-1024"`
	Adds     []TaskAdd    `json:"adds" size:"0-50"`
	Removes  []TaskRemove `json:"removes" size:"0-50"`
}

// CommitPush is the one commit of Epoch, in order, with its author's statement and the server's.
type CommitPush struct {
	Epoch     uint64 `json:"epoch"`
	Commit    Bytes  `json:"commit" size:"1-262144"`
	Statement Bytes  `json:"statement" size:"1-1024"`
	Order     Bytes  `json:"order" size:"1-1024"`
}

// Reopened says that the commit of Epoch is void, on the strength of Refusals.
type Reopened struct {
	Epoch    uint64      `json:"epoch"`
	Author   Participant `json:"author"`
	Refusals []Bytes     `json:"refusals" size:"1-1024"`
}

// AppPush is what another member said.
type AppPush struct {
	Epoch   uint64      `json:"epoch"`
	Message Bytes       `json:"message" size:"1-131072"`
	From    Participant `json:"from"`
}

// Slots says whose picture and sound each slot carries from now.
type Slots struct {
	Slots []Slot `json:"slots" size:"0-64"`
}

// Presence says that a member's line broke or came back.
type Presence struct {
	Participant Participant `json:"participant"`
	Connected   bool        `json:"connected"`
}

// Regroup tells a member that the host opened a new group: knock again on this connection.
type Regroup struct {
	Challenge Bytes32 `json:"challenge"`
	Policy    Bytes   `json:"policy" size:"1-20480"` // the one that opened the new group
}

func (Ok) reply()         {}
func (OkHello) reply()    {}
func (OkHost) reply()     {}
func (OkKnock) reply()    {}
func (OkReturn) reply()   {}
func (OkSeated) reply()   {}
func (OkRemove) reply()   {}
func (OkMedia) reply()    {}
func (Fault) reply()      {}
func (Waiting) reply()    {}
func (Ask) reply()        {}
func (Over) reply()       {}
func (KnockPush) reply()  {}
func (KnockGone) reply()  {}
func (Admitted) reply()   {}
func (Task) reply()       {}
func (CommitPush) reply() {}
func (Reopened) reply()   {}
func (AppPush) reply()    {}
func (Slots) reply()      {}
func (Presence) reply()   {}
func (Regroup) reply()    {}
func (Ping) reply()       {}
func (Pong) reply()       {}
