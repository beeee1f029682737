package config

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// validate refuses values that cannot be meant. root is the file, for the places.
func (c *Config) validate(root *yaml.Node) (err error) {
	wrong := func(text string, path ...any) {
		if err == nil {
			err = strict.InFile(c.path, strict.At(strict.Find(root, path...), "%s", text))
		}
	}
	if c.Lang != "en" && c.Lang != "nl" {
		wrong(fmt.Sprintf("lang %q: choose en or nl", c.Lang), "lang")
	}
	if c.Namespace == "" || strings.Trim(c.Namespace, "abcdefghijklmnopqrstuvwxyz0123456789_.") != "" {
		wrong(fmt.Sprintf("namespace %q: use lower-case letters, digits, _ and .", c.Namespace), "namespace")
	}
	if !slices.Contains([]string{"auto", "xdp", "filter", "ring"}, c.Capture) {
		wrong(fmt.Sprintf("capture %q: choose auto, xdp, filter or ring", c.Capture), "capture")
	}
	if at, err := netip.ParseAddrPort(c.Metrics); c.Metrics != "" && (err != nil || !at.Addr().IsLoopback()) {
		wrong(fmt.Sprintf("metrics %q: write a loopback address with a port, such as 127.0.0.1:9477", c.Metrics), "metrics")
	}
	within := func(section, key string, n, least, most int) {
		if n < least || n > most {
			wrong(fmt.Sprintf("%s %d: choose %d to %d", key, n, least, most), section, key)
		}
	}
	within("limits", "flows", c.Limits.Flows, 1024, 1<<24)
	within("limits", "streams", c.Limits.Streams, 1024, 1<<24)
	c.Retention.validate(within, wrong)
	c.validateZones(wrong)
	c.validateOutputs(wrong)
	for i, share := range c.Clinical {
		if share == "" || strings.ContainsAny(share, `\/`) {
			wrong(fmt.Sprintf("share %q: write its name alone, without server and path", share), "clinical_shares", i)
		}
	}
	names := detectors()
	for _, name := range slices.Sorted(maps.Keys(c.Detectors)) {
		if !slices.Contains(names, name) {
			wrong(strict.Unknown("detector", name, names), "detectors", name)
		}
	}
	return err
}

// wrong tells what is wrong, and the path of keys and indexes to where.
type wrong = func(text string, path ...any)

func (r *Retention) validate(within func(section, key string, n, least, most int), wrong wrong) {
	for _, x := range []struct {
		key string
		n   int
	}{
		{"decisions", r.Decisions}, {"auth", r.Auth}, {"flow_summaries", r.FlowSummaries}, {"flow", r.Flow},
		{"protocols", r.Protocols}, {"health", r.Health}, {"headers", r.Headers},
		{"journal", r.Journal},
	} {
		within("retention", x.key, x.n, 1, 36500)
	}
	if !(r.JournalGB >= journal.LeastGB && r.JournalGB <= 36500) {
		wrong(fmt.Sprintf("journal_gb %v: choose %v to 36500; 0.5 is 500 MB", r.JournalGB, journal.LeastGB), "retention", "journal_gb")
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

func detectors() (names []string) {
	for _, s := range detect.All() {
		names = append(names, s.Name)
	}
	return names
}
