package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// learn runs the recording of the exercise on a line that keeps what it learned in
// a state directory, and returns what it found there and the alerts.
func learn(t *testing.T, state string) (found map[string]baseline.Restored, alerts string) {
	t.Helper()
	s := settings{}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	c, err := s.line(1, s.observer(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Learned, err = s.learned(state); err != nil {
		t.Fatal(err)
	}
	found = map[string]baseline.Restored{}
	c.Learned.Save = true
	c.Learned.Found = func(r baseline.Restored) { found[r.Name] = r }
	var all strings.Builder
	line, err := pipeline.New(c, func(d event.Doc) {
		if isAlert(d) {
			all.Write(d.JSON)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	source, err := drill.Recording()
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	if _, err := line.Replay(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	return found, all.String()
}

func TestWhatWasLearnedSurvives(t *testing.T) {
	state := t.TempDir()
	found, alerts := learn(t, state)
	if r := found["know"]; !r.Empty || r.Err != nil {
		t.Errorf("a fresh sensor found %+v", r)
	}
	if !strings.Contains(alerts, `"learning":{"detectors":["login-novelty"]`) || !strings.Contains(alerts, `"until":"`) {
		t.Errorf("the alerts do not say who still learns: %s", alerts)
	}
	if found, _ = learn(t, state); found["know"].Empty || found["know"].Entries == 0 {
		t.Errorf("the second run found %+v", found["know"])
	}
	for _, name := range []string{"ics-command.snap", "ics-command.snap.1"} {
		path := filepath.Join(state, "state", name)
		if err := os.Truncate(path, 20); err != nil {
			t.Fatal(err)
		}
	}
	if found, _ = learn(t, state); !found["ics-command"].Empty || found["ics-command"].Err == nil {
		t.Errorf("of two broken snapshots: %+v", found["ics-command"])
	}
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, []byte("state_dir: "+state+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	screen := must(t, config, "status")
	for _, want := range []string{"learning until ", "(day 1 of 14)", "began anew: ics-command.snap: "} {
		if !strings.Contains(screen, want) {
			t.Errorf("status does not say %q:\n%s", want, screen)
		}
	}
}
