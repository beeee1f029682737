package main

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

const ecsFile = "testdata/ecs-9.4.json"

var ecsFrom = flag.String("ecs", "", "write "+ecsFile+" anew from this file: all paths of ECS 9.4 with {type}")

// families are the types that Elasticsearch searches alike: a field of ours may
// have another type than ECS names, of the same family.
var families = map[string]string{
	"keyword": "keyword", "wildcard": "keyword",
	"text": "text", "match_only_text": "text",
	"long": "whole", "integer": "whole", "short": "whole", "byte": "whole", "unsigned_long": "whole",
	"float": "fraction", "half_float": "fraction", "scaled_float": "fraction", "double": "fraction",
	"object": "object", "nested": "object",
	"date": "date", "boolean": "boolean", "ip": "ip",
}

// ecsFields are all fields of all tables that are not our own; those of lists of
// objects stand by themselves as well.
func ecsFields() map[string]event.Type {
	out := map[string]event.Type{}
	var add func(prefix string, fields []event.Field)
	add = func(prefix string, fields []event.Field) {
		for i := range fields {
			f := &fields[i]
			path := prefix + f.Path
			if !strings.HasPrefix(path, "brandmelder.") {
				out[path] = f.Type
			}
			add(path+".", f.Sub)
		}
	}
	for _, table := range pipeline.Tables() {
		add("", table.Fields)
	}
	return out
}

func sameType(path string, ours event.Type, ecs string) bool {
	if ecs == "constant_keyword" {
		return ours == event.TypeKeyword && strings.HasPrefix(path, "data_stream.")
	}
	return families[ours.String()] != "" && families[ours.String()] == families[ecs]
}

func TestTablesFollowECS(t *testing.T) {
	if *ecsFrom != "" {
		pinECS(t, *ecsFrom)
	}
	types := readECS(t, ecsFile)
	fields := ecsFields()
	if len(fields) < 60 {
		t.Fatalf("only %d fields found", len(fields))
	}
	for path, ours := range fields {
		switch ecs, ok := types[path]; {
		case !ok:
			t.Errorf("%s is not pinned: write the file anew with -ecs, or if ECS %s has no such field, its place is below brandmelder.*", path, event.ECSVersion)
		case !sameType(path, ours, ecs.Type):
			t.Errorf("%s is %s, and %s in ECS", path, ours, ecs.Type)
		}
	}
	for path := range types {
		if _, ok := fields[path]; !ok {
			t.Errorf("%s is pinned and no table has it: write the file anew with -ecs", path)
		}
	}
}

type ecsType struct {
	Type string `json:"type"`
}

func readECS(t *testing.T, path string) map[string]ecsType {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]ecsType{}
	if err := json.Unmarshal(raw, &types); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return types
}

// pinECS keeps what our tables use of the schema.
func pinECS(t *testing.T, from string) {
	all, used := readECS(t, from), map[string]ecsType{}
	for path := range ecsFields() {
		if known, ok := all[path]; ok {
			used[path] = known
		}
	}
	raw, err := json.MarshalIndent(used, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ecsFile, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSameType(t *testing.T) {
	tests := []struct {
		path string
		ours event.Type
		ecs  string
		want bool
	}{
		{"data_stream.type", event.TypeKeyword, "constant_keyword", true},
		{"event.action", event.TypeKeyword, "constant_keyword", false},
		{"url.path", event.TypeKeyword, "wildcard", true},
		{"source.port", event.TypeKeyword, "long", false},
		{"source.ip", event.TypeKeyword, "ip", false},
		{"message", event.TypeText, "match_only_text", true},
		{"source.geo.location", event.TypeKeyword, "geo_point", false},
	}
	for _, tt := range tests {
		if got := sameType(tt.path, tt.ours, tt.ecs); got != tt.want {
			t.Errorf("%s %s %s: %v", tt.path, tt.ours, tt.ecs, got)
		}
	}
}
