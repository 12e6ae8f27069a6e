package lobby

import "incamera/internal/ident"

// Input is what happened. Identities in it are proven; rights are not.
type Input interface{ input() }

// Ruled is the strictest view of the policy that is committed and those that wait.
type Ruled struct {
	Hosts, CoHosts, Barred []Device
	Pardoned               []Device // barred by this group's chain before, and no more
	Locked                 bool
	Voids                  bool // somebody was barred or demoted: admissions that are not committed are void
}

// HostCame is a device that proved the host key.
type HostCame struct {
	Who    ident.ParticipantID
	Device Device
}

// Knocked is a person at the door, for the first time or with a new KeyPackage.
type Knocked struct{ Knock Knock }

// Rejoined is a member's device at the door that lost the group. The owner has found it inside the group or
// away; the knock has no sealed name, its Statement is the rejoin.
type Rejoined struct{ Knock Knock }

// Taken is a device with the host key, seated, that wants into the group. Its Statement is the admission.
type Taken struct{ Knock Knock }

// Stayed answers AskWaiting.
type Stayed struct{ Who ident.ParticipantID }

// Withdrew is a person who went from the door, of their own will or because the line broke.
type Withdrew struct{ Who ident.ParticipantID }

// Opened is a new group by a seat with the host key; whoever was inside has to come in again. Its policy
// follows as Ruled.
type Opened struct{ By ident.ParticipantID }

// Member is a person's device.
type Member struct {
	Who    ident.ParticipantID
	Device Device
}

// Revived says, after a restart, whom the group holds and who is away. Ruled comes before or after it.
type Revived struct{ Seats, Away []Member }

// Returned is a member of a revived group whose line is there again.
type Returned struct {
	Who    ident.ParticipantID
	Device Device
}

// Invitation is one entry of an admission.
type Invitation struct {
	Who       ident.ParticipantID
	Device    Device
	Reference [32]byte
}

// Admitted is a verified admission.
type Admitted struct {
	By        ident.ParticipantID
	Entries   []Invitation
	Admission []byte
}

// Denied is a refusal at the door.
type Denied struct{ By, Who ident.ParticipantID }

// Allowed lifts a refusal.
type Allowed struct{ By, Who ident.ParticipantID }

// Removed is a verified removal, by the device of By or, with HostKey, by the host key.
type Removed struct {
	By, Who   ident.ParticipantID
	Device    Device
	HostKey   bool
	Statement []byte
}

// Expelled is a seat whose device the policy bars.
type Expelled struct {
	Who    ident.ParticipantID
	Device Device
}

// Welcomed says that the group has added a person by a KeyPackage, which need not be the one of the knock that stands.
type Welcomed struct {
	Who        ident.ParticipantID
	KeyPackage []byte
}

// Unwelcomed says that the commit by which a person came in is void. Inside tells whether the group still holds an
// older leaf of the device: then a seat without a line waits for it.
type Unwelcomed struct {
	Who    ident.ParticipantID
	Inside bool
}

// Unaddable says that the group could not add an invited person.
type Unaddable struct{ Who ident.ParticipantID }

// Joined is a member's confirmation that they hold the group.
type Joined struct{ Who ident.ParticipantID }

// Lost is a seat whose line broke.
type Lost struct{ Who ident.ParticipantID }

// Resumed is a seat whose line came back.
type Resumed struct{ Who ident.ParticipantID }

// Left is a member who gave the seat up. It ends the right to rejoin.
type Left struct {
	Who       ident.ParticipantID
	Statement []byte // empty: not in the group yet
}

// Ended is a verified end.
type Ended struct {
	By        ident.ParticipantID
	Statement []byte
}

// Ticked is the passing of time.
type Ticked struct{}

func (Ruled) input()      {}
func (HostCame) input()   {}
func (Knocked) input()    {}
func (Rejoined) input()   {}
func (Taken) input()      {}
func (Stayed) input()     {}
func (Withdrew) input()   {}
func (Opened) input()     {}
func (Revived) input()    {}
func (Returned) input()   {}
func (Admitted) input()   {}
func (Denied) input()     {}
func (Allowed) input()    {}
func (Removed) input()    {}
func (Expelled) input()   {}
func (Welcomed) input()   {}
func (Unwelcomed) input() {}
func (Unaddable) input()  {}
func (Joined) input()     {}
func (Lost) input()       {}
func (Resumed) input()    {}
func (Left) input()       {}
func (Ended) input()      {}
func (Ticked) input()     {}
