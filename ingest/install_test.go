package ingest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// shelf is a server that keeps what is put and gives it back as Elasticsearch does.
type shelf struct {
	kept map[string]object
	said map[string]string // answers to other requests
	puts []string
	busy int // requests that are told to wait
}

func (s *shelf) Perform(r *http.Request) (*http.Response, error) {
	if s.busy > 0 {
		s.busy--
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	if said, ok := s.said[r.Method+" "+path]; ok {
		s.puts = append(s.puts, r.Method+" "+path)
		return answer(http.StatusOK, said)
	}
	if r.Method == http.MethodPut {
		var body object
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return nil, err
		}
		s.kept[path] = body
		s.puts = append(s.puts, path)
		return answer(http.StatusOK, `{"acknowledged":true}`)
	}
	body, ok := s.kept[path]
	if !ok {
		return answer(http.StatusNotFound, `{"error":{"reason":"none","caused_by":{"reason":"not there"}}}`)
	}
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	var out object
	switch kind := strings.TrimPrefix(parts[0], "_"); kind {
	case "component_template", "index_template":
		out = object{kind + "s": []any{object{"name": last, kind: body}}}
	case "ilm":
		out = object{last: object{"version": 1, "policy": body["policy"]}}
	default:
		out = object{last: body}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, string(b))
}

var testTable = event.NewTable("test", "A record of the test.",
	event.Int("brandmelder.test.count", event.Technical, "how many", func(event.Record) (int64, bool) { return 0, false }),
	event.Text("message", event.Personal, "a sentence", func(event.Record) (string, bool) { return "", false }),
	event.String("data_stream.dataset", event.Technical, "dataset", func(event.Record) (string, bool) { return "", false }),
)

var factTable = event.NewTable("facts", "Facts of the test.",
	event.Int("brandmelder.finder.count", event.Technical, "how many", func(event.Record) (int64, bool) { return 0, false }),
	event.String("brandmelder.finder.name", event.Technical, "what", func(event.Record) (string, bool) { return "", false }),
)

func testPlan(t *testing.T, a *Abilities, tenant *Tenant) []Asset {
	t.Helper()
	plan, err := a.Plan([]Dataset{{Name: "alert", Days: 400, Tables: []*event.Table{testTable}, Facts: []*event.Table{factTable}}}, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func whole() *Abilities {
	return &Abilities{Security: true, IgnoreMissing: true, Lifecycle: ILM,
		Types: map[string]bool{"match_only_text": true, "wildcard": true, "constant_keyword": true, "flattened": true}}
}

func TestInstallIsIdempotent(t *testing.T) {
	server := &shelf{kept: map[string]object{}, busy: 1}
	admin := &Admin{server}
	plan := testPlan(t, whole(), &Tenant{"hosp_a", "hosp-a"})
	changes, err := admin.Compare(t.Context(), plan)
	if err != nil || len(changes) != len(plan) || !changes[0].New {
		t.Fatalf("%d of %d changes, %v", len(changes), len(plan), err)
	}
	if err := admin.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"_ilm/policy/brandmelder-400d", "_component_template/brandmelder-400d", "_ingest/pipeline/brandmelder@final",
		"_component_template/brandmelder@settings", "_component_template/brandmelder-hosp_a@tenant",
		"_component_template/brandmelder.alert@mappings", "_index_template/logs-brandmelder.alert", "_index_template/logs-brandmelder.alert-hosp_a",
		"_security/role/brandmelder-hosp_a-analyst",
	}
	if d := cmp.Diff(want, server.puts); d != "" {
		t.Error(d)
	}
	if again, err := admin.Compare(t.Context(), plan); err != nil || len(again) > 0 {
		t.Errorf("again: %v %v", again, err)
	}
}

func TestCompareSaysWhatDiffers(t *testing.T) {
	server := &shelf{kept: map[string]object{}, said: map[string]string{
		"GET _resolve/index/logs-brandmelder.*":   `{"data_streams":[{"name":"logs-brandmelder.alert-x"},{"name":"logs-brandmelder.flow-x"}]}`,
		"POST logs-brandmelder.alert-x/_rollover": `{}`,
	}}
	admin := &Admin{server}
	plan := testPlan(t, whole(), nil)
	changes, _ := admin.Compare(t.Context(), plan)
	if err := admin.Apply(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	mapping := server.kept["_component_template/brandmelder.alert@mappings"]["template"].(object)["mappings"].(object)
	mapping["properties"].(object)["brandmelder"].(object)["dynamic"] = "false" // as a server writes it
	mapping["properties"].(object)["message"] = object{"type": "keyword"}
	server.kept["_index_template/logs-brandmelder.alert"]["created_date"] = "today"
	changes, err := admin.Compare(t.Context(), plan)
	if err != nil || len(changes) != 1 {
		t.Fatalf("%v %v", changes, err)
	}
	want := []string{"- template.mappings.properties.message.type: keyword", "+ template.mappings.properties.message.type: match_only_text"}
	if d := cmp.Diff(want, changes[0].Diff); d != "" {
		t.Error(d)
	}
	done, err := admin.Rollover(t.Context(), changes)
	if d := cmp.Diff([]string{"logs-brandmelder.alert-x"}, done); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestNewKeyIsLimited(t *testing.T) {
	server := &shelf{said: map[string]string{
		"POST _security/api_key": `{"id":"abc","api_key":"s3cret"}`,
		"GET _security/api_key":  `{"api_keys":[{"id":"old","invalidated":false},{"id":"older","invalidated":true}]}`,
	}}
	admin := &Admin{server}
	tenant := &Tenant{"hosp_a", "hosp-a"}
	key, err := admin.NewKey(t.Context(), tenant, "north")
	if err != nil || key.String() != "abc:s3cret" {
		t.Errorf("%v %v", key, err)
	}
	ids, err := admin.Keys(t.Context(), tenant, "north")
	if d := cmp.Diff([]string{"old"}, ids); d != "" || err != nil {
		t.Error(d, err)
	}
	b, _ := json.Marshal(sensorRights(tenant))
	const want = `{"sensor":{"cluster":["monitor"],"indices":[{"names":["logs-brandmelder.*-hosp_a"],"privileges":["auto_configure","create_doc"]},` +
		`{"names":["logs-brandmelder.alert-hosp_a"],"privileges":["read"]}]}}`
	if string(b) != want {
		t.Error(string(b))
	}
}

func TestReasonIsTheInnermost(t *testing.T) {
	answer := object{"error": object{"reason": "outer", "caused_by": object{"reason": "", "caused_by": object{"reason": "inner"}}}}
	if got := reason(answer, 400); got != "status 400 inner" {
		t.Error(got)
	}
	if got := reason(object{"error": "no handler"}, 405); got != "status 405 no handler" {
		t.Error(got)
	}
}
