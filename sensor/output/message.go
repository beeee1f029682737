package output

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// message is what a person or another system is told of a document in few words.
type message struct {
	Time     time.Time
	Dataset  string
	ID       string
	Action   string
	Severity int
	Rule     string
	Family   string
	Text     string
	Source   end
	Target   end
	User     string
	Observer string
	Incident string
	Steps    []string
}

// messageOf reads a document in a language, or as it is worded where it has none.
func messageOf(d *event.Doc, lang string) (m message, err error) {
	var in struct {
		seen
		Time time.Time `json:"@timestamp"`
		Rule struct {
			ID       string `json:"id"`
			Category string `json:"category"`
		} `json:"rule"`
		User        struct{ Name string } `json:"user"`
		Observer    struct{ Name string } `json:"observer"`
		Brandmelder struct {
			Incident struct{ ID string } `json:"incident"`
			Text     map[string]struct {
				Message string   `json:"message"`
				Steps   []string `json:"steps"`
			} `json:"text"`
		} `json:"brandmelder"`
	}
	if err := json.Unmarshal(d.JSON, &in); err != nil {
		return m, fmt.Errorf("document %s: %w", d.ID, err)
	}
	m = message{Time: in.Time, Dataset: d.Dataset, ID: d.ID, Action: in.Event.Action, Severity: in.Event.Severity, Rule: in.Rule.ID,
		Family: in.Rule.Category, Text: in.Message, Source: in.Source, Target: in.Destination, User: in.User.Name,
		Observer: in.Observer.Name, Incident: in.Brandmelder.Incident.ID}
	words := in.Brandmelder.Text[lang]
	if m.Steps = words.Steps; words.Message != "" {
		m.Text = words.Message
	}
	if m.Time.IsZero() {
		m.Time = time.Unix(0, d.Time)
	}
	if m.Text == "" {
		m.Text = strings.Join(strings.Fields(d.Dataset+" "+m.Action+" "+in.pair()), " ")
	}
	return m, nil
}

// oneLine makes text fit where a line break would begin something new, and where a mark
// that turns the direction of text would make it read otherwise.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}
