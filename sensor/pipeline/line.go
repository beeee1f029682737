// Package pipeline joins the rooms into one line: capture → decode → flow → proto
// on the shards, then the merge, then know → detect → alert on one goroutine. A
// replay gives the same bytes at any number of shards.
package pipeline

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/rule"
)

// Config of a Line.
type Config struct {
	Shards     int // packet shards, 1 to 64; live: rings
	Flow       flow.Config
	Know       know.Config
	Alert      alert.Config // Know is filled in
	Detectors  func(name string) detect.Decoder
	Rules      *atomic.Pointer[rule.Set] // read anew for each event; nil without rules
	Clinical   []string                  // shares of patients' files, without the server: names of files on them are dropped
	AlertsOnly bool                      // documents of events are not made
	Learned    Learned
}

// Line is one run of the sensor. It is used once.
type Line struct {
	c       Config
	shards  []*shard
	intakes []*intake
	after   *after

	documents uint64
	glance    atomic.Pointer[health.Line] // live: the newest
}

// New builds a line whose documents go to emit, on the goroutine that runs the
// detectors. The bytes of a document are overwritten once emit returns.
func New(c Config, emit func(event.Doc)) (*Line, error) {
	if c.Shards < 1 || c.Shards > 64 {
		return nil, fmt.Errorf("shards: %d is not between 1 and 64", c.Shards)
	}
	k, err := know.New(c.Know)
	if err != nil {
		return nil, err
	}
	c.Alert.Know, c.Alert.AlertsOnly = k, c.AlertsOnly
	l := &Line{c: c}
	count := func(d event.Doc) {
		l.documents++
		emit(d)
	}
	l.after = &after{know: k, desk: alert.New(c.Alert, count), clinical: newClinical(c.Clinical), kinds: map[string]*kind{},
		canaries: make([]atomic.Uint64, c.Shards)}
	if !c.AlertsOnly {
		l.after.document = newDocument(c.Alert.Observer, count)
	}
	env := detect.Env{Know: k, State: baseline.NewStore(), Rules: c.Rules}
	for _, s := range detect.All() {
		d, err := newDetector(s, env, c.Detectors)
		if err != nil {
			return nil, err
		}
		d.report = l.after.report(s)
		l.after.detectors = append(l.after.detectors, d)
	}
	l.after.remember(c.Learned, k.State(), env.State)
	return l, nil
}

func newDetector(s *detect.Spec, env detect.Env, sections func(string) detect.Decoder) (detector, error) {
	decoder := detect.Decoder(func(any) error { return nil })
	if sections != nil {
		decoder = sections(s.Name)
	}
	d, err := s.New(env, decoder)
	if err != nil {
		return detector{}, fmt.Errorf("detector %s: %w", s.Name, err)
	}
	return detector{Detector: d, spec: s}, nil
}

// Replay reads a source to its end.
func (l *Line) Replay(ctx context.Context, source capture.Source) (Accounting, error) {
	in := newIntake(source, 0, nil)
	l.intakes = []*intake{in}
	for i := range l.c.Shards {
		l.shards = append(l.shards, newShard(i, l.c.Shards, l.c.Flow))
	}
	err := l.replay(ctx, in)
	l.after.close()
	a := l.account()
	a.Capture.Notes = append(a.Capture.Notes, in.notes()...)
	return a, err
}
