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

// commonNames are the placeholders that every text may use. Those that may be
// absent belong in an optional part.
var commonNames = map[string]func(lang string, a *alert) string{
	"subject":      func(_ string, a *alert) string { return plainAddr(a.finding.Subject.Addr) },
	"subject_name": func(_ string, a *alert) string { return a.finding.Subject.Name },
	"peer":         func(_ string, a *alert) string { return plainAddr(a.finding.Peer.Addr) },
	"peer_name":    func(_ string, a *alert) string { return a.finding.Peer.Name },
	"user":         func(_ string, a *alert) string { return a.finding.Subject.User },
	"port":         func(_ string, a *alert) string { return positive(int64(a.finding.Port)) },
	"observed":     func(lang string, a *alert) string { return measured(lang, &a.finding.Observed) },
	"usual":        func(lang string, a *alert) string { return learned(lang, a.finding.Baseline, true) },
	"limit":        func(lang string, a *alert) string { return learned(lang, a.finding.Baseline, false) },
	"since":        func(_ string, a *alert) string { return day(a.finding.Baseline.Since) },
	"flows":        func(_ string, a *alert) string { return positive(int64(a.finding.FlowsTotal)) },
	"targets":      func(_ string, a *alert) string { return positive(int64(len(a.finding.Related))) },
	"examples":     func(_ string, a *alert) string { return exampleAddrs(a.finding.Related) },
	"lasting": func(lang string, a *alert) string {
		ns := a.finding.Time - a.finding.Onset
		if ns < second {
			return ""
		}
		return duration(lang, float64(ns)/float64(second))
	},
}

// word renders the text of a story. A detector without a fitting text is worded
// by what its Spec says and its numbers, for an alert is never withheld.
func (d *Desk) word(lang string, a *alert) Text {
	t, err := Render(lang, a.finding.Detector, a.lookup(lang))
	if err != nil {
		return fallback(lang, a)
	}
	return t
}

func (a *alert) lookup(lang string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if s, ok := fact(a.finding.Facts, name); ok {
			return s, true
		}
		if get := commonNames[name]; get != nil {
			s := get(lang, a)
			return s, s != ""
		}
		return "", false
	}
}

func fallback(lang string, a *alert) Text {
	parts := []string{a.name() + ":", plainAddr(a.finding.Subject.Addr)}
	if peer := plainAddr(a.finding.Peer.Addr); peer != "" {
		parts = append(parts, "→", peer)
	}
	if s := measured(lang, &a.finding.Observed); s != "" {
		parts = append(parts, "("+s+")")
	}
	return Text{Title: a.name(), Message: strings.Join(parts, " ")}
}

// fact looks a placeholder up among the facts: by its whole path, or by what
// follows "brandmelder.<detector>." in it.
func fact(facts event.Record, name string) (string, bool) {
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
	return first(out)
}

// first names a few of a list and says how many there are more.
func first(list []string) string {
	if n := len(list) - maxExamples; n > 0 {
		return strings.Join(list[:maxExamples], ", ") + " (+" + strconv.Itoa(n) + ")"
	}
	return strings.Join(list, ", ")
}

func exampleAddrs(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, plainAddr(a))
	}
	return first(out)
}

func plainAddr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.Unmap().WithZone("").String()
}

func measured(lang string, m *event.Measure) string {
	if m.Unit == "" {
		return ""
	}
	return Quantity(lang, m.Value, m.Unit)
}

// learned words a baseline that was learned here, or one that was shipped: the
// latter is a limit, and to call it usual would not be true.
func learned(lang string, m event.Measure, here bool) string {
	if here != (m.Since > 0) {
		return ""
	}
	return measured(lang, &m)
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
