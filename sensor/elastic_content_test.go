package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/ingest/kibana"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
)

func contentOf(namespace string) *kibana.Content {
	e := elastic{settings: settings{Config: config.Default()}}
	e.tenant.Namespace, e.tenant.Space = namespace, namespace
	return e.content()
}

// datasetsOf are the datasets that a query can be about: those that it names, else all.
func datasetsOf(q kibana.Query) []string {
	for _, c := range q {
		if c.Field == "event.dataset" {
			return []string{strings.TrimPrefix(c.Values[0], "brandmelder.")}
		}
	}
	var all []string
	for _, d := range datasets(config.Default().Retention) {
		all = append(all, d.Name)
	}
	return all
}

// Every field that a panel, a search or a rule uses is mapped where it looks.
func TestKibanaUsesFieldsThatExist(t *testing.T) {
	mapped := elasticFields(datasets(config.Default().Retention))
	uses := contentOf("x").Uses()
	for _, u := range uses {
		for _, field := range u.Fields {
			if slices.Contains([]string{"brandmelder.origin", "event.ingested"}, field) { // of the server
				continue
			}
			ok := slices.ContainsFunc(datasetsOf(u.Query), func(name string) bool { _, has := mapped[name][field]; return has })
			if !ok {
				t.Errorf("%s uses %s, which no document that it is about has", u.Where, field)
			}
		}
	}
	if len(uses) < 90 {
		t.Errorf("only %d uses", len(uses))
	}
}

// Each family has a title in both languages, techniques that ATT&CK has, and a guide of
// each of its detectors.
func TestKibanaGuidesEveryFamily(t *testing.T) {
	guided := map[string]int{}
	for _, f := range familiesToGuide("nl") {
		if f.Title == f.Name || f.Title == event.FamilyTitle("en", f.Name) || len(f.Techniques) == 0 {
			t.Errorf("family %s: %q, %v", f.Name, f.Title, f.Techniques)
		}
		for _, id := range f.Techniques {
			if kibana.NameOf(id) == "" {
				t.Errorf("family %s: ATT&CK has no technique %s", f.Name, id)
			}
		}
		for _, g := range f.Guides {
			guided[g.Detector]++
			if g.Title == "" || g.Why == "" || len(g.Steps) != 3 || strings.Contains(fmt.Sprint(g), "[[") {
				t.Errorf("family %s: %v", f.Name, g)
			}
		}
	}
	for _, s := range detect.All() {
		if s.Name != "rules" && guided[s.Name] != 2 {
			t.Errorf("%s has %d guides", s.Name, guided[s.Name])
		}
	}
}

// holds asks a document what a query asks a server, in our own words.
func holds(q kibana.Query, d event.Document) bool {
	for _, c := range q {
		values, some := d.At(c.Field), false
		list, ok := values.([]any)
		if !ok && values != nil {
			list = []any{values}
		}
		for _, v := range list {
			switch text := fmt.Sprint(v); {
			case len(c.Values) == 0:
				n, err := json.Number(text).Float64()
				some = some || err == nil && n >= float64(c.AtLeast)
			case c.Values[0] == "*":
				some = true
			default:
				some = some || slices.Contains(c.Values, text)
			}
		}
		if some == c.Not {
			return false
		}
	}
	return true
}

// Each query of Kibana finds on the server what it finds in the documents that were
// sent, and that is something; said as Query DSL by us and, where it is at hand, by
// Kibana's own parser; and each panel's rows are those that the documents make.
func TestElasticAnswersKibana(t *testing.T) {
	r := realServer(t)
	own := r.tenant("k")
	uses := contentOf(own.Namespace).Uses()
	docs := everything(t, own.Namespace)
	docs = append(docs, madeFor(t, uses, docs)...)
	if count, _ := r.send(own.Namespace, docs); count.Stored != uint64(len(docs)) {
		t.Fatalf("of %d documents: %+v", len(docs), count)
	}
	r.ask(http.MethodPost, "/"+stream("*", own.Namespace)+"/_refresh", nil)
	all := asStored(t, docs)
	theirs := kibanaParser(t, uses)
	asked, table := 0, rows{T: t}
	for _, u := range uses {
		if u.Query == nil {
			continue
		}
		var held []event.Document
		for _, d := range all {
			if holds(u.Query, d) {
				held = append(held, d)
			}
		}
		asked++
		want := len(held)
		got, answer := r.found(u.Body, own.Namespace)
		if got != want || want == 0 {
			t.Errorf("%s: %d documents, want %d", u.Where, got, want)
		}
		if panel, ok := u.Body["aggs"].(map[string]any); ok {
			table.where = u.Where
			table.same(panel, answer, held)
		}
		if query := theirs[u.Query.KQL()]; query != nil {
			if got, _ := r.found(map[string]any{"query": query}, own.Namespace); got != want {
				t.Errorf("%s, as Kibana reads %s: %d documents, want %d", u.Where, u.Query.KQL(), got, want)
			}
		}
	}
	t.Logf("%d queries find what they must, of %d documents; %d rows of panels compared; %d texts read by Kibana's parser", asked, len(docs), table.seen, len(theirs))
	if asked < 90 || table.seen < 200 {
		t.Errorf("only %d queries were asked, and %d rows compared", asked, table.seen)
	}
}

// found counts what a search finds, of what a replay gave, and returns what it makes of
// that: the server's own and the documents of other tests are left out by what they lack.
func (r *real) found(body map[string]any, namespace string) (int, map[string]any) {
	r.t.Helper()
	search := map[string]any{"size": 0, "track_total_hits": true}
	for name, v := range body {
		search[name] = v
	}
	query := map[string]any{"filter": []any{hasField("ecs.version")}}
	if body["query"] != nil {
		query["must"] = []any{body["query"]}
	}
	search["query"] = map[string]any{"bool": query}
	answer := r.ask(http.MethodPost, "/"+stream("*", namespace)+"/_search", search)
	if failed := fmt.Sprint(at(answer, "_shards.failed")); failed != "0" {
		r.t.Errorf("%s shards failed: %v", failed, at(answer, "_shards.failures"))
	}
	n, err := at(answer, "hits.total.value").(json.Number).Int64()
	if err != nil {
		r.t.Fatal(err)
	}
	made, _ := answer["aggregations"].(map[string]any)
	return int(n), made
}

// kibanaParser reads the queries with the parser that Kibana has, which is published
// for node: deploy/kql.sh fetches it and names it in BRANDMELDER_KQL.
func kibanaParser(t *testing.T, uses []kibana.Use) map[string]map[string]any {
	t.Helper()
	folder := os.Getenv("BRANDMELDER_KQL")
	if folder == "" {
		t.Log("queries are NOT read by Kibana's parser: no BRANDMELDER_KQL, see deploy/kql.sh")
		return nil
	}
	var queries []string
	for _, u := range uses {
		if u.Query != nil && !slices.Contains(queries, u.Query.KQL()) {
			queries = append(queries, u.Query.KQL())
		}
	}
	in, _ := json.Marshal(queries)
	c := exec.Command("node", "-e", `
const { fromKueryExpression, toElasticsearchQuery } = require('@cybernetex/kbn-es-query');
const queries = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(queries.map(q => toElasticsearchQuery(fromKueryExpression(q)))));`)
	c.Dir, c.Stdin, c.Stderr = folder, bytes.NewReader(in), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("Kibana's parser: %v", err)
	}
	var read []map[string]any
	if err := json.Unmarshal(out, &read); err != nil || len(read) != len(queries) {
		t.Fatalf("Kibana's parser: %v", err)
	}
	by := map[string]map[string]any{}
	for i, q := range queries {
		by[q] = read[i]
	}
	return by
}
