package rule

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/strict"
)

// modifiers are what stands behind the field's name.
type modifiers struct {
	all, exists, cased, fieldref, cidr, re bool
	place                                  string // contains, startswith, endswith
	compare                                string // lt, lte, gt, gte
	flags                                  string // of re: i, m, s
}

var known = []string{"all", "cased", "cidr", "contains", "endswith", "exists", "fieldref", "gt", "gte", "i", "lt", "lte", "m", "re", "s", "startswith"}

func modifiersOf(key *yaml.Node, names []string, f *event.Field) (m modifiers, err error) {
	for _, name := range names {
		switch name {
		case "all":
			m.all = true
		case "exists":
			m.exists = true
		case "cased":
			m.cased = true
		case "fieldref":
			m.fieldref = true
		case "cidr":
			m.cidr = true
		case "re":
			m.re = true
		case "i", "m", "s":
			m.flags += name
		case "contains", "startswith", "endswith":
			m.place = name
		case "lt", "lte", "gt", "gte":
			m.compare = name
		default:
			return m, strict.At(key, "%s", strict.Unknown("modifier", name, known))
		}
	}
	return m, m.fit(key, f)
}

// fit refuses what cannot be asked of the field.
func (m modifiers) fit(key *yaml.Node, f *event.Field) error {
	text := f.Type == event.TypeKeyword || f.Type == event.TypeWildcard || f.Type == event.TypeText
	number := f.Type == event.TypeLong || f.Type == event.TypeFloat || f.Type == event.TypeDate
	switch {
	case (m.place != "" || m.re || m.cased) && !text:
		return strict.At(key, "%s is a %v: contains, startswith, endswith, cased and re ask for text", f.Path, f.Type)
	case m.compare != "" && !number:
		return strict.At(key, "%s is a %v: lt, lte, gt and gte ask for a number", f.Path, f.Type)
	case m.cidr && f.Type != event.TypeIP:
		return strict.At(key, "%s is a %v: cidr asks for an address", f.Path, f.Type)
	case m.flags != "" && !m.re:
		return strict.At(key, "%s: i, m and s are flags of re", f.Path)
	}
	return nil
}

// absent is the value null.
type absent struct{}

func (absent) matches(*element) bool { return false }

// value compiles one value for a field.
func (m modifiers) value(n *yaml.Node, f *event.Field) (value, error) {
	if n.Kind != yaml.ScalarNode {
		return nil, strict.At(n, "%s: a value or a list of values", f.Path)
	}
	if n.Tag == "!!null" {
		return absent{}, nil
	}
	if m.exists {
		return absent{}, nil
	}
	switch f.Type {
	case event.TypeIP:
		return m.network(n)
	case event.TypeLong, event.TypeFloat, event.TypeDate, event.TypeBool:
		return m.number(n, f)
	}
	return m.words(n)
}

type network struct{ netip.Prefix }

func (x network) matches(e *element) bool { return x.Contains(e.addr) }

func (m modifiers) network(n *yaml.Node) (value, error) {
	if p, err := netip.ParsePrefix(n.Value); err == nil && m.cidr {
		return network{p.Masked()}, nil
	}
	a, err := netip.ParseAddr(n.Value)
	if err != nil {
		return nil, strict.At(n, "%q is no address; for a network write field|cidr", n.Value)
	}
	return network{netip.PrefixFrom(a, a.BitLen())}, nil
}

type number struct {
	limit   float64
	compare string
}

func (x number) matches(e *element) bool {
	switch x.compare {
	case "lt":
		return e.number < x.limit
	case "lte":
		return e.number <= x.limit
	case "gt":
		return e.number > x.limit
	case "gte":
		return e.number >= x.limit
	}
	return e.number == x.limit
}

func (m modifiers) number(n *yaml.Node, f *event.Field) (value, error) {
	if f.Type == event.TypeBool {
		switch n.Value {
		case "true":
			return number{1, ""}, nil
		case "false":
			return number{0, ""}, nil
		}
		return nil, strict.At(n, "%s is true or false, not %q", f.Path, n.Value)
	}
	x, err := strconv.ParseFloat(n.Value, 64)
	if err != nil {
		return nil, strict.At(n, "%s is a number, and %q is none", f.Path, n.Value)
	}
	return number{x, m.compare}, nil
}

// pattern is text with * and ?, split at the stars. Sigma compares without case
// unless told otherwise.
type pattern struct {
	parts []string // between stars; "?" is any byte
	cased bool
}

func (x *pattern) matches(e *element) bool {
	s := e.text
	if !x.cased {
		s = e.folded()
	}
	last := len(x.parts) - 1
	if last == 0 {
		return len(s) == len(x.parts[0]) && startsWith(s, x.parts[0])
	}
	if !startsWith(s, x.parts[0]) {
		return false
	}
	s = s[len(x.parts[0]):]
	for _, p := range x.parts[1:last] {
		i := index(s, p)
		if i < 0 {
			return false
		}
		s = s[i+len(p):]
	}
	return len(s) >= len(x.parts[last]) && startsWith(s[len(s)-len(x.parts[last]):], x.parts[last])
}

// anyByte stands for "?" in a pattern: a byte that UTF-8 never has.
const anyByte = '\xff'

func startsWith(s, p string) bool {
	if len(s) < len(p) {
		return false
	}
	for i := range len(p) {
		if p[i] != s[i] && p[i] != anyByte {
			return false
		}
	}
	return true
}

func index(s, p string) int {
	if !strings.Contains(p, "\xff") {
		return strings.Index(s, p)
	}
	for i := range len(s) - len(p) + 1 {
		if startsWith(s[i:], p) {
			return i
		}
	}
	return -1
}

type expression struct{ *regexp.Regexp }

func (x expression) matches(e *element) bool { return x.MatchString(e.text) }

// words compiles text: an expression, or a pattern with Sigma's escapes.
func (m modifiers) words(n *yaml.Node) (value, error) {
	if m.re {
		flags := ""
		if m.flags != "" {
			flags = "(?" + m.flags + ")"
		}
		re, err := regexp.Compile(flags + n.Value)
		if err != nil {
			return nil, strict.At(n, "%v", err)
		}
		return expression{re}, nil
	}
	parts := wildcards(n.Value, m.cased)
	if m.place == "contains" || m.place == "endswith" {
		parts = slices.Insert(parts, 0, "")
	}
	if m.place == "contains" || m.place == "startswith" {
		parts = append(parts, "")
	}
	return &pattern{parts, m.cased}, nil
}

// wildcards splits at the stars; a backslash takes the meaning of *, ? and itself.
func wildcards(s string, cased bool) []string {
	if !cased {
		s = strings.ToLower(s)
	}
	var part []byte
	var out []string
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`*?\`, s[i+1]) >= 0:
			i++
			part = append(part, s[i])
		case s[i] == '*':
			out, part = append(out, string(part)), nil
		case s[i] == '?':
			part = append(part, anyByte)
		default:
			part = append(part, s[i])
		}
	}
	return append(out, string(part))
}

// reference is the value that another field has.
func (m modifiers) reference(other *element) value {
	switch {
	case other.addr.IsValid():
		return network{netip.PrefixFrom(other.addr, other.addr.BitLen())}
	case other.text == "":
		return number{other.number, m.compare}
	}
	text := other.text
	if !m.cased {
		text = strings.ToLower(text)
	}
	p := &pattern{parts: []string{text}, cased: m.cased}
	if m.place == "contains" || m.place == "endswith" {
		p.parts = slices.Insert(p.parts, 0, "")
	}
	if m.place == "contains" || m.place == "startswith" {
		p.parts = append(p.parts, "")
	}
	return p
}
