package gate

import (
	"testing"

	"incamera/internal/ident"
)

func closing(l *line) bool {
	_, closing := l.next()
	return closing
}

func TestIdleLinesOfAMeetingAreFewAndTheOldestGoes(t *testing.T) {
	idle, id := newIdlers(), ident.MeetingID{1}
	lines := make([]*line, mostIdle+2)
	for i := range lines {
		lines[i] = newLine(nil)
	}
	for _, l := range lines[:mostIdle] {
		idle.add(id, l)
	}
	idle.add(ident.MeetingID{2}, lines[mostIdle]) // of another meeting: counts for itself
	if closing(lines[0]) {
		t.Fatal("a line was closed before there were too many")
	}
	idle.remove(id, lines[0]) // it proved something: it is idle no more
	idle.add(id, lines[0])
	idle.add(id, lines[mostIdle+1])
	if closing(lines[0]) || !closing(lines[1]) || closing(lines[2]) {
		t.Error("not the oldest idle line was closed")
	}
	for _, l := range lines {
		idle.remove(id, l)
		idle.remove(ident.MeetingID{2}, l)
	}
	if len(idle.lines) != 0 {
		t.Errorf("%d meetings are remembered", len(idle.lines))
	}
}
