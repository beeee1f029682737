package alert

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// languages of every alert, in the order in which they are rendered.
var languages = [...]string{"en", "nl"}

//go:embed text/*.md
var textFiles embed.FS

// sections of a text file, each "# name".
var sections = [...]string{"title", "message", "why", "other", "steps"}

// template is the text of one detector in one language.
type template struct {
	title, message, why, other []part
	steps                      [][]part
}

// part is literal text, a {placeholder}, or an [[ optional ]] run of these that
// is dropped when one of its placeholders has no value.
type part struct {
	literal  string
	name     string // placeholder
	format   string // after a bar: one of formats
	optional []part
}

// templates holds what could be read, by "detector.lang"; a file that cannot is
// absent, which the tests find.
var templates = sync.OnceValue(func() map[string]*template {
	out := map[string]*template{}
	entries, _ := textFiles.ReadDir("text")
	for _, e := range entries {
		raw, err := textFiles.ReadFile("text/" + e.Name())
		if err != nil {
			continue
		}
		if t, err := parseTemplate(string(raw)); err == nil {
			out[strings.TrimSuffix(e.Name(), ".md")] = t
		}
	}
	return out
})

// CheckRuleText judges the text that a rule brings along: its form, and that it
// speaks only of what every alert has and of the facts of a rule.
func CheckRuleText(raw string) error {
	t, err := parseTemplate(raw)
	if err != nil {
		return err
	}
	_, err = t.fill("en", func(name string) (string, bool) {
		_, common := commonNames[name]
		return "1", common || slices.Contains(ruleNames, name)
	})
	return err
}

// ruleNames are the facts of a rule's finding that its text may use.
var ruleNames = []string{"title", "kind", "count", "evidence"}

// parseTemplate reads a text file. Lines of a section are joined; each line of
// steps is one step.
func parseTemplate(raw string) (*template, error) {
	found := map[string][]string{}
	section := ""
	for line := range strings.Lines(raw) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "# "); ok {
			section = name
			continue
		}
		if line != "" {
			found[section] = append(found[section], line)
		}
	}
	for _, name := range sections {
		if len(found[name]) == 0 {
			return nil, fmt.Errorf("section %q is missing or empty", name)
		}
	}
	if len(found) != len(sections) {
		return nil, fmt.Errorf("text outside of the sections %v", sections)
	}
	return compile(found)
}

func compile(found map[string][]string) (*template, error) {
	t := &template{}
	for i, into := range []*[]part{&t.title, &t.message, &t.why, &t.other} {
		var err error
		if *into, err = parseParts(strings.Join(found[sections[i]], " ")); err != nil {
			return nil, fmt.Errorf("%s: %w", sections[i], err)
		}
	}
	for _, line := range found["steps"] {
		p, err := parseParts(strings.TrimPrefix(line, "- "))
		if err != nil {
			return nil, fmt.Errorf("steps: %w", err)
		}
		t.steps = append(t.steps, p)
	}
	return t, nil
}

// parseParts reads one text with its optional runs, which do not nest.
func parseParts(s string) ([]part, error) {
	var out []part
	for {
		before, rest, found := strings.Cut(s, "[[")
		plain, err := parsePlain(before)
		if err != nil {
			return nil, err
		}
		out = append(out, plain...)
		if !found {
			return out, nil
		}
		inner, after, closed := strings.Cut(rest, "]]")
		if !closed {
			return nil, fmt.Errorf("[[ without ]] in %q", s)
		}
		optional, err := parsePlain(inner)
		if err != nil {
			return nil, err
		}
		out = append(out, part{optional: optional})
		s = after
	}
}

// parsePlain reads text with placeholders.
func parsePlain(s string) ([]part, error) {
	var out []part
	for s != "" {
		before, rest, found := strings.Cut(s, "{")
		if strings.ContainsAny(before, "}[]") {
			return nil, fmt.Errorf("stray bracket in %q", before)
		}
		if before != "" {
			out = append(out, part{literal: before})
		}
		if !found {
			break
		}
		inner, after, closed := strings.Cut(rest, "}")
		name, format, _ := strings.Cut(inner, "|")
		if !closed || name == "" || strings.ContainsAny(inner, "{[] ") {
			return nil, fmt.Errorf("bad placeholder in %q", s)
		}
		if _, known := formats[format]; !known {
			return nil, fmt.Errorf("placeholder %s: unknown format %q", name, format)
		}
		out = append(out, part{name: name, format: format})
		s = after
	}
	return out, nil
}
