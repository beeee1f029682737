package alert

import (
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// words is what an alert says to people.
type words struct {
	texts   [len(languages)]Text // by language
	message string
}

// say words an alert in every language, from its own part and its facts, and with
// the text of its rule where that is known.
func (w *words) say(lang string, a, facts event.Record, rule *event.Rule) {
	for i, l := range languages {
		w.texts[i] = word(l, a, facts, rule)
		if l == lang || i == 0 {
			w.message = w.texts[i].Message
		}
	}
}

func textFields() []event.Field {
	out := []event.Field{
		event.Text("message", event.Personal, "one sentence with its numbers", func(a *alert) (string, bool) { return a.message, true }),
	}
	for i, lang := range languages {
		text := func(name, doc string, get func(*Text) string) event.Field {
			return event.Text("brandmelder.text."+lang+"."+name, event.Personal, doc, func(a *alert) (string, bool) {
				s := get(&a.texts[i])
				return s, s != ""
			})
		}
		out = append(out,
			text("title", "a few words", func(t *Text) string { return t.Title }),
			text("message", "one sentence with its numbers", func(t *Text) string { return t.Message }),
			text("why", "why it matters", func(t *Text) string { return t.Why }),
			text("other", "what else it can be", func(t *Text) string { return t.Other }),
			event.Strings("brandmelder.text."+lang+".steps", event.Personal, "first steps", func(a *alert) []string { return a.texts[i].Steps }),
		)
	}
	return out
}

// Reword writes every text of an alert or incident anew, from the facts that its
// document holds: in a view whose names are pseudonyms, the sentences have
// pseudonyms too, and nothing of the old text is left. Other documents have none.
func Reword(lang string, d event.Document) {
	switch d.At("event.dataset") {
	case "brandmelder.alert":
		a := &alert{}
		own := alertTable.Stored(d)
		a.say(lang, own, storedFacts(event.TextOf(own, "brandmelder.detector"), d), nil)
		for _, f := range textFields() {
			d.Put(&f, a)
		}
	case "brandmelder.incident":
		d.Put(incidentTable.Lookup("message"), &incidentView{message: sentence(lang, incidentTable.Stored(d))})
	}
}

// storedFacts are what a detector of the shelf said.
func storedFacts(detector string, d event.Document) event.Record {
	for _, s := range detect.All() {
		if s.Name == detector && s.Facts != nil {
			return s.Facts.Stored(d)
		}
	}
	return nil
}
