// Package arch draws the house and says when the code differs: which room imports which, what a pure
// room may not touch, how large things may grow. Change the drawing first, in its own commit, then the
// code. Nothing imports it.
package arch

import "strings"

const module = "incamera"

// drawing lists the rooms, one row a layer. A room is a folder and its children. A room imports lower
// rows only; rooms of one row never import one another. Tests may import any room.
const drawing = `
bench internal/arch
cmd/incamera internal/testkit
internal/node
internal/gate internal/cluster internal/sfu internal/turn internal/post internal/identity
internal/meeting internal/booking
internal/lobby internal/epoch internal/roster internal/forward internal/allot internal/bandwidth internal/guard internal/promise internal/erase
internal/seal
internal/wire internal/config internal/watch internal/statement
internal/fault
internal/ident protocol
`

// pure rooms have no goroutine, channel, clock, randomness, network, file or log: same input, same answer.
var pure = words("internal/lobby internal/epoch internal/roster internal/forward internal/allot internal/bandwidth internal/guard internal/promise")

// unwired rooms know messages, not connections: they import no net and no net/http.
var unwired = append(words("internal/meeting internal/wire internal/statement internal/seal"), pure...)

// lockless rooms are owned by one goroutine and have no mutex.
var lockless = append(words("internal/meeting"), pure...)

// fence names the only rooms that may import what starts with prefix; the longest prefix counts.
type fence struct {
	prefix string
	rooms  []string
	tests  bool // whether tests of every room may, too
}

// fences has a row for every module that is not Go's own: one importing room for each, as few as can be.
var fences = []fence{
	{"github.com/alecthomas/kong", words("cmd/incamera"), false},
	{"github.com/coder/websocket", words("internal/gate internal/testkit bench"), true},
	{"github.com/goccy/go-yaml", words("internal/config"), false},
	{"github.com/nats-io/", words("internal/cluster"), false},
	{"github.com/pion/", words("internal/testkit bench"), true},
	{"github.com/pion/dtls/", words("internal/sfu"), true},
	{"github.com/pion/logging", words("internal/sfu internal/testkit bench"), true},
	{"github.com/pion/rtcp", words("internal/sfu internal/testkit bench"), true},
	{"github.com/pion/rtp", words("internal/sfu internal/testkit bench"), true},
	{"github.com/pion/srtp/", words("internal/sfu internal/testkit bench"), true},
	{"github.com/pion/stun/", words("internal/sfu internal/turn internal/testkit bench"), true},
	{"golang.org/x/sys/", words("internal/sfu internal/node bench"), true},
	{"golang.org/x/time/", words("internal/gate"), true},
	{"pgregory.net/rapid", words("internal/testkit"), true},

	// Rooms and parts of Go that are fenced as well.
	{module + "/protocol", words("internal/fault"), true},
	{module + "/internal/seal", words("cmd/incamera internal/testkit bench"), true}, // the server cannot hold an access code even by mistake
	{"testing", words("internal/testkit"), true},
	{"unsafe", words("internal/sfu bench"), false},
}

// Budgets, in lines, methods and fields. Configuration, messages, generated files and structs whose
// comment says `hot` may have any number of fields.
var budgets = map[string]int{
	"file": 400, "testfile": 600, "func": 60, "testfunc": 100, "package": 2500, "interface": 5, "struct": 15,
}

// wide rooms have structs that are lists by nature.
var wide = words("internal/config internal/wire")

// raises lifts one budget for one thing: kind, what (file or folder, for a func or a type followed by
// a colon and its name), new number, reason.
const raises = `
`

func words(text string) []string { return strings.Fields(text) }
