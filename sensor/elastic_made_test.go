package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/brandmelder/brandmelder/ingest/kibana"
	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// plausible is a value of a field's type.
var plausible = map[event.Type]any{
	event.TypeKeyword: "something", event.TypeText: "something", event.TypeWildcard: "something", event.TypeLong: json.Number("3"),
	event.TypeFloat: json.Number("0.5"), event.TypeBool: true, event.TypeIP: "192.0.2.7", event.TypeDate: "2026-05-04T03:02:01.000000000Z",
}

// everything is what a replay gives, what sensors say of themselves, and a decision.
func everything(t *testing.T, namespace string) []event.Doc {
	t.Helper()
	closed := alert.Decision{Action: alert.CloseAlert, Time: 1, Owner: "anna", Reason: "our scanner", Alert: "a1", Verdict: "benign"}
	docs := append(replayed(t, namespace), selfReports(namespace)...)
	return append(docs, closed.Doc(&event.Observer{Name: "north", Namespace: namespace}))
}

// madeFor are documents for each use, made of replayed ones, so that no query goes
// unasked: one that it finds, with all fields that the use reads, and for each clause one
// that it must not find for that alone.
func madeFor(t *testing.T, uses []kibana.Use, docs []event.Doc) (made []event.Doc) {
	t.Helper()
	model := map[string]event.Doc{}
	for _, d := range docs {
		model[d.Dataset] = d
	}
	mapped := elasticFields(datasets(config.Default().Retention))
	for n, u := range uses {
		if u.Query == nil {
			continue
		}
		of := "alert" // for those that ask all datasets
		if names := datasetsOf(u.Query); len(names) == 1 {
			of = names[0]
		}
		for broken := -1; broken < len(u.Query); broken++ {
			if broken >= 0 && u.Query[broken].Field == "event.dataset" { // what a stream is of is fixed
				continue
			}
			document, err := event.ParseDocument(model[of].JSON)
			if err != nil {
				t.Fatalf("no %s was replayed: %v", of, err)
			}
			id := fmt.Sprintf("made-%d-%d", n, broken)
			put(document, "event.id", id, false)
			for _, field := range u.Fields {
				if kind, ok := mapped[of][field]; ok && len(valuesOf(document, field)) == 0 {
					put(document, field, plausible[kind], false)
				}
			}
			for i, c := range u.Query {
				answer(document, c, i != broken)
			}
			text, err := json.Marshal(document)
			check(t, err)
			made = append(made, event.Doc{Dataset: of, ID: id, JSON: text})
		}
	}
	return made
}

// answer makes a document hold a clause, or not.
func answer(d event.Document, c kibana.Clause, holds bool) {
	least := c.AtLeast
	if !holds {
		least--
	}
	switch {
	case len(c.Values) == 0:
		put(d, c.Field, json.Number(fmt.Sprint(least)), false)
	case c.Not == holds:
		put(d, c.Field, nil, false)
	case c.Values[0] == "*":
		put(d, c.Field, "something", false)
	default:
		put(d, c.Field, c.Values[0], false)
	}
}

// asStored are documents as the server has them: it adds the origin, which is not known of
// an administrator.
func asStored(t *testing.T, docs []event.Doc) (list []event.Document) {
	t.Helper()
	for _, d := range docs {
		document, err := event.ParseDocument(d.JSON)
		check(t, err)
		put(document, "brandmelder.origin", "unknown", false)
		list = append(list, document)
	}
	return list
}

// What is made for a query answers it, and each of the others fails one clause of it.
func TestMadeDocumentsAnswer(t *testing.T) {
	uses := contentOf("x").Uses()
	docs := madeFor(t, uses, everything(t, "x"))
	found := 0
	for _, d := range asStored(t, docs) {
		var n, broken int
		fmt.Sscanf(fmt.Sprint(d.At("event.id")), "made-%d-%d", &n, &broken)
		if holds(uses[n].Query, d) != (broken < 0) {
			t.Errorf("%v: clause %d of %v", uses[n].Where, broken, uses[n].Query.KQL())
		}
		if broken < 0 {
			found++
		}
	}
	if want := len(slices.DeleteFunc(uses, func(u kibana.Use) bool { return u.Query == nil })); found != want {
		t.Errorf("%d of %d uses are answered", found, want)
	}
}
