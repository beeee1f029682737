package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// rows compares what the server makes of the groups and measures of a panel with what
// the documents say, and counts the groups.
type rows struct {
	*testing.T
	where string
	seen  int
}

// same compares the answers to aggregations over these documents.
func (r *rows) same(asked, got map[string]any, docs []event.Document) {
	r.Helper()
	for name, a := range asked {
		aggregation := a.(map[string]any)
		inner, _ := aggregation["aggs"].(map[string]any)
		answer, _ := got[name].(map[string]any)
		for how, o := range aggregation {
			field, _ := at(o.(map[string]any), "field").(string)
			switch {
			case how == "aggs":
			case how == "terms" && at(o.(map[string]any), "order") != nil:
				r.newest(field, answer, docs)
			case how == "terms":
				size, _ := at(o.(map[string]any), "size").(int)
				r.groups(field, size, inner, answer, docs)
			case how == "auto_date_histogram":
				r.times(field, inner, answer, docs)
			default:
				r.measure(how, field, answer, docs)
			}
		}
	}
}

func (r *rows) fails(field string, got, want any) {
	r.Helper()
	r.Errorf("%s: %s is %v, want %v", r.where, field, got, want)
}

func buckets(answer map[string]any) (list []map[string]any) {
	all, _ := answer["buckets"].([]any)
	for _, b := range all {
		list = append(list, b.(map[string]any))
	}
	return list
}

// groups are those of a field's values, the largest first.
func (r *rows) groups(field string, size int, inner, answer map[string]any, docs []event.Document) {
	r.Helper()
	by := map[string][]event.Document{}
	for _, d := range docs {
		for _, v := range valuesOf(d, field) {
			by[fmt.Sprint(v)] = append(by[fmt.Sprint(v)], d)
		}
	}
	list := buckets(answer)
	if len(list) != min(len(by), size) {
		r.fails("groups by "+field, len(list), min(len(by), size))
	}
	for _, b := range list {
		key := fmt.Sprint(cmp.Or(b["key_as_string"], b["key"]))
		r.bucket(field+" "+key, inner, b, by[key])
	}
}

func (r *rows) bucket(name string, inner, b map[string]any, docs []event.Document) {
	r.Helper()
	r.seen++
	if got := fmt.Sprint(b["doc_count"]); got != fmt.Sprint(len(docs)) {
		r.fails(name, got, len(docs))
	}
	r.same(inner, b, docs)
}

// times are the groups by time: each goes up to where the next one begins.
func (r *rows) times(field string, inner, answer map[string]any, docs []event.Document) {
	r.Helper()
	list := buckets(answer)
	in := make([][]event.Document, len(list))
	for _, d := range docs {
		now := numberOf(d.At(field))
		n, exact := slices.BinarySearchFunc(list, now, func(b map[string]any, at float64) int { return cmp.Compare(numberOf(b["key"]), at) })
		if !exact {
			n--
		}
		in[max(n, 0)] = append(in[max(n, 0)], d)
	}
	for i, b := range list {
		r.bucket(fmt.Sprint(field, " ", b["key_as_string"]), inner, b, in[i])
	}
}

// newest is a value of one of the newest documents that have any.
func (r *rows) newest(field string, answer map[string]any, docs []event.Document) {
	r.Helper()
	var newest float64
	var values []string
	for _, d := range docs {
		at := numberOf(d.At("@timestamp"))
		if d.At(field) == nil || at < newest {
			continue
		}
		if at > newest {
			newest, values = at, nil
		}
		values = append(values, fmt.Sprint(d.At(field)))
	}
	list := buckets(answer)
	if len(values) > 0 && (len(list) != 1 || !slices.Contains(values, fmt.Sprint(list[0]["key"]))) {
		r.fails("newest "+field, list, values)
	}
}

// measure is one number over the documents.
func (r *rows) measure(how, field string, answer map[string]any, docs []event.Document) {
	r.Helper()
	var sum float64
	least, most, different := math.Inf(1), math.Inf(-1), map[string]bool{}
	for _, d := range docs {
		for _, v := range valuesOf(d, field) {
			n := numberOf(v)
			sum, least, most = sum+n, min(least, n), max(most, n)
			different[fmt.Sprint(v)] = true
		}
	}
	want := map[string]float64{"sum": sum, "min": least, "max": most, "cardinality": float64(len(different))}[how]
	if answer["value"] == nil && len(different) == 0 {
		return
	}
	if got := numberOf(answer["value"]); math.Abs(got-want) > 1e-6*math.Abs(want) {
		r.fails(how+" of "+field, got, want)
	}
}

// valuesOf are all values of a field, through lists of objects too.
func valuesOf(d event.Document, field string) []any {
	found := []any{map[string]any(d)}
	for name := range strings.SplitSeq(field, ".") {
		var next []any
		for _, o := range found {
			inner, _ := o.(map[string]any)
			switch v := inner[name].(type) {
			case nil:
			case []any:
				next = append(next, v...)
			default:
				next = append(next, v)
			}
		}
		found = next
	}
	return found
}

// numberOf is a number, or a time in milliseconds.
func numberOf(v any) float64 {
	if t, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v)); err == nil {
		return float64(t.UnixMilli())
	}
	n, _ := json.Number(fmt.Sprint(v)).Float64()
	return n
}
