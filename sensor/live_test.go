package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/capture"
)

// watched runs the line of run over the recorded capture as if it were live.
func watched(t *testing.T, file string) string {
	t.Helper()
	source, err := capture.Files([]string{recorded(t)}, capture.Options{Logger: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	r := run{w: &screen, settings: settings{file: file}}
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	state, err := r.state()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if err := r.live(ctx, []capture.Source{source}, state); err != nil {
		t.Fatal(err)
	}
	r.screen.Lock() // the line of status may still be at work
	defer r.screen.Unlock()
	return screen.String()
}

// What run finds is shown, is in the journal, and every document is accounted for.
func TestRunStoresWhatItFinds(t *testing.T) {
	file, _ := stateFile(t)
	out := watched(t, file)
	if strings.Count(out, " ALERT ") != 1 || strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	numbers := regexp.MustCompile(`journal +(\d+) = (\d+) journaled \+ 0 dropped \+ 0 lost`).FindStringSubmatch(out)
	if numbers == nil || numbers[1] != numbers[2] || numbers[1] == "0" {
		t.Errorf("%v in\n%s", numbers, out)
	}
	if list := must(t, file, "alerts", "list", "--open"); !strings.Contains(list, "scan  10.0.0.66") {
		t.Error(list)
	}
}

// A suppression that stands when run starts is applied: stored, not shown.
func TestRunAppliesSuppressions(t *testing.T) {
	file, _ := stateFile(t)
	out := must(t, file, "suppress", "add", "--owner", "ann", "--reason", "why", "--expiry", "1h", "--family", "scan")
	id := strings.Fields(out)[1]
	if out := watched(t, file); strings.Contains(out, " ALERT ") || !strings.Contains(out, "suppressed") {
		t.Error(out)
	}
	if list := must(t, file, "alerts", "list"); !strings.Contains(list, "suppressed by "+id) {
		t.Error(list)
	}
	if list := must(t, file, "alerts", "list", "--open"); strings.Contains(list, "scan") {
		t.Error(list)
	}
}

// A second run goes on in the same journal, and an output gets both.
func TestRunFeedsItsOutputs(t *testing.T) {
	file, _ := stateFile(t)
	to := filepath.Join(t.TempDir(), "out.ndjson")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "outputs: [{name: ndjson, path: "+to+"}]\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var sizes [2]int
	for i := range sizes {
		if out := watched(t, file); !strings.Contains(out, "ndjson "+to) {
			t.Error(out)
		}
		b, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		sizes[i] = strings.Count(string(b), "\n")
	}
	if sizes[0] == 0 || sizes[1] != 2*sizes[0] {
		t.Error(sizes)
	}
}
