package arch

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// measured is one thing with a size.
type measured struct {
	kind, what string
	size       int
}

// raise is one line of raises, parsed.
type raise struct {
	limit int
	used  bool
}

// sizeFaults holds every size against its budget or raise, and every raise against its need.
func sizeFaults(t tree, raised string) []string {
	lifted, faults := parseRaises(raised)
	for _, m := range measure(t) {
		limit := budgets[m.kind]
		if m.size <= limit {
			continue
		}
		if r, ok := lifted[m.kind+" "+m.what]; ok {
			limit, r.used = r.limit, true
		}
		if m.size > limit {
			faults = append(faults, fmt.Sprintf("%s %s has %d, the budget is %d: split it, or raise it in arch with a reason", m.kind, m.what, m.size, limit))
		}
	}
	for subject, r := range lifted {
		if !r.used {
			faults = append(faults, "the raise for "+subject+" is not needed")
		}
	}
	return faults
}

func parseRaises(text string) (map[string]*raise, []string) {
	lifted, faults := map[string]*raise{}, []string(nil)
	for line := range strings.Lines(strings.TrimSpace(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
		limit, err := 0, error(nil)
		if len(parts) == 4 {
			limit, err = strconv.Atoi(parts[2])
		}
		if len(parts) != 4 || err != nil || budgets[parts[0]] == 0 {
			faults = append(faults, "a raise is: kind what number reason; not: "+line)
			continue
		}
		lifted[parts[0]+" "+parts[1]] = &raise{limit: limit}
	}
	return lifted, faults
}

func measure(t tree) []measured {
	var found []measured
	packages := map[string]int{}
	for _, file := range t.files {
		if file.generated {
			continue
		}
		prefix := ""
		if file.test {
			prefix = "test"
		} else {
			packages[file.dir] += file.lines
		}
		found = append(found, measured{prefix + "file", file.path, file.lines})
		for _, d := range file.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				lines := file.pos.Position(d.End()).Line - file.pos.Position(d.Pos()).Line + 1
				found = append(found, measured{prefix + "func", file.path + ":" + d.Name.Name, lines})
			case *ast.GenDecl:
				found = append(found, measureTypes(file, d)...)
			}
		}
	}
	for dir, lines := range packages {
		found = append(found, measured{"package", dir, lines})
	}
	return found
}

func measureTypes(file source, d *ast.GenDecl) []measured {
	var found []measured
	for _, spec := range d.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		what := file.path + ":" + named.Name.Name
		switch typ := named.Type.(type) {
		case *ast.InterfaceType:
			found = append(found, measured{"interface", what, typ.Methods.NumFields()})
		case *ast.StructType:
			if file.test || slices.Contains(wide, file.room) || isHot(d.Doc) || isHot(named.Doc) || isHot(named.Comment) {
				continue
			}
			found = append(found, measured{"struct", what, typ.Fields.NumFields()})
		}
	}
	return found
}

// isHot tells whether a comment has a line that is `hot` or begins with `hot:` and a reason.
func isHot(comment *ast.CommentGroup) bool {
	for line := range strings.Lines(comment.Text()) {
		if line = strings.TrimSpace(line); line == "hot" || strings.HasPrefix(line, "hot:") {
			return true
		}
	}
	return false
}
