package pipeline

import (
	"slices"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// Tables lists the tables of every field that a document of the line can have,
// each once: for mappings, documentation and the test against the schema.
func Tables() []*event.Table {
	all := []*event.Table{
		event.HeaderTable, flowTable, endsTable, clockTable, blindTable, health.Table, flow.AnomalyTable, event.CoverageTable,
		(*event.Traffic)(nil).Table(), (*event.Login)(nil).Table(),
	}
	all = append(all, alert.Tables()...)
	for _, s := range proto.All() {
		all = append(all, s.Tables...)
	}
	var once []*event.Table
	for _, t := range all {
		if !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return once
}
