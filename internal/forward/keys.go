package forward

import "time"

// Intervals of requests for a key frame of one source: while somebody waits, when waiting is in vain, and of
// those that receivers make.
const (
	keyRetry   = int64(250 * time.Millisecond)
	keyVain    = int64(2 * time.Second)
	keySpacing = int64(time.Second)
	keyTries   = 12 // at the short interval
)

// Keys decides when a source is asked for a key frame. The zero value has never asked.
type Keys struct {
	asked  int64 // ns; 0: never
	tries  int   // since the last key frame
	wanted bool
}

// Wish notes that a receiver asks for a key frame, or that packets were lost for good.
func (k *Keys) Wish() { k.wanted = true }

// Came notes a key frame of the source.
func (k *Keys) Came() { k.wanted, k.tries = false, 0 }

// Due tells whether to ask now, and counts it as asked: every 250 ms while a slot lacks a key frame (Pair.Lacks), every
// 2 s after 12 in vain; once a second at most for a wish.
func (k *Keys) Due(now int64, lacked bool) bool {
	since := now - k.asked
	retry := keyRetry
	if k.tries >= keyTries {
		retry = keyVain
	}
	if k.asked != 0 && !(lacked && since >= retry || k.wanted && since >= keySpacing) {
		return false
	}
	if !lacked && !k.wanted {
		return false
	}
	k.asked, k.wanted = now, false
	k.tries = min(k.tries+1, keyTries)
	return true
}
