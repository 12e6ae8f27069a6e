package arch

import (
	"fmt"
	"slices"
	"strings"
)

// importFaults holds the tree against the drawing and the fences.
func importFaults(t tree) []string {
	var faults []string
	for _, file := range t.files {
		row, drawn := rows[file.room]
		if !drawn {
			faults = append(faults, file.path+": the folder is not in the drawing")
			continue
		}
		for name, spec := range file.imports {
			at := file.line(spec)
			if to, ours := strings.CutPrefix(name, module+"/"); ours && !file.test {
				room := roomOf(to)
				if below, drawn := rows[room]; room != file.room && (!drawn || below <= row) {
					faults = append(faults, fmt.Sprintf("%s: %s imports %s, which is not below it", at, file.room, to))
				}
			}
			if fault := fenceFault(file, name); fault != "" {
				faults = append(faults, at+": "+fault)
			}
			if spec.Name != nil && (spec.Name.Name == "." || spec.Name.Name == "_" && name != "embed") {
				faults = append(faults, fmt.Sprintf("%s: %s is imported as %s: name what is used", at, name, spec.Name.Name))
			}
		}
	}
	return faults
}

func fenceFault(file source, name string) string {
	var around *fence
	for i, f := range fences {
		whole := name == strings.TrimSuffix(f.prefix, "/") || strings.HasPrefix(name, strings.TrimSuffix(f.prefix, "/")+"/")
		if whole && (around == nil || len(f.prefix) > len(around.prefix)) {
			around = &fences[i]
		}
	}
	switch {
	case around == nil && isForeign(name):
		return name + " has no fence: say in arch which room imports it, and why in docs/decisions/dependencies.md"
	case around == nil || slices.Contains(around.rooms, file.room) || file.test && around.tests:
		return ""
	default:
		return fmt.Sprintf("%s is fenced to %v", name, around.rooms)
	}
}

// unexplained lists the fenced modules and the page's packages that the page of dependencies does not name.
func unexplained(page string, packages []string) []string {
	names := slices.Clone(packages)
	for _, f := range fences {
		if isForeign(f.prefix) {
			names = append(names, strings.TrimSuffix(f.prefix, "/"))
		}
	}
	named := strings.FieldsFunc(page, func(r rune) bool { return strings.ContainsRune(" \n,;|`()", r) })
	var faults []string
	for _, name := range names {
		if !slices.ContainsFunc(named, func(word string) bool {
			return strings.TrimSuffix(word, "/") == name || strings.HasPrefix(word, name+"/")
		}) {
			faults = append(faults, "docs/decisions/dependencies.md has no line for "+name)
		}
	}
	return faults
}

// isForeign tells a module from Go's own packages and ours, which have no dot in their first part.
func isForeign(name string) bool { return strings.Contains(strings.Split(name, "/")[0], ".") }
