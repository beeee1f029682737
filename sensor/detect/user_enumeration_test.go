package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestEnumerationHit(t *testing.T) {
	found, _ := watch(t, "user-enumeration", nil, sceneEvents(readScenes(t, "user-enumeration", "hit")))
	got := map[string]string{}
	for _, f := range found {
		c := f.Facts.(*enumFacts)
		got[f.Key] = fmt.Sprintf("%d %s names=%d known=%d", f.Severity, f.Peer.Addr, c.Names, c.Known)
	}
	want := map[string]string{
		"10.0.0.1 kerberos": "47 10.0.1.1 names=20 known=0",
		"10.0.0.2 smtp":     "47 10.0.1.2 names=24 known=1", // two sessions
		"10.0.0.3 sip":      "47 10.0.1.3 names=20 known=0",
		"10.0.0.9 smtp":     "47 10.0.1.2 names=60 known=0",
		"203.0.113.5 smtp":  "21 10.0.1.2 names=32 known=0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(found) > 8 {
		t.Errorf("%d findings for five stories", len(found))
	}
}

func TestEnumerationFlood(t *testing.T) {
	s := scene{Kind: "smtp", Client: "10.0.0.1", Server: "10.200.0.1", Every: 0.001, Vary: []string{"client"}, Fields: map[string]any{"brandmelder.smtp.unknown": 1.0}}
	events := make([]*event.Event, enumClients+2000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, "user-enumeration", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() != g.Cap() || g.Evicted() != 2000 {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}
