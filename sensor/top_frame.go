package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/output"
)

const (
	maxRates  = 300 // seconds that the plot remembers
	topKinds  = 8   // kinds of events that are listed
	topMargin = 11  // columns of the names
)

// row is a name and a text of the screen, and the colours of both.
type row struct{ mark, name, text string }

// frame is what the screen shows, for so many columns.
func (t *top) frame(columns int) (rows []row) {
	s := &t.now
	line := func(name, format string, args ...any) {
		rows = append(rows, row{"", name, fmt.Sprintf(format, args...)})
	}
	line("sensor", "%s, brandmelder %s, %s; q ends", s.Sensor, s.Version, s.At.Local().Format("15:04:05"))
	rows = append(rows, row{colour(s.Sight.State), "sight", s.Sight.String()})
	if r := s.Run; r != nil {
		l := &r.Line
		line("packets", "%s/s, %s Mbit/s, %s dropped/s; %d dropped of %d",
			short(t.rate(func(l *health.Line) uint64 { return l.Packets })), short(t.rate(func(l *health.Line) uint64 { return l.Bytes })*8/1e6),
			short(t.rate(func(l *health.Line) uint64 { return l.Drops.Kernel })), l.Drops.Kernel, l.Seen)
		rows = append(rows, row{"", "", sparkline(t.rates, columns-topMargin, utf8Locale())})
		line("flows", "%d live, %s/s begin, %d ended, %d evicted", l.Flows.Live, short(t.rate(func(l *health.Line) uint64 { return l.Flows.Created })), l.Flows.Ended, l.Flows.Evicted)
		line("events", "%s/s, %d in all", short(t.rate(func(l *health.Line) uint64 { return l.Events })), l.Events)
		line("", "%s", t.kinds())
		line("lost", "%s", cmp.Or(losses(&l.Drops), "nothing"))
		line("journal", "%s; %d documents of this run, %d not taken", size(s.Journal.Decisions.Bytes+s.Journal.Telemetry.Bytes), r.Journaled, r.Shed)
	}
	line("detectors", "%d of %d live", s.Detectors.Live(), s.Detectors.Total)
	if p := s.Stored; p != nil {
		line("alerts", "%d in the last hour, %d open; last %s", p.Hour, p.Open, lastOf(p.LastAlert))
	}
	return append(rows, t.outputRows()...)
}

func (t *top) outputRows() (rows []row) {
	for i := range t.now.Outputs {
		o := &t.now.Outputs[i]
		sum := o.Both()
		one := row{"", "output", fmt.Sprintf("%s: %d wait, %d taken, %d dead letters", o.Name, sum.Pending, sum.Acknowledged, sum.Dead)}
		if sum.Error != "" {
			one.mark, one.text = yellow, one.text+"; waiting since "+sum.Since
		}
		rows = append(rows, one)
	}
	if t.now.Ships && !t.now.Sending {
		rows = append(rows, row{red, "ship", "NOT RUNNING: what needs the network waits"})
	}
	return rows
}

// kinds are the events of the newest second, the most first.
func (t *top) kinds() string {
	rates := map[string]float64{}
	for kind := range t.now.Run.Line.Kinds {
		if r := t.rate(func(l *health.Line) uint64 { return l.Kinds[kind] }); r > 0 {
			rates[kind] = r
		}
	}
	names := slices.SortedFunc(maps.Keys(rates), func(a, b string) int {
		return cmp.Or(cmp.Compare(rates[b], rates[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(len(names), topKinds)] {
		parts = append(parts, name+" "+short(rates[name]))
	}
	return strings.Join(parts, ", ")
}

func colour(sight string) string {
	switch sight {
	case health.Clear:
		return bold
	case health.Partly:
		return bold + yellow
	}
	return bold + red
}

// short is a rate in a few digits.
func short(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1fk", n/1e3)
	case n >= 10 || n == 0:
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.1f", n)
}

// sparkline plots the newest values against the highest of them.
func sparkline(values []float64, columns int, blocks bool) string {
	levels := []rune(" .:-=+*#")
	if blocks {
		levels = []rune("▁▂▃▄▅▆▇█")
	}
	values = values[max(0, len(values)-max(columns, 1)):]
	if len(values) == 0 {
		return ""
	}
	highest := max(slices.Max(values), 1)
	out := make([]rune, len(values))
	for i, v := range values {
		out[i] = levels[int(v/highest*float64(len(levels)-1)+0.5)]
	}
	return string(out)
}

// utf8Locale reports whether the terminal shows more than ASCII, by the rule of
// setlocale(3).
func utf8Locale() bool {
	locale := strings.ToUpper(cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG")))
	return strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
}

// paint draws rows over what was there: wrapped to the columns, and no more of them
// than fit.
func paint(rows []row, columns, height int) string {
	var text strings.Builder
	text.WriteString(screenTop)
	for _, r := range rows {
		parts := []string{r.text}
		if utf8.RuneCountInString(r.text) > columns-topMargin { // a plot is never wrapped: blanks are values
			parts = output.Wrap(r.text, columns-topMargin)
		}
		for i, part := range parts {
			if height--; height < 1 {
				break
			}
			name := r.name
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&text, "%s%-*s %s%s%s\r\n", r.mark, topMargin-1, name, part, usual, lineRest)
		}
	}
	return text.String() + screenRest
}
