package alert

import (
	"cmp"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// alert is one document of a story, as it stands when it is written.
type alert struct {
	*story
	spec    *detect.Spec // nil for a detector that is not on the shelf
	risk    float64
	reasons []string
	words
	source   *know.Zone // nil: in no zone
	target   *know.Zone
	hosts    []string
	users    []string
	examples []event.Record // flows as a person looks them up
	learning []baseline.Lesson
}

func (d *Desk) layout(facts *event.Table) *event.Layout {
	l := d.layouts[facts]
	if l == nil {
		l = event.NewLayout(event.HeaderTable, alertTable, event.CoverageTable, facts)
		d.layouts[facts] = l
	}
	return l
}

// writeAlert writes a story: revision 0 as an alert, later ones as its growth.
func (d *Desk) writeAlert(s *story) {
	f := &s.finding
	a := d.describe(s)
	h := &event.Header{
		Time: f.Time, Kind: "alert", Dataset: "alert", ID: s.id,
		Category: []string{"intrusion_detection", "network"}, Type: []string{"info"},
		Tags: d.tags(f), Observer: d.c.Observer,
	}
	if s.revision > 0 {
		h.Kind, h.Action, h.ID = "event", "alert-updated", s.id+"-"+itoa(int64(s.revision))
	}
	records := [4]event.Record{h, a, nil, f.Facts}
	if d.coverage != nil {
		records[2] = d.coverage
	}
	var facts *event.Table
	if f.Facts != nil {
		facts = f.Facts.Table()
	}
	d.emit(event.Doc{
		Dataset: h.Dataset, ID: h.ID, Time: h.Time, Keep: event.Decisions,
		JSON: d.layout(facts).Append(make([]byte, 0, 4096), records[:]...),
	})
}

// tags marks an alert of the exercise.
func (d *Desk) tags(f *event.Finding) []string {
	if len(f.Flows) == 0 {
		return nil
	}
	return d.c.Observer.Tags(f.Flows[0].Ingress)
}

// describe gathers what a person needs to decide.
func (d *Desk) describe(s *story) *alert {
	f := &s.finding
	a := &alert{story: s, spec: d.specs[f.Detector], learning: d.learners(f)}
	a.source, a.target = d.c.Know.Zone(f.Subject.Addr), d.c.Know.Zone(f.Peer.Addr)
	a.risk, a.reasons = risk(s, a.source, a.target)
	a.say(d.c.Lang, a, f.Facts, f.Rule)
	for _, e := range []*event.Entity{&f.Subject, &f.Peer} {
		a.hosts = appendNew(a.hosts, e.Name)
		a.users = appendNew(a.users, e.User)
	}
	for i := range f.Flows {
		a.examples = append(a.examples, &flowExample{&f.Flows[i], f.Subject.Addr})
	}
	return a
}

const maxLearners = 3

// learners are the detectors that still learn and might have said more of this
// finding: those of its family, then those that read the same records.
func (d *Desk) learners(f *event.Finding) (near []baseline.Lesson) {
	of, family := d.specs[f.Detector], f.Family
	if of != nil {
		family = cmp.Or(family, of.Family)
	}
	kin, reads := make([]baseline.Lesson, 0, maxLearners), []baseline.Lesson(nil)
	for _, l := range d.learning {
		switch s := d.specs[l.Name]; {
		case s == nil:
		case s.Family == family:
			kin = append(kin, l)
		case of != nil && slices.ContainsFunc(s.Wants, func(k string) bool { return !strings.HasPrefix(k, "flow.") && slices.Contains(of.Wants, k) }):
			reads = append(reads, l)
		}
	}
	near = append(kin, reads...)
	return near[:min(len(near), maxLearners)]
}

func appendNew(list []string, s string) []string {
	if s == "" || len(list) == 1 && list[0] == s {
		return list
	}
	return append(list, s)
}
