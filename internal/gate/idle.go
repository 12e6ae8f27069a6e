package gate

import (
	"slices"
	"sync"
	"time"

	"incamera/internal/ident"
)

// Limits of lines that said hello and nothing that counts since: pages before their owner joins.
const (
	greetedLimit = 15 * time.Minute
	mostIdle     = 200 // a meeting; one more closes the oldest, whose page greets again when it is needed
)

// idlers are the lines of each meeting that have not proven anything yet.
type idlers struct {
	mu    sync.Mutex
	lines map[ident.MeetingID][]*line // the oldest first
}

func newIdlers() *idlers { return &idlers{lines: map[ident.MeetingID][]*line{}} }

// add counts a line in until remove, and closes the oldest if there are too many.
func (i *idlers) add(id ident.MeetingID, l *line) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := append(i.lines[id], l)
	if len(list) > mostIdle {
		list[0].Close()
		list = slices.Delete(list, 0, 1)
	}
	i.lines[id] = list
}

// remove forgets a line; one that is not there is no fault.
func (i *idlers) remove(id ident.MeetingID, l *line) {
	i.mu.Lock()
	defer i.mu.Unlock()
	list := slices.DeleteFunc(i.lines[id], func(have *line) bool { return have == l })
	if len(list) == 0 {
		delete(i.lines, id)
		return
	}
	i.lines[id] = list
}
