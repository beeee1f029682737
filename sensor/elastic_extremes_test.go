package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/ingest"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// extremes are what the fields of a document can hold at worst, by the kind of
// document: what the encoder makes of them has to be taken and found back.
var extremes = map[string]func(event.Type) any{
	"whole": func(k event.Type) any {
		return map[event.Type]any{event.TypeFloat: json.Number("3"), event.TypeLong: json.Number("3")}[k]
	},
	"fraction": func(k event.Type) any {
		return map[event.Type]any{event.TypeFloat: json.Number("3.25"), event.TypeLong: json.Number("4")}[k]
	},
	"largest": func(k event.Type) any {
		return map[event.Type]any{
			event.TypeFloat: json.Number("3e38"), event.TypeLong: json.Number("9223372036854775807"), event.TypeDate: "2262-04-11T23:47:16.854775807Z",
			event.TypeIP: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", event.TypeBool: true,
		}[k]
	},
	"smallest": func(k event.Type) any {
		return map[event.Type]any{
			event.TypeFloat: json.Number("-3e38"), event.TypeLong: json.Number("-9223372036854775808"), event.TypeDate: "1678-01-01T00:00:00Z",
			event.TypeIP: "::", event.TypeBool: false,
		}[k]
	},
	"too large": func(k event.Type) any {
		return map[event.Type]any{event.TypeFloat: json.Number("1e300")}[k]
	},
	"empty":       texts(""),
	"forty kB":    texts(strings.Repeat("lang € ", 5000)),
	"not Unicode": texts("\xff\xfe a\x00b\u202e\ud7ff"),
	"zone id": func(k event.Type) any {
		return map[event.Type]any{event.TypeIP: "fe80::1%eth0"}[k]
	},
}

// texts gives every field of text this one.
func texts(s string) func(event.Type) any {
	return func(k event.Type) any {
		return map[event.Type]any{event.TypeKeyword: s, event.TypeText: s, event.TypeWildcard: s}[k]
	}
}

// extreme is the document of a dataset whose fields all have such a value.
func extreme(d ingest.Dataset, name, namespace string) event.Doc {
	document := event.Document{}
	tables := append([]*event.Table{}, d.Tables...)
	tables = append(tables, d.Facts...)
	once := map[*event.Table]bool{}
	seen := map[string]bool{}
	var records []event.Record
	var layout []*event.Table
	for _, t := range tables {
		if once[t] {
			continue
		}
		once[t] = true
		var fields []event.Field
		for _, f := range t.Fields {
			if !seen[f.Path] { // two records of a dataset have some fields in common
				seen[f.Path] = true
				fields = append(fields, f)
			}
			if v := extremes[name](f.Type); v != nil && !isFixed(f.Path) {
				put(document, f.Path, v, f.List)
			}
			if o := extremeObjects(f, name); o != nil {
				records, layout = append(records, o), append(layout, o.Table())
			}
		}
		put(document, "@timestamp", "2026-01-01T00:00:00Z", false)
		stored := event.NewTable(t.Name, t.Doc, fields...).Stored(document)
		records, layout = append(records, stored), append(layout, stored.Table())
	}
	json := event.NewLayout(layout...).Append(nil, records...)
	return event.Doc{Dataset: d.Name, ID: strings.ReplaceAll(name, " ", "_"), JSON: json}
}

// listed is a record of one list of objects.
type listed struct{ table *event.Table }

func (l listed) Table() *event.Table { return l.table }

// extremeObjects is a list of two objects whose fields all have such a value, nil for
// fields that are none.
func extremeObjects(f event.Field, name string) event.Record {
	if f.Type != event.TypeObject {
		return nil
	}
	document := event.Document{}
	for _, sub := range f.Sub {
		if v := extremes[name](sub.Type); v != nil {
			put(document, sub.Path, v, sub.List)
		}
	}
	one := event.NewTable(f.Path, f.Doc, f.Sub...).Stored(document)
	return listed{event.NewTable(f.Path, f.Doc, event.Objects(f.Path, f.Doc, one.Table(), func(_ listed, yield func(event.Record)) {
		yield(one)
		yield(one)
	}))}
}

// emptyLists is a document of a dataset with nothing in any of its lists.
func emptyLists(t *testing.T, d ingest.Dataset) event.Doc {
	t.Helper()
	document := event.Document{"@timestamp": "2026-01-01T00:00:00Z"}
	for _, table := range append(append([]*event.Table{}, d.Tables...), d.Facts...) {
		for _, f := range table.Fields {
			if f.List {
				put(document, f.Path, []any{}, false)
			}
		}
	}
	text, err := json.Marshal(document)
	check(t, err)
	return event.Doc{Dataset: d.Name, ID: "empty_lists", JSON: text}
}

// isFixed reports whether a field says where the document belongs.
func isFixed(path string) bool {
	return strings.HasPrefix(path, "data_stream.") || path == "@timestamp"
}

func put(d event.Document, path string, v any, list bool) {
	parts := strings.Split(path, ".")
	o := map[string]any(d)
	for _, name := range parts[:len(parts)-1] {
		inner, ok := o[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			o[name] = inner
		}
		o = inner
	}
	if list {
		v = []any{v, v}
	}
	o[parts[len(parts)-1]] = v
}

// Whatever value a field can have, the server takes the document, indexes each field
// with what was sent, and ignores none.
func TestElasticTakesExtremes(t *testing.T) {
	r := realServer(t)
	sets := datasets(config.Default().Retention)
	var docs []event.Doc
	for _, d := range sets {
		for name := range extremes {
			docs = append(docs, extreme(d, name, r.a.Namespace))
		}
		docs = append(docs, emptyLists(t, d))
	}
	count, dead := r.send(r.a.Namespace, docs)
	for _, d := range dead {
		t.Errorf("%s of %s is refused: %s %s", d.Doc.ID, d.Doc.Dataset, d.Field, d.Reason)
	}
	if count.Stored+count.Dead != uint64(len(docs)) {
		t.Errorf("%+v", count)
	}
	r.ask(http.MethodPost, "/"+stream("*", r.a.Namespace)+"/_refresh", nil)
	checked := 0
	for _, d := range sets {
		for _, h := range r.hits(stream(d.Name, r.a.Namespace), map[string]any{"size": 100, "fields": []any{"*"}}) {
			if h["_ignored"] != nil {
				t.Errorf("%s of %s: ignored: %v", h["_id"], d.Name, h["_ignored"])
			}
			checked += r.sameValues(d, h)
		}
	}
	t.Logf("%d documents, %d values read back", len(docs), checked)
	if checked < 6000 {
		t.Errorf("only %d values were compared", checked)
	}
}

// sameValues compares what the index has of a document with what was sent.
func (r *real) sameValues(d ingest.Dataset, hit map[string]any) (checked int) {
	fields, _ := hit["fields"].(map[string]any)
	source := event.Document(hit["_source"].(map[string]any))
	same := func(path string, k event.Type, sent any) {
		have, _ := fields[path].([]any)
		if len(have) == 0 || !sameValue(k, sent, have[0]) {
			r.t.Errorf("%s of %s: %s was sent as %.60v and is indexed as %.60v", hit["_id"], d.Name, path, sent, have)
		}
		checked++
	}
	for _, t := range d.Tables {
		for _, f := range t.Fields {
			sent := valuesOf(source, f.Path)
			if len(sent) == 0 {
				continue
			}
			for _, sub := range f.Sub {
				for _, v := range valuesOf(sent[0].(map[string]any), sub.Path) {
					same(f.Path+"."+sub.Path, sub.Type, v)
				}
			}
			if f.Type != event.TypeObject {
				same(f.Path, f.Type, sent[0])
			}
		}
	}
	return checked
}

func sameValue(k event.Type, sent, have any) bool {
	a, b := fmt.Sprint(sent), fmt.Sprint(have)
	switch k {
	case event.TypeDate:
		return a[:len("2006-01-02T15:04:05")] == b[:len("2006-01-02T15:04:05")]
	case event.TypeIP:
		x, err := netip.ParseAddr(a)
		y, other := netip.ParseAddr(b)
		return err == nil && other == nil && x == y
	case event.TypeFloat:
		x, _ := json.Number(a).Float64()
		y, _ := json.Number(b).Float64()
		return float32(x) == float32(y)
	}
	return a == b
}

// The generator makes what it says: the numbers are there, the names cut.
func TestExtremesAreMade(t *testing.T) {
	for _, d := range datasets(config.Default().Retention) {
		if d.Name == "health" {
			if doc := extreme(d, "largest", "x"); !strings.Contains(string(doc.JSON), `"outputs":[{`) || !strings.Contains(string(doc.JSON), `"lost":[{`) {
				t.Errorf("no lists of objects in %s", doc.JSON)
			}
		}
		if d.Name != "alert" {
			continue
		}
		for name, want := range map[string]string{
			"fraction": `"risk_score":3.25`, "largest": `"severity":9223372036854775807`, "zone id": `"ip":"fe80::1"`,
			"forty kB": "€ lang …\"", "not Unicode": `\ufffd\ufffd a\u0000b\u202e`, "smallest": "1678-01-01T00:00:00.000000000Z",
		} {
			if doc := extreme(d, name, "x"); !strings.Contains(string(doc.JSON), want) {
				t.Errorf("%s: no %s in %.300s", name, want, doc.JSON)
			}
		}
		if doc := extreme(d, "too large", "x"); strings.Contains(string(doc.JSON), "e+300") {
			t.Error("a number that no float of an index holds is written")
		}
	}
}
