// Package strict reads YAML that people write: what nobody asked for is an error
// with its place and the name that was probably meant.
package strict

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Error is what is wrong at one node of a file.
type Error struct {
	Node *yaml.Node
	Text string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Node.Line, e.Node.Column, e.Text)
}

// At says what is wrong at a node.
func At(n *yaml.Node, format string, args ...any) error {
	return &Error{n, fmt.Sprintf(format, args...)}
}

// Decode reads a node strictly onto what into points to. Errors begin with the
// path and the place in it.
func Decode(path string, n *yaml.Node, into any) error {
	if n.Tag == "!!null" {
		return nil
	}
	err := known(n, reflect.TypeOf(into).Elem())
	if err == nil {
		err = n.Decode(into)
	}
	return InFile(path, err)
}

// InFile puts the file's name before an error. The decoder's own errors say
// "line 3: …"; they become file:3.
func InFile(path string, err error) error {
	if err == nil || path == "" {
		return err
	}
	text := err.Error()
	if e := (*yaml.TypeError)(nil); errors.As(err, &e) {
		text = strings.Join(e.Errors, "; ")
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "line ")
	if text[0] < '0' || text[0] > '9' { // a place that the decoder does not know
		text = " " + text
	}
	return fmt.Errorf("%s:%s", path, text)
}

var own = reflect.TypeFor[yaml.Unmarshaler]()

// known refuses keys that the type does not have and values that it cannot hold, at any depth.
func known(n *yaml.Node, t reflect.Type) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Tag == "!!null":
	case t == reflect.TypeFor[yaml.Node](), reflect.PointerTo(t).Implements(own): // its reader decodes it
	case t.Kind() == reflect.Pointer:
		return known(n, t.Elem())
	case !fits(n, t):
		return At(n, "%s", belongs(n, t))
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range n.Content {
			if err := known(item, t.Elem()); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		return knownKeys(n, fieldsOf(t))
	}
	return nil
}

// fits reports whether a value is of the form that the type has.
func fits(n *yaml.Node, t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Slice:
		return n.Kind == yaml.SequenceNode
	case reflect.Struct, reflect.Map:
		return n.Kind == yaml.MappingNode
	}
	return n.Kind == yaml.ScalarNode && n.Decode(reflect.New(t).Interface()) == nil
}

// belongs says what should stand in place of a value that does not fit, and not the
// value itself, which may be a secret in the wrong place.
func belongs(n *yaml.Node, t reflect.Type) string {
	switch kind := t.Kind(); {
	case kind == reflect.Slice && n.Kind == yaml.ScalarNode:
		return "a list belongs here: write [ ] around it"
	case kind == reflect.Slice:
		return "a list belongs here"
	case kind == reflect.Struct, kind == reflect.Map:
		return "keys with values belong here, as key: value"
	case n.Kind != yaml.ScalarNode:
		return "one value belongs here"
	case t == reflect.TypeFor[time.Duration]():
		return "this is no time: write one such as 30s or 5m"
	case kind == reflect.Bool:
		return "choose true or false"
	case kind == reflect.Float64:
		return "this is no number"
	}
	return "this is no whole number that fits here"
}

func knownKeys(n *yaml.Node, fields map[string]reflect.Type) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		t, ok := fields[key.Value]
		if !ok {
			return &Error{key, Unknown("key", key.Value, keysOf(fields))}
		}
		if err := known(n.Content[i+1], t); err != nil {
			return err
		}
	}
	return nil
}

// Keys lists the keys of a struct, sorted.
func Keys(of any) []string { return keysOf(fieldsOf(reflect.TypeOf(of))) }

// fieldsOf lists the keys of a struct as the decoder names them.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if option == "inline" {
			maps.Copy(fields, fieldsOf(f.Type))
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		fields[name] = f.Type
	}
	return fields
}

// Find is the node at a path of keys and indexes, or the nearest above it.
func Find(n *yaml.Node, path ...any) *yaml.Node {
	if len(path) == 0 {
		return n
	}
	switch at := path[0].(type) {
	case int:
		if n.Kind == yaml.SequenceNode && at < len(n.Content) {
			return Find(n.Content[at], path[1:]...)
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == at {
				return Find(n.Content[i+1], path[1:]...)
			}
		}
	}
	return n
}
