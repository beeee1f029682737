package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/config"
)

// as is the server seen with the key of a sensor.
func (r *real) as(key ingest.Key) *ingest.Admin {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key.String()), 0o600); err != nil {
		r.t.Fatal(err)
	}
	client, err := ingest.Open(ingest.Settings{Hosts: []string{os.Getenv(elasticURL)}, APIKeyFile: file, Timeout: time.Minute})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { client.Close() })
	return &ingest.Admin{Transport: client}
}

// create stores one document and returns what became of it: the status of the item,
// and the reason where there is one.
func (r *real) create(who *ingest.Admin, target, id, document string) (status string, reason string) {
	r.t.Helper()
	body := `{"create":{"_index":"` + target + `","_id":"` + id + `"}}` + "\n" + document + "\n"
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "/_bulk?refresh=true", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := who.Transport.Perform(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	var in struct {
		Items []struct {
			Create struct {
				Status json.Number
				Error  json.RawMessage
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&in); err != nil || len(in.Items) != 1 {
		r.t.Fatalf("bulk: %d %v %v", answer.StatusCode, in, err)
	}
	return in.Items[0].Create.Status.String(), string(bytes.TrimSpace(in.Items[0].Create.Error))
}

const trueDocument = `{"@timestamp":"2026-01-01T00:00:00Z","observer":{"name":"north"},"data_stream":{"type":"logs","dataset":"brandmelder.alert","namespace":"NS"}}`

// The key of one tenant's sensor reaches nothing of another's, and nothing of the
// server's own.
func TestElasticKeepsTenantsApart(t *testing.T) {
	r := realServer(t)
	if !r.has.Security {
		t.Skipf("%s has no users here", r.has.Version)
	}
	key, err := r.NewKey(t.Context(), r.a, "north")
	if err != nil {
		t.Fatal(err)
	}
	standing, err := r.as(key).Transport.(*ingest.Client).Standing(t.Context(), datasets(config.Default().Retention), r.a)
	if err != nil || len(standing.Missing) > 0 || slices.ContainsFunc(standing.Rights, func(right ingest.Right) bool { return right.Has != right.Wanted }) {
		t.Errorf("what check asks with the sensor's key: %+v %v", standing, err)
	}
	if ids, err := r.Keys(t.Context(), r.a, "north"); err != nil || len(ids) != 1 || ids[0] != key.ID {
		t.Errorf("keys in force: %v %v", ids, err)
	}
	mine, theirs := stream("alert", r.a.Namespace), stream("alert", r.b.Namespace)
	own := strings.ReplaceAll(trueDocument, "NS", r.a.Namespace)
	r.create(r.Admin, theirs, "tenant-b", strings.ReplaceAll(trueDocument, "NS", r.b.Namespace))
	a := r.as(key)
	for _, tt := range []struct{ target, id, document, want string }{
		{mine, "k1", own, "201"},
		{mine, "k1", own, "409"},
		{theirs, "k2", strings.ReplaceAll(trueDocument, "NS", r.b.Namespace), "403"},
		{"logs-other-" + r.a.Namespace, "k3", own, "403"},
	} {
		if got, why := r.create(a, tt.target, tt.id, tt.document); got != tt.want {
			t.Errorf("create in %s: %s %s, want %s", tt.target, got, why, tt.want)
		}
	}
	r.refusesKey(a, mine, theirs)
	if err := r.EndKeys(t.Context(), []string{key.ID}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.as(key).Call(t.Context(), http.MethodGet, "/"+mine+"/_search", nil); err == nil {
		t.Error("a key that was ended is still taken")
	}
}

func (r *real) refusesKey(a *ingest.Admin, mine, theirs string) {
	r.t.Helper()
	everything := map[string]any{"query": map[string]any{"match_all": map[string]any{}}}
	for _, tt := range []struct {
		method, path string
		body         map[string]any
		want         int
	}{
		{"POST", mine + "/_search", everything, 200},
		{"POST", stream("auth", r.a.Namespace) + "/_search", everything, 403},
		{"POST", theirs + "/_search", everything, 403},
		{"GET", theirs + "/_mapping", nil, 403},
		{"GET", theirs + "/_count", nil, 403},
		{"POST", mine + "," + theirs + "/_search", everything, 403},
		{"POST", mine + "/_delete_by_query", everything, 403},
		{"POST", mine + "/_update_by_query", everything, 403},
		{"POST", "_aliases", map[string]any{"actions": []any{map[string]any{"add": map[string]any{"index": theirs, "alias": "logs-brandmelder.alias-" + r.a.Namespace}}}}, 403},
		{"POST", "_reindex", map[string]any{"source": map[string]any{"index": theirs}, "dest": map[string]any{"index": mine, "op_type": "create"}}, 403},
		{"PUT", "_ingest/pipeline/brandmelder@final", map[string]any{"processors": []any{}}, 403},
		{"PUT", "_index_template/logs-brandmelder.alert-" + r.a.Namespace, map[string]any{"index_patterns": []any{"x"}}, 403},
		{"POST", "_security/api_key", map[string]any{"name": "more"}, 403},
		{"PUT", mine + "/_settings", map[string]any{"index.final_pipeline": "_none"}, 403},
		{"POST", mine + "/_rollover", nil, 403},
	} {
		answer, status, err := a.Call(r.t.Context(), tt.method, tt.path, tt.body)
		if err != nil || status != tt.want {
			r.t.Errorf("%s %s: %d %v %v, want %d", tt.method, tt.path, status, answer, err, tt.want)
		}
	}
	// A search over all it may see is no error: it sees its own alerts only.
	hits := (&real{t: r.t, Admin: a}).hits("logs-brandmelder.*", map[string]any{"size": 1000})
	for _, h := range hits {
		if !strings.Contains(h["_index"].(string), mine) {
			r.t.Errorf("it reads %s", h["_index"])
		}
	}
	if len(hits) == 0 {
		r.t.Error("it does not read its own alert")
	}
}

// A document that names another tenant is refused, whatever the key; one that names
// another sensor is stored with that said.
func TestElasticRefusesForgedTenant(t *testing.T) {
	r := realServer(t)
	mine := stream("alert", r.a.Namespace)
	own := strings.ReplaceAll(trueDocument, "NS", r.a.Namespace)
	forged := strings.ReplaceAll(trueDocument, "NS", r.b.Namespace)
	organization := strings.Replace(own, `{"@timestamp"`, `{"organization":{"id":"`+r.b.Namespace+`"},"@timestamp"`, 1)
	ours := strings.Replace(own, `{"@timestamp"`, `{"organization":{"id":"`+r.a.Namespace+`"},"@timestamp"`, 1)
	who := r.Admin
	if r.has.Security {
		key, err := r.NewKey(t.Context(), r.a, "north")
		if err != nil {
			t.Fatal(err)
		}
		who = r.as(key)
	}
	for _, tt := range []struct{ id, document, want, why string }{
		{"f1", own, "201", ""},
		{"f2", ours, "201", ""},
		{"f3", forged, "400", "does not write to"},
		{"f4", organization, "400", "does not write to"},
		{"f5", strings.Replace(own, "north", "south", 1), "201", ""},
	} {
		if got, why := r.create(who, mine, tt.id, tt.document); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s: %s %s, want %s", tt.id, got, why, tt.want)
		}
	}
	r.saysOrigin(mine)
	if !r.has.Types["constant_keyword"] {
		t.Logf("%s has no constant_keyword here: the pipeline alone refused", r.has.Version)
		return
	}
	r.ask(http.MethodPut, "/"+mine+"/_settings", map[string]any{"index.final_pipeline": "_none"})
	for _, document := range []string{forged, organization} {
		if got, why := r.create(who, mine, "c", document); got != "400" || !strings.Contains(why, "constant_keyword") && !strings.Contains(why, "Unsupported value") {
			t.Errorf("without the pipeline: %s %s", got, why)
		}
	}
	r.ask(http.MethodPut, "/"+mine+"/_settings", map[string]any{"index.final_pipeline": "brandmelder@final"})
}

// saysOrigin checks what the final pipeline adds.
func (r *real) saysOrigin(mine string) {
	r.t.Helper()
	want := map[string]string{"f1": "verified", "f2": "verified", "f5": "mismatch"}
	if !r.has.Security {
		want = map[string]string{"f1": "unknown", "f2": "unknown", "f5": "unknown"}
	}
	r.ask(http.MethodPost, "/"+mine+"/_refresh", nil)
	seen := 0
	for _, h := range r.hits(mine, map[string]any{"size": 1000}) {
		id := h["_id"].(string)
		if want[id] == "" {
			continue
		}
		seen++
		if got := at(h, "_source.brandmelder.origin"); got != want[id] {
			r.t.Errorf("%s: origin %v, want %s", id, got, want[id])
		}
		ingested, err := time.Parse(time.RFC3339Nano, at(h, "_source.event.ingested").(string))
		if err != nil || time.Since(ingested) > time.Hour || at(h, "_source._key") != nil {
			r.t.Errorf("%s: %v", id, h["_source"])
		}
	}
	if seen != len(want) {
		r.t.Errorf("%d of %d documents are there", seen, len(want))
	}
}
