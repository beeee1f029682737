package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func medicalOf(t *testing.T, detector, file string) []string {
	t.Helper()
	found, _ := watch(t, detector, nil, sceneEvents(readScenes(t, detector, file)))
	var out []string
	for _, f := range found {
		line := fmt.Sprintf("%d %s %s", f.Severity, f.Family, f.Key)
		if x, ok := f.Facts.(*medicalFacts); ok {
			line += fmt.Sprintf(" titles=%d requests=%d %v new=%v", x.Tried, x.Requests, x.Destinations, x.Novel)
		}
		out = append(out, line)
	}
	return out
}

func TestMedicalAnomalyHit(t *testing.T) {
	want := []string{
		"47 user-enumeration titles 10.0.0.1 10.0.1.1 dicom titles=5 requests=0 [] new=false",
		"47 user-enumeration titles 10.0.0.1 10.0.1.1 dicom titles=10 requests=0 [] new=false",
		"21  bulk 10.0.0.2 10.0.1.1 dicom titles=0 requests=128 [STOLEN] new=false",
		"47  outside 192.0.2.7 10.0.1.2 hl7 titles=0 requests=0 [] new=false",
		"21 policy sender 10.0.0.8 10.0.1.2 hl7 ROGUE titles=0 requests=0 [] new=false",
		"47  bulk 10.0.0.3 10.0.1.1 dicom titles=0 requests=257 [NEW] new=true",
	}
	if d := cmp.Diff(want, medicalOf(t, "medical-anomaly", "hit")); d != "" {
		t.Error(d)
	}
}

func TestMedicalMissAndBenign(t *testing.T) {
	for _, detector := range []string{"medical-anomaly", "medical-cleartext"} {
		for _, file := range []string{"miss", "benign"} {
			for _, line := range medicalOf(t, detector, file) {
				t.Errorf("%s %s: %s", detector, file, line)
			}
		}
	}
}

func TestMedicalCleartextIsTheDaysNote(t *testing.T) {
	want := []string{"21  10.0.0.3 10.0.1.2 hl7", "21  10.0.0.1 10.0.1.1 dicom", "21  10.0.0.3 10.0.1.2 hl7"}
	if d := cmp.Diff(want, medicalOf(t, "medical-cleartext", "hit")); d != "" {
		t.Error(d)
	}
}

func TestMedicalFlood(t *testing.T) {
	s := scene{Kind: "dicom", Client: "10.0.0.1", Server: "10.200.0.1", Protocol: "dicom", Port: 104, Every: 0.001, Vary: []string{"client", "server"},
		Fields: map[string]any{"brandmelder.dicom.operation": "c-move", "brandmelder.dicom.move_destination": "D{n}", "brandmelder.dicom.requests": 1.0}}
	events := make([]*event.Event, 2*medicalPairs)
	for n := range events {
		events[n] = s.event(n, n)
	}
	for _, name := range []string{"medical-anomaly", "medical-cleartext"} {
		_, state := watch(t, name, nil, events)
		for _, g := range state.Gauges() {
			if g.Len() > g.Cap() || g.Len() > 0 && g.Evicted() == 0 {
				t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
			}
		}
	}
}
