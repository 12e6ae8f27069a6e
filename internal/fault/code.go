package fault

// Code names one fault for programs. Codes are stable: they are never renamed or used again.
type Code string

// The codes of the signalling language; protocol/faults.json has kind and words for each.
const (
	MessageBad     Code = "message_bad"     // malformed
	MessageLarge   Code = "message_large"   // over its type's limit
	MessageUnknown Code = "message_unknown" // no such type
	MessageOrder   Code = "message_order"   // known, but not allowed in this state
	MessageFlood   Code = "message_flood"   // over its type's rate
	VersionOld     Code = "version_old"     // the page is older than the protocol

	MeetingUnknown Code = "meeting_unknown" // never was, or is over: one answer for both
	MeetingOver    Code = "meeting_over"    // told only to people who were inside or waiting
	MeetingFull    Code = "meeting_full"
	MeetingLocked  Code = "meeting_locked"
	DoorFull       Code = "door_full" // as many knocks wait as may

	CodeWrong    Code = "code_wrong"
	TriesMany    Code = "tries_many" // the address has to wait before it may try again
	KnockBad     Code = "knock_bad"  // signature or KeyPackage
	KnockDenied  Code = "knock_denied"
	KnockLapsed  Code = "knock_lapsed"
	Removed      Code = "removed"
	HostProofBad Code = "host_proof_bad"

	GroupMissing Code = "group_missing" // no MLS group yet
	GroupUnknown Code = "group_unknown" // nobody revived it yet
	GroupHeld    Code = "group_held"    // connected members hold the group: take it
	EpochStale   Code = "epoch_stale"   // made for an epoch that has passed
	CommitBad    Code = "commit_bad"
	StatementBad Code = "statement_bad"
	NotHost      Code = "not_host"
	NotMember    Code = "not_member"
	SeatUnknown  Code = "seat_unknown" // no such person
	ResumeBad    Code = "resume_bad"
	RejoinBad    Code = "rejoin_bad"   // not inside or away, barred, or nobody connected holds the group
	PolicyStale  Code = "policy_stale" // another came first
	PolicyBad    Code = "policy_bad"   // the chain does not allow it

	MediaFactsBad Code = "media_facts_bad"
	MediaClosed   Code = "media_closed"

	CreateRefused Code = "create_refused" // not allowed to make meetings here
	CreateBad     Code = "create_bad"
	CreateBusy    Code = "create_busy" // the id is live

	ServerFull    Code = "server_full"
	ServerClosing Code = "server_closing"
	SlowReader    Code = "slow_reader" // the bounded send queue ran over
	Internal      Code = "internal"
)

// Kind tells a program what to make of a fault.
type Kind string

// The four kinds.
const (
	Retry   Kind = "retry"   // the same again may work later
	Yours   Kind = "yours"   // the asker must change something
	Ours    Kind = "ours"    // the server is at fault
	Refused Kind = "refused" // a decision; asking again changes nothing
)
