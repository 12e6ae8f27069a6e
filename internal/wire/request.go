package wire

// Request is a message from a client. The tag `size` bounds the length of a field: bytes of text and
// Bytes, elements of a list; a number or a range.
type Request interface{ request() }

// Hello is the first message of a connection: which meeting, in which version of the language.
type Hello struct {
	Version int     `json:"version"`
	Meeting Meeting `json:"meeting"`
}

// Host takes the host's seat with a signature of the host key (statement of kind host).
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

// Open opens the meeting's group Group with its first policy.
type Open struct {
	Group  Bytes32 `json:"group"`
	Policy Bytes   `json:"policy" size:"1-8192"`
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

// Remove puts a member out (statement of kind removal).
type Remove struct {
	Statement Bytes `json:"statement" size:"1-1024"`
}

// End ends the meeting for everyone (statement of kind end).
type End struct {
	Statement Bytes `json:"statement" size:"1-1024"`
}

// Joined confirms that an admitted guest holds the group at Epoch.
type Joined struct {
	Epoch uint64 `json:"epoch"`
}

// Commit offers an MLS commit for the task of Lease, made in Epoch. Welcome and Tree are empty without Adds.
type Commit struct {
	Lease   uint64        `json:"lease"`
	Epoch   uint64        `json:"epoch"`
	Commit  Bytes         `json:"commit" size:"1-262144"`
	Welcome Bytes         `json:"welcome" size:"0-262144"`
	Tree    Bytes         `json:"tree" size:"0-262144"`
	Added   []Participant `json:"added" size:"0-50"`
	Removed []Participant `json:"removed" size:"0-50"`
}

// Cannot says that the holder of the task of Lease cannot add Participants.
type Cannot struct {
	Lease        uint64        `json:"lease"`
	Participants []Participant `json:"participants" size:"1-50"`
}

// App is a PrivateMessage for all other members. A fleeting one is not kept for who is away.
type App struct {
	Epoch    uint64 `json:"epoch"`
	Message  Bytes  `json:"message" size:"1-131072"`
	Fleeting bool   `json:"fleeting"`
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
func (Stay) request()     {}
func (Withdraw) request() {}
func (Resume) request()   {}
func (Open) request()     {}
func (Admit) request()    {}
func (Deny) request()     {}
func (Allow) request()    {}
func (Remove) request()   {}
func (End) request()      {}
func (Joined) request()   {}
func (Commit) request()   {}
func (Cannot) request()   {}
func (App) request()      {}
func (Media) request()    {}
func (View) request()     {}
func (Leave) request()    {}
func (Ping) request()     {}
func (Pong) request()     {}
