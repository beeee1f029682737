package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// validate refuses values that cannot be meant. root is the file, for the places.
func (c *Config) validate(root *yaml.Node) (err error) {
	wrong := func(format string, path ...any) {
		if err == nil {
			err = inFile(c.path, &placed{find(root, path...), format})
		}
	}
	if c.Lang != "en" && c.Lang != "nl" {
		wrong(fmt.Sprintf("lang %q: choose en or nl", c.Lang), "lang")
	}
	if c.Namespace == "" || strings.Trim(c.Namespace, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" {
		wrong(fmt.Sprintf("namespace %q: use lower-case letters, digits, _ and .", c.Namespace), "namespace")
	}
	for name, n := range map[string]int{"flows": c.Limits.Flows, "streams": c.Limits.Streams} {
		if n < 1024 || n > 1<<24 {
			wrong(fmt.Sprintf("%s %d: choose 1024 to 16777216", name, n), "limits", name)
		}
	}
	c.validateRetention(wrong)
	c.validateZones(wrong)
	c.validateOutputs(wrong)
	names := detectors()
	for _, name := range slices.Sorted(maps.Keys(c.Detectors)) {
		if !slices.Contains(names, name) {
			wrong(unknown("detector", name, names), "detectors", name)
		}
	}
	return err
}

// wrong tells what is wrong, and the path of keys and indexes to where.
type wrong = func(text string, path ...any)

func (c *Config) validateRetention(wrong wrong) {
	r := c.Retention
	for name, n := range map[string]int{
		"decisions": r.Decisions, "auth": r.Auth, "flow_summaries": r.FlowSummaries, "flow": r.Flow, "protocols": r.Protocols,
		"health": r.Health, "headers": r.Headers, "journal": r.Journal, "journal_gb": r.JournalGB,
	} {
		if n < 1 || n > 36500 {
			wrong(fmt.Sprintf("%s %d: choose 1 or more", name, n), "retention", name)
		}
	}
}

// validateZones adds the zones one by one, so that the first that contradicts
// the ones before it is named with its line.
func (c *Config) validateZones(wrong wrong) {
	zones := c.Know().Zones
	for i, z := range zones {
		if len(z.Networks) == 0 {
			wrong(fmt.Sprintf("zone %q has no networks", z.Name), "zones", i)
		}
		if _, err := know.New(know.Config{Zones: zones[:i+1]}); err != nil {
			wrong(err.Error(), "zones", i)
			return
		}
	}
}

func (c *Config) validateOutputs(wrong wrong) {
	var names []string
	for _, s := range output.All() {
		names = append(names, s.Name)
	}
	for i, o := range c.Outputs {
		if !slices.Contains(names, o.Name) {
			wrong(unknown("output", o.Name, names), "outputs", i)
		}
		if !slices.Contains([]string{"", "full", "pseudonyms"}, o.View) {
			wrong(fmt.Sprintf("view %q: choose full or pseudonyms", o.View), "outputs", i, "view")
		}
		if o.Path == "" {
			wrong("path is required", "outputs", i)
		}
	}
}

func detectors() (names []string) {
	for _, s := range detect.All() {
		names = append(names, s.Name)
	}
	return names
}

// find is the node at a path of keys and indexes, or the nearest above it.
func find(n *yaml.Node, path ...any) *yaml.Node {
	if len(path) == 0 {
		return n
	}
	switch at := path[0].(type) {
	case int:
		if n.Kind == yaml.SequenceNode && at < len(n.Content) {
			return find(n.Content[at], path[1:]...)
		}
	case string:
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == at {
				return find(n.Content[i+1], path[1:]...)
			}
		}
	}
	return n
}
