// Package rule reads rules in the Sigma format, turns their conditions into
// predicates over the fields of typed records, and matches events against them.
// A rule is a fact about the world in a file that people can read and change; a
// rule that cannot be meant is refused with its file, its line and what to write
// instead. Sigma's specification is v2.1.0 (2025-08-02); what is not supported of
// it is refused, never passed over.
package rule

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

const (
	maxFile  = 64 << 10 // bytes of a file: the longest public rule has 20 KiB
	maxRules = 4096
)

// Words are the records that rules may speak of, by the kind of event.
type Words map[string]*event.Table

// Rule is one rule, ready to match.
type Rule struct {
	event.Rule
	File           string
	Technique      []string // ATT&CK ids
	Level          string
	Severity       event.Severity
	Family         string
	Kinds          []string // of events that it looks at
	Description    string
	Fields         []string // paths that the alert shows
	FalsePositives []string
	condition      node
	yes, no        []sample
}

// Match reports whether the event is what the rule describes. It changes nothing
// and may be called from many goroutines.
func (r *Rule) Match(e *event.Event) bool { return r.Matches(new(Reading).Of(e)) }

// Matches is Match where the event is asked by many rules, one after the other.
func (r *Rule) Matches(e *Reading) bool { return r.condition.match(e) }

// Explain is the condition as it is applied, with the record's own field names.
func (r *Rule) Explain() string { return r.condition.String() }

// Set is all rules of one load. It is not changed afterwards.
type Set struct {
	Rules  []*Rule
	byKind map[string][]*Rule
}

// Of lists the rules that look at a kind of event, by id. The slice is the set's.
func (s *Set) Of(kind string) []*Rule { return s.byKind[kind] }

// Check judges the text of a rule in one language.
type Check func(text string) error

// Load reads all .yml and .yaml files of a folder, not those of folders in it. One bad rule refuses the whole load, so
// that nothing is half applied; the error names every one that is bad.
func Load(files fs.FS, words Words, check Check) (*Set, error) {
	names, err := fs.Glob(files, "*.y*ml")
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return path.Ext(n) != ".yml" && path.Ext(n) != ".yaml" })
	s := &Set{byKind: map[string][]*Rule{}}
	var errs []error
	for _, name := range names {
		rules, err := loadFile(files, name, words, check)
		errs = append(errs, err)
		s.Rules = append(s.Rules, rules...)
	}
	slices.SortFunc(s.Rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	for i, r := range s.Rules {
		if i > 0 && s.Rules[i-1].ID == r.ID {
			errs = append(errs, fmt.Errorf("%s: id %s is also that of %s", r.File, r.ID, s.Rules[i-1].File))
		}
		for _, kind := range r.Kinds {
			s.byKind[kind] = append(s.byKind[kind], r)
		}
	}
	if len(s.Rules) > maxRules {
		errs = append(errs, fmt.Errorf("%d rules: at most %d are read", len(s.Rules), maxRules))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// loadFile reads the documents of one file.
func loadFile(files fs.FS, name string, words Words, check Check) (out []*Rule, err error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s: %d bytes: a rule file has at most %d", name, len(raw), maxFile)
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(raw)))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, strict.InFile(name, err)
		}
		if len(out) > 0 && len(doc.Content) == 1 && doc.Content[0].Tag == "!!null" { // behind a last ---
			continue
		}
		r, err := build(&doc, words, check)
		if err != nil {
			return nil, strict.InFile(name, err)
		}
		r.File = path.Base(name)
		out = append(out, r)
	}
}
