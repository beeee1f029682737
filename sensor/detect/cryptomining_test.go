package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestMiningHit(t *testing.T) {
	found, _ := watch(t, "cryptomining", nil, sceneEvents(readScenes(t, "cryptomining", "hit")))
	last := map[string]miningFacts{}
	for _, f := range found {
		last[f.Subject.Addr.String()] = *f.Facts.(*miningFacts)
		if f.Severity != event.High || !f.Peer.Addr.IsValid() {
			t.Errorf("%+v", f)
		}
	}
	want := map[string]miningFacts{
		"10.0.0.1": {Protocol: "stratum", Pool: "203.0.113.1", Agent: "rig/1.0", Wallet: "wallet of ann", Sessions: 2, Accepted: true},
		"10.0.0.2": {Protocol: "getwork", Pool: "203.0.113.2", Sessions: 16},
	}
	if d := cmp.Diff(want, last); d != "" {
		t.Error(d)
	}
	if len(found) > 8 {
		t.Errorf("%d findings for two stories", len(found))
	}
}

func TestMiningFlood(t *testing.T) {
	s := scene{Kind: "http", Client: "10.0.0.1", Server: "10.200.0.1", Every: 0.001, Vary: []string{"client", "server"}, Fields: map[string]any{"brandmelder.http.miner": "getwork"}}
	events := make([]*event.Event, miningPairs+2000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, "cryptomining", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() != g.Cap() || g.Evicted() != 2000 {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}
