package main

import (
	"context"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// The tests of this file and of its neighbours run against a real server, which
// `make test-elastic` starts and names in these variables.
const (
	elasticURL      = "BRANDMELDER_ELASTIC_URL"
	elasticUser     = "BRANDMELDER_ELASTIC_USER"
	elasticPassword = "BRANDMELDER_ELASTIC_PASSWORD"
)

// real is a real server and the two tenants of a test on it.
type real struct {
	t *testing.T
	*ingest.Admin
	client *ingest.Client
	has    *ingest.Abilities
	a, b   *ingest.Tenant
}

// installed are the two tenants that all tests share: it takes a while.
var installed struct {
	sync.Once
	a, b *ingest.Tenant
}

// realServer connects to the server, on which two tenants are installed: a for all
// that a test makes up, b for what replays give.
func realServer(t *testing.T) *real {
	t.Helper()
	if os.Getenv(elasticURL) == "" {
		t.Skip("no real server: make test-elastic starts one")
	}
	settings := ingest.Settings{Hosts: []string{os.Getenv(elasticURL)}, User: os.Getenv(elasticUser), Timeout: time.Minute}
	if settings.User != "" {
		settings.Password = "${" + elasticPassword + "}"
	}
	client, err := ingest.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	r := &real{t: t, Admin: &ingest.Admin{Transport: client}, client: client}
	if r.has, err = ingest.Ask(t.Context(), r.Admin); err != nil {
		t.Fatal(err)
	}
	installed.Do(func() {
		base := "t" + strconv.FormatInt(time.Now().Unix(), 36)
		installed.a = &ingest.Tenant{Namespace: base + "a", Space: base + "-a"}
		installed.b = &ingest.Tenant{Namespace: base + "b", Space: base + "-b"}
		r.install(installed.a)
		r.install(installed.b)
	})
	r.a, r.b = installed.a, installed.b
	return r
}

func (r *real) plan(tenant *ingest.Tenant) []ingest.Asset {
	r.t.Helper()
	plan, err := r.has.Plan(datasets(config.Default().Retention), tenant)
	if err != nil {
		r.t.Fatal(err)
	}
	return plan
}

func (r *real) install(tenant *ingest.Tenant) []ingest.Change {
	r.t.Helper()
	changes, err := r.Compare(r.t.Context(), r.plan(tenant))
	if err == nil {
		err = r.Apply(r.t.Context(), changes)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return changes
}

// tenant is one for a test that counts all that is there.
func (r *real) tenant(suffix string) *ingest.Tenant {
	r.t.Helper()
	own := &ingest.Tenant{Namespace: r.b.Namespace + suffix, Space: r.b.Space + suffix}
	r.install(own)
	return own
}

// ask is a call that has to succeed.
func (r *real) ask(method, path string, body map[string]any) map[string]any {
	r.t.Helper()
	answer, status, err := r.Call(r.t.Context(), method, path, body)
	if err != nil || status >= 300 {
		r.t.Fatalf("%s %s: %d %v %v", method, path, status, answer, err)
	}
	return answer
}

// send stores documents as a sensor does.
func (r *real) send(namespace string, docs []event.Doc) (count ingest.Count, dead []ingest.Dead) {
	r.t.Helper()
	s := ingest.NewSender(r.client, ingest.Options{
		Namespace: namespace, Visible: 6 * time.Second,
		Dead: func(d []ingest.Dead) error { dead = append(dead, d...); return nil },
	})
	ctx, cancel := context.WithTimeout(r.t.Context(), 3*time.Minute)
	defer cancel()
	if err := s.Write(ctx, docs); err != nil {
		r.t.Fatal(err)
	}
	return s.Count(), dead
}

func stream(dataset, namespace string) string { return "logs-brandmelder." + dataset + "-" + namespace }

// hits searches and returns what it found.
func (r *real) hits(target string, body map[string]any) []map[string]any {
	r.t.Helper()
	answer := r.ask(http.MethodPost, "/"+target+"/_search", body)
	var list []map[string]any
	for _, h := range at(answer, "hits.hits").([]any) {
		list = append(list, h.(map[string]any))
	}
	return list
}

func at(o map[string]any, path string) any { return event.Document(o).At(path) }

// recordings are the captures to replay: our own, and with CAPTURES those there.
func recordings(t *testing.T) []string {
	t.Helper()
	own, err := filepath.Glob("testdata/medical/*.pcap.zst")
	if err != nil || len(own) == 0 {
		t.Fatal("no recordings")
	}
	if folder := os.Getenv("BRANDMELDER_CAPTURES"); folder != "" {
		more, err := filepath.Glob(folder + "/*/*.pcap*")
		if err != nil || len(more) == 0 {
			t.Fatalf("no captures in %s", folder)
		}
		for _, name := range more {
			if info, err := os.Stat(name); err == nil && info.Size() < 2<<20 {
				own = append(own, name)
			}
		}
	}
	return own
}

// replayed are all documents of all recordings, of a sensor of this tenant.
func replayed(t *testing.T, namespace string) []event.Doc {
	t.Helper()
	exercise, err := drill.Recording()
	if err != nil {
		t.Fatal(err)
	}
	docs := replayOne(t, exercise, namespace)
	for _, file := range recordings(t) {
		source, err := capture.Files([]string{file}, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, replayOne(t, source, namespace)...)
	}
	// Two recordings of the same packets give the same ids.
	byID := map[string]event.Doc{}
	for _, d := range docs {
		byID[d.Dataset+" "+d.ID] = d
	}
	docs = docs[:0]
	for _, key := range slices.Sorted(maps.Keys(byID)) {
		docs = append(docs, byID[key])
	}
	return docs
}

func replayOne(t *testing.T, source capture.Source, namespace string) []event.Doc {
	t.Helper()
	return replayOneAs(t, source, "north", namespace)
}

func replayOneAs(t *testing.T, source capture.Source, sensor, namespace string) []event.Doc {
	t.Helper()
	defer source.Close()
	s := settings{Config: config.Default()}
	c, err := s.line(1, &event.Observer{Name: sensor, Version: "test", Namespace: namespace}, []byte(namespace))
	if err != nil {
		t.Fatal(err)
	}
	return lineOver(t, c, source)
}

func byDataset(docs []event.Doc) map[string][]event.Doc {
	out := map[string][]event.Doc{}
	for _, d := range docs {
		out[d.Dataset] = append(out[d.Dataset], d)
	}
	return out
}

// Installing twice changes nothing; what somebody changed by hand is shown and put
// right, and the data stream concerned gets a new index.
func TestElasticInstall(t *testing.T) {
	r := realServer(t)
	if again := r.install(r.a); len(again) > 0 {
		t.Errorf("a second installation changes %d things, such as %s %v", len(again), again[0].Path, again[0].Diff)
	}
	r.send(r.a.Namespace, []event.Doc{{Dataset: "coverage", ID: "1", JSON: []byte(`{"@timestamp":"2026-01-01T00:00:00Z"}`)}})
	path := "/_component_template/brandmelder.coverage@mappings"
	template := at(r.ask(http.MethodGet, path, nil), "component_templates").([]any)[0].(map[string]any)["component_template"].(map[string]any)
	coverage := at(template, "template.mappings.properties.brandmelder.properties.coverage.properties").(map[string]any)
	coverage["seen"] = map[string]any{"type": "keyword"}
	coverage["foreign"] = map[string]any{"type": "keyword"}
	delete(template, "created_date")
	delete(template, "modified_date")
	r.ask(http.MethodPut, path, map[string]any{"template": template["template"]})
	changes, err := r.Compare(t.Context(), r.plan(r.a))
	if err != nil || len(changes) != 1 {
		t.Fatalf("%v %v", changes, err)
	}
	const below = "template.mappings.properties.brandmelder.properties.coverage.properties."
	want := []string{"+ _meta.managed_by: brandmelder", "- " + below + "foreign.type: keyword", "- " + below + "seen.type: keyword", "+ " + below + "seen.type: long"}
	if d := cmp.Diff(want, changes[0].Diff); d != "" {
		t.Error(d)
	}
	r.install(r.a)
	done, err := r.Rollover(t.Context(), changes)
	if err != nil || !slices.Contains(done, stream("coverage", r.a.Namespace)) {
		t.Errorf("rolled over %v %v", done, err)
	}
}

// Every document is there once under its own id, nothing of it was ignored, and
// the index has the fields of the tables and no others.
func TestElasticStoresEverything(t *testing.T) {
	r := realServer(t)
	docs := replayed(t, r.b.Namespace)
	sets := byDataset(docs)
	if len(sets) < 8 {
		t.Fatalf("only %d datasets: %v", len(sets), slices.Sorted(maps.Keys(sets)))
	}
	began := time.Now()
	count, dead := r.send(r.b.Namespace, docs)
	if count.Stored != uint64(len(docs)) || len(dead) > 0 {
		t.Fatalf("%d documents: %+v, dead %+v", len(docs), count, dead)
	}
	t.Logf("%d documents of %d datasets in %.1f s", len(docs), len(sets), time.Since(began).Seconds())
	for name, sent := range sets {
		r.equalIDs(stream(name, r.b.Namespace), sent)
		r.mappedAsPlanned(name)
	}
	if ignored := r.hits(stream("*", r.b.Namespace), map[string]any{"query": hasField("_ignored")}); len(ignored) > 0 {
		t.Errorf("ignored: %v", ignored[0])
	}
	if again, _ := r.send(r.b.Namespace, docs); again.Found != uint64(len(docs)) {
		t.Errorf("sent again: %+v", again)
	}
}

func hasField(field string) map[string]any {
	return map[string]any{"exists": map[string]any{"field": field}}
}

func (r *real) equalIDs(target string, sent []event.Doc) {
	r.t.Helper()
	r.ask(http.MethodPost, "/"+target+"/_refresh", nil)
	want, have := map[string]bool{}, map[string]bool{}
	for _, d := range sent {
		want[d.ID] = true
	}
	last := []any(nil)
	for {
		body := map[string]any{"size": 5000, "_source": false, "sort": []any{map[string]any{"@timestamp": "asc"}, map[string]any{"event.id": "asc"}}}
		if last != nil {
			body["search_after"] = last
		}
		page := r.hits(target, body)
		for _, h := range page {
			have[h["_id"].(string)] = true
			last = h["sort"].([]any)
		}
		if len(page) == 0 {
			break
		}
	}
	if d := cmp.Diff(want, have); d != "" {
		r.t.Errorf("%s: %s", target, d)
	}
}

// mappedAsPlanned compares the mapping of the index with the one that was planned:
// documents added nothing to it.
func (r *real) mappedAsPlanned(dataset string) {
	r.t.Helper()
	target := stream(dataset, r.b.Namespace)
	planned := map[string]any{}
	for _, a := range r.plan(r.b) {
		if a.Path == "_component_template/brandmelder."+dataset+"@mappings" {
			planned = at(a.Body, "template.mappings").(map[string]any)
		}
	}
	want := typesOf(planned)
	want["@timestamp"] = "date"
	for _, index := range r.ask(http.MethodGet, "/"+target+"/_mapping", nil) {
		have := typesOf(at(index.(map[string]any), "mappings").(map[string]any))
		for _, path := range []string{"organization.id", "data_stream.namespace"} { // of the tenant's template
			want[path] = have[path]
			if r.has.Types["constant_keyword"] != (have[path] == "constant_keyword") {
				r.t.Errorf("%s: %s is %s", target, path, have[path])
			}
		}
		if d := cmp.Diff(want, have); d != "" {
			r.t.Errorf("%s: %s", target, d)
		}
		if len(have) > 300 {
			r.t.Errorf("%s has %d fields", target, len(have))
		}
	}
}

// typesOf are the types of the fields of a mapping by path.
func typesOf(mapping map[string]any) map[string]string {
	out := map[string]string{}
	properties, _ := mapping["properties"].(map[string]any)
	for name, p := range properties {
		field := p.(map[string]any)
		if kind, ok := field["type"].(string); ok && kind != "object" {
			out[name] = kind
		}
		for path, kind := range typesOf(field) {
			out[name+"."+path] = kind
		}
	}
	return out
}

// elasticFields are the paths that a table's documents can have, with their types;
// the facts of detectors by the object that holds them.
func elasticFields(sets []ingest.Dataset) map[string]map[string]event.Type {
	out := map[string]map[string]event.Type{}
	for _, d := range sets {
		fields := map[string]event.Type{}
		for _, table := range d.Tables {
			for _, f := range table.Fields {
				fields[f.Path] = f.Type
				for _, sub := range f.Sub {
					fields[f.Path+"."+sub.Path] = sub.Type
				}
			}
		}
		for _, table := range d.Facts {
			for _, path := range table.Paths() {
				fields[strings.Join(strings.SplitN(path, ".", 3)[:2], ".")] = event.TypeKeyword
			}
		}
		out[d.Name] = fields
	}
	return out
}
