package main

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// medicalDocuments replays a recording of deploy/record-medical.sh.
func medicalDocuments(t *testing.T, name string) (all []string) {
	t.Helper()
	source, err := capture.Files([]string{"testdata/medical/" + name + ".pcap.zst"}, capture.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	line, err := pipeline.New(pipeline.Config{
		Shards: 1, Alert: alert.Config{Observer: &event.Observer{Name: "replay", Namespace: "default"}, Lang: "en", Seed: []byte("replay")},
	}, func(d event.Doc) { all = append(all, string(d.JSON)) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := line.Replay(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	return all
}

// An archive and a message bus at work and under attack: what is said of each, and
// nothing of the patients whose names the recordings carry.
func TestMedicalRecordings(t *testing.T) {
	for name, want := range map[string][]string{
		"work":   {"c-echo", "c-store", "c-find", "c-move", `"move_destination":"WS1"`, `"sender":"ADT"`, "medical-cleartext"},
		"bulk":   {"c-move", "medical-cleartext", "medical-anomaly"},
		"guess":  {"called-ae-not-recognized", "medical-anomaly", "user-enumeration"},
		"sender": {`"sender":"ROGUE"`, "medical-cleartext"},
	} {
		documents := medicalDocuments(t, name)
		all := strings.Join(documents, "\n")
		for _, text := range want {
			if !strings.Contains(all, text) {
				t.Errorf("%s: no %s in %d documents", name, text, len(documents))
			}
		}
		if form := sings(all); form != "" {
			t.Errorf("%s: a patient's name: %s", name, form)
		}
		graver := slices.DeleteFunc(documents, func(d string) bool {
			return !strings.Contains(d, `"kind":"alert"`) || strings.Contains(d, fmt.Sprintf(`"severity":%d`, event.Low))
		})
		if (len(graver) > 0) != (name == "guess") {
			t.Errorf("%s: alarms %v", name, graver)
		}
	}
}
