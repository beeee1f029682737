package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/craft"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/flow"
)

// settings is the configuration of a test replay.
func settings(shards int, c flow.Config) Config {
	return Config{Shards: shards, Flow: c, Alert: alert.Config{
		Observer: &event.Observer{Name: "replay", Namespace: "default"}, Lang: "en", Seed: []byte("replay"),
	}}
}

// pcap is a trace as a capture file.
func pcap(t testing.TB, trace *craft.Trace, snaplen int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := trace.WritePcap(&b, snaplen); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open is a capture file as a source.
func open(t testing.TB, file []byte) capture.Source {
	t.Helper()
	source, err := capture.Files([]string{"-"}, capture.Options{Stdin: bytes.NewReader(file)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	return source
}

// run replays a source; the documents are one a line.
func run(t testing.TB, source capture.Source, c Config) (string, Accounting) {
	t.Helper()
	var out strings.Builder
	account := write(t, source, c, &out)
	return out.String(), account
}

// write replays a source and writes the documents, one a line.
func write(t testing.TB, source capture.Source, c Config, out io.Writer) Accounting {
	t.Helper()
	line, err := New(c, func(d event.Doc) { fmt.Fprintf(out, "%s %s\n", d.Dataset, d.JSON) })
	if err != nil {
		t.Fatal(err)
	}
	account, err := line.Replay(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range account.Check() {
		t.Errorf("accounting: %s", wrong)
	}
	if account.Flow.Panics != 0 {
		t.Errorf("%d parsers broke", account.Flow.Panics)
	}
	return account
}

// documents are parsed NDJSON lines.
type documents []map[string]any

// see replays a trace on two shards.
func see(t testing.TB, trace *craft.Trace) documents {
	t.Helper()
	return seeFile(t, pcap(t, trace, 0))
}

func seeFile(t testing.TB, file []byte) documents {
	t.Helper()
	text, _ := run(t, open(t, file), settings(2, flow.Config{}))
	var out documents
	for line := range strings.Lines(text) {
		_, object, _ := strings.Cut(line, " ")
		var d map[string]any
		if err := json.Unmarshal([]byte(object), &d); err != nil {
			t.Fatalf("%v: %s", err, object)
		}
		out = append(out, d)
	}
	return out
}

// of are the documents with this event.action.
func (d documents) of(action string) (out documents) {
	for _, doc := range d {
		if text(doc, "event.action") == action {
			out = append(out, doc)
		}
	}
	return out
}

// one is the only document with this action.
func (d documents) one(t testing.TB, action string) map[string]any {
	t.Helper()
	found := d.of(action)
	if len(found) != 1 {
		t.Fatalf("%d documents of %s, want 1: %v", len(found), action, found)
	}
	return found[0]
}

// get is the value at a dotted path, nil where there is none.
func get(doc map[string]any, path string) any {
	if v, ok := doc[path]; ok {
		return v
	}
	head, rest, more := strings.Cut(path, ".")
	if !more {
		return nil
	}
	inner, _ := doc[head].(map[string]any)
	return get(inner, rest)
}

func text(doc map[string]any, path string) string {
	s, _ := get(doc, path).(string)
	return s
}

func number(doc map[string]any, path string) int64 {
	f, _ := get(doc, path).(float64)
	return int64(f)
}

// wants compares documents' values with what they have to be.
func wants(t testing.TB, doc map[string]any, want map[string]any) {
	t.Helper()
	for path, w := range want {
		got := get(doc, path)
		if n, ok := w.(int); ok {
			w = float64(n)
		}
		if got != w {
			t.Errorf("%s: %v, want %v", path, got, w)
		}
	}
}
