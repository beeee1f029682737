package rule

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
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

// read reads the field into v: from the record, else from the conversation. A
// record with a table of its own, as those of the rules' proofs, is asked by path.
func (t *test) read(e *event.Event, v *event.Value) (*event.Field, bool) {
	if e.Data != nil {
		f := t.field
		if table := e.Data.Table(); table != t.table {
			f = table.Lookup(t.path)
		}
		if f != nil && f.Type != event.TypeObject {
			return f, f.Get(e.Data, v)
		}
	}
	if e.Flow == nil {
		return nil, false
	}
	f := e.Flow.Table().Lookup(t.path)
	return f, f != nil && f.Get(e.Flow, v)
}

func (t *test) match(e *event.Event) bool {
	var v event.Value
	f, ok := t.read(e, &v)
	if !ok {
		return slices.ContainsFunc(t.values, func(x value) bool { return x == absent{} })
	}
	if !t.all {
		return someElement(f, &v, t.values)
	}
	for _, x := range t.values {
		if !someElement(f, &v, []value{x}) {
			return false
		}
	}
	return true
}

// someElement reports whether one of the values matches an element of the field.
func someElement(f *event.Field, v *event.Value, values []value) bool {
	if !f.List {
		e := elementOf(f, v)
		return e.isAny(values)
	}
	for _, s := range v.Strs {
		if (&element{text: s}).isAny(values) {
			return true
		}
	}
	for _, n := range v.Ints {
		if (&element{number: float64(n)}).isAny(values) {
			return true
		}
	}
	for _, a := range v.Addrs {
		if (&element{addr: a.Unmap().WithZone("")}).isAny(values) {
			return true
		}
	}
	return false
}

func (e *element) isAny(values []value) bool {
	for _, x := range values {
		if x.matches(e) {
			return true
		}
	}
	return false
}

func elementOf(f *event.Field, v *event.Value) element {
	switch f.Type {
	case event.TypeLong, event.TypeDate, event.TypeBool:
		return element{number: float64(v.Int)}
	case event.TypeFloat:
		return element{number: v.Float}
	case event.TypeIP:
		return element{addr: v.Addr.Unmap().WithZone("")}
	}
	return element{text: v.Str}
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

func (p present) match(e *event.Event) bool {
	var v event.Value
	_, ok := p.read(e, &v)
	return ok
}

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

func (r *reference) match(e *event.Event) bool {
	var v, w event.Value
	f, ok := r.read(e, &v)
	g, there := r.other.read(e, &w)
	if !ok || !there {
		return false
	}
	other := elementOf(g, &w)
	return someElement(f, &v, []value{r.m.reference(&other)})
}

// Spell writes the values that a field of the event has, as a person reads them.
func Spell(e *event.Event, path string) (out []string) {
	var v event.Value
	f, ok := (&test{path: path}).read(e, &v)
	if !ok {
		return nil
	}
	if !f.List {
		return append(out, spellElement(f, &v))
	}
	out = append(out, v.Strs...)
	for _, n := range v.Ints {
		out = append(out, strconv.FormatInt(n, 10))
	}
	for _, a := range v.Addrs {
		out = append(out, a.String())
	}
	return out
}

func spellElement(f *event.Field, v *event.Value) string {
	switch e := elementOf(f, v); {
	case e.addr.IsValid():
		return e.addr.String()
	case e.text != "":
		return e.text
	default:
		return strconv.FormatFloat(e.number, 'g', 10, 64)
	}
}
