// Package config is the one file people write: strict, so that a misspelt key is
// an error with its place and the key that was meant, and complete, so that the
// defaults alone make a sensor. What is in force has a hash that every run prints.
package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// Config is what is in force: the defaults, with the file over them.
type Config struct {
	Lang      string               `yaml:"lang"` // of messages: en or nl
	Observer  Observer             `yaml:"observer"`
	Namespace string               `yaml:"namespace"` // tenant: last part of the data stream's name
	Mirror    []string             `yaml:"mirror"`    // interfaces to watch; empty: that of the default route
	Capture   string               `yaml:"capture"`   // auto, xdp, filter or ring
	Zones     []Zone               `yaml:"zones"`
	Clinical  []string             `yaml:"clinical_shares"` // names of files on them are never kept
	Outputs   []Output             `yaml:"outputs"`
	Retention Retention            `yaml:"retention"`
	State     string               `yaml:"state_dir"` // "": the rule of StateDir
	Metrics   string               `yaml:"metrics"`   // loopback address and port of the figures for Prometheus; "": none
	Geo       Geo                  `yaml:"geo"`
	Limits    Limits               `yaml:"limits"`
	RulesDir  string               `yaml:"rules_dir"` // "": the rules that are built in
	Detectors map[string]yaml.Node `yaml:"detectors"` // each detector decodes its own

	path string // of the file, for errors
}

// Observer is this sensor.
type Observer struct {
	Name string `yaml:"name"` // "": the name of the host
}

// Zone is a part of the network with a name and a purpose, as in know.Zone.
type Zone struct {
	Name        string   `yaml:"name"`
	Networks    []Prefix `yaml:"networks"`
	Role        string   `yaml:"role"`
	Owner       string   `yaml:"owner"`
	Contact     string   `yaml:"contact"`
	Criticality string   `yaml:"criticality"`
	Supplier    string   `yaml:"supplier"`
	Scanners    []Prefix `yaml:"scanners"`
	Monitors    []Prefix `yaml:"monitors"`
}

// Retention is how long documents are kept, in days unless the name says otherwise.
type Retention struct {
	Decisions     int `yaml:"decisions" json:"decisions"` // alerts, incidents and what people decided
	Auth          int `yaml:"auth" json:"auth"`           // auth and asset
	FlowSummaries int `yaml:"flow_summaries" json:"flow_summaries"`
	Flow          int `yaml:"flow" json:"flow"`
	Protocols     int `yaml:"protocols" json:"protocols"` // dns, http, tls
	Health        int `yaml:"health" json:"health"`       // health and coverage
	Headers       int `yaml:"headers" json:"headers"`     // kept for a dossier
	Journal       int `yaml:"journal" json:"journal"`
	// GB, 10^9 bytes, of the whole state directory: flows and logins make room for the rest
	JournalGB float64 `yaml:"journal_gb" json:"journal_gb"`
}

// Geo names databases of places in MaxMind's format, "" without.
type Geo struct {
	City string `yaml:"city"`
	ASN  string `yaml:"asn"`
}

// Limits bounds the memory of the tables of flows.
type Limits struct {
	Flows   int `yaml:"flows"`
	Streams int `yaml:"streams"` // conversations whose bytes are read
}

// Default is what holds without a file.
func Default() *Config {
	return &Config{
		Lang: "en", Namespace: "default",
		Mirror: []string{}, Capture: "auto", Zones: []Zone{}, Clinical: []string{}, Outputs: []Output{},
		Detectors: map[string]yaml.Node{},
		Retention: Retention{
			Decisions: 400, Auth: 90, FlowSummaries: 90, Flow: 30, Protocols: 14,
			Health: 90, Headers: 30, Journal: 7, JournalGB: 10,
		},
		Limits: Limits{Flows: 131072, Streams: 32768},
	}
}

// Hash names what is in force: the first 12 hex digits of the SHA-256 of the
// configuration in canonical form. Comments, order and style do not change it.
func (c *Config) Hash() string {
	sections := make(map[string]any, len(c.Detectors))
	for name, node := range c.Detectors {
		var section any
		if err := node.Decode(&section); err != nil {
			section = err.Error()
		}
		sections[name] = section
	}
	plain := *c
	plain.Detectors = nil
	b, err := yaml.Marshal([]any{plain, sections})
	if err != nil {
		panic("config: a configuration that was read cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:12]
}

// Detector decodes the section of one detector strictly onto the defaults that
// the detector has set; without a section they stay.
func (c *Config) Detector(name string) detect.Decoder {
	return func(into any) error {
		node, ok := c.Detectors[name]
		if !ok {
			return nil
		}
		return strict.Decode(c.path, &node, into)
	}
}

// Know is what people tell about their network.
func (c *Config) Know() know.Config {
	k := know.Config{CityDB: c.Geo.City, ASNDB: c.Geo.ASN}
	for _, z := range c.Zones {
		k.Zones = append(k.Zones, know.Zone{
			Name: z.Name, Networks: prefixes(z.Networks), Role: z.Role, Owner: z.Owner, Contact: z.Contact,
			Criticality: z.Criticality, Supplier: z.Supplier, Scanners: prefixes(z.Scanners), Monitors: prefixes(z.Monitors),
		})
	}
	return k
}

// Prefix is a network, or one address.
type Prefix struct{ netip.Prefix }

// UnmarshalYAML reads 10.1.0.0/16, or 10.1.2.3 for that address alone.
func (p *Prefix) UnmarshalYAML(n *yaml.Node) error {
	prefix, err := ParsePrefix(n.Value)
	if err != nil {
		return strict.At(n, "%s", err)
	}
	p.Prefix = prefix
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (p Prefix) MarshalYAML() (any, error) { return p.String(), nil }

// ParsePrefix reads a network, or one address as the network of itself.
func ParsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is not a network: write 10.1.0.0/16, or one address such as 10.1.2.3", s)
	}
	return p.Masked(), nil
}

func prefixes(list []Prefix) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, p.Prefix)
	}
	return out
}
