package alert

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/detect"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
	"github.com/google/go-cmp/cmp"
)

// ecs are the paths of alerts and incidents that the schema knows, with the types
// that it gives them.
var ecs = map[string]string{
	"event.severity": "long", "event.risk_score": "float", "event.start": "date", "event.end": "date",
	"rule.id": "keyword", "rule.name": "keyword", "rule.category": "keyword", "rule.version": "keyword",
	"message":          "match_only_text",
	"threat.framework": "keyword", "threat.technique.id": "keyword", "threat.technique.subtechnique.id": "keyword",
	"source.ip": "ip", "source.domain": "keyword",
	"destination.ip": "ip", "destination.port": "long", "destination.domain": "keyword",
	"user.name": "keyword", "user.domain": "keyword",
	"related.ip": "ip", "related.user": "keyword", "related.hosts": "keyword",
	"network.community_id": "keyword", "network.transport": "keyword", "observer.ingress.interface.name": "keyword",
}

func TestPathsFollowTheSchema(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range []*event.Table{alertTable, incidentTable} {
		for _, f := range table.Fields {
			seen[f.Path] = true
			if strings.HasPrefix(f.Path, "brandmelder.") {
				continue
			}
			if want := ecs[f.Path]; f.Type.String() != want {
				t.Errorf("%s is %s, the schema says %q", f.Path, f.Type, want)
			}
		}
	}
	for path := range ecs {
		if !seen[path] {
			t.Errorf("%s is in no table", path)
		}
	}
}

func TestNamesOfPeopleAndHostsArePersonal(t *testing.T) {
	for _, path := range []string{"user.name", "source.domain", "destination.domain", "related.user", "related.hosts", "message", "brandmelder.text.nl.message", "brandmelder.text.en.steps"} {
		if f := alertTable.Lookup(path); f == nil || f.Privacy != event.Personal {
			t.Errorf("%s is not personal", path)
		}
	}
}

func TestAlertSaysWhatAPersonNeeds(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Cover(&event.Coverage{Start: start - minute, End: start, Packets: 1000, Dropped: 7})
	f := guessing(0, event.High)
	f.Subject.User, f.Subject.Domain = "jansen", "ZIEKENHUIS"
	f.Related = []netip.Addr{server, outside}
	tr.Raise(f)
	o := decoded(t, tr.docs[0])
	want := map[string]any{
		"event.kind": "alert", "event.dataset": "brandmelder.alert",
		"event.severity": 73.0, "rule.id": "login-bruteforce", "rule.name": "many failed logins", "rule.category": "login-bruteforce",
		"source.ip": "10.1.0.5", "destination.ip": "10.2.0.9", "destination.port": 22.0, "source.domain": "viewer-7",
		"user.name": "jansen", "user.domain": "ZIEKENHUIS",
		"network.community_id": "1:abc", "network.transport": "tcp", "observer.ingress.interface.name": "mirror0",
		"threat.framework":           "MITRE ATT&CK",
		"brandmelder.observed.value": 24.0, "brandmelder.observed.unit": "attempts", "brandmelder.observed.n": 24.0,
		"brandmelder.baseline.value": 10.0, "brandmelder.class": "absolute", "brandmelder.flows_total": 12.0,
		"brandmelder.zone.source": "radiology", "brandmelder.source.role": "medical",
		"brandmelder.source.owner": "Radiology", "brandmelder.source.contact": "+31 20 555 0100",
		"brandmelder.zone.destination": nil, "brandmelder.suppression": nil,
		"brandmelder.coverage.dropped": 7.0,
	}
	for path, v := range want {
		if diff := cmp.Diff(v, o.at(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	lists := map[string][]any{
		"threat.technique.id":              {"T1110", "T1021"},
		"threat.technique.subtechnique.id": {"T1110.001"},
		"related.ip":                       {"10.1.0.5", "10.2.0.9", "192.0.2.80"},
		"related.hosts":                    {"viewer-7"},
		"related.user":                     {"jansen"},
		"brandmelder.risk.reasons":         {"high", "certain"},
		"brandmelder.flows": {map[string]any{
			"community_id": "1:abc", "start": o.at("brandmelder.flows").([]any)[0].(map[string]any)["start"],
			"source": "10.1.0.5:40000", "destination": "10.2.0.9:22",
		}},
	}
	for path, v := range lists {
		if diff := cmp.Diff(any(v), o.at(path)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestMessageIsInTheLanguageOfTheConfig(t *testing.T) {
	for _, lang := range languages {
		tr := newTrial(t, func(c *Config) { c.Lang = lang })
		tr.Raise(guessing(0, event.High))
		o := decoded(t, tr.docs[0])
		if got := o.at("message"); got == nil || got != o.at("brandmelder.text."+lang+".message") {
			t.Errorf("%s: message is %v", lang, got)
		}
	}
}

func TestSubjectIsTheSourceOfItsFlows(t *testing.T) {
	r := ref(40000) // 10.1.0.5 is the smaller endpoint
	for subject, want := range map[netip.Addr]string{inside: "10.1.0.5:40000", server: "10.2.0.9:22", outside: "10.1.0.5:40000"} {
		e := flowExample{&r, subject}
		if s, _ := e.ends(); s.String() != want {
			t.Errorf("subject %s: source %s, want %s", subject, s, want)
		}
	}
}

func TestFactsOfEveryDetectorFitIntoTheDocument(t *testing.T) {
	tr := newTrial(t, nil) // panics where a path stands twice
	for _, s := range detect.All() {
		if tr.layouts[s.Facts] == nil {
			t.Errorf("%s: its document was not tried at the start", s.Name)
		}
	}
}

// A finding that names the techniques it saw is told with these alone.
func TestTechniquesOfWhatWasSeen(t *testing.T) {
	tr := newTrial(t, nil)
	f := guessing(0, event.High)
	f.Technique = []string{"T1021.004"}
	tr.Raise(f)
	o := decoded(t, tr.docs[0])
	if d := cmp.Diff([]any{"T1021"}, o.at("threat.technique.id")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"T1021.004"}, o.at("threat.technique.subtechnique.id")); d != "" {
		t.Error(d)
	}
}

func TestRiskKeepsTheOrderOfSeverities(t *testing.T) {
	last := -1.0
	for _, sev := range []event.Severity{event.Low, event.Medium, event.High, event.Critical} {
		mild := &story{finding: event.Finding{Severity: sev, Score: 10, Class: event.Novelty}}
		plain := &story{finding: event.Finding{Severity: sev}}
		grave := &story{times: 2, joined: true, finding: event.Finding{
			Severity: sev, Score: 100, Related: make([]netip.Addr, manyTargets),
			Observed: event.Measure{Value: 100, Unit: "hosts"}, Baseline: event.Measure{Value: 1, Unit: "hosts"},
		}}
		var score [3]float64
		for i, s := range []*story{mild, plain, grave} {
			score[i], _ = risk(s)
		}
		if !(score[0] < score[1] && score[1] < score[2]) || score[1] <= last || score[2] > 100 {
			t.Errorf("severity %d: %v after %v", sev, score, last)
		}
		last = score[1]
	}
}

// What the sensor plays itself is marked, and an incident only while all of its
// alerts are of the exercise.
func TestTheExerciseIsMarked(t *testing.T) {
	tr := newTrial(t, func(c *Config) { c.Observer = &event.Observer{Name: "test", Namespace: "default", Exercise: "drill0"} })
	for i, ingress := range []string{"drill0", "mirror0", "drill0"} {
		f := guessing(int64(i)*second, event.High)
		f.Key, f.Flows[0].Ingress = ingress+itoa(int64(i)), ingress
		tr.Raise(f)
	}
	exercise := any([]any{event.ExerciseTag})
	if d := cmp.Diff([]any{exercise, nil, exercise}, column(tr.of(t, "alert"), "tags")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{exercise, nil, nil}, column(tr.of(t, "incident"), "tags")); d != "" {
		t.Error(d)
	}
}

func TestRiskOfAVitalZone(t *testing.T) {
	s := &story{finding: event.Finding{Severity: event.Medium}}
	plain, _ := risk(s, nil, &know.Zone{Criticality: "some"})
	score, reasons := risk(s, &know.Zone{Criticality: "Hoog"}, nil)
	if score != plain+5 || !slices.Contains(reasons, "vital-zone") {
		t.Errorf("%v after %v: %v", score, plain, reasons)
	}
	tr := newTrial(t, func(c *Config) {
		c.Know, _ = know.New(know.Config{Zones: []know.Zone{{Name: "icu", Networks: []netip.Prefix{netip.PrefixFrom(server, 32)}, Criticality: "critical"}}})
	})
	tr.Raise(guessing(0, event.High)) // against it
	if o := tr.of(t, "alert")[0]; !slices.Contains(o.at("brandmelder.risk.reasons").([]any), any("vital-zone")) {
		t.Error(o.at("brandmelder.risk"))
	}
}

// Of the detectors that still learn an alert names those that could have said more:
// of its family, or readers of the same records.
func TestLearnersThatMatter(t *testing.T) {
	d := newTrial(t, nil).Desk
	for _, name := range []string{"data-staging", "ics-command", "login-novelty", "medical-anomaly", "slow-upload"} {
		d.learning = append(d.learning, baseline.Lesson{Name: name})
	}
	for detector, want := range map[string]string{"upload": "[data-staging medical-anomaly slow-upload]", "login-spray": "[login-novelty]", "ics-command": "[ics-command]", "dga": "[]"} {
		names := []string{}
		for _, l := range d.learners(&event.Finding{Detector: detector}) {
			names = append(names, l.Name)
		}
		if got := fmt.Sprint(names); got != want {
			t.Errorf("%s: %s, want %s", detector, got, want)
		}
	}
}
