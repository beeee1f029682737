package ingest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Dataset is what one data stream holds, and for how long.
type Dataset struct {
	Name   string
	Tables []*event.Table
	// Facts are tables of which each has an object of its own below brandmelder. A
	// document has the facts of one detector: as fields of their own they would
	// outgrow an index, so that each object is one flattened field.
	Facts []*event.Table
	Days  int
}

// object is a JSON object.
type object = map[string]any

const (
	// maxFields is how many fields one index may have; objects count.
	maxFields = 300
	// keywordLength is the longest keyword that is indexed, as ECS has it. The
	// sensor cuts its keywords to it.
	keywordLength = 1024
	// The stock templates have priorities of 100 and 200.
	datasetPriority = 250
	tenantPriority  = 300
)

// fieldTypes says which mapper stands for which where a server lacks it.
var fieldTypes = map[string]object{
	"match_only_text":  {"type": "text", "norms": false},
	"wildcard":         {"type": "keyword", "ignore_above": 8191},
	"constant_keyword": {"type": "keyword"},
	"flattened":        {"type": "flat_object"},
}

// property is how a field of this type is mapped on a server with these abilities.
func (a *Abilities) property(kind string) object {
	if other, known := fieldTypes[kind]; known && !a.Types[kind] {
		return maps.Clone(other)
	}
	p := object{"type": kind}
	if kind == "keyword" || kind == "flattened" {
		p["ignore_above"] = keywordLength
	}
	return p
}

// constant is a keyword that has the same value in the whole index: a document
// with another one is refused.
func (a *Abilities) constant(value string) object {
	p := a.property("constant_keyword")
	switch {
	case value == "" && a.OpenSearch: // it knows no constant that the first document sets
		return a.property("keyword")
	case value != "" && p["type"] == "constant_keyword":
		p["value"] = value
	}
	return p
}

// server is what the final pipeline writes.
var server = event.NewTable("server", "What the server adds.",
	event.Time("event.ingested", event.Technical, "when the server took it", func(event.Record) int64 { return 0 }),
	event.Text("error.message", event.Technical, "why a pipeline failed", func(event.Record) (string, bool) { return "", false }),
	event.String("brandmelder.origin", event.Technical, "verified, mismatch or unknown: is it the sensor that the key is of",
		func(event.Record) (string, bool) { return "", false }),
)

// mapping maps the fields of a dataset. It fails where two tables disagree.
func (a *Abilities) mapping(d Dataset) (object, error) {
	root := object{"dynamic": true, "date_detection": false, "properties": object{}}
	for _, t := range append([]*event.Table{server}, d.Tables...) {
		if err := a.add(root, "", t.Fields); err != nil {
			return nil, fmt.Errorf("dataset %s, table %s: %w", d.Name, t.Name, err)
		}
	}
	for _, t := range d.Facts {
		if err := a.addFacts(root, t); err != nil {
			return nil, fmt.Errorf("dataset %s: %w", d.Name, err)
		}
	}
	own, err := child(root, []string{"brandmelder"})
	if err != nil {
		return nil, err
	}
	own["dynamic"] = false
	for name, value := range map[string]string{"type": "logs", "dataset": "brandmelder." + d.Name, "namespace": ""} {
		if err := place(root, "data_stream."+name, a.constant(value)); err != nil {
			return nil, err
		}
	}
	return root, place(root, "organization.id", a.constant(""))
}

func (a *Abilities) add(root object, prefix string, fields []event.Field) error {
	for i := range fields {
		f := &fields[i]
		path := prefix + f.Path
		if strings.HasPrefix(path, "data_stream.") {
			continue // constants
		}
		if f.Type == event.TypeObject {
			if err := a.add(root, path+".", f.Sub); err != nil {
				return err
			}
			continue
		}
		if err := place(root, path, a.property(f.Type.String())); err != nil {
			return err
		}
	}
	return nil
}

// addFacts maps the object that holds a detector's facts.
func (a *Abilities) addFacts(root object, t *event.Table) error {
	for _, path := range t.Paths() {
		parts := strings.SplitN(path, ".", 3)
		if len(parts) < 3 || parts[0] != "brandmelder" {
			return fmt.Errorf("%s: the fact %s is not below brandmelder.%s", t.Name, path, t.Name)
		}
		if err := place(root, parts[0]+"."+parts[1], a.property("flattened")); err != nil {
			return err
		}
	}
	return nil
}

// child is the object mapping at a path, made where it is absent.
func child(root object, path []string) (object, error) {
	for i, name := range path {
		properties, ok := root["properties"].(object)
		if !ok {
			return nil, fmt.Errorf("%s is a field, so %s cannot lie below it", strings.Join(path[:i], "."), strings.Join(path, "."))
		}
		next, ok := properties[name].(object)
		if !ok {
			next = object{"properties": object{}}
			properties[name] = next
		}
		root = next
	}
	return root, nil
}

// place maps a field; the same field twice must be the same.
func place(root object, path string, p object) error {
	parts := strings.Split(path, ".")
	last := len(parts) - 1
	parent, err := child(root, parts[:last])
	if err != nil {
		return err
	}
	properties, ok := parent["properties"].(object)
	if !ok {
		return fmt.Errorf("%s lies below a field", path)
	}
	if had, ok := properties[parts[last]].(object); ok && !maps.Equal(had, p) {
		return fmt.Errorf("%s is %v and %v", path, had, p)
	}
	properties[parts[last]] = p
	return nil
}

// fieldCount counts the fields and objects of a mapping as a server does.
func fieldCount(mapping object) (n int) {
	properties, _ := mapping["properties"].(object)
	for _, p := range properties {
		n += 1 + fieldCount(p.(object))
	}
	return n
}
