package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestProxyPivotHit(t *testing.T) {
	found, _ := watch(t, "proxy-pivot", nil, sceneEvents(readScenes(t, "proxy-pivot", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", int(f.Severity), " ", *f.Facts.(*pivotFacts)))
	}
	want := []string{
		"10.0.0.1 10.0.5.5 47 {1 1 0 true}", "198.51.100.9 10.0.5.6 73 {1 0 0 true}",
		"10.0.0.2 10.0.5.7 21 {1 1 0 false}", "10.0.0.2 10.0.5.7 47 {3 3 1 false}",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Who opens very many through one proxy searches with a tool.
func TestProxyPivotSearch(t *testing.T) {
	var scenes []scene
	for n := range 40 {
		s := readScenes(t, "proxy-pivot", "hit")[0]
		s.T, s.Fields["brandmelder.socks.target.ip"] = float64(n), fmt.Sprintf("10.0.9.%d", n+1)
		scenes = append(scenes, s)
	}
	found, _ := watch(t, "proxy-pivot", nil, sceneEvents(scenes))
	if len(found) != 2 || found[1].Severity != event.High || len(found[1].Related) != pivotSearch {
		t.Errorf("%+v", found)
	}
}

func TestProxyPivotIsSilent(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		found, _ := watch(t, "proxy-pivot", nil, sceneEvents(readScenes(t, "proxy-pivot", file)))
		for _, f := range found {
			if file == "benign" || f.Severity > event.Low {
				t.Errorf("%s: %s %+v", file, f.Key, f.Facts)
			}
		}
	}
}

func TestProxyPivotFlood(t *testing.T) {
	holdsCap(t, "proxy-pivot", readScenes(t, "proxy-pivot", "hit")[0], pivotPairs)
}
