package detect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func movedPrograms(t *testing.T, file string) map[string]event.Finding {
	t.Helper()
	found, _ := watch(t, "executable-transfer", nil, sceneEvents(readScenes(t, "executable-transfer", file)))
	out := map[string]event.Finding{}
	for _, f := range found {
		out[f.Subject.Addr.String()+" "+f.Facts.(*programFacts).Way] = f
	}
	return out
}

func TestProgramHits(t *testing.T) {
	found := movedPrograms(t, "hit")
	got := map[string]event.Severity{}
	for k, f := range found {
		got[k] = f.Severity
	}
	want := map[string]event.Severity{
		"10.1.0.5 share": event.Medium, "10.1.0.7 share": event.Medium, "10.1.0.9 http": event.Medium, "10.1.0.10 http": event.High,
		"10.1.0.11 http": event.Medium, "10.1.0.12 http": event.Medium, "10.1.0.13 http": event.Medium,
		"10.1.0.14 socket": event.Medium, "10.1.0.16 ftp": event.Medium,
		"10.1.0.31 http": event.Medium, "10.1.0.32 http": event.Medium,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f := found["10.1.0.13 http"].Facts.(*programFacts); f.Count != 3 || f.Class != "exe-pe" {
		t.Errorf("%+v", f)
	}
	if !found["10.1.0.5 share"].Facts.(*programFacts).Written || found["10.1.0.7 share"].Facts.(*programFacts).Written {
		t.Error("written and fetched are mistaken")
	}
}

func TestProgramMissAndBenign(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		for k, f := range movedPrograms(t, file) {
			t.Errorf("%s: %s %+v", file, k, f.Facts)
		}
	}
}

func TestProgramTellsWhenCopiesDouble(t *testing.T) {
	scene := readScenes(t, "executable-transfer", "hit")[:1]
	scene[0].Count, scene[0].Every = 10, 60
	var told []int
	found, _ := watch(t, "executable-transfer", nil, sceneEvents(scene))
	for _, f := range found {
		told = append(told, f.Facts.(*programFacts).Count)
	}
	if diff := cmp.Diff([]int{1, 2, 4, 8}, told); diff != "" {
		t.Error(diff)
	}
}

func TestProgramFlood(t *testing.T) {
	scenes := readScenes(t, "executable-transfer", "hit")
	for i := range scenes {
		scenes[i].Count, scenes[i].Vary, scenes[i].Every = programPairs+2000, []string{"client"}, .001
	}
	_, state := watch(t, "executable-transfer", nil, sceneEvents(scenes))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}

func TestStagingFolders(t *testing.T) {
	for path, want := range map[string]bool{
		`x.exe`: true, `Temp\x.exe`: true, `Users\kim\AppData\Local\x.exe`: true, `Users\Public\x.exe`: true,
		`Windows\System32\x.exe`: false, `Program Files\a\x.exe`: false, `Data\x.exe`: false,
	} {
		if staging(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

// Software that is put on forty computers is one story of who does it, and one of the
// first computer; the next day's is no news.
func TestProgramOnManyHostsIsOneStory(t *testing.T) {
	scene := readScenes(t, "executable-transfer", "hit")[:1]
	scene[0].Count, scene[0].Every, scene[0].Vary = 40, 60, []string{"server"}
	again := scene[0]
	again.T += 24 * 3600
	found, _ := watch(t, "executable-transfer", nil, sceneEvents(append(scene, again)))
	stories := map[string]int{}
	for _, f := range found {
		stories[f.Key] = max(stories[f.Key], len(f.Related))
	}
	if len(stories) != 2 || len(found) != 6 {
		t.Errorf("%d findings in stories %v, want six in two", len(found), stories)
	}
}
