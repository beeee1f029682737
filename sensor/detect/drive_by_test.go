package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDriveByHit(t *testing.T) {
	found, _ := watch(t, "drive-by", nil, sceneEvents(readScenes(t, "drive-by", "hit")))
	var got []string
	for _, f := range found {
		got = append(got, fmt.Sprint(f.Key, " ", f.Severity, " ", f.Facts.(*driveByFacts).Signs))
	}
	want := []string{
		"10.0.0.3 old.example 47 [no-program-name led-by-other-site at-once]",
		"10.0.0.6 frame.example 47 [led-by-other-site framed-page at-once]",
		"10.0.0.1 kit.example 73 [flash no-languages no-referrer no-program-name led-by-other-site]",
		"10.0.0.2 jar.example 73 [java java-agent no-program-name led-by-other-site]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDriveByIsSilent(t *testing.T) {
	for _, file := range []string{"miss", "benign"} {
		if found, _ := watch(t, "drive-by", nil, sceneEvents(readScenes(t, "drive-by", file))); len(found) > 0 {
			t.Errorf("%s: %s %+v", file, found[0].Key, found[0].Facts)
		}
	}
}

// A page whose programs many fetch is a supplier's, however it serves them.
func TestDriveByOfMany(t *testing.T) {
	scenes := readScenes(t, "drive-by", "hit")[6:8]
	for i := range scenes {
		scenes[i].Count, scenes[i].Every, scenes[i].Vary = 6, 100, []string{"client"}
	}
	if found, _ := watch(t, "drive-by", nil, sceneEvents(scenes)); len(found) != driveByFew {
		t.Errorf("%d findings, want %d", len(found), driveByFew)
	}
}

func TestDriveByFlood(t *testing.T) {
	scenes := readScenes(t, "drive-by", "hit")[6:8]
	for i := range scenes {
		scenes[i].Count, scenes[i].Every, scenes[i].Vary = driveByPlaces+2000, 0.0001, []string{"client"}
		scenes[i].Fields["url.domain"] = "h{n}.example"
	}
	_, state := watch(t, "drive-by", nil, sceneEvents(scenes))
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
