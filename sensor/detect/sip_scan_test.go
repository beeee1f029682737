package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestSIPScanHit(t *testing.T) {
	found, _ := watch(t, "sip-scan", nil, sceneEvents(readScenes(t, "sip-scan", "hit")))
	got := map[string]string{}
	for _, f := range found {
		c := f.Facts.(*sipFacts)
		got[f.Key] = fmt.Sprintf("%d hosts=%d answered=%d %s", f.Severity, c.Hosts, c.Answered, c.Tool)
	}
	want := map[string]string{
		"10.0.0.1":    "47 hosts=1 answered=1 friendly-scanner",
		"10.0.0.2":    "47 hosts=32 answered=0 ",
		"203.0.113.1": "21 hosts=1 answered=1 sipcli/v1.8",
	}
	if d := cmp.Diff(want, got); d != "" || len(found) != 4 {
		t.Errorf("%d findings: %s", len(found), d)
	}
}

func TestSIPScanFlood(t *testing.T) {
	s := scene{Kind: "sip", Client: "10.0.0.1", Server: "10.200.0.1", Every: 0.001, Vary: []string{"client"}, Fields: map[string]any{"brandmelder.sip.method": "OPTIONS"}}
	events := make([]*event.Event, sipClients+2000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, "sip-scan", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() != g.Cap() || g.Evicted() != 2000 {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}
