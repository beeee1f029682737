package pipeline

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/output"
)

// TestWeekJournal writes what an output gets by default of a working day of the hospital
// into a journal, and its flows into a file of lines, for deploy/bench-elastic.sh.
func TestWeekJournal(t *testing.T) {
	dir := os.Getenv("BRANDMELDER_WEEK_JOURNAL")
	if dir == "" {
		t.Skip("BRANDMELDER_WEEK_JOURNAL is not set: make bench-elastic")
	}
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(dir + ".flows.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewWriter(file)
	var docs []event.Doc
	flush := func() {
		if err := j.Append(docs); err != nil {
			t.Fatal(err)
		}
		docs = docs[:0]
	}
	choice := output.Choice{What: output.Everything}
	w := newWeek(1, 1)
	line, err := New(Config{Shards: 1, Know: know.Config{Zones: weekZones(&w.house)},
		Alert: alert.Config{Observer: &event.Observer{Name: "week", Namespace: "bench"}, Lang: "en", Seed: []byte("week")}}, func(d event.Doc) {
		if !choice.Wants(&d) {
			return
		}
		d.JSON = bytes.Clone(d.JSON)
		if d.Dataset == "flow" {
			lines.Write(append(d.JSON, '\n')) // an error of it comes with Flush
		}
		if docs = append(docs, d); len(docs) == 5000 {
			flush()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	o := watchWeek{line: line}
	o.hours(w, 24, nil)
	line.after.close()
	flush()
	if err := errors.Join(j.Close(), lines.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events of a day", o.events)
}
