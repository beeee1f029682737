package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// stored is a configuration whose journal has the documents of a run over the
// recorded capture.
func stored(t *testing.T) (file, state string) {
	t.Helper()
	file, state = stateFile(t)
	storeOf(t, file, state, recorded(t))
	return file, state
}

// storeOf is the same of any capture and configuration.
func storeOf(t *testing.T, file, state, packets string) {
	t.Helper()
	s := settings{file: file}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	source, err := capture.Files([]string{packets}, capture.Options{Logger: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var docs []event.Doc
	settings, err := s.line(1, s.observer(), []byte("seed"))
	if err != nil {
		t.Fatal(err)
	}
	line, err := pipeline.New(settings, func(d event.Doc) {
		if kept(d) {
			d.JSON = bytes.Clone(d.JSON)
			docs = append(docs, d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.Replay(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Append(docs), j.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAlertsEmptySaysWhereItLooked(t *testing.T) {
	file, state := stateFile(t)
	out := must(t, file, "alerts", "list")
	if !strings.Contains(out, state) || !strings.Contains(out, "replay shows what it finds and stores nothing") {
		t.Error(out)
	}
	if _, err := os.Stat(state); err == nil {
		t.Error("looking made the state directory")
	}
	if out := must(t, file, "alerts", "list", "--json"); out != "" {
		t.Errorf("no document gave %q", out)
	}
	var e *exitError
	if _, err := execute(t, rootCommand(), "alerts", "show", "x", "-c", file); !errors.As(err, &e) || e.code != exitBad {
		t.Error(err)
	}
}

func TestAlertsFromListToClosed(t *testing.T) {
	file, _ := stored(t)
	out := must(t, file, "alerts", "list")
	if !strings.Contains(out, "scan  10.0.0.66") || !strings.Contains(out, "open") {
		t.Fatal(out)
	}
	id := strings.Fields(out)[0]
	out = must(t, file, "alerts", "show", id)
	for _, want := range []string{"message", "why", "step 1", "ATT&CK", "flow 1", "alerts close " + id} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	must(t, file, "alerts", "ack", id, "--owner", "ann")
	if out := must(t, file, "alerts", "list", "--open"); !strings.Contains(out, "acknowledged by ann") {
		t.Error(out)
	}
	must(t, file, "alerts", "close", id, "--owner", "bob", "--verdict", "benign", "--reason", "our own scanner")
	if out := must(t, file, "alerts", "list", "--open"); strings.Contains(out, id) {
		t.Error(out)
	}
	if out := must(t, file, "alerts", "list"); !strings.Contains(out, "closed as benign by bob") {
		t.Error(out)
	}
}

func TestAlertsJSON(t *testing.T) {
	file, _ := stored(t)
	lines := strings.Split(strings.TrimSpace(must(t, file, "alerts", "list", "--json", "--limit", "1")), "\n")
	var doc struct{ Event struct{ ID, Dataset string } }
	if err := json.Unmarshal([]byte(lines[0]), &doc); len(lines) != 1 || err != nil || doc.Event.Dataset != "brandmelder.alert" {
		t.Fatal(lines, err)
	}
	id, _, _ := strings.Cut(doc.Event.ID, "-")
	if one := strings.TrimSpace(must(t, file, "alerts", "show", id, "--json")); one != lines[0] {
		t.Error(one)
	}
}

// An alert of the exercise is shown as one, on the screen and in the list.
func TestAlertsOfTheExercise(t *testing.T) {
	file, state := stateFile(t)
	j, err := openJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	doc := event.Doc{Dataset: "alert", ID: "abcdef0123", Time: time.Now().UnixNano(), Keep: event.Decisions,
		JSON: []byte(`{"event":{"severity":73},"rule":{"category":"scan"},"source":{"ip":"10.0.0.1"},"message":"m","tags":["exercise"]}`)}
	if err := errors.Join(j.Append([]event.Doc{doc}), j.Close()); err != nil {
		t.Fatal(err)
	}
	if out := must(t, file, "alerts", "list"); !strings.Contains(out, "exercise, open") {
		t.Error(out)
	}
	if out := must(t, file, "status"); !strings.Contains(out, "1 open and 1 of the exercise") {
		t.Error(out)
	}
	if line := alertLine(doc); !strings.Contains(line, "HIGH ALERT (exercise)  m") {
		t.Error(line)
	}
}

func TestAlertsRefuse(t *testing.T) {
	file, _ := stored(t)
	for want, args := range map[string]string{
		"see alerts list":              "alerts ack ffffnone --owner ann",
		`"verdict" not set`:            "alerts close x --owner ann",
		"choose true, false or benign": "alerts close x --owner ann --verdict maybe",
		"accepts 1 arg":                "alerts show",
	} {
		_, err := execute(t, rootCommand(), append(strings.Fields(args), "-c", file)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestStatus(t *testing.T) {
	file, state := stateFile(t)
	if out := must(t, file, "status"); !strings.Contains(out, "none yet") {
		t.Error(out)
	}
	file, state = stored(t)
	must(t, file, "suppress", "add", "--owner", "ann", "--reason", "why", "--expiry", "1h", "--family", "dga")
	out := must(t, file, "status")
	for _, want := range []string{state, "1 suppressions stand", "decisions 400 days", "the whole state 10 GB at most", "views here full", "minute to", "packets"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var now health.Status
	if err := json.Unmarshal([]byte(must(t, file, "status", "--json")), &now); err != nil {
		t.Fatal(err)
	}
	s := settings{file: file}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	if now.Configuration != s.Hash() || now.State != state || now.Stored.Alerts == 0 || now.Stored.Open == 0 || now.Stored.LastAlert == nil || now.Minute == nil || now.Kept.Index["flow"] != 30 || now.Kept.Telemetry != 7 {
		t.Errorf("%+v", now)
	}
	if _, err := os.Stat(filepath.Join(state, "view.db")); err != nil {
		t.Error(err)
	}
}
