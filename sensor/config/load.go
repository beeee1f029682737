package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// placed is what is wrong at one node of the file.
type placed struct {
	node *yaml.Node
	text string
}

func (p *placed) Error() string {
	return fmt.Sprintf("%d:%d: %s", p.node.Line, p.node.Column, p.text)
}

// Load reads a file over the defaults. Its errors begin with file:line:column.
// The path "" gives the defaults.
func Load(path string) (*Config, error) {
	c := Default()
	if path == "" {
		return c, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w; run without -c to use the defaults", err)
	}
	defer f.Close()
	c.path = path
	var root yaml.Node
	err = yaml.NewDecoder(f).Decode(&root)
	if errors.Is(err, io.EOF) { // an empty file
		return c, nil
	}
	if err != nil {
		return nil, inFile(path, err)
	}
	if err := decode(path, root.Content[0], c); err != nil {
		return nil, err
	}
	return c, c.validate(root.Content[0])
}

// decode reads a node strictly onto what into points to.
func decode(path string, n *yaml.Node, into any) error {
	if n.Tag == "!!null" {
		return nil
	}
	err := known(n, reflect.TypeOf(into).Elem())
	if err == nil {
		err = n.Decode(into)
	}
	return inFile(path, err)
}

// inFile puts the file's name before an error. The decoder's own errors say
// "line 3: …"; they become file:3.
func inFile(path string, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if e := (*yaml.TypeError)(nil); errors.As(err, &e) {
		text = strings.Join(e.Errors, "; ")
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "line ")
	return fmt.Errorf("%s:%s", path, text)
}

// known refuses keys that the type does not have, at any depth.
func known(n *yaml.Node, t reflect.Type) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
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

func knownKeys(n *yaml.Node, fields map[string]reflect.Type) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		t, ok := fields[key.Value]
		if !ok {
			return &placed{key, unknown("key", key.Value, keysOf(fields))}
		}
		if err := known(n.Content[i+1], t); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf lists the keys of a struct as the decoder names them.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		fields[name] = f.Type
	}
	return fields
}
