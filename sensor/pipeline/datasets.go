package pipeline

import (
	"cmp"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// Dataset is one data stream's worth of documents.
type Dataset struct {
	Name   string
	OfFlow bool           // its documents say who talks to whom
	Own    []*event.Table // beside the header and what OfFlow says
	Facts  []*event.Table // of detectors: each has an object of its own below brandmelder
}

// FlowTables say who talks to whom, on every document that belongs to a flow.
func FlowTables() []*event.Table { return []*event.Table{flowTable, endsTable} }

// Datasets lists what documents there are, by name: the tables of each, for the
// mappings of an index. A dataset is one of those that shapeOf names.
func Datasets() []Dataset {
	sets := map[string]*Dataset{}
	add := func(kind string, ofFlow bool, tables ...*event.Table) {
		name := shapeOf(kind).dataset
		s := sets[name]
		if s == nil {
			s = &Dataset{Name: name}
			sets[name] = s
		}
		s.OfFlow = s.OfFlow || ofFlow
		for _, t := range tables {
			if !slices.Contains(s.Own, t) {
				s.Own = append(s.Own, t)
			}
		}
	}
	add("flow.end", true, (*event.Traffic)(nil).Table())
	add("auth", true, (*event.Login)(nil).Table())
	add("anomaly", true, flow.AnomalyTable)
	add("clock", false, clockTable)
	add("capture.blind", false, blindTable)
	add("status", false, health.Table)
	add("coverage", false, event.CoverageTable)
	for _, p := range proto.All() {
		for _, t := range p.Tables {
			add(t.Name, true, t)
		}
	}
	own, facts := alert.Tables()[:3], alert.Tables()[3:]
	add("alert", false, own[0], event.CoverageTable)
	add("incident", false, own[1])
	add("decision", false, own[2])
	sets["alert"].Facts = facts
	var list []Dataset
	for _, s := range sets {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Dataset) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
