package kibana

import (
	"fmt"
	"strings"
)

// Query selects documents: every clause of it holds. It is written once and said in
// two languages: KQL for Kibana, and the Query DSL with which tests ask a server.
type Query []Clause

// Clause is about one field: it has one of these values, or at least the number.
type Clause struct {
	Field   string
	Values  []string
	AtLeast int  // used where Values is empty
	Not     bool // none of it
}

// is holds where a field has one of these values.
func is(field string, values ...string) Clause { return Clause{Field: field, Values: values} }

// isNot holds where it has none of them.
func isNot(field string, values ...string) Clause {
	return Clause{Field: field, Values: values, Not: true}
}

// atLeast holds where a number is large enough.
func atLeast(field string, n int) Clause { return Clause{Field: field, AtLeast: n} }

// KQL is the query as people type it.
func (q Query) KQL() string {
	var parts []string
	for _, c := range q {
		parts = append(parts, c.kql())
	}
	return strings.Join(parts, " and ")
}

func (c Clause) kql() string {
	said := fmt.Sprintf("%s >= %d", c.Field, c.AtLeast)
	if len(c.Values) > 0 {
		var values []string
		for _, v := range c.Values {
			if v != "*" {
				v = `"` + v + `"`
			}
			values = append(values, v)
		}
		said = c.Field + " : " + strings.Join(values, " or ")
		if len(values) > 1 {
			said = c.Field + " : (" + strings.Join(values, " or ") + ")"
		}
	}
	if c.Not {
		return "not " + said
	}
	return said
}

// DSL is the same query for a search.
func (q Query) DSL() object {
	filter, not := []any{}, []any{}
	for _, c := range q {
		if c.Not {
			not = append(not, c.dsl())
		} else {
			filter = append(filter, c.dsl())
		}
	}
	return object{"bool": object{"filter": filter, "must_not": not}}
}

func (c Clause) dsl() object {
	switch {
	case len(c.Values) == 0:
		return object{"range": object{c.Field: object{"gte": c.AtLeast}}}
	case len(c.Values) == 1 && c.Values[0] == "*":
		return object{"exists": object{"field": c.Field}}
	}
	return object{"terms": object{c.Field: c.Values}}
}

// Fields are the fields that the query reads.
func (q Query) Fields() (list []string) {
	for _, c := range q {
		list = append(list, c.Field)
	}
	return list
}

// What everything begins with.
var (
	alerts    = Query{is("event.dataset", "brandmelder.alert"), is("event.kind", "alert")}
	incidents = Query{is("event.dataset", "brandmelder.incident")}
	opened    = Query{is("event.dataset", "brandmelder.incident"), is("event.action", "incident-opened")}
	coverage  = Query{is("event.dataset", "brandmelder.coverage")}
	health    = Query{is("event.dataset", "brandmelder.health")}
	status    = Query{is("event.dataset", "brandmelder.health"), is("event.action", "status")}
	// unanswered leaves out what the exercise played and what a person suppressed.
	unanswered = Query{isNot("tags", "exercise"), isNot("brandmelder.suppression.id", "*")}
)

// and is a query with further clauses.
func (q Query) and(more ...Clause) Query { return append(append(Query{}, q...), more...) }
