package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/output"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// Output is one more place where documents go, beside the journal. The keys that only
// its kind has are its own.
type Output struct {
	Common
	own  *yaml.Node // nil: the defaults of its kind
	path string     // of the file, for errors
}

// Common are the keys that every output has.
type Common struct {
	Name      string                  `yaml:"name"`       // kind of output: see `list outputs`
	As        string                  `yaml:"as"`         // what it is called; "": as its kind
	Party     string                  `yaml:"party"`      // provider: it leaves the institution; "" is our own
	View      string                  `yaml:"view"`       // full or pseudonyms; "" is what the party may see
	What      string                  `yaml:"what"`       // alerts, incidents or all; "" is what its kind gets
	Datasets  map[string]output.Share `yaml:"datasets"`   // over the usual ones: on, off, or 1 in 10
	PerMinute *int                    `yaml:"per_minute"` // messages at most, 0 without limit; absent: what its kind gets
}

// Views of an output.
const (
	Full       = "full"
	Pseudonyms = "pseudonyms"
)

// Sees is the view that the output has: our own see all, providers no names.
func (o *Common) Sees() string {
	if o.View == "" && o.Party == "provider" {
		return Pseudonyms
	}
	return cmp.Or(o.View, Full)
}

// Called is the output's name among the others: its cursor goes by it.
func (o *Common) Called() string { return cmp.Or(o.As, o.Name) }

// Choice is which documents it gets.
func (o *Common) Choice() output.Choice {
	c := output.Choice{What: o.What, Datasets: o.Datasets}
	if s := output.Find(o.Name); s != nil {
		c.What = cmp.Or(c.What, s.What)
	}
	return c
}

// Limit is how many messages a minute it gets, 0 without limit.
func (o *Common) Limit() int {
	if o.PerMinute != nil {
		return *o.PerMinute
	}
	if s := output.Find(o.Name); s != nil {
		return s.PerMinute
	}
	return 0
}

// UnmarshalYAML reads the common keys strictly and keeps the others for its kind.
func (o *Output) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return strict.At(n, "an output is a list of keys, such as {name: ndjson, path: FILE}")
	}
	common, own := *n, *n
	common.Content, own.Content = nil, nil
	keys := strict.Keys(Common{})
	for i := 0; i+1 < len(n.Content); i += 2 {
		to := &own
		if slices.Contains(keys, n.Content[i].Value) {
			to = &common
		}
		to.Content = append(to.Content, n.Content[i], n.Content[i+1])
	}
	o.own = &own
	return strict.Decode("", &common, &o.Common)
}

// MarshalYAML writes all of it.
func (o Output) MarshalYAML() (any, error) {
	var own any
	if o.own != nil {
		if err := o.own.Decode(&own); err != nil {
			return nil, err
		}
	}
	return []any{o.Common, own}, nil
}

// Settings are those of its kind, with what people wrote.
func (o *Output) Settings() (output.Settings, error) {
	spec := output.Find(o.Name)
	if spec == nil {
		return nil, errors.New("is not on the shelf; see list outputs")
	}
	s := spec.Settings()
	if o.own == nil {
		return s, nil
	}
	return s, strict.Decode(o.path, o.own, s)
}

// NewOutput is an output that was not read from a file; own are the keys of its kind.
func NewOutput(c Common, own map[string]any) (o Output, err error) {
	o = Output{Common: c, own: &yaml.Node{}}
	return o, o.own.Encode(own)
}

func (c *Config) validateOutputs(wrong wrong) {
	var names []string
	for _, s := range output.All() {
		names = append(names, s.Name)
	}
	called := map[string]bool{}
	for i := range c.Outputs {
		o := &c.Outputs[i]
		o.path = c.path
		at := func(key string, format string, args ...any) { wrong(fmt.Sprintf(format, args...), "outputs", i, key) }
		if !slices.Contains(names, o.Name) {
			wrong(strict.Unknown("output", o.Name, names), "outputs", i)
			continue
		}
		if o.Party != "" && o.Party != "provider" {
			at("party", "party %q: choose provider, or leave it out", o.Party)
		}
		if !slices.Contains([]string{"", Full, Pseudonyms}, o.View) {
			at("view", "view %q: choose full or pseudonyms", o.View)
		}
		if strings.Trim(o.Called(), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			at("as", "as %q: use lower-case letters, digits, - and _", o.As)
		}
		if called[o.Called()] {
			at("as", "two outputs are called %s: give this one another name with as", o.Called())
		}
		called[o.Called()] = true
		if o.Limit() < 0 {
			at("per_minute", "per_minute %d: choose 0 for no limit, or more", o.Limit())
		}
		if err := o.Choice().Check(); err != nil {
			at("what", "%s", err)
		}
	}
}

// CheckOutputs refuses settings that a kind of output does not have, and datasets that
// do not exist.
func (c *Config) CheckOutputs(datasets []string) error {
	for i := range c.Outputs {
		o := &c.Outputs[i]
		if _, err := o.Settings(); err != nil {
			return err
		}
		for name := range o.Datasets {
			if !slices.Contains(datasets, name) {
				return strict.InFile(o.path, strict.At(o.own, "%s", strict.Unknown("dataset", name, datasets)))
			}
		}
	}
	return nil
}

// OutputKeys lists every key that some output has.
func OutputKeys() (keys []string) {
	keys = strict.Keys(Common{})
	for _, s := range output.All() {
		keys = append(keys, strict.Keys(reflect.ValueOf(s.Settings()).Elem().Interface())...)
	}
	return keys
}
