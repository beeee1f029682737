package main

import (
	"slices"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// datasets are all data streams that a sensor can fill, with the fields and the age
// of each.
func datasets(r config.Retention) (list []ingest.Dataset) {
	for _, d := range pipeline.Datasets() {
		tables := []*event.Table{event.HeaderTable}
		if d.OfFlow {
			tables = append(tables, pipeline.FlowTables()...)
		}
		list = append(list, ingest.Dataset{
			Name: d.Name, Tables: slices.Concat(tables, d.Own), Facts: d.Facts, Days: daysOf(d.Name, r),
		})
	}
	return list
}

// daysOf is how long an index keeps a dataset.
func daysOf(dataset string, r config.Retention) int {
	switch dataset {
	case "alert", "incident", "decision":
		return r.Decisions
	case "auth", "asset":
		return r.Auth
	case "flow":
		return r.Flow
	case "coverage", "health":
		return r.Health
	}
	return r.Protocols
}
