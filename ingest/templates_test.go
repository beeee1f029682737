package ingest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// bodyOf is the planned body of a path, as text.
func bodyOf(t *testing.T, plan []Asset, path string) string {
	t.Helper()
	for _, a := range plan {
		if a.Path == path {
			b, err := json.Marshal(a.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
	}
	t.Fatalf("nothing at %s", path)
	return ""
}

func TestPlanFollowsTheServer(t *testing.T) {
	tenant := &Tenant{"hosp_a", "hosp-a"}
	poor := &Abilities{OpenSearch: true, Types: map[string]bool{"constant_keyword": true}}
	streams := whole()
	streams.Lifecycle = StreamLifecycle
	tests := []struct {
		name      string
		abilities *Abilities
		path      string
		has, not  []string
	}{
		{"sentences", whole(), "_component_template/brandmelder.alert@mappings", []string{`"message":{"type":"match_only_text"}`, `"finder":{"ignore_above":1024,"type":"flattened"}`, `"count":{"type":"long"}`, `"brandmelder":{"dynamic":false`}, []string{`"name":`}},
		{"poor sentences", poor, "_component_template/brandmelder.alert@mappings", []string{`"message":{"norms":false,"type":"text"}`, `"finder":{"type":"flat_object"}`}, nil},
		{"constants", whole(), "_component_template/brandmelder-hosp_a@tenant", []string{`"organization":{"properties":{"id":{"type":"constant_keyword","value":"hosp_a"}}}`, `"namespace":{"type":"constant_keyword","value":"hosp_a"}`}, nil},
		{"age", whole(), "_ilm/policy/brandmelder-400d", []string{`"max_age":"30d"`, `"min_age":"400d"`}, nil},
		{"age of streams", streams, "_component_template/brandmelder-400d", []string{`"data_retention":"400d"`}, nil},
		{"hooks", whole(), "_index_template/logs-brandmelder.alert-hosp_a", []string{`"priority":300`, `"brandmelder@custom","logs-brandmelder.alert@custom"]`, `"ignore_missing_component_templates":["brandmelder@custom"`, `"brandmelder-hosp_a@tenant"`, `"brandmelder-400d"`}, nil},
		{"no hooks", poor, "_index_template/logs-brandmelder.alert", []string{`"priority":250`}, []string{"@custom", "brandmelder-400d", "allow_auto_create"}},
		{"origin", whole(), "_ingest/pipeline/brandmelder@final", []string{"set_security_user", "copy_from"}, nil},
		{"no origin", poor, "_ingest/pipeline/brandmelder@final", []string{"{{_ingest.timestamp}}"}, []string{"set_security_user", "_meta"}},
		{"analyst", whole(), "_security/role/brandmelder-hosp_a-analyst", []string{`"logs-brandmelder.*-hosp_a"`, `"space:hosp-a"`, `.alerts-security.alerts-hosp-a`}, []string{"create_doc"}},
	}
	for _, tt := range tests {
		body := bodyOf(t, testPlan(t, tt.abilities, tenant), tt.path)
		for _, s := range tt.has {
			if !strings.Contains(body, s) {
				t.Errorf("%s: no %s in %s", tt.name, s, body)
			}
		}
		for _, s := range tt.not {
			if strings.Contains(body, s) {
				t.Errorf("%s: %s in %s", tt.name, s, body)
			}
		}
	}
}

func TestMappingRefusesWhatCannotBe(t *testing.T) {
	number := func(path string) event.Field {
		return event.Int(path, event.Technical, "n", func(event.Record) (int64, bool) { return 0, false })
	}
	word := event.String("a.b", event.Technical, "s", func(event.Record) (string, bool) { return "", false })
	var many []event.Field
	for i := range maxFields {
		many = append(many, number(fmt.Sprintf("x%d", i)))
	}
	tests := map[string]Dataset{
		"a.b is map":         {Tables: []*event.Table{event.NewTable("one", "", number("a.b")), event.NewTable("two", "", word)}},
		"a.b.c lies below":   {Tables: []*event.Table{event.NewTable("one", "", number("a.b")), event.NewTable("two", "", number("a.b.c"))}},
		"and an index takes": {Tables: []*event.Table{event.NewTable("one", "", many...)}},
		"is not below":       {Facts: []*event.Table{event.NewTable("one", "", number("a.b"))}},
	}
	for want, d := range tests {
		if _, err := whole().Plan([]Dataset{d}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
