package output

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()

func TestTable(t *testing.T) {
	long := strings.Repeat("word ", 40)
	docs := []event.Doc{
		{Dataset: "alert", Time: noon, JSON: []byte(`{"event":{"severity":73},"rule":{"category":"scan"},"message":"10.0.0.1 scanned.",
			"source":{"ip":"10.0.0.1"},"destination":{"ip":"10.0.0.2","port":445},"brandmelder":{"suppression":{"id":"s1"}}}`)},
		{Dataset: "flow", Time: noon, JSON: []byte(`{"event":{"action":"flow-end"},"source":{"ip":"fe80::1","port":1},
			"destination":{"ip":"fe80::2","port":53},"network":{"transport":"udp","protocol":"dns"}}`)},
		{Dataset: "incident", Time: noon, JSON: []byte(`{"event":{"severity":47,"action":"incident-opened"},"message":"` + long + `"}`)},
	}
	var b strings.Builder
	if err := NewTable(&b).Write(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	want := `2026-03-01 12:00:00  HIGH      alert  scan  10.0.0.1 → 10.0.0.2:445  suppressed by s1
    10.0.0.1 scanned.
2026-03-01 12:00:00  flow-end    fe80::1 → [fe80::2]:53  udp dns
2026-03-01 12:00:00  MEDIUM    incident-opened
`
	if d := cmp.Diff(want, b.String()[:min(len(want), b.Len())]); d != "" {
		t.Error(d)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > Width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if n := strings.Count(b.String(), "word"); n != 40 {
		t.Errorf("%d of 40 words", n)
	}
	if err := NewTable(&b).Write(t.Context(), []event.Doc{{ID: "x", JSON: []byte("{")}}); err == nil {
		t.Error("broken JSON was shown")
	}
}

// note is a record of which a line has something in brief.
type note struct{}

var noteTable = event.NewTable("note", "",
	event.String("a.text", event.Technical, "", func(note) (string, bool) { return "", false }),
	event.Int("a.count", event.Technical, "", func(note) (int64, bool) { return 0, false }),
	event.Bool("a.odd", event.Technical, "", func(note) (bool, bool) { return false, false }),
	event.Strings("a.list", event.Technical, "", func(note) []string { return nil }),
).InBrief("a.count", "a.text", "a.odd", "a.list")

func (note) Table() *event.Table { return noteTable }

// Of a record stands there what its table has in brief, and nothing of it does
// anything to a terminal; that a conversation begins is left to its end.
func TestTableIsBrief(t *testing.T) {
	var b strings.Builder
	table := NewTable(&b, noteTable)
	for _, doc := range []string{
		`{"event":{"action":"note"},"source":{"ip":"10.0.0.1","port":5},"a":{"text":"x\u001b[2Jy","count":3,"odd":true,"list":["p","q","r","s"]}}`,
		`{"event":{"action":"note"},"a":{"odd":false}}`,
		`{"event":{"action":"flow-start"}}`,
	} {
		if err := table.Write(t.Context(), []event.Doc{{Dataset: "note", Time: noon, JSON: []byte(doc)}}); err != nil {
			t.Fatal(err)
		}
	}
	want := `2026-03-01 12:00:00  note        10.0.0.1  count=3 x·[2Jy odd p,q,r,…
2026-03-01 12:00:00  note
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// At the end stands what there is to decide about, each alert once.
func TestTableSumsUp(t *testing.T) {
	var b strings.Builder
	table := NewTable(&b)
	for i, severity := range []string{"21", "73", "47", "73"} {
		d := event.Doc{Dataset: "alert", ID: string(rune('a' + i)), Time: noon, JSON: []byte(`{"event":{"severity":` + severity + `},"rule":{"category":"scan"}}`)}
		if i == 3 {
			d.ID = "b-1" // a later word on the second
		}
		if err := table.Write(t.Context(), []event.Doc{d}); err != nil {
			t.Fatal(err)
		}
	}
	b.Reset()
	if err := table.Sum(); err != nil {
		t.Fatal(err)
	}
	want := `
3 alerts, the gravest first
2026-03-01 12:00:00  HIGH      alert  scan
2026-03-01 12:00:00  MEDIUM    alert  scan
2026-03-01 12:00:00  LOW       alert  scan
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	b.Reset()
	if err := NewTable(&b).Sum(); err != nil || b.String() != "\nno alerts\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestClipAndWrap(t *testing.T) {
	if got := Clip("één twee", 5); got != "één …" {
		t.Error(got)
	}
	if d := cmp.Diff([]string{"aa bb", "cc", "ddddd…"}, Wrap(" aa bb cc dddddddd", 6)); d != "" {
		t.Error(d)
	}
	if got := Wrap("", 5); got != nil {
		t.Error(got)
	}
}

func TestLevel(t *testing.T) {
	for severity, want := range map[int]string{21: "LOW", 47: "MEDIUM", 73: "HIGH", 99: "CRITICAL"} {
		if got := Level(severity); got != want {
			t.Errorf("%d: %s", severity, got)
		}
	}
}
