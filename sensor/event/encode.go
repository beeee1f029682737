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
	maxString = 4096 // bytes of one string value; sentences are the longest
	maxList   = 64   // values of one list
)

// Layout is the nested encoder of one kind of document: the fields of several
// tables in one tree.
type Layout struct {
	steps   []step
	records int // how many Append takes
}

type step struct {
	source int // index of the record that the field reads
	field  *Field
	path   []string // objects to be open
	key    string   // "name": with its quotes and colon
	sub    *Layout  // of TypeObject
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
	return l
}

func newStep(source int, f *Field) step {
	parts := strings.Split(f.Path, ".")
	s := step{source: source, field: f, path: parts[:len(parts)-1], key: strconv.Quote(parts[len(parts)-1]) + ":"}
	if f.Type == TypeObject {
		s.sub = NewLayout(&Table{Fields: f.Sub})
	}
	return s
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
	var v Value
	var open []string
	if n := len(records); n < l.records {
		panic(fmt.Sprintf("event: %d records for %d tables", n, l.records))
	}
	dst = append(dst, '{')
	for i := range l.steps {
		s := &l.steps[i]
		r := records[s.source]
		if r == nil || !s.field.get(r, &v) {
			continue
		}
		dst, open = turnTo(dst, open, s.path)
		dst = append(comma(dst), s.key...)
		if s.sub != nil {
			dst = s.appendObjects(dst, r)
		} else {
			dst = appendValue(dst, s.field, &v)
		}
	}
	for range open {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// turnTo closes and opens objects until path is open.
func turnTo(dst []byte, open, path []string) ([]byte, []string) {
	same := 0
	for same < len(open) && same < len(path) && open[same] == path[same] {
		same++
	}
	for range len(open) - same {
		dst = append(dst, '}')
	}
	for _, name := range path[same:] {
		dst = append(appendString(comma(dst), name), ':', '{')
	}
	return dst, path
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
			dst = appendString(comma(dst), s)
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
	dst = append(dst, '"')
	dst = time.Unix(0, ns).UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000000Z")
	return append(dst, '"')
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

// appendString writes a JSON string: valid UTF-8, cut at maxString, control
// characters escaped (DEL and C1 too: documents are printed on terminals).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	if len(s) > maxString {
		s = s[:runeStart(s, maxString-len("…"))] + "…"
	}
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		plain := i
		for i < len(s) && isPlain(s[i]) {
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

// isPlain reports whether a byte stands in a JSON string as it is.
func isPlain(c byte) bool { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' }
