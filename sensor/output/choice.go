package output

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Share is how much of a dataset is wanted: 0 none, 1 all, n one document in n.
type Share int

// UnmarshalYAML reads on, off, or 1 in N.
func (s *Share) UnmarshalYAML(n *yaml.Node) error {
	switch text := strings.Join(strings.Fields(n.Value), " "); text {
	case "on", "true":
		*s = 1
	case "off", "false":
		*s = 0
	default:
		rest, ok := strings.CutPrefix(text, "1 in ")
		of, err := strconv.Atoi(rest)
		if !ok || err != nil || of < 1 || of > 1e6 {
			return fmt.Errorf("line %d: write on, off, or 1 in 10", n.Line) // not what stands there, which may be a secret
		}
		*s = Share(of)
	}
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (s Share) MarshalYAML() (any, error) { return s.String(), nil }

func (s Share) String() string {
	switch s {
	case 0:
		return "off"
	case 1:
		return "on"
	}
	return fmt.Sprintf("1 in %d", int(s))
}

// usual is what ships without a setting; every other dataset is off. flow is the
// document that a flow ends with, flow.start and flow.alive those before it.
var usual = map[string]Share{
	"alert": 1, "incident": 1, "decision": 1, "health": 1, "coverage": 1, "asset": 1, "auth": 1, "flow": 1,
}

// Choice is which documents an output gets.
type Choice struct {
	What     string
	Datasets map[string]Share
}

// Check refuses what cannot be meant.
func (c Choice) Check() error {
	switch c.What {
	case Alerts, Incidents:
		if len(c.Datasets) > 0 {
			return errors.New("datasets are chosen only with what: all")
		}
	case Everything:
	default:
		return fmt.Errorf("what %q: choose alerts, incidents or all", c.What)
	}
	return nil
}

// Share is how much of a dataset is wanted.
func (c Choice) Share(dataset string) Share {
	if s, ok := c.Datasets[dataset]; ok {
		return s
	}
	return usual[dataset]
}

// Wants reports whether the output gets a document. A sample is drawn by the id, so
// that a smaller one is a part of a larger one.
func (c Choice) Wants(d *event.Doc) bool {
	switch c.What {
	case Alerts:
		return d.Dataset == "alert" && bytes.Contains(d.JSON, newAlert) && !bytes.Contains(d.JSON, suppressed)
	case Incidents:
		return d.Dataset == "incident" && (bytes.Contains(d.JSON, opened) || bytes.Contains(d.JSON, closed))
	}
	share := c.Share(name(d))
	if share < 2 {
		return share == 1
	}
	h := fnv.New32a()
	h.Write([]byte(d.ID))
	return h.Sum32()%uint32(share) == 0
}

var (
	newAlert   = []byte(`"kind":"alert"`)
	suppressed = []byte(`"suppression":{`)
	opened     = []byte(`"action":"incident-opened"`)
	closed     = []byte(`"action":"incident-closed"`)
	flowStart  = []byte(`"action":"flow-start"`)
	flowAlive  = []byte(`"action":"flow-alive"`)
)

// name is the dataset, by phase for flows.
func name(d *event.Doc) string {
	switch {
	case d.Dataset != "flow":
	case bytes.Contains(d.JSON, flowAlive):
		return "flow.alive"
	case bytes.Contains(d.JSON, flowStart):
		return "flow.start"
	}
	return d.Dataset
}
