package config

import (
	"strings"
)

// Sample is the commented sample file: every field with its sentence, its other names and its default.
// Read as it stands it changes nothing.
func Sample() string {
	var b strings.Builder
	b.WriteString("# In Camera: every field with its default. Remove the # before a key to change it.\n")
	b.WriteString("# The environment prevails over this file, flags over both. Made by `go test ./internal/config -update`.\n")
	for _, f := range fields {
		b.WriteString("\n")
		for _, line := range wrap(f.doc, 96) {
			b.WriteString("# " + line + "\n")
		}
		if f.min != "" {
			b.WriteString("# From " + f.min + " to " + f.max + ".\n")
		}
		b.WriteString("# " + EnvName(f.key) + "\n")
		b.WriteString(strings.TrimRight("#"+f.key+": "+quoted(f.fallback), " ") + "\n")
	}
	return b.String()
}

// quoted keeps YAML from reading ":7882" as something else.
func quoted(text string) string {
	if strings.HasPrefix(text, ":") {
		return `"` + text + `"`
	}
	return text
}

func wrap(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}
