package detect

import (
	"fmt"
	"strings"
	"testing"
)

func TestAnomalyHit(t *testing.T) {
	found, _ := watch(t, "anomaly", nil, sceneEvents(readScenes(t, "anomaly", "hit")))
	var got []string
	for _, f := range found {
		facts := f.Facts.(*anomalyFacts)
		got = append(got, fmt.Sprintf("%s×%d", facts.Kind, facts.Count))
	}
	want := "fragment-overlap×1 conflicting-bytes×1 conflicting-bytes×10"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(detections(found)) != 0 {
		t.Error("an anomaly became an alarm")
	}
}

// An old server that repeats one mistake all day is told of once.
func TestAnomalyBenign(t *testing.T) {
	if found, _ := watch(t, "anomaly", nil, sceneEvents(readScenes(t, "anomaly", "benign"))); len(found) != 1 {
		t.Errorf("%d findings, want the first alone: %+v", len(found), found)
	}
}

func TestAnomalyFlood(t *testing.T) {
	bounded(t, "anomaly", scene{Kind: "anomaly", Every: 1, Client: "10.1.0.0", Server: "10.0.0.2", Port: 80, Count: 2 * anomalyKeys,
		Vary: []string{"client"}, Fields: map[string]any{"brandmelder.anomaly.kind": "x"}})
}
