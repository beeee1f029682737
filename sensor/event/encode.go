package event

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one document, so that no packet can make it large.
const (
	maxString  = 4096 // bytes of one string value; sentences are the longest
	maxKeyword = 1024 // bytes of a keyword: an index ignores longer ones
	maxList    = 64   // values of one list
)

// Layout is the nested encoder of one kind of document: the fields of several
// tables in one tree. Its use by several goroutines is safe.
type Layout struct {
	steps   []step // in order of their paths
	records int    // how many Append takes
}

// maxDepth is how many objects a path may open within each other.
const maxDepth = 8

// step writes one field. Documents are many and much else is in the processor's
// caches, so that what a step needs stands in one place: no text is looked for.
type step struct {
	get     func(Record, *Value) bool
	source  int                  // index of the record that the field reads
	fixed   bool                 // the value is the same in every document and stands in opening
	shared  int                  // how many of its path's objects the step before has open too
	depth   int                  // of the field's path
	opening string               // "object":{"object":{"name":
	from    [maxDepth + 1]uint16 // where opening begins with so many of its objects open
	field   *Field
	sub     *Layout // of TypeObject
}

// NewLayout compiles tables into one encoder. It panics when a path stands twice
// or when one path is both a value and an object.
func NewLayout(tables ...*Table) *Layout {
	l := &Layout{records: len(tables)}
	for source, t := range tables {
		if t == nil {
			continue
		}
		for i := range t.Fields {
			l.steps = append(l.steps, newStep(source, &t.Fields[i]))
		}
	}
	slices.SortStableFunc(l.steps, func(a, b step) int {
		return slices.Compare(strings.Split(a.field.Path, "."), strings.Split(b.field.Path, "."))
	})
	l.refuseClashes()
	l.share()
	return l
}

// Fix makes all fields of one source but those named the same in every document:
// as they are in r. It is called before the layout is used.
func (l *Layout) Fix(source int, r Record, but ...string) {
	var v Value
	steps := l.steps[:0]
	for _, s := range l.steps {
		if s.source == source && !slices.Contains(but, s.field.Path) {
			if !s.field.get(r, &v) {
				continue
			}
			s.fixed, s.opening = true, string(appendValue([]byte(s.opening), s.field, &v))
		}
		steps = append(steps, s)
	}
	l.steps = steps
	l.share()
}

func newStep(source int, f *Field) step {
	parts := strings.Split(f.Path, ".")
	s := step{get: f.get, source: source, depth: len(parts) - 1, field: f}
	if s.depth > maxDepth {
		panic("event: too many objects within each other: " + f.Path)
	}
	for i, name := range parts {
		s.from[i] = uint16(len(s.opening))
		s.opening += strconv.Quote(name) + ":"
		if i < s.depth {
			s.opening += "{"
		}
	}
	if f.Type == TypeObject {
		s.sub = NewLayout(&Table{Fields: f.Sub})
	}
	return s
}

// share tells each step which objects the one before leaves open.
func (l *Layout) share() {
	for i := 1; i < len(l.steps); i++ {
		s, before := &l.steps[i], &l.steps[i-1]
		n := 0
		for most := min(s.depth, before.depth); n < most && before.opening[:before.from[n+1]] == s.opening[:s.from[n+1]]; n++ {
		}
		s.shared = n
	}
}

func (l *Layout) refuseClashes() {
	for i := 1; i < len(l.steps); i++ {
		before, here := l.steps[i-1].field.Path, l.steps[i].field.Path
		if before == here {
			panic(fmt.Sprintf("event: path %s stands in two tables of one document", here))
		}
		if strings.HasPrefix(here, before+".") {
			panic(fmt.Sprintf("event: %s is a value and an object", before))
		}
	}
}

// Append writes one JSON object with what is present in the records, which stand
// in the order of the tables; a nil record is absent. No line break is written.
func (l *Layout) Append(dst []byte, records ...Record) []byte {
	if n := len(records); n < l.records {
		panic(fmt.Sprintf("event: %d records for %d tables", n, l.records))
	}
	const closing = "}}}}}}}}" // maxDepth
	start, open, shared := len(dst), 0, 0
	v := values.Get().(*Value)
	for i := range l.steps {
		s := &l.steps[i]
		shared = min(shared, s.shared)
		r := records[s.source]
		if !s.fixed && (r == nil || !s.get(r, v)) {
			continue
		}
		dst = append(dst, closing[:open-shared]...)
		dst = append(dst, ',')
		dst = append(dst, s.opening[s.from[shared]:]...)
		if s.sub != nil {
			dst = s.appendObjects(dst, r)
		} else if !s.fixed {
			dst = appendValue(dst, s.field, v)
		}
		open, shared = s.depth, s.depth
	}
	*v = Value{} // keeps nothing alive
	values.Put(v)
	if len(dst) == start {
		return append(dst, "{}"...)
	}
	dst[start] = '{'
	return append(append(dst, closing[:open]...), '}')
}

func comma(dst []byte) []byte {
	switch dst[len(dst)-1] {
	case '{', '[':
		return dst
	}
	return append(dst, ',')
}

func (s *step) appendObjects(dst []byte, r Record) []byte {
	dst = append(dst, '[')
	n := 0
	s.field.each(r, func(o Record) {
		if n++; n <= maxList {
			dst = s.sub.Append(comma(dst), o)
		}
	})
	return append(dst, ']')
}

func appendValue(dst []byte, f *Field, v *Value) []byte {
	if f.List {
		return appendList(dst, f, v)
	}
	switch f.Type {
	case TypeLong:
		return strconv.AppendInt(dst, v.Int, 10)
	case TypeFloat:
		return appendFloat(dst, v.Float)
	case TypeBool:
		return strconv.AppendBool(dst, v.Int != 0)
	case TypeIP:
		return append(v.Addr.Unmap().WithZone("").AppendTo(append(dst, '"')), '"')
	case TypeDate:
		return AppendTime(dst, v.Int)
	}
	if f.Type == TypeKeyword {
		return appendString(dst, cut(v.Str, maxKeyword))
	}
	return appendString(dst, v.Str)
}

func appendList(dst []byte, f *Field, v *Value) []byte {
	dst = append(dst, '[')
	switch f.Type {
	case TypeLong:
		for _, n := range v.Ints[:min(len(v.Ints), maxList)] {
			dst = strconv.AppendInt(comma(dst), n, 10)
		}
	case TypeIP:
		for _, a := range v.Addrs[:min(len(v.Addrs), maxList)] {
			if !a.IsValid() {
				continue
			}
			dst = append(a.Unmap().WithZone("").AppendTo(append(comma(dst), '"')), '"')
		}
	default:
		for _, s := range v.Strs[:min(len(v.Strs), maxList)] {
			dst = appendString(comma(dst), cut(s, maxKeyword))
		}
	}
	return append(dst, ']')
}

// appendFloat writes whole numbers in full, so that a person can check them, and
// others with ten digits: more would differ between processors.
func appendFloat(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return strconv.AppendFloat(dst, f, 'g', 10, 64)
}

// AppendTime writes a quoted RFC 3339 time in UTC with nine decimals.
func AppendTime(dst []byte, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	const form = `"0000-00-00T00:00:00.000000000Z"`
	dst = append(dst, form...)
	b := dst[len(dst)-len(form):]
	digits(b[1:5], year)
	digits(b[6:8], int(month))
	digits(b[9:11], day)
	digits(b[12:14], hour)
	digits(b[15:17], minute)
	digits(b[18:20], second)
	digits(b[21:30], t.Nanosecond())
	return dst
}

// digits fills b with the last digits of n.
func digits(b []byte, n int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i], n = '0'+byte(n%10), n/10
	}
}

// runeStart is the start of the rune that byte i of s belongs to.
func runeStart(s string, i int) int {
	for j := i; j > i-utf8.UTFMax && j > 0; j-- {
		if utf8.RuneStart(s[j]) {
			return j
		}
	}
	return i
}

// cut is the beginning of a string that is longer than most bytes.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:runeStart(s, most-len("…"))] + "…"
}

// appendString writes a JSON string: valid UTF-8, cut at maxString, control
// characters escaped (DEL and C1 too: documents are printed on terminals).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	s = cut(s, maxString)
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		plain := i
		for len(s)-i >= 8 && allPlain(s[i:i+8]) {
			i += 8
		}
		for i < len(s) && isPlain[s[i]] {
			i++
		}
		dst = append(dst, s[plain:i]...) // nearly always all of it
		if i == len(s) {
			break
		}
		c := s[i]
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case r == utf8.RuneError && size == 1:
			dst = append(dst, `\ufffd`...)
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r >= 0x200e && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			// line separators and marks that turn the direction of text
			dst = append(dst, '\\', 'u', '2', '0', hex[r>>4&15], hex[r&15])
		default:
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return append(dst, '"')
}

// allPlain reports whether eight bytes stand in a JSON string as they are. A byte's
// highest bit tells, once what is to be found was taken from or added to all eight:
// only the lowest of several that are not plain is told for certain, which will do.
func allPlain(s string) bool {
	const each, high = 0x0101010101010101, 0x8080808080808080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, backslash := x^each*'"', x^each*'\\'
	odd := (x - each*0x20) | (x + each) // below a space; DEL
	odd |= (quote-each)&^quote | (backslash-each)&^backslash
	return (odd|x)&high == 0
}

// isPlain says which bytes stand in a JSON string as they are.
var isPlain = func() (plain [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()
