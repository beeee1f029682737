package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostDiscoveryHit(t *testing.T) {
	found, _ := watch(t, "host-discovery", nil, sceneEvents(readScenes(t, "host-discovery", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", f.Facts.(*discoveryFacts).Hosts, " ", f.Severity, " ", f.Onset == sceneBegin))
	}
	if d := cmp.Diff([]string{"10.0.0.1 3 47 true", "10.0.0.2 3 47 true"}, got); d != "" {
		t.Error(d)
	}
}

func TestHostDiscoveryFromOutside(t *testing.T) {
	scenes := readScenes(t, "host-discovery", "hit")[:2]
	for i := range scenes {
		scenes[i].Client = "203.0.113.9"
	}
	found, _ := watch(t, "host-discovery", nil, sceneEvents(scenes))
	if len(found) != 1 || found[0].Severity != 21 {
		t.Errorf("%+v", found)
	}
}

func TestHostDiscoveryFlood(t *testing.T) {
	s := readScenes(t, "host-discovery", "hit")[0]
	s.Server = "10.200.0.1"
	holdsCap(t, "host-discovery", s, feelerClients)
	s.Count, s.Every, s.Vary = 1000, 0.001, []string{"server"}
	_, state := watch(t, "host-discovery", nil, sceneEvents([]scene{s}))
	if n := state.Gauges()[0].Len(); n != 1 {
		t.Errorf("%d clients", n)
	}
}
