package arch

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const house = "../.."

func readHouse(t *testing.T, files fs.FS) tree {
	t.Helper()
	read, err := read(files)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func report(t *testing.T, faults []string) {
	t.Helper()
	slices.Sort(faults)
	for _, fault := range slices.Compact(faults) {
		t.Error(fault)
	}
}

func TestHouseIsBuiltAsDrawn(t *testing.T) {
	ours := readHouse(t, os.DirFS(house))
	if len(ours.files) < 20 {
		t.Fatalf("only %d Go files were found", len(ours.files))
	}
	t.Run("imports point down", func(t *testing.T) { report(t, importFaults(ours)) })
	t.Run("rooms keep their promises", func(t *testing.T) { report(t, habitFaults(ours)) })
	t.Run("names say something", func(t *testing.T) { report(t, nameFaults(ours)) })
	t.Run("things stay small", func(t *testing.T) { report(t, sizeFaults(ours, raises)) })
	t.Run("the page uses tokens", func(t *testing.T) { report(t, pageFaults(ours)) })
}

func TestEveryDependencyHasItsReason(t *testing.T) {
	page, err := os.ReadFile(house + "/docs/decisions/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(house + "/web/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	maps.Copy(manifest.Dependencies, manifest.DevDependencies)
	packages := slices.Collect(maps.Keys(manifest.Dependencies))
	report(t, unexplained(string(page), packages))
	if found := unexplained(strings.ReplaceAll(string(page), "ts-mls", ""), packages); len(found) != 1 {
		t.Errorf("without the line of ts-mls: %q", found)
	}
}

// all runs every check on a house of few files.
func all(t *testing.T, files map[string]string) []string {
	t.Helper()
	built := fstest.MapFS{}
	for name, text := range files {
		built[name] = &fstest.MapFile{Data: []byte(text)}
	}
	read := readHouse(t, built)
	return slices.Concat(importFaults(read), habitFaults(read), nameFaults(read), sizeFaults(read, ""), pageFaults(read))
}

func TestFaultsOfAnImportAreFound(t *testing.T) {
	for _, row := range []struct{ path, imports, fault string }{
		{"internal/fault/a.go", `"incamera/internal/ident"`, ""},
		{"internal/ident/a.go", `"incamera/internal/fault"`, "not below it"},
		{"internal/lobby/a.go", `"incamera/internal/epoch"`, "not below it"},
		{"internal/sfu/a.go", `"incamera/internal/sfu/ice"`, ""},
		{"internal/gate/a.go", `"incamera/internal/sfu/ice"`, "not below it"},
		{"internal/gate/a.go", `"incamera/internal/nowhere"`, "not below it"},
		{"internal/gate/a_test.go", `"incamera/internal/testkit"`, ""},
		{"internal/gate/a.go", `"incamera/internal/testkit"`, "not below it"},
		{"internal/cellar/a.go", `"fmt"`, "not in the drawing"},
		{"internal/node/a.go", `"incamera/internal/seal"`, "fenced"},
		{"cmd/incamera/a.go", `"incamera/internal/seal"`, ""},
		{"internal/meeting/a.go", `"incamera/protocol"`, "fenced"},
		{"internal/node/a.go", `"github.com/nats-io/nats.go"`, "fenced"},
		{"internal/node/a_test.go", `"github.com/nats-io/nats.go/jetstream"`, "fenced"},
		{"internal/cluster/a.go", `"github.com/nats-io/nats.go"`, ""},
		{"internal/sfu/ice/a.go", `"github.com/pion/stun/v4"`, ""},
		{"internal/gate/a.go", `"github.com/pion/rtp"`, "fenced"},
		{"internal/sfu/a.go", `"github.com/pion/webrtc/v4"`, "fenced"},
		{"internal/sfu/a_test.go", `"github.com/pion/webrtc/v4"`, ""},
		{"internal/sfu/a.go", `"github.com/pion/transport/v4/vnet"`, "fenced"},
		{"internal/gate/a.go", `"example.org/new/thing"`, "no fence"},
		{"internal/gate/a.go", `. "fmt"`, "imported as ."},
		{"internal/gate/a.go", `_ "image/png"`, "imported as _"},
		{"internal/gate/a.go", `"testing"`, "fenced"},
		{"internal/lobby/a.go", `"math/rand/v2"`, "pure room imports"},
		{"internal/lobby/a.go", `"log/slog"`, "pure room imports"},
		{"internal/lobby/a.go", `"crypto/rand"`, "pure room imports"},
		{"internal/lobby/a.go", `"os"`, "pure room imports"},
		{"internal/lobby/a.go", `"time"`, ""},
		{"internal/forward/a.go", `"net/netip"`, ""},
		{"internal/meeting/a.go", `"net/http"`, "imports net/http"},
		{"internal/wire/a.go", `"net"`, "imports net"},
		{"internal/wire/a.go", `"net/netip"`, ""},
	} {
		dir := path.Base(path.Dir(row.path))
		faults := all(t, map[string]string{row.path: fmt.Sprintf("// Package %s is a fixture.\n// Command.\npackage %s\nimport %s\n", dir, dir, row.imports)})
		expect(t, row.path+" importing "+row.imports, faults, row.fault)
	}
}

func TestFaultsOfHabitAreFound(t *testing.T) {
	for _, row := range []struct{ path, body, fault string }{
		{"internal/lobby/a.go", `func f() { go f() }`, "goroutine"},
		{"internal/lobby/a.go", `var c chan int`, "channel"},
		{"internal/lobby/a.go", `func f() { select {} }`, "channel"},
		{"internal/lobby/a.go", `func f() int { return <-c }`, "channel"},
		{"internal/lobby/a.go", `import "time"; var t = time.Now()`, "time.Now"},
		{"internal/lobby/a.go", `import clock "time"; var t = clock.NewTimer(1)`, "time.NewTimer"},
		{"internal/lobby/a.go", `import "time"; func f(t time.Time) bool { return t.After(t) }`, ""},
		{"internal/lobby/a.go", `import "sync"; var m sync.WaitGroup`, "pure room imports sync"},
		{"internal/meeting/a.go", `import "sync"; var m sync.Mutex`, "sync.Mutex"},
		{"internal/meeting/a.go", `import "sync"; var w sync.WaitGroup`, ""},
		{"internal/gate/a.go", `import "sync"; var m sync.Mutex`, ""},
		{"internal/gate/a.go", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep"},
		{"internal/gate/a_test.go", `import "time"; func f() { time.Sleep(1) }`, "outside a synctest bubble"},
		{"internal/testkit/a.go", `import "time"; func f() { time.Sleep(1) }`, "outside a synctest bubble"},
		{"internal/gate/a_test.go", `import ("testing/synctest"; "time"); func f() { synctest.Test(nil, func() { time.Sleep(1) }) }`, ""},
		{"internal/gate/a_test.go", `import ("testing/synctest"; "time"); func f() { synctest.Test(nil, nil); time.Sleep(1) }`, "outside a synctest bubble"},
		{"internal/gate/a.go", `func init() {}`, "func init"},
		{"internal/gate/util/a.go", ``, "says nothing"},
		{"internal/gate/helpers.go", ``, "says nothing"},
	} {
		dir := path.Base(path.Dir(row.path))
		faults := all(t, map[string]string{row.path: fmt.Sprintf("// Package %s is a fixture.\npackage %s\n%s\n", dir, dir, row.body)})
		expect(t, row.path+": "+row.body, faults, row.fault)
	}
	expect(t, "a package without a sentence", all(t, map[string]string{"internal/gate/a.go": "package gate\n"}), "no doc")
}

func TestFaultsOfSizeAreFound(t *testing.T) {
	lines := func(n int) string { return strings.Repeat("\n", n) }
	const doc = "// Package gate is a fixture.\npackage gate\n"
	for _, row := range []struct{ path, body, fault string }{
		{"internal/gate/a.go", lines(398), ""},
		{"internal/gate/a.go", lines(399), "file internal/gate/a.go has 401"},
		{"internal/gate/a_test.go", lines(598), ""},
		{"internal/gate/a_test.go", lines(599), "testfile"},
		{"internal/gate/a.go", "func f() {" + lines(59) + "}", ""},
		{"internal/gate/a.go", "func f() {" + lines(60) + "}", "func internal/gate/a.go:f has 61"},
		{"internal/gate/a.go", "type i interface{ a(); b(); c(); d(); e() }", ""},
		{"internal/gate/a.go", "type i interface{ a(); b(); c(); d(); e(); f() }", "interface internal/gate/a.go:i has 6"},
		{"internal/gate/a.go", "type s struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o int }", ""},
		{"internal/gate/a.go", "type s struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p int }", "struct internal/gate/a.go:s has 16"},
		{"internal/gate/a.go", "// s is read for each packet.\n// hot: one cache line\ntype s struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p int }", ""},
		{"internal/wire/a.go", "type s struct{ a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p int }", ""},
	} {
		text := strings.ReplaceAll(doc, "gate", strings.Split(row.path, "/")[1]) + row.body
		expect(t, row.path+": "+row.body[:min(len(row.body), 40)], all(t, map[string]string{row.path: text}), row.fault)
	}
	expect(t, "a generated file", all(t, map[string]string{"internal/gate/a.go": "// Code generated by x. DO NOT EDIT.\n\n" + doc + lines(500)}), "")
	many := map[string]string{}
	for i := range 7 {
		many[fmt.Sprintf("internal/gate/a%d.go", i)] = doc + lines(398)
	}
	expect(t, "a package of 2,800 lines", all(t, many), "package internal/gate has 2800")
}

func TestRaisesAreHeldToTheirReason(t *testing.T) {
	files := fstest.MapFS{"internal/gate/a.go": &fstest.MapFile{Data: []byte("// Package gate is a fixture.\npackage gate\n" + strings.Repeat("\n", 410))}}
	read := readHouse(t, files)
	for raised, fault := range map[string]string{
		"file internal/gate/a.go 450 one table reads better whole": "",
		"file internal/gate/a.go 405 one table reads better whole": "the budget is 405",
		"file internal/gate/a.go 450":                              "a raise is",
		"size internal/gate/a.go 450 why":                          "a raise is",
		"func internal/gate/a.go:f 70 why":                         "is not needed",
	} {
		faults := sizeFaults(read, raised)
		if fault != "" && strings.Contains(strings.Join(faults, "\n"), fault) {
			continue
		}
		expect(t, raised, faults, fault)
	}
}

func TestFaultsOfThePageAreFound(t *testing.T) {
	for _, row := range []struct{ path, text, fault string }{
		{"web/src/style/base.css", "a { color: #fff; }", "raw colour"},
		{"web/src/style/base.css", "a { background: rgb(1 2 3); }", "raw colour"},
		{"web/src/style/base.css", "a { border: 1px solid black; }", "raw colour"},
		{"web/src/style/base.css", "a { border: 1px solid var(--red); }", ""},
		{"web/src/style/base.css", "a { padding: 0 4px }", "use a token"},
		{"web/src/style/base.css", "a { border-radius: 3px; }", "use a token"},
		{"web/src/style/base.css", "a { gap: 1px; min-height: 44px; } /* padding: 4px; */ @media (min-width: 720px) { a { gap: var(--space-1); } }", ""},
		{"web/src/style/tokens.css", ":root { --red: #f00; --space-1: 4px; }", ""},
		{"web/src/app/a.svelte", "<p>color: #fff;</p><style>a { color: var(--text); }</style>", ""},
		{"web/src/app/a.svelte", "<style>a { font-size: 12px; }</style>", "use a token"},
		{"web/package-lock.json", `{"resolved": "x"}`, "lock"},
		{"web/package-lock.json", `{"integrity": "x"}`, ""},
	} {
		expect(t, row.path+": "+row.text, all(t, map[string]string{row.path: row.text}), row.fault)
	}
}

// expect wants exactly the fault, or none at all.
func expect(t *testing.T, what string, faults []string, fault string) {
	t.Helper()
	if fault == "" && len(faults) > 0 || fault != "" && (len(faults) != 1 || !strings.Contains(faults[0], fault)) {
		t.Errorf("%s\nwant %q\ngot  %q", what, fault, faults)
	}
}
