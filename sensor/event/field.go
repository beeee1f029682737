package event

import (
	"fmt"
	"math"
	"net/netip"
	"sort"
	"strings"
	"sync/atomic"
)

// Type is how a field is stored; its String is the Elasticsearch field type.
type Type uint8

const (
	TypeKeyword  Type = iota
	TypeText          // match_only_text: sentences
	TypeWildcard      // long, searched by part: URL paths
	TypeLong
	TypeFloat
	TypeBool
	TypeIP
	TypeDate
	TypeObject // list of objects with fields of their own
)

var typeNames = [...]string{"keyword", "match_only_text", "wildcard", "long", "float", "boolean", "ip", "date", "object"}

func (t Type) String() string { return typeNames[t] }

// Privacy is a field's class. A third class, "never", has no value here: what
// belongs to it (payload, credentials, query strings, patient content) has no
// field in any record.
type Privacy uint8

const (
	Technical Privacy = iota // addresses, ports, protocol names, counts: may go everywhere
	Personal                 // user, host name, workstation, path: keyed hash in the view "pseudonyms"
)

func (p Privacy) String() string {
	if p == Personal {
		return "personal"
	}
	return "technical"
}

// Value is what a field's getter found. Only the member that belongs to the
// field's type is set; lists fill the slice members.
type Value struct {
	Str   string
	Int   int64 // long; date in ns since 1970; boolean as 0 or 1
	Float float64
	Addr  netip.Addr
	Strs  []string
	Ints  []int64
	Addrs []netip.Addr
}

// Field is one fact of a record: its ECS path, type, privacy class and getter.
type Field struct {
	Path    string // dotted ECS path, or brandmelder.*
	Type    Type
	List    bool
	Privacy Privacy
	Doc     string  // one line; the unit where there is one
	Sub     []Field // of TypeObject

	get  func(Record, *Value) bool
	one  any                        // the same as func(Record) (T, bool), for who knows the type
	each func(Record, func(Record)) // of TypeObject
}

// plainly is a getter of the type that a field has.
func plainly[R Record, T any](get func(R) (T, bool)) func(Record) (T, bool) {
	return func(r Record) (T, bool) { return get(r.(R)) }
}

// always makes one of a getter whose fact is absent only by being empty.
func always[R Record, T any](get func(R) T) func(R) (T, bool) {
	return func(r R) (T, bool) { return get(r), true }
}

// Get reads the field of r into v and reports whether it is present.
// r must be of the type that the field's constructor was given.
func (f *Field) Get(r Record, v *Value) bool { return f.get(r, v) }

// Each calls yield for each object of a list of objects.
func (f *Field) Each(r Record, yield func(Record)) { f.each(r, yield) }

// String is a keyword. The getter reports false where the fact is absent, which
// is not the same as empty.
func String[R Record](path string, p Privacy, doc string, get func(R) (string, bool)) Field {
	return Field{Path: path, Type: TypeKeyword, Privacy: p, Doc: doc, one: plainly(get), get: func(r Record, v *Value) (ok bool) {
		v.Str, ok = get(r.(R))
		return ok
	}}
}

// Text is a sentence.
func Text[R Record](path string, p Privacy, doc string, get func(R) (string, bool)) Field {
	f := String(path, p, doc, get)
	f.Type = TypeText
	return f
}

// Wildcard is a long string that is searched by part.
func Wildcard[R Record](path string, p Privacy, doc string, get func(R) (string, bool)) Field {
	f := String(path, p, doc, get)
	f.Type = TypeWildcard
	return f
}

// Int is a whole number.
func Int[R Record](path string, p Privacy, doc string, get func(R) (int64, bool)) Field {
	return Field{Path: path, Type: TypeLong, Privacy: p, Doc: doc, one: plainly(get), get: func(r Record, v *Value) (ok bool) {
		v.Int, ok = get(r.(R))
		return ok
	}}
}

// Float is a number; NaN and what is too large for a float of an index are absent.
func Float[R Record](path string, p Privacy, doc string, get func(R) (float64, bool)) Field {
	finite := func(r R) (float64, bool) {
		x, ok := get(r)
		return x, ok && math.Abs(x) <= math.MaxFloat32 // NaN is not
	}
	return Field{Path: path, Type: TypeFloat, Privacy: p, Doc: doc, one: plainly(finite), get: func(r Record, v *Value) (ok bool) {
		v.Float, ok = finite(r.(R))
		return ok
	}}
}

// Bool is true or false; absent is neither.
func Bool[R Record](path string, p Privacy, doc string, get func(R) (bool, bool)) Field {
	return Field{Path: path, Type: TypeBool, Privacy: p, Doc: doc, one: plainly(get), get: func(r Record, v *Value) bool {
		b, ok := get(r.(R))
		v.Int = 0
		if b {
			v.Int = 1
		}
		return ok
	}}
}

// IP is an address; the zero address is absent.
func IP[R Record](path string, p Privacy, doc string, get func(R) netip.Addr) Field {
	return Field{Path: path, Type: TypeIP, Privacy: p, Doc: doc, one: plainly(always(get)), get: func(r Record, v *Value) bool {
		v.Addr = get(r.(R))
		return v.Addr.IsValid()
	}}
}

// Time is an instant in ns since 1970; 0 is absent, but for @timestamp.
func Time[R Record](path string, p Privacy, doc string, get func(R) int64) Field {
	return Field{Path: path, Type: TypeDate, Privacy: p, Doc: doc, one: plainly(always(get)), get: func(r Record, v *Value) bool {
		v.Int = get(r.(R))
		return v.Int != 0 || path == "@timestamp"
	}}
}

// Strings is a list of keywords; an empty list is absent.
func Strings[R Record](path string, p Privacy, doc string, get func(R) []string) Field {
	return Field{Path: path, Type: TypeKeyword, List: true, Privacy: p, Doc: doc, one: plainly(always(get)), get: func(r Record, v *Value) bool {
		v.Strs = get(r.(R))
		return len(v.Strs) > 0
	}}
}

// Ints is a list of whole numbers; an empty list is absent.
func Ints[R Record](path string, p Privacy, doc string, get func(R) []int64) Field {
	return Field{Path: path, Type: TypeLong, List: true, Privacy: p, Doc: doc, one: plainly(always(get)), get: func(r Record, v *Value) bool {
		v.Ints = get(r.(R))
		return len(v.Ints) > 0
	}}
}

// IPs is a list of addresses; an empty list is absent.
func IPs[R Record](path string, p Privacy, doc string, get func(R) []netip.Addr) Field {
	return Field{Path: path, Type: TypeIP, List: true, Privacy: p, Doc: doc, one: plainly(always(get)), get: func(r Record, v *Value) bool {
		v.Addrs = get(r.(R))
		return len(v.Addrs) > 0
	}}
}

// Objects is a list of objects whose fields are those of sub, with paths below
// path. each hands out the objects in order; none is absent.
func Objects[R Record](path string, doc string, sub *Table, each func(R, func(Record))) Field {
	return Field{Path: path, Type: TypeObject, List: true, Doc: doc, Sub: sub.Fields,
		each: func(r Record, yield func(Record)) { each(r.(R), yield) },
		get: func(r Record, _ *Value) bool {
			some := false
			each(r.(R), func(Record) { some = true })
			return some
		},
	}
}

// Table is the fields of one kind of record.
type Table struct {
	Name   string // dataset or part: "dns", "auth", "flow", "event"
	Doc    string
	Fields []Field
	Brief  []string // paths of what a person wants of it on one line, in order

	byPath map[string]*Field
	asked  [64]atomic.Pointer[lookedUp]
}

// lookedUp is a path that was asked for and its field, nil where the table has none:
// rooms ask for the same few paths of every event, in the same strings.
type lookedUp struct {
	path  string
	field *Field
}

// NewTable makes the table of a record. It panics on a path that stands twice or
// that is no path: tables are package variables, so that is found at start.
func NewTable(name, doc string, fields ...Field) *Table {
	t := &Table{Name: name, Doc: doc, Fields: fields, byPath: make(map[string]*Field, len(fields))}
	for i := range fields {
		f := &fields[i]
		if f.Path == "" || strings.HasPrefix(f.Path, ".") || strings.HasSuffix(f.Path, ".") {
			panic(fmt.Sprintf("event: table %s: bad path %q", name, f.Path))
		}
		if t.byPath[f.Path] != nil {
			panic(fmt.Sprintf("event: table %s: path %s stands twice", name, f.Path))
		}
		t.byPath[f.Path] = f
	}
	return t
}

// InBrief names what a person wants of such a record on one line, where what is false
// is not shown. It panics on a path that the table has not.
func (t *Table) InBrief(paths ...string) *Table {
	for _, p := range paths {
		if t.byPath[p] == nil {
			panic(fmt.Sprintf("event: table %s: no path %s to be brief with", t.Name, p))
		}
	}
	t.Brief = paths
	return t
}

// Lookup returns the field with this path, or nil.
func (t *Table) Lookup(path string) *Field {
	n := len(path)
	if n == 0 {
		return nil
	}
	at := &t.asked[(n+int(path[n-1])*5+int(path[n/2])*11)%len(t.asked)]
	l := at.Load()
	if l == nil {
		l = &lookedUp{path, t.byPath[path]}
		at.Store(l)
	}
	if l.path == path {
		return l.field
	}
	return t.byPath[path]
}

// Paths lists the table's paths, sorted.
func (t *Table) Paths() []string {
	out := make([]string, 0, len(t.Fields))
	for i := range t.Fields {
		out = append(out, t.Fields[i].Path)
	}
	sort.Strings(out)
	return out
}
