package rule

import (
	"math"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Reading is one event as rules ask about it: many ask for the same few fields, and
// each is read once. It is for one goroutine, and its zero value is ready.
type Reading struct {
	event *event.Event
	value event.Value
	facts []fact
}

// fact is what the event has in one field.
type fact struct {
	path     string
	present  bool
	elements []element
}

// Of makes it the reading of another event.
func (r *Reading) Of(e *event.Event) *Reading {
	r.event, r.facts = e, r.facts[:0]
	return r
}

// fact is valid until the next one is asked for.
func (r *Reading) fact(t *test) *fact {
	for i := range r.facts {
		if f := &r.facts[i]; f.path == t.path {
			return f
		}
	}
	if n := len(r.facts); n < cap(r.facts) {
		r.facts = r.facts[:n+1] // with the elements' memory
	} else {
		r.facts = append(r.facts, fact{})
	}
	f := &r.facts[len(r.facts)-1]
	f.path, f.present, f.elements = t.path, false, f.elements[:0]
	if field, ok := r.read(t); ok {
		f.present, f.elements = true, appendElements(f.elements, field, &r.value)
	}
	return f
}

// read reads the field into value: from the record, else from the conversation. A
// record with a table of its own, as those of the rules' proofs, is asked by path.
func (r *Reading) read(t *test) (*event.Field, bool) {
	if data := r.event.Data; data != nil {
		f := t.field
		if table := data.Table(); table != t.table {
			f = table.Lookup(t.path)
		}
		if f != nil && f.Type != event.TypeObject {
			return f, f.Get(data, &r.value)
		}
	}
	if r.event.Flow == nil {
		return nil, false
	}
	f := r.event.Flow.Table().Lookup(t.path)
	return f, f != nil && f.Get(r.event.Flow, &r.value)
}

func appendElements(out []element, f *event.Field, v *event.Value) []element {
	if !f.List {
		return append(out, elementOf(f, v))
	}
	switch f.Type { // the other lists are still those of a field before
	case event.TypeLong:
		for _, n := range v.Ints {
			out = append(out, element{number: float64(n)})
		}
	case event.TypeIP:
		for _, a := range v.Addrs {
			out = append(out, element{addr: a.Unmap().WithZone("")})
		}
	default:
		for _, s := range v.Strs {
			out = append(out, element{text: s})
		}
	}
	return out
}

func elementOf(f *event.Field, v *event.Value) element {
	switch f.Type {
	case event.TypeLong, event.TypeDate, event.TypeBool:
		return element{number: float64(v.Int)}
	case event.TypeFloat:
		return element{number: v.Float}
	case event.TypeIP:
		return element{addr: v.Addr.Unmap().WithZone("")}
	}
	return element{text: v.Str}
}

// isAny reports whether one of the values matches one of the elements.
func (f *fact) isAny(values []value) bool {
	for i := range f.elements {
		if f.elements[i].isAny(values) {
			return true
		}
	}
	return false
}

// Spell writes the values that a field of the event has, as a person reads them.
func Spell(e *event.Event, path string) (out []string) {
	f := new(Reading).Of(e).fact(&test{path: path})
	for i := range f.elements {
		out = append(out, f.elements[i].spell())
	}
	return out
}

func (e *element) spell() string {
	switch {
	case e.addr.IsValid():
		return e.addr.String()
	case e.text != "":
		return e.text
	case e.number == math.Trunc(e.number):
		return strconv.FormatFloat(e.number, 'f', 0, 64)
	default:
		return strconv.FormatFloat(e.number, 'g', 10, 64)
	}
}
