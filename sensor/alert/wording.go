package alert

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// maxExamples is how many values of a list a sentence names.
const maxExamples = 3

// commonNames are the placeholders that every text may use, filled from the fields
// of the alert's own document: whoever has the document can word it anew. Those
// that may be absent belong in an optional part.
var commonNames = map[string]func(lang string, a event.Record) string{
	"subject":      func(_ string, a event.Record) string { return plainAddr(event.AddrOf(a, "source.ip")) },
	"subject_name": func(_ string, a event.Record) string { return event.TextOf(a, "source.domain") },
	"peer":         func(_ string, a event.Record) string { return plainAddr(event.AddrOf(a, "destination.ip")) },
	"peer_name":    func(_ string, a event.Record) string { return event.TextOf(a, "destination.domain") },
	"user":         func(_ string, a event.Record) string { return event.TextOf(a, "user.name") },
	"port":         func(_ string, a event.Record) string { return positive(event.NumberOf(a, "destination.port")) },
	"observed":     observed,
	"usual":        func(lang string, a event.Record) string { return learned(lang, a, true) },
	"limit":        func(lang string, a event.Record) string { return learned(lang, a, false) },
	"since":        func(_ string, a event.Record) string { return day(event.NumberOf(a, "brandmelder.baseline.since")) },
	"flows":        func(_ string, a event.Record) string { return positive(event.NumberOf(a, "brandmelder.flows_total")) },
	"targets": func(_ string, a event.Record) string {
		return positive(int64(len(event.AddrsOf(a, "brandmelder.targets"))))
	},
	"examples": func(_ string, a event.Record) string { return exampleAddrs(event.AddrsOf(a, "brandmelder.targets")) },
	"lasting": func(lang string, a event.Record) string {
		ns := event.NumberOf(a, "event.end") - event.NumberOf(a, "event.start")
		if ns < second {
			return ""
		}
		return duration(lang, float64(ns)/float64(second))
	},
}

// word renders the text of an alert from its document's own part and its facts:
// the text of the rule that made it, where that is known and has one, else the
// detector's. A detector without a fitting text is worded by what its Spec says
// and its numbers, for an alert is never withheld.
func word(lang string, a, facts event.Record, rule *event.Rule) Text {
	lookup := func(name string) (string, bool) {
		if s, ok := fact(lang, facts, name); ok {
			return s, true
		}
		if get := commonNames[name]; get != nil {
			s := get(lang, a)
			return s, s != ""
		}
		return "", false
	}
	t, err := wordByRule(lang, rule, lookup)
	if err != nil {
		t, err = Render(lang, event.TextOf(a, "brandmelder.detector"), lookup)
	}
	if err != nil {
		return fallback(lang, a)
	}
	return t
}

// wordByRule fills the text that a rule brings along.
func wordByRule(lang string, rule *event.Rule, lookup func(string) (string, bool)) (Text, error) {
	if rule == nil || rule.Text[lang] == "" {
		return Text{}, ErrNoText
	}
	t, err := parseTemplate(rule.Text[lang])
	if err != nil {
		return Text{}, err
	}
	return t.fill(lang, lookup)
}

func fallback(lang string, a event.Record) Text {
	name := event.TextOf(a, "rule.name")
	parts := []string{name + ":", commonNames["subject"](lang, a)}
	if peer := commonNames["peer"](lang, a); peer != "" {
		parts = append(parts, "→", peer)
	}
	if s := observed(lang, a); s != "" {
		parts = append(parts, "("+s+")")
	}
	return Text{Title: name, Message: strings.Join(parts, " ")}
}

// fact looks a placeholder up among the facts: by its whole path, or by what
// follows "brandmelder.<detector>." in it. Signs are worded, all else is left to the
// formats.
func fact(lang string, facts event.Record, name string) (string, bool) {
	if facts == nil {
		return "", false
	}
	t := facts.Table()
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Type == event.TypeObject || f.Path != name && factName(f.Path) != name {
			continue
		}
		var v event.Value
		if !f.Get(facts, &v) {
			return "", false
		}
		if name == "signs" {
			return signsOf(lang, v.Strs), true
		}
		return plain(f, &v), true
	}
	return "", false
}

func factName(path string) string {
	rest, own := strings.CutPrefix(path, "brandmelder.")
	if !own {
		return ""
	}
	_, name, _ := strings.Cut(rest, ".")
	return name
}

// plain writes a fact without the manners of any language; formats add them.
func plain(f *event.Field, v *event.Value) string {
	if f.List {
		return plainList(f, v)
	}
	switch f.Type {
	case event.TypeLong:
		return strconv.FormatInt(v.Int, 10)
	case event.TypeFloat:
		return strconv.FormatFloat(v.Float, 'g', 10, 64)
	case event.TypeBool:
		return strconv.FormatBool(v.Int != 0)
	case event.TypeIP:
		return plainAddr(v.Addr)
	case event.TypeDate:
		return time.Unix(0, v.Int).UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return v.Str
}

func plainList(f *event.Field, v *event.Value) string {
	var out []string
	switch f.Type {
	case event.TypeLong:
		for _, n := range v.Ints {
			out = append(out, strconv.FormatInt(n, 10))
		}
	case event.TypeIP:
		for _, a := range v.Addrs {
			out = append(out, plainAddr(a))
		}
	default:
		out = v.Strs
	}
	return first(out, maxExamples)
}

// first names the first of a list and says how many there are more.
func first(list []string, most int) string {
	if n := len(list) - most; n > 0 {
		return strings.Join(list[:most], ", ") + " (+" + strconv.Itoa(n) + ")"
	}
	return strings.Join(list, ", ")
}

func exampleAddrs(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, plainAddr(a))
	}
	return first(out, maxExamples)
}

func plainAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

func observed(lang string, a event.Record) string {
	return measured(lang, event.ShareOf(a, "brandmelder.observed.value"), event.TextOf(a, "brandmelder.observed.unit"))
}

// learned words a baseline that was learned here, or one that was shipped: the
// latter is a limit, and to call it usual would not be true.
func learned(lang string, a event.Record, here bool) string {
	if here != (event.NumberOf(a, "brandmelder.baseline.since") > 0) {
		return ""
	}
	return measured(lang, event.ShareOf(a, "brandmelder.baseline.value"), event.TextOf(a, "brandmelder.baseline.unit"))
}

func measured(lang string, value float64, unit string) string {
	if unit == "" {
		return ""
	}
	return Quantity(lang, value, unit)
}

func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return itoa(n)
}

func day(ns int64) string {
	if ns <= 0 {
		return ""
	}
	return time.Unix(0, ns).UTC().Format(time.DateOnly)
}
