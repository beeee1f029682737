package output

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const briefList = 3 // values of a list that are shown

// brief is what a document's record has in brief: text as it is, what is true and
// what is counted with its name.
func (t *Table) brief(d event.Doc, action string) string {
	doc, err := event.ParseDocument(d.JSON)
	if err != nil {
		return ""
	}
	paths := t.briefs[action]
	if paths == nil {
		paths = t.briefs[d.Dataset]
	}
	var words []string
	for _, p := range paths {
		if word := briefly(p[strings.LastIndexByte(p, '.')+1:], doc.At(p)); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

func briefly(name string, value any) string {
	switch v := value.(type) {
	case string:
		return printable(v)
	case json.Number:
		return name + "=" + v.String()
	case bool:
		if v {
			return name
		}
	case []any:
		var parts []string
		for _, one := range v[:min(len(v), briefList)] {
			parts = append(parts, briefly(name, one))
		}
		if len(v) > briefList {
			parts = append(parts, "…")
		}
		return strings.Join(parts, ",")
	}
	return ""
}

// printable keeps what others chose from doing anything to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, s)
}
