// Package detect is the shelf of detectors: events in, findings out. One file
// holds one detector: its state, its defaults with their reasons, its facts with
// their field table, and its Spec. A detector reports; it never words, scores
// across detectors, suppresses or writes. All of them run on one goroutine, in
// order of name, over one ordered stream of events.
package detect

import (
	"fmt"
	"sort"
	"sync/atomic"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// Report hands a finding on.
type Report func(event.Finding)

// Detector watches the stream.
type Detector interface {
	// Observe sees each event whose Kind the Spec wants.
	Observe(e *event.Event, report Report)
	// Tick is called every TickEvery of packet time, and once at the end.
	Tick(now int64, report Report)
}

// TickEvery is the distance between ticks, ns of packet time.
const TickEvery = 10_000_000_000

// AllKinds among what a Spec wants is every kind of event.
const AllKinds = "*"

// Env is what a detector may use.
type Env struct {
	Know  *know.Know
	State *baseline.Store
	Rules *atomic.Pointer[rule.Set] // replaced whole when rules are read anew; nil without rules
}

// Decoder decodes the detector's own section of the configuration strictly onto
// defaults that the detector has set in into. Without a section it does nothing.
type Decoder func(into any) error

// Spec describes a detector.
type Spec struct {
	Name      string   // as brandmelder.detector says it, lower case with dashes
	Doc       string   // one line for people: what it finds
	Family    string   // one of event.Families
	Technique []string // ATT&CK ids, any that ingest/kibana/attack.txt has
	Class     event.Class
	Severity  event.Severity // of a finding that names none
	Wants     []string       // kinds of events
	Facts     *event.Table   // fields of its findings
	// New decodes the detector's section onto its defaults; one without keys decodes
	// into &struct{}{}, so that a key is refused.
	New func(Env, Decoder) (Detector, error)
}

var registry []*Spec

// register puts a detector on the shelf: once per name, from an init function.
func register(s Spec) {
	for _, other := range registry {
		if other.Name == s.Name {
			panic(fmt.Sprintf("detect: %s registered twice", s.Name))
		}
	}
	registry = append(registry, &s)
	sort.Slice(registry, func(i, j int) bool { return registry[i].Name < registry[j].Name })
}

// All lists the detectors by name. The slice is the caller's, the specs are not.
func All() []*Spec { return append([]*Spec(nil), registry...) }
