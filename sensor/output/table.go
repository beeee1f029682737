package output

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Width is the most columns that a line for people has.
const Width = 100

// Table writes documents for people: an alert or incident as a line and its
// sentence, everything else as one line with what its record has in brief.
type Table struct {
	w      io.Writer
	briefs map[string][]string // paths, by name of a table
	alerts []told
	more   int // alerts that there was no room for
}

// told is an alert that stood in the table.
type told struct {
	severity int
	line     string
}

const tableAlerts = 1000 // alerts that are kept for the sum

// NewTable returns a table that writes to w, which stays the caller's. Of documents
// it knows in brief what is of these tables.
func NewTable(w io.Writer, tables ...*event.Table) *Table {
	t := &Table{w: w, briefs: map[string][]string{}}
	for _, of := range tables {
		if len(of.Brief) > 0 {
			t.briefs[of.Name] = of.Brief
		}
	}
	return t
}

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
		if s.Event.Action != "flow-start" { // all that it says its end says too
			t.show(&b, d, &s)
		}
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *Table) show(b *strings.Builder, d event.Doc, s *seen) {
	when := time.Unix(0, d.Time).UTC().Format("2006-01-02 15:04:05")
	if d.Dataset != "alert" && d.Dataset != "incident" {
		fmt.Fprintln(b, row(when, s.line(d.Dataset)+t.brief(d, s.Event.Action)))
		return
	}
	line := row(when, s.head(d.Dataset))
	fmt.Fprintln(b, line)
	for _, line := range Wrap(s.Message, Width-4) {
		fmt.Fprintln(b, "    "+line)
	}
	switch {
	case d.Dataset == "incident" || strings.Contains(d.ID, "-"): // a later word on an alert
	case len(t.alerts) < tableAlerts:
		t.alerts = append(t.alerts, told{s.Event.Severity, line})
	default:
		t.more++
	}
}

func row(when, line string) string { return Clip(when+"  "+strings.TrimRight(line, " "), Width) }

// Sum writes what there is to decide about: at most ten alerts, the gravest first.
func (t *Table) Sum() error {
	slices.SortStableFunc(t.alerts, func(a, b told) int { return b.severity - a.severity })
	n := len(t.alerts) + t.more
	switch n {
	case 0:
		_, err := fmt.Fprintln(t.w, "\nno alerts")
		return err
	case 1:
		fmt.Fprintln(t.w, "\n1 alert")
	default:
		fmt.Fprintf(t.w, "\n%d alerts, the gravest first\n", n)
	}
	for _, a := range t.alerts[:min(10, len(t.alerts))] {
		fmt.Fprintln(t.w, a.line)
	}
	if n > 10 {
		_, err := fmt.Fprintf(t.w, "… and %d more\n", n-10)
		return err
	}
	return nil
}

// Close does nothing: what the table writes to is not its own.
func (t *Table) Close() error { return nil }

// head is the first line of an alert or an incident, without its time.
func (s *seen) head(dataset string) string {
	what := cmp.Or(s.Event.Action, dataset)
	head := fmt.Sprintf("%-8s  %s  %s  %s", Level(s.Event.Severity), what, s.Rule.Category, s.pair())
	if id := s.Brandmelder.Suppression.ID; id != "" {
		head += "  suppressed by " + id
	}
	return head
}

// line begins that of another document: what it is and between whom.
func (s *seen) line(dataset string) string {
	s.Source.Port = 0 // says nothing, and takes the place of what does
	line := fmt.Sprintf("%-10s  %s  ", cmp.Or(s.Event.Action, dataset), s.pair())
	if strings.HasPrefix(s.Event.Action, "flow-") {
		line += strings.Join(strings.Fields(s.Network.Transport+" "+s.Network.Protocol), " ") + "  "
	}
	return line
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
