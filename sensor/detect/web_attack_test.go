package detect

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func webAttacksIn(t *testing.T, file string) (out []string) {
	t.Helper()
	found, _ := watch(t, "web-attack", nil, sceneEvents(readScenes(t, "web-attack", file)))
	for _, f := range found {
		out = append(out, fmt.Sprint(f.Key, " ", f.Observed.N, " ", f.Severity))
	}
	slices.Sort(out)
	return out
}

func TestWebAttackHit(t *testing.T) {
	want := []string{
		"10.0.0.1 10.0.9.1 search 30 47", "10.0.0.2 10.0.9.2 search 60 47",
		"10.0.0.3 10.0.9.3 injection 10 47", "10.0.0.3 10.0.9.3 injection 5 47",
		"10.0.0.4 10.0.9.4 mixed 5 47", "10.0.0.5 10.0.9.5 web-shell 1 47",
		"10.0.0.7 10.0.9.7 callback 1 73", "203.0.113.6 10.0.9.6 callback 1 73",
	}
	if d := cmp.Diff(want, webAttacksIn(t, "hit")); d != "" {
		t.Error(d)
	}
}

func TestWebAttackIsSilent(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		if found := webAttacksIn(t, file); len(found) > 0 {
			t.Errorf("%s: %s", file, found)
		}
	}
}

// A search from outside comes every hour; it is noted and wakes nobody.
func TestWebAttackSearchFromOutside(t *testing.T) {
	scenes := readScenes(t, "web-attack", "hit")[3:4]
	scenes[0].Client = "203.0.113.9"
	found, _ := watch(t, "web-attack", nil, sceneEvents(scenes))
	if len(found) != 1 || found[0].Severity != 21 {
		t.Errorf("%+v", found)
	}
}

func TestWebAttackFlood(t *testing.T) {
	scenes := readScenes(t, "web-attack", "hit")[9:11]
	for i := range scenes {
		scenes[i].Count, scenes[i].Every, scenes[i].Vary = 20_000, 0.0001, []string{"client", "server"}
		scenes[i].Client, scenes[i].Server = "10.1.0.1", "203.0.113.1"
		if scenes[i].Kind == "http" {
			scenes[i].Fields["url.extension"], scenes[i].Fields["url.path"] = "php", "/p{n}.php"
		}
	}
	_, state := watch(t, "web-attack", nil, sceneEvents(scenes))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
