package wire

// Request is a message from a client. The tag `size` bounds the length of a field: bytes of text and
// Bytes, elements of a list; a number or a range.
type Request interface{ request() }

// Hello is the first message of a connection: which meeting, in which version of the language.
type Hello struct {
	Version int     `json:"version"`
	Meeting Meeting `json:"meeting"`
}

// Host takes a host's seat with a signature of the host key (statement of kind host).
type Host struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
}

// Knock asks to be let in. A second one replaces the first.
type Knock struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	KeyPackage  Bytes       `json:"keyPackage" size:"1-4096"`
	SealedName  Bytes       `json:"sealedName" size:"304"`
	Entry       Bytes       `json:"entry" size:"1-1024"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
}

// Rejoin asks for a new leaf for a device that lost the group (statement of kind rejoin).
type Rejoin struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	KeyPackage  Bytes       `json:"keyPackage" size:"1-4096"`
	Entry       Bytes       `json:"entry" size:"1-1024"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
}

// Revive tells a server that forgot the group what the group is; State is that of protocol/README.md section 6.
type Revive struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
	Group       Bytes32     `json:"group"`
	Epoch       uint64      `json:"epoch"`
	State       Bytes       `json:"state" size:"1-385024"`
}

// Return takes a member's seat again in a group that was revived.
type Return struct {
	Participant Participant `json:"participant"`
	Device      Bytes32     `json:"device"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
	Group       Bytes32     `json:"group"`
	Epoch       uint64      `json:"epoch"`
}

// Stay answers Ask: the person still waits.
type Stay struct{}

// Withdraw takes a knock back.
type Withdraw struct{}

// Resume brings a new connection to the seat that the ticket belongs to; Seq is the last push seen.
type Resume struct {
	Participant Participant `json:"participant"`
	Ticket      Bytes32     `json:"ticket"`
	Statement   Bytes       `json:"statement" size:"1-1024"`
	Seq         uint64      `json:"seq"`
}

// Open opens the meeting's group Group with its first policy; KeyPackage and Admission are the own leaf's.
type Open struct {
	Group      Bytes32 `json:"group"`
	Policy     Bytes   `json:"policy" size:"1-20480"`
	KeyPackage Bytes   `json:"keyPackage" size:"1-4096"`
	Admission  Bytes   `json:"admission" size:"1-16384"`
}

// Take has the members add a device that proved the host key. Policy is empty where the device is in hosts.
type Take struct {
	KeyPackage Bytes `json:"keyPackage" size:"1-4096"`
	Admission  Bytes `json:"admission" size:"1-16384"`
	Policy     Bytes `json:"policy" size:"0-20480"`
}

// Admit lets in those whom the admission names.
type Admit struct {
	Admission Bytes `json:"admission" size:"1-16384"`
}

// Deny refuses one who knocks and bars the device until Allow.
type Deny struct {
	Participant Participant `json:"participant"`
}

// Allow lifts a denial.
type Allow struct {
	Participant Participant `json:"participant"`
}

// Policy offers the next policy of the chain, with the consents that it needs.
type Policy struct {
	Statement Bytes   `json:"statement" size:"1-20480"`
	Consents  []Bytes `json:"consents" size:"0-1024"`
}

// Remove puts a member out (statement of kind removal). Policy bars the device, or is empty.
type Remove struct {
	Statement Bytes `json:"statement" size:"1-1024"`
	Policy    Bytes `json:"policy" size:"0-20480"`
}

// End ends the meeting for everyone (statement of kind end).
type End struct {
	Statement Bytes `json:"statement" size:"1-1024"`
}

// Joined confirms that an admitted guest holds the group at Epoch.
type Joined struct {
	Epoch uint64 `json:"epoch"`
}

// Commit offers an MLS commit for the task of Lease, made in Epoch, with its statement of kind commit.
// Welcome and Tree are empty without Adds.
type Commit struct {
	Lease     uint64 `json:"lease"`
	Epoch     uint64 `json:"epoch"`
	Commit    Bytes  `json:"commit" size:"1-262144"`
	Statement Bytes  `json:"statement" size:"1-1024"`
	Welcome   Bytes  `json:"welcome" size:"0-262144"`
	Tree      Bytes  `json:"tree" size:"0-262144"`
}

// Cannot says that the holder of the task of Lease cannot add Participants.
type Cannot struct {
	Lease        uint64        `json:"lease"`
	Participants []Participant `json:"participants" size:"1-50"`
}

// Refuse says that the ordered commit of Epoch is refused or does not open (statement of kind refusal).
type Refuse struct {
	Epoch     uint64 `json:"epoch"`
	Statement Bytes  `json:"statement" size:"1-1024"`
}

// App is a PrivateMessage for To, or for all other members where To is empty. A fleeting one is not kept
// for who is away.
type App struct {
	Epoch    uint64        `json:"epoch"`
	Message  Bytes         `json:"message" size:"1-131072"`
	Fleeting bool          `json:"fleeting"`
	To       []Participant `json:"to" size:"0-80"`
}

// Media asks for picture and sound.
type Media struct {
	Offer MediaOffer `json:"offer"`
}

// View says whose tiles are on screen, most important first.
type View struct {
	Participants []Participant `json:"participants" size:"0-64"`
}

// Leave gives the seat up; Statement is empty before the group is joined.
type Leave struct {
	Statement Bytes `json:"statement" size:"0-1024"`
}

// Ping asks for a Pong; both sides may send it.
type Ping struct{}

// Pong answers a Ping.
type Pong struct{}

func (Hello) request()    {}
func (Host) request()     {}
func (Knock) request()    {}
func (Rejoin) request()   {}
func (Revive) request()   {}
func (Return) request()   {}
func (Stay) request()     {}
func (Withdraw) request() {}
func (Resume) request()   {}
func (Open) request()     {}
func (Take) request()     {}
func (Admit) request()    {}
func (Deny) request()     {}
func (Allow) request()    {}
func (Policy) request()   {}
func (Remove) request()   {}
func (End) request()      {}
func (Joined) request()   {}
func (Commit) request()   {}
func (Cannot) request()   {}
func (Refuse) request()   {}
func (App) request()      {}
func (Media) request()    {}
func (View) request()     {}
func (Leave) request()    {}
func (Ping) request()     {}
func (Pong) request()     {}
