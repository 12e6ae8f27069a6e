package arch

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	lockFile   = "web/package-lock.json"
	tokensFile = "web/src/style/tokens.css" // the one place where colours and lengths have numbers
)

var (
	blocks       = regexp.MustCompile(`(?s)<style[^>]*>(.*?)</style>`)
	comments     = regexp.MustCompile(`(?s)/\*.*?\*/`)
	declarations = regexp.MustCompile(`([a-zA-Z-]+)\s*:\s*([^;{}]+)[;}]`)
	colours      = regexp.MustCompile(`(?i)#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(|\b(white|black|red|green|blue|gr[ae]y|orange|yellow|purple|pink|brown|silver|gold|navy|teal)\b`)
	painted      = regexp.MustCompile(`^(--.*|.*color|background.*|border.*|outline.*|fill|stroke|.*shadow|text-decoration.*)$`)
	scaled       = regexp.MustCompile(`^(margin.*|padding.*|(row-|column-)?gap|font|font-size|line-height|letter-spacing|word-spacing|border.*radius)$`)
	pixels       = regexp.MustCompile(`(?i)\b([0-9]{2,}|[3-9]|[0-9]*\.[0-9]+)px\b`) // 1 and 2 are hairlines
	variables    = regexp.MustCompile(`var\(--[a-zA-Z0-9-]+|url\([^)]*\)`)
	registries   = regexp.MustCompile(`"resolved"|https?://[^"]*registry`)
)

// pageFaults looks for numbers that belong into tokens.css, and for addresses in the lock file.
func pageFaults(t tree) []string {
	var faults []string
	for name, text := range t.page {
		switch {
		case name == lockFile:
			if found := registries.FindString(text); found != "" {
				faults = append(faults, name+": has "+found+": it must not say where packages come from")
			}
		case name == tokensFile || !strings.HasPrefix(name, "web/src/"):
		case strings.HasSuffix(name, ".css"):
			faults = append(faults, styleFaults(name, text)...)
		default:
			faults = append(faults, styleFaults(name, styleOf(text))...)
		}
	}
	return faults
}

func styleFaults(name, css string) []string {
	var faults []string
	for _, d := range declarations.FindAllStringSubmatch(comments.ReplaceAllString(css, ""), -1) {
		property, value := d[1], variables.ReplaceAllString(d[2], "")
		if found := colours.FindString(value); found != "" && painted.MatchString(property) {
			faults = append(faults, fmt.Sprintf("%s: %s has the raw colour %q: use a token", name, property, found))
		}
		if found := pixels.FindString(value); found != "" && scaled.MatchString(property) {
			faults = append(faults, fmt.Sprintf("%s: %s is %s: use a token", name, property, found))
		}
	}
	return faults
}

// styleOf joins the style parts of a component.
func styleOf(component string) string {
	var parts []string
	for _, block := range blocks.FindAllStringSubmatch(component, -1) {
		parts = append(parts, block[1])
	}
	return strings.Join(parts, "\n")
}
