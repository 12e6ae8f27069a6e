package arch

import (
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// clockCalls are the names of package time that ask or wait for the real time.
var clockCalls = words("Now Since Until After AfterFunc NewTimer NewTicker Tick Sleep")

// impure packages give an answer that the input does not determine, or reach out of the process.
var impure = regexp.MustCompile(`^(math/rand(/v2)?|crypto/rand|net(/.*)?|os(/.*)?|log(/.*)?|sync(/.*)?|syscall|unsafe|runtime(/.*)?|io/ioutil|context)$`)

// wires are the packages that unwired rooms do not import; net/netip, net/url and such know no connection.
var wires = regexp.MustCompile(`^net(/http(/.*)?)?$`)

var locks = words("Mutex RWMutex Cond Map")

// habitFaults looks for what a room has promised not to do.
func habitFaults(t tree) []string {
	var faults []string
	for _, file := range t.files {
		if file.test || file.room == "internal/testkit" {
			faults = append(faults, sleepFaults(file)...)
			continue
		}
		isPure, isLockless := slices.Contains(pure, file.room), slices.Contains(lockless, file.room)
		for name, spec := range file.imports {
			if isPure && impure.MatchString(name) && name != "net/netip" {
				faults = append(faults, file.line(spec)+": a pure room imports "+name)
			}
			if slices.Contains(unwired, file.room) && wires.MatchString(name) {
				faults = append(faults, file.line(spec)+": "+file.room+" imports "+name)
			}
		}
		ast.Inspect(file.ast, func(n ast.Node) bool {
			what := ""
			if isPure {
				what = impurity(file, n)
			}
			if name, ok := file.selects(n, "sync"); ok && isLockless && slices.Contains(locks, name) {
				what = "sync." + name + " in a room with one owner"
			}
			if name, ok := file.selects(n, "time"); ok && name == "Sleep" && file.room != "bench" {
				what = "time.Sleep: wait for a condition, a timer or the context"
			}
			if f, ok := n.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				what = "func init: the caller builds things, in an order that can be read"
			}
			if what != "" {
				faults = append(faults, file.line(n)+": "+what)
			}
			return true
		})
	}
	return faults
}

// impurity names what n does that a pure room may not.
func impurity(file source, n ast.Node) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine in a pure room"
	case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
		return "a channel in a pure room"
	case *ast.UnaryExpr:
		if n.Op == token.ARROW {
			return "a channel in a pure room"
		}
	case *ast.SelectorExpr:
		if name, ok := file.selects(n, "time"); ok && slices.Contains(clockCalls, name) {
			return "time." + name + " in a pure room: the time is handed in"
		}
	}
	return ""
}

// sleepFaults finds real sleeps: those outside every call of synctest.Test.
func sleepFaults(file source) []string {
	var faults []string
	ast.Inspect(file.ast, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if name, ok := file.selects(call.Fun, "testing/synctest"); ok && name == "Test" {
				return false
			}
		}
		if name, ok := file.selects(n, "time"); ok && name == "Sleep" {
			faults = append(faults, file.line(n)+": time.Sleep outside a synctest bubble")
		}
		return true
	})
	return faults
}

var vague = regexp.MustCompile(`(?i)^(utils?|commons?|helpers?|managers?|misc|stuff|shared|base|lib)$`)

// nameFaults looks at names that say nothing and at rooms without a sentence of their own.
func nameFaults(t tree) []string {
	var faults []string
	documented, packages := map[string]bool{}, map[string]string{}
	for _, file := range t.files {
		for _, part := range strings.Split(strings.TrimSuffix(strings.TrimSuffix(file.path, ".go"), "_test"), "/") {
			if vague.MatchString(part) {
				faults = append(faults, file.path+": the name "+part+" says nothing")
			}
		}
		if file.test {
			continue
		}
		packages[file.dir] = file.ast.Name.Name
		begins := "Package " + file.ast.Name.Name + " "
		if file.ast.Name.Name == "main" {
			begins = "Command " + path.Base(file.dir) + " "
		}
		documented[file.dir] = documented[file.dir] || strings.HasPrefix(file.ast.Doc.Text(), begins)
	}
	for dir, name := range packages {
		if !documented[dir] {
			faults = append(faults, dir+": package "+name+" has no doc that says what it is")
		}
	}
	return faults
}
