package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// Every dataset has a mapping that an index takes, on a whole server and on a poor
// one, and between them the datasets have every field of every table.
func TestEveryDatasetHasAMapping(t *testing.T) {
	sets := datasets(config.Default().Retention)
	for _, a := range []*ingest.Abilities{
		{Types: map[string]bool{"match_only_text": true, "wildcard": true, "constant_keyword": true, "flattened": true}, IgnoreMissing: true},
		{OpenSearch: true, Types: map[string]bool{}},
	} {
		if _, err := a.Plan(sets, &ingest.Tenant{Namespace: "hosp_a", Space: "hosp-a"}); err != nil {
			t.Error(err)
		}
	}
	var mapped []*event.Table
	for _, d := range sets {
		mapped = slices.Concat(mapped, d.Tables, d.Facts)
		if d.Days < 14 || strings.ContainsAny(d.Name, "-_ ") {
			t.Errorf("%s is kept %d days", d.Name, d.Days)
		}
	}
	for _, table := range pipeline.Tables() {
		if !slices.Contains(mapped, table) {
			t.Errorf("no dataset has the fields of %s", table.Name)
		}
	}
}

// A dataset that a replay writes is one of those that are mapped, with every path.
func TestEveryDocumentIsMapped(t *testing.T) {
	fields := elasticFields(datasets(config.Default().Retention))
	seen := 0
	for _, d := range replayed(t, "x") {
		document, err := event.ParseDocument(d.JSON)
		if err != nil {
			t.Fatal(err)
		}
		known := fields[d.Dataset]
		if known == nil {
			t.Fatalf("no mapping for %s", d.Dataset)
		}
		for _, path := range pathsIn(document, known) {
			seen++
			if _, ok := known[path]; !ok {
				t.Fatalf("%s: %s is not mapped", d.Dataset, path)
			}
		}
	}
	if seen < 50_000 {
		t.Errorf("only %d values seen", seen)
	}
}

// pathsIn are the paths of a document's values; what is mapped as a whole is one.
func pathsIn(document map[string]any, known map[string]event.Type) (paths []string) {
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		kind, mapped := known[prefix]
		object, isObject := v.(map[string]any)
		if list, ok := v.([]any); ok && mapped && kind == event.TypeObject {
			for _, one := range list {
				walk(prefix, one)
			}
			return
		}
		if !isObject || mapped && kind != event.TypeObject {
			paths = append(paths, prefix)
			return
		}
		for name, inner := range object {
			walk(strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	}
	walk("", document)
	return paths
}

// What is expected a day is what the output gets: not what it leaves here, and a sample of
// what it samples.
func TestExpectedIsWhatShips(t *testing.T) {
	const hour = int64(time.Hour)
	dir := t.TempDir()
	var docs []event.Doc
	for n := range int64(1001) {
		for _, dataset := range []string{"dns", "flow", "coverage"} {
			docs = append(docs, event.Doc{Dataset: dataset, ID: fmt.Sprint(dataset, n), Time: 1 + n*12*hour/1000, JSON: []byte("{}")})
		}
	}
	j, err := journal.Open(dir)
	check(t, err)
	check(t, errors.Join(j.Append(docs), j.Close()))
	for text, want := range map[string]map[string]float64{
		"[]": {"flow": 2002, "coverage": 2002},
		"[{name: syslog}, {name: elasticsearch, datasets: {dns: 1 in 10, flow: off}}]": {"dns": 202, "coverage": 2002},
	} {
		var outputs []config.Output
		check(t, yaml.Unmarshal([]byte(text), &outputs))
		list, err := perDay(dir, config.Default().Retention, shipped(outputs))
		check(t, err)
		got := map[string]float64{}
		for _, d := range list {
			got[d.Dataset] = d.Documents
		}
		if off := math.Abs(got["dns"] - want["dns"]); off > 40 {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
		delete(got, "dns") // a sample
		delete(want, "dns")
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}
