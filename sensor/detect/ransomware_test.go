package detect

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestRansomwareHit(t *testing.T) {
	found, _ := watch(t, "ransomware", nil, sceneEvents(readScenes(t, "ransomware", "hit")))
	got, first := map[string]string{}, map[string]event.Finding{}
	for _, f := range found {
		facts := f.Facts.(*cryptFacts)
		got[f.Key] = fmt.Sprintf("%d %d/%d %s notes=%d", f.Severity, facts.Rewritten, facts.Renamed, facts.Extension, facts.Notes)
		if _, ok := first[f.Key]; !ok {
			first[f.Key] = f
		}
	}
	want := map[string]string{
		"10.0.0.1 10.0.1.1": "99 15/15 locked notes=0",
		"10.0.0.2 10.0.1.1": "99 15/15 crypt notes=0",
		"10.0.0.3 10.0.1.1": "73 30/0  notes=0",
		"10.0.0.4 10.0.1.1": "47 0/30 abc notes=0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for key, f := range first {
		if n := f.Observed.Value; n > 2*cryptFiles+5 || f.Onset < sceneBegin || len(f.Flows) == 0 {
			t.Errorf("%s: the first finding after %v files: %+v", key, n, f)
		}
	}
}

func TestNotesMakeItGrave(t *testing.T) {
	c := encrypting{rewritten: cryptFiles}
	if c.severity() != event.High {
		t.Error("rewritten files alone")
	}
	for i := range 2 * maxNoted {
		c.note(fmt.Sprintf(`d%d\read me.txt`, i))
	}
	if c.severity() != event.Critical || c.noted() != maxNoted {
		t.Errorf("with notes in %d directories: %d", c.noted(), c.severity())
	}
}

func TestRansomwareFlood(t *testing.T) {
	fields := map[string]any{"brandmelder.smb.command": "rename", "brandmelder.smb.status": "STATUS_SUCCESS", "file.path": `a\f{n}.x{n}`, "file.extension": "x{n}", "brandmelder.smb.new_extension": "y{n}"}
	s := scene{Kind: "smb", Client: "10.0.0.1", Server: "10.200.0.1", Port: 445, Every: 0.001, Count: cryptPairs + 1000, Vary: []string{"client"}, Fields: fields}
	found, state := watch(t, "ransomware", nil, sceneEvents([]scene{s}))
	if g := state.Gauges()[0]; g.Len() != g.Cap() || g.Evicted() != 1000 || len(found) > 0 {
		t.Errorf("%d of %d, %d evicted, %d findings", g.Len(), g.Cap(), g.Evicted(), len(found))
	}
	var c encrypting
	for _, e := range sceneEvents([]scene{s}) {
		c.enter(e.Data)
	}
	for range 5000 {
		c.read, c.written = remember(c.read, uint64(1)), remember(c.written, wrote{})
	}
	if len(c.exts) != cryptExts || len(c.read) != cryptRecent || len(c.written) != cryptRecent {
		t.Errorf("%d extensions, %d read, %d written", len(c.exts), len(c.read), len(c.written))
	}
}
