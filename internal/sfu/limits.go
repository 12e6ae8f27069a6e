package sfu

import "time"

// Bounds of the plane. What happens at each is said where it is kept.
const (
	maxRemotes   = 16 // addresses of one connection; full: the oldest that is not in use goes
	maxPairs     = 62 // slots of one connection: what an offer can hold
	maxShakes    = 256
	maxResends   = 8 // of the last handshake flight
	maxCandidate = 8
	bufferSize   = 1536 // a datagram; longer ones are cut and fail authentication
	bufferCount  = 256  // datagrams waiting to be passed on; full: they are passed on at once
)

// Times of the plane.
const (
	tickEvery     = 20 * time.Millisecond
	holdFor       = time.Millisecond // how long packets wait for the rest of their frame
	arrivalsEvery = int64(100 * time.Millisecond)
	reportEvery   = int64(time.Second)
	keyRetry      = int64(250 * time.Millisecond) // while a slot waits for a key frame
	keySpacing    = int64(time.Second)            // of requests that receivers make
	keyPatience   = int64(time.Second)            // how long the old source goes on meanwhile
	silence       = int64(time.Second)            // a source without packets for so long is asked for nothing

	consentTime = int64(30 * time.Second) // RFC 7675 5.1
	hintTime    = int64(8 * time.Second)  // after an alert that could not be read
	claimTime   = int64(5 * time.Second)  // an address in use so recently is not given to another connection
)

// Budgets of one receiver, refilled at every tick. Spent means: requests go unanswered.
const (
	resendBurst  = 256
	resendRefill = 16 // 800 packets a second
	askBurst     = 512
	askRefill    = 32 // sequence numbers of NACKs looked at
)

// Budgets of one publisher, refilled at every tick: a key frame of 4K in one burst, and ten times what we ask for
// on average. Spent means: packets are dropped unread, checks unanswered.
const (
	intakeBurst  = 1500
	intakeRefill = 60 // 3,000 packets a second
	checkBurst   = 64
	checkRefill  = 8 // 400 checks a second
)

// publisherRate is the most that a publisher is asked to send for one video, bits a second.
const publisherRate = 3_000_000
