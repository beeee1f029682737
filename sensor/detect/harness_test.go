package detect

import (
	"cmp"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// TestScenes plays every scene to its detector: each hit must be found, as gravely
// as the Spec says or as an alarm, and nothing in what falls short or is ordinary.
func TestScenes(t *testing.T) {
	for _, s := range All() {
		files, err := filepath.Glob("testdata/" + s.Name + "/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			t.Run(s.Name+"/"+filepath.Base(file), func(t *testing.T) {
				kind, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), "-")
				if !slices.Contains([]string{"hit", "miss", "benign"}, kind) {
					t.Fatal("is neither hit, miss nor benign")
				}
				var found []event.Finding
				if s.Name == "rules" {
					found, _ = match(t, ruleSet(t, agentRule), sceneFile(t, file))
				} else {
					found, _ = watch(t, s.Name, nil, sceneFile(t, file))
				}
				grave := slices.IndexFunc(found, func(f event.Finding) bool { return f.Severity >= min(s.Severity, event.Medium) })
				switch {
				case kind == "hit" && grave < 0:
					t.Errorf("not found: %+v", found)
				case kind != "hit" && len(detections(found)) > 0, kind != "hit" && len(found) > 0 && !notes[s.Name]:
					t.Errorf("found: %+v", found)
				}
			})
		}
	}
}

// notes are detectors that say what is ordinary too, as a note and no alarm: their
// own tests say which.
var notes = map[string]bool{"anomaly": true, "beacon": true, "irc-c2": true, "proxy-pivot": true, "store-takeover": true}

// sceneFile reads a file of any form of scenes.
func sceneFile(t *testing.T, file string) []*event.Event {
	t.Helper()
	switch dir, base := filepath.Split(file); filepath.Ext(file) {
	case ".talks":
		return talkEvents(readTalks(t, file), 1)
	case ".looks":
		return readLooks(t, base)
	default:
		return sceneEvents(readScenes(t, filepath.Base(dir), strings.TrimSuffix(base, ".json")))
	}
}

// bySubject finds in a scene and returns the findings of each subject.
func bySubject(t *testing.T, detector, scene string) map[string][]event.Finding {
	t.Helper()
	found, _ := watch(t, detector, nil, sceneEvents(readScenes(t, detector, scene)))
	out := map[string][]event.Finding{}
	for _, f := range found {
		s := f.Subject.Addr.String()
		out[s] = append(out[s], f)
	}
	return out
}

// bounded floods a detector and checks that its maps hold their caps and count.
func bounded(t *testing.T, detector string, flood scene) {
	t.Helper()
	_, state := watch(t, detector, nil, sceneEvents([]scene{flood}))
	evicted := uint64(0)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s holds %d of %d", g.Name(), g.Len(), g.Cap())
		}
		evicted += g.Evicted()
	}
	if evicted == 0 {
		t.Errorf("%s: a flood of %d evicted nothing", detector, flood.Count)
	}
}

// detections is the findings that count as an alarm.
func detections(found []event.Finding) []event.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f event.Finding) bool { return f.Severity < event.Medium })
}

// sameAddr lets go-cmp compare addresses.
var sameAddr = gocmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// watch runs one detector with its defaults over the events as the line does.
func watch(t testing.TB, name string, zones []know.Zone, events []*event.Event) ([]event.Finding, *baseline.Store) {
	t.Helper()
	return watchAs(t, name, zones, events, func(any) {})
}

// watchTalks is watch without zones, for those who do not ask for the state.
func watchTalks(t testing.TB, name string, events []*event.Event) []event.Finding {
	t.Helper()
	found, _ := watch(t, name, nil, events)
	return found
}

// watchAs is watch with a configuration, which set puts in place of the defaults.
func watchAs(t testing.TB, name string, zones []know.Zone, events []*event.Event, set func(any)) ([]event.Finding, *baseline.Store) {
	t.Helper()
	k, err := know.New(know.Config{Zones: zones})
	if err != nil {
		t.Fatal(err)
	}
	env := Env{Know: k, State: baseline.NewStore()}
	i := slices.IndexFunc(registry, func(s *Spec) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no detector %s", name)
	}
	spec := registry[i]
	d, err := spec.New(env, func(into any) error { set(into); return nil })
	if err != nil {
		t.Fatal(err)
	}
	var found []event.Finding
	named := namesIn(events)
	report := func(f event.Finding) {
		namesNobody(t, named, f.Facts)
		if f.Key == "" || !f.Subject.Addr.IsValid() || f.Onset > f.Time || f.Facts != nil && f.Facts.Table() != spec.Facts {
			t.Errorf("no key, no subject, an onset after its time, or facts of another: %+v", f)
		}
		f.Severity = cmp.Or(f.Severity, spec.Severity)
		found = append(found, f)
	}
	tick := int64(0)
	for _, e := range events {
		for tick = cmp.Or(tick, e.Time+TickEvery); tick <= e.Time; tick += TickEvery {
			d.Tick(tick, report)
		}
		k.Observe(e)
		if slices.Contains(spec.Wants, e.Kind) {
			d.Observe(e, report)
		}
	}
	d.Tick(tick, report)
	return found, env.State
}

// namesIn are the names of people and hosts in the events of a test.
func namesIn(events []*event.Event) map[string]bool {
	personal, named := map[string]bool{}, map[string]bool{}
	for _, s := range proto.All() {
		for _, table := range s.Tables {
			for i := range table.Fields {
				if f := &table.Fields[i]; f.Privacy == event.Personal && !strings.HasPrefix(f.Path, "dns.") { // of a name that was asked for, the domain is nobody's
					personal[f.Path] = true
				}
			}
		}
	}
	note := func(s string) {
		if len(s) >= 5 { // shorter ones are in too many words
			named[strings.ToLower(s)] = true
		}
	}
	for _, e := range events {
		switch d := e.Data.(type) {
		case nil, *event.Traffic:
		case *event.Login:
			note(d.User)
			note(d.Workstation)
		default:
			table := d.Table()
			for i := range table.Fields {
				if path := table.Fields[i].Path; personal[path] {
					note(event.TextOf(d, path))
				}
			}
		}
	}
	return named
}

// namesNobody refuses facts that are called technical and hold a name: they would
// go to every output as they are.
func namesNobody(t testing.TB, named map[string]bool, facts event.Record) {
	t.Helper()
	if facts == nil || len(named) == 0 {
		return
	}
	table := facts.Table()
	for i := range table.Fields {
		f := &table.Fields[i]
		if f.Privacy == event.Personal {
			continue
		}
		for _, s := range append(event.TextsOf(facts, f.Path), event.TextOf(facts, f.Path)) {
			if named[strings.ToLower(s)] {
				t.Errorf("%s is technical and names %s", f.Path, s)
			}
		}
	}
}
