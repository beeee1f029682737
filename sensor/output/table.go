package output

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Width is the most columns that a line for people has.
const Width = 100

// Table writes documents for people: an alert or incident as a line and its
// sentence, everything else as one line.
type Table struct{ w io.Writer }

// NewTable returns a table that writes to w, which stays the caller's.
func NewTable(w io.Writer) *Table { return &Table{w} }

// seen is what the table shows of a document.
type seen struct {
	Event struct {
		Action   string `json:"action"`
		Severity int    `json:"severity"`
	} `json:"event"`
	Rule struct {
		Category string `json:"category"`
	} `json:"rule"`
	Message     string `json:"message"`
	Source      end    `json:"source"`
	Destination end    `json:"destination"`
	Network     struct {
		Transport string `json:"transport"`
		Protocol  string `json:"protocol"`
	} `json:"network"`
	Brandmelder struct {
		Suppression struct {
			ID string `json:"id"`
		} `json:"suppression"`
	} `json:"brandmelder"`
}

type end struct {
	IP   string `json:"ip"`
	Port int    `json:"port"`
}

func (e end) String() string {
	switch {
	case e.Port == 0:
		return e.IP
	case strings.Contains(e.IP, ":"):
		return fmt.Sprintf("[%s]:%d", e.IP, e.Port)
	}
	return fmt.Sprintf("%s:%d", e.IP, e.Port)
}

// Write shows documents. A document that is not JSON is an error.
func (t *Table) Write(_ context.Context, docs []event.Doc) error {
	var b strings.Builder
	for _, d := range docs {
		var s seen
		if err := json.Unmarshal(d.JSON, &s); err != nil {
			return fmt.Errorf("table: document %s: %w", d.ID, err)
		}
		when := time.Unix(0, d.Time).UTC().Format("2006-01-02 15:04:05")
		b.WriteString(Clip(when+"  "+strings.TrimRight(s.head(d.Dataset), " "), Width) + "\n")
		if d.Dataset == "alert" || d.Dataset == "incident" {
			for _, line := range Wrap(s.Message, Width-4) {
				b.WriteString("    " + line + "\n")
			}
		}
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// Close does nothing: what the table writes to is not its own.
func (t *Table) Close() error { return nil }

// head is the first line of a document, without its time.
func (s *seen) head(dataset string) string {
	what := cmp.Or(s.Event.Action, dataset)
	switch dataset {
	case "alert", "incident":
		head := fmt.Sprintf("%-8s  %s  %s  %s", Level(s.Event.Severity), what, s.Rule.Category, s.pair())
		if id := s.Brandmelder.Suppression.ID; id != "" {
			head += "  suppressed by " + id
		}
		return head
	}
	about := strings.Fields(s.Network.Transport + " " + s.Network.Protocol + " " + s.Message)
	return fmt.Sprintf("%-10s  %s  %s", what, s.pair(), strings.Join(about, " "))
}

func (s *seen) pair() string {
	from, to := s.Source.String(), s.Destination.String()
	if from == "" || to == "" {
		return from + to
	}
	return from + " → " + to
}

// Level names a severity for people.
func Level(severity int) string {
	switch {
	case severity >= int(event.Critical):
		return "CRITICAL"
	case severity >= int(event.High):
		return "HIGH"
	case severity >= int(event.Medium):
		return "MEDIUM"
	}
	return "LOW"
}

// Clip cuts text to a number of columns; … says that it was cut.
func Clip(text string, columns int) string {
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:columns-1]) + "…"
}

// Wrap breaks text at spaces into lines of at most so many columns.
func Wrap(text string, columns int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		word = Clip(word, columns)
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
