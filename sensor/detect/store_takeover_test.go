package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestStoreTakeoverHit(t *testing.T) {
	found, _ := watch(t, "store-takeover", nil, sceneEvents(readScenes(t, "store-takeover", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", f.Severity, " ", f.Facts.(*storeFacts).Signs))
	}
	want := []string{
		"10.0.0.1 10.0.9.1 47 [file-place-set]", "10.0.0.1 10.0.9.1 73 [file-place-set saved-there]", "10.0.0.2 10.0.9.1 73 [module-loaded]",
		"10.0.0.3 10.0.9.1 47 [file-place-set]", "198.51.100.9 10.0.9.2 47 [read-out from-outside]", "198.51.100.9 10.0.9.2 73 [emptied read-out from-outside]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestStoreTakeoverIsSilent(t *testing.T) {
	for file, most := range map[string]event.Severity{"miss": event.Low, "benign": 0} {
		found, _ := watch(t, "store-takeover", nil, sceneEvents(readScenes(t, "store-takeover", file)))
		for _, f := range found {
			if f.Severity > most {
				t.Errorf("%s: %s %v %+v", file, f.Key, f.Severity, f.Facts)
			}
		}
	}
}

func TestStoreTakeoverFlood(t *testing.T) {
	holdsCap(t, "store-takeover", readScenes(t, "store-takeover", "hit")[0], storePairs)
}
