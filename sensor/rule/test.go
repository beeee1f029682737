package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// test asks one field of an event for one of some values, or for all of them.
type test struct {
	path   string
	field  *event.Field // of the record's own table
	table  *event.Table
	values []value
	all    bool // of the values, each by some element
	text   string
}

func (t *test) String() string { return t.text }

// value matches one element of a field.
type value interface{ matches(v *element) bool }

// element is one value that a field has: the member of its type is set.
type element struct {
	text   string
	lower  string // of text, once it was asked for
	number float64
	addr   netip.Addr
}

// folded is the text without case.
func (e *element) folded() string {
	if e.lower == "" {
		e.lower = strings.ToLower(e.text)
	}
	return e.lower
}

func (e *element) isAny(values []value) bool {
	for _, x := range values {
		if x.matches(e) {
			return true
		}
	}
	return false
}

func (t *test) match(r *Reading) bool {
	f := r.fact(t)
	if !f.present {
		return slices.ContainsFunc(t.values, func(x value) bool { return x == absent{} })
	}
	if !t.all {
		return f.isAny(t.values)
	}
	for i := range t.values {
		if !f.isAny(t.values[i : i+1]) {
			return false
		}
	}
	return true
}

// newTest reads "field|modifier|…: value or list of values".
func newTest(key, values *yaml.Node, s *source) (node, error) {
	parts := strings.Split(key.Value, "|")
	path, f, err := s.field(key, parts[0])
	if err != nil {
		return nil, err
	}
	if f.Type == event.TypeObject {
		return nil, strict.At(key, "%s is a list of objects: name one of its other fields", path)
	}
	m, err := modifiersOf(key, parts[1:], f)
	if err != nil {
		return nil, err
	}
	t := &test{path: path, field: f, table: tableOf(s, path), all: m.all}
	list := []*yaml.Node{values}
	if values.Kind == yaml.SequenceNode {
		list = values.Content
	}
	if len(list) == 0 {
		return nil, strict.At(values, "%s has no values", path)
	}
	var texts []string
	for _, n := range list {
		if m.fieldref {
			return newReference(t, m, n, s)
		}
		v, err := m.value(n, f)
		if err != nil {
			return nil, err
		}
		t.values = append(t.values, v)
		texts = append(texts, fmt.Sprintf("%q", n.Value))
	}
	t.text = strings.Join(append([]string{path}, parts[1:]...), "|") + ": " + strings.Join(texts, ", ")
	return t.exists(m, list)
}

func tableOf(s *source, path string) *event.Table {
	for _, t := range s.tables {
		if t.Lookup(path) != nil {
			return t
		}
	}
	return nil
}

// exists turns "field|exists: true" into its own node.
func (t *test) exists(m modifiers, list []*yaml.Node) (node, error) {
	if !m.exists {
		return t, nil
	}
	switch v := list[0].Value; {
	case len(list) == 1 && v == "true":
		return present{t}, nil
	case len(list) == 1 && v == "false":
		return not{present{t}}, nil
	}
	return nil, strict.At(list[0], "exists: true or false")
}

type present struct{ *test }

func (p present) match(r *Reading) bool { return r.fact(p.test).present }

// reference compares two fields of one event.
type reference struct {
	*test
	other *test
	m     modifiers
}

func newReference(t *test, m modifiers, n *yaml.Node, s *source) (node, error) {
	path, f, err := s.field(n, n.Value)
	if err != nil {
		return nil, err
	}
	if f.Type != t.field.Type && (f.Type == event.TypeIP || t.field.Type == event.TypeIP) {
		return nil, strict.At(n, "%s is a %v and %s is a %v: they cannot be equal", t.path, t.field.Type, path, f.Type)
	}
	if f.List || f.Type == event.TypeObject {
		return nil, strict.At(n, "%s is a list: fieldref needs a single value", path)
	}
	t.text = t.path + "|fieldref: " + path
	return &reference{t, &test{path: path, field: f, table: tableOf(s, path)}, m}, nil
}

func (x *reference) match(r *Reading) bool {
	other := r.fact(x.other)
	if !other.present {
		return false
	}
	same := []value{x.m.reference(&other.elements[0])} // before the next fact moves this one
	return r.fact(x.test).isAny(same)
}
