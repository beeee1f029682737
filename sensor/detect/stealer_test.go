package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestStealerHit(t *testing.T) {
	found, _ := watch(t, "stealer", nil, sceneEvents(readScenes(t, "stealer", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", f.Severity))
	}
	want := []string{
		"10.0.0.1 keys.example 47", // the libraries alone
		"10.0.0.2 gate.example 47", "10.0.0.3 203.0.113.3 47", "10.0.0.1 keys.example 73",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
	facts := stealerFacts{Bytes: 60000, Posts: 1, Keys: 3, Signs: []string{"key-libraries", "no-agent", "script", "short-answer"}, Points: 8}
	if d := cmp.Diff(&facts, found[3].Facts); d != "" {
		t.Error(d)
	}
	if found[3].Onset != sceneBegin {
		t.Errorf("onset %d", found[3].Onset-sceneBegin)
	}
}

// What a host has posted for a day is its work, whatever it looks like then.
func TestStealerKnowsWhatIsUsual(t *testing.T) {
	quiet := readScenes(t, "stealer", "benign")[1]
	quiet.Count = 5
	odd := readScenes(t, "stealer", "hit")[5]
	odd.Client, odd.Server, odd.Fields["url.domain"] = quiet.Client, quiet.Server, quiet.Fields["url.domain"]
	for _, after := range []struct {
		hours float64
		want  int
	}{{1, 1}, {25, 0}} {
		odd.T = after.hours * 3600
		ask := scene{Kind: "dns", T: odd.T - 1, Client: quiet.Client, Server: "10.0.0.53", Proto: 17, Fields: map[string]any{"dns.question.name": "api.ipify.org"}}
		if found, _ := watch(t, "stealer", nil, sceneEvents([]scene{quiet, ask, odd})); len(found) != after.want {
			t.Errorf("after %v h: %d findings, want %d", after.hours, len(found), after.want)
		}
	}
}

func TestStealerFlood(t *testing.T) {
	var events []*event.Event
	for _, s := range readScenes(t, "stealer", "hit")[4:6] {
		s.Every, s.Count, s.Vary = 0.001, stealerPlaces+2000, []string{"client", "server"}
		if s.Kind == "http" {
			s.Fields["url.domain"] = "h{n}.example"
		}
		events = append(events, sceneEvents([]scene{s})...)
	}
	_, state := watch(t, "stealer", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
