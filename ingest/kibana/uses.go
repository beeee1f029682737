package kibana

import "slices"

// Use is one place that asks for documents: a panel, a saved search or a rule.
type Use struct {
	Where  string
	Query  Query
	ESQL   string   // instead of Query
	Fields []string // that have to exist
	Body   object   // the search of the same, with the sums of a panel
}

// Uses lists all places that ask for documents, for tests and for people who want to
// know what a dashboard rests on.
func (c *Content) Uses() (list []Use) {
	for _, s := range c.searches() {
		list = append(list, Use{"search " + s.name, s.query, "", slices.Concat(s.query.Fields(), s.columns), object{"query": s.query.DSL(), "size": 0}})
	}
	for _, d := range c.pages() {
		list = append(list, Use{"controls of " + d.name, nil, "", d.controls, object{"size": 0}})
		for i := range d.panels {
			p := &d.panels[i]
			if p.query != nil {
				list = append(list, Use{d.name + "/" + p.name, p.query, "", p.Fields(), p.body()})
			}
		}
	}
	for _, r := range c.Rules() {
		fields := r.Query.Fields()
		if names, ok := r.object["investigation_fields"].(object); ok {
			fields = slices.Concat(fields, names["field_names"].([]string))
		}
		body := r.Body
		if body == nil {
			body = object{"query": r.Query.DSL(), "size": 0}
		}
		list = append(list, Use{"rule " + r.Name, r.Query, r.ESQL, fields, body})
	}
	return list
}

// body is the search that a panel comes down to: its groups within each other, and in
// the innermost what it measures.
func (p *panel) body() object {
	inner := object{}
	for i, m := range append([]measure{p.measure}, p.more...) {
		name := "value" + string(rune('0'+i))
		switch m.function {
		case "count":
		case "unique_count":
			inner[name] = object{"cardinality": object{"field": m.field}}
		case "last_value":
			inner[name] = object{"terms": object{"field": m.field, "size": 1, "order": object{"latest": "desc"}}, "aggs": object{"latest": object{"max": object{"field": "@timestamp"}}}}
		default:
			inner[name] = object{m.function: object{"field": m.field}}
		}
	}
	for _, field := range slices.Backward(p.by) {
		group := object{"terms": object{"field": field, "size": 10}}
		if field == "@timestamp" {
			group = object{"auto_date_histogram": object{"field": field, "buckets": 50}}
		}
		if len(inner) > 0 {
			group["aggs"] = inner
		}
		inner = object{"by": group}
	}
	body := object{"query": p.query.DSL(), "size": 0, "track_total_hits": true}
	if len(inner) > 0 {
		body["aggs"] = inner
	}
	return body
}
