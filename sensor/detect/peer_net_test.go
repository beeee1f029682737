package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeerNetHit(t *testing.T) {
	found, _ := watch(t, "peer-net", nil, sceneEvents(readScenes(t, "peer-net", "hit")))
	if len(found) != 1 || found[0].Port != 16000 || found[0].Onset != sceneBegin {
		t.Fatalf("%+v", found)
	}
	if d := cmp.Diff(&peerFacts{Networks: 64, Silent: 22}, found[0].Facts); d != "" {
		t.Error(d)
	}
}

func TestPeerNetFlood(t *testing.T) {
	s := readScenes(t, "peer-net", "hit")[0]
	holdsCap(t, "peer-net", s, 2*peerClients)
	s.Count, s.Every, s.Vary = 5000, 0.01, []string{"port"}
	_, state := watch(t, "peer-net", nil, sceneEvents([]scene{s}))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
