package alert

import (
	"errors"
	"fmt"
	"strings"
)

// Text is an alert in words, in one language.
type Text struct {
	Title   string // a few words
	Message string // one sentence with its numbers
	Why     string // why it matters
	Other   string // what else it can be
	Steps   []string
}

// ErrNoText says that a detector has no text in a language.
var ErrNoText = errors.New("no text")

// Render fills the text of a detector with what lookup knows, so that a view with
// pseudonyms can word an alert anew from facts that are already pseudonyms.
// Numbers come in as Go writes them and leave as the language does. The error
// wraps ErrNoText, or names the placeholders that have no value and stand in no
// optional part.
func Render(lang, detector string, lookup func(name string) (string, bool)) (Text, error) {
	t := templates()[detector+"."+lang]
	if t == nil {
		return Text{}, fmt.Errorf("detector %s, language %s: %w", detector, lang, ErrNoText)
	}
	out, err := t.fill(lang, lookup)
	if err != nil {
		err = fmt.Errorf("detector %s, language %s: %w", detector, lang, err)
	}
	return out, err
}

// fill words a template.
func (t *template) fill(lang string, lookup func(string) (string, bool)) (Text, error) {
	r := renderer{lang: lang, lookup: lookup}
	out := Text{
		Title:   r.render(t.title),
		Message: r.render(t.message),
		Why:     r.render(t.why),
		Other:   r.render(t.other),
	}
	for _, step := range t.steps {
		if s := r.render(step); s != "" {
			out.Steps = append(out.Steps, s)
		}
	}
	if len(r.missing) > 0 {
		return out, fmt.Errorf("no value for %s", strings.Join(r.missing, ", "))
	}
	return out, nil
}

type renderer struct {
	lang    string
	lookup  func(string) (string, bool)
	missing []string
}

func (r *renderer) render(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.optional != nil {
			b.WriteString(r.optional(p.optional))
			continue
		}
		s, ok := r.part(p)
		if !ok {
			r.missing = append(r.missing, p.name)
			continue
		}
		b.WriteString(s)
	}
	return strings.TrimSpace(b.String())
}

func (r *renderer) optional(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		s, ok := r.part(p)
		if !ok {
			return ""
		}
		b.WriteString(s)
	}
	return b.String()
}

func (r *renderer) part(p part) (string, bool) {
	if p.name == "" {
		return p.literal, true
	}
	s, ok := r.lookup(p.name)
	if !ok || s == "" || p.format == some && (s == "0" || s == "false") {
		return "", false
	}
	return formats[p.format](r.lang, s), true
}
