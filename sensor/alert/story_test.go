package alert

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

func TestFindingsMergeIntoOneAlertThatGrows(t *testing.T) {
	tr := newTrial(t, nil)
	for i := range int64(40) {
		tr.Raise(guessing(2*i*minute, event.Medium)) // up to 78 minutes
		tr.Tick(start + 2*i*minute)
	}
	tr.Close(start + 80*minute)

	alerts := tr.of(t, "alert")
	want := []any{0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 2.0, 3.0, 4.0}
	if diff := cmp.Diff(want, column(alerts, "brandmelder.revision")); diff != "" {
		t.Error(diff)
	}
	// the finding at minute 2 is counted when the first step of growth is due
	if diff := cmp.Diff([]any{1.0, 2.0, 4.0, 9.0, 30.0, 1.0, 2.0, 4.0, 9.0, 10.0}, column(alerts, "brandmelder.findings")); diff != "" {
		t.Error(diff)
	}
	first := alerts[0]
	if first.at("event.kind") != "alert" || first.at("event.action") != nil {
		t.Errorf("revision 0 is %v %v", first.at("event.kind"), first.at("event.action"))
	}
	grown := alerts[1]
	if grown.at("event.kind") != "event" || grown.at("event.action") != "alert-updated" || grown.at("event.id") != first.at("event.id").(string)+"-1" {
		t.Errorf("growth is %v", grown.at("event"))
	}
	if first.at("event.id") == alerts[5].at("event.id") {
		t.Error("two stories have one id")
	}
	if grown.at("event.start") != first.at("event.start") {
		t.Error("growth forgot the onset")
	}
	if diff := cmp.Diff(Count{Findings: 40, Alerts: 2, Merged: 38}, tr.Count()); diff != "" {
		t.Error(diff)
	}
}

func TestQuietAlertIsNotWrittenAgain(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Raise(guessing(0, event.Medium))
	for m := range int64(90) {
		tr.Tick(start + m*minute)
	}
	tr.Close(start + 90*minute)
	if got := len(tr.of(t, "alert")); got != 1 {
		t.Errorf("%d documents, want 1", got)
	}
	if len(tr.open)+len(tr.stories) != 0 {
		t.Error("a story stayed open")
	}
}

func TestGraverFindingIsRaisedAnew(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Raise(guessing(0, event.Low))
	tr.Raise(guessing(10*second, event.High))
	tr.Raise(guessing(20*second, event.Low)) // later and milder: merged, and stays grave
	tr.Close(start + minute)
	alerts := tr.of(t, "alert")
	if len(alerts) != 3 {
		t.Fatalf("%d documents, want 3", len(alerts))
	}
	low, high, grown := alerts[0], alerts[1], alerts[2]
	if high.at("event.kind") != "alert" || high.at("brandmelder.revision") != 0.0 || high.at("event.severity") != 73.0 {
		t.Errorf("raised anew as %v", high.at("event"))
	}
	if high.at("brandmelder.promoted_from") != low.at("event.id") || high.at("event.id") == low.at("event.id") {
		t.Error("the graver alert does not name the one it follows")
	}
	if high.at("event.start") != low.at("event.start") {
		t.Error("the onset was not kept")
	}
	if grown.at("event.id") != high.at("event.id").(string)+"-1" || grown.at("event.severity") != 73.0 {
		t.Errorf("growth is %v", grown.at("event"))
	}
	if diff := cmp.Diff(Count{Findings: 3, Alerts: 2, Merged: 1}, tr.Count()); diff != "" {
		t.Error(diff)
	}
}

func TestIDs(t *testing.T) {
	id := func(change func(*Config), key string, after int64) string {
		tr := newTrial(t, change)
		f := guessing(after, event.Medium)
		f.Key = key
		tr.Raise(f)
		return tr.docs[0].ID
	}
	base := id(nil, "k", 0)
	if len(base) != 32 {
		t.Errorf("id %q is not 16 bytes in hex", base)
	}
	if id(nil, "k", 30*minute) != base {
		t.Error("the id depends on more than the hour")
	}
	for name, other := range map[string]string{
		"key":    id(nil, "l", 0),
		"hour":   id(nil, "k", window),
		"seed":   id(func(c *Config) { c.Seed = []byte("other") }, "k", 0),
		"sensor": id(func(c *Config) { c.Observer = &event.Observer{Name: "other"} }, "k", 0),
	} {
		if other == base {
			t.Errorf("the id does not depend on the %s", name)
		}
	}
}

func TestStoriesAreBounded(t *testing.T) {
	tr := newTrial(t, func(c *Config) { c.AlertsOnly = true })
	const extra = 50
	for i := range maxStories + extra {
		f := guessing(0, event.Low)
		f.Key = fmt.Sprint(i)
		tr.Raise(f)
	}
	if len(tr.open) != maxStories || len(tr.stories) != maxStories {
		t.Errorf("%d open, %d known, want %d", len(tr.open), len(tr.stories), maxStories)
	}
	if got := tr.Count(); got.StoriesEvicted != extra || got.Alerts != maxStories+extra {
		t.Errorf("%+v", got)
	}
	if tr.stories[storyKey{"login-bruteforce", "0"}] != nil {
		t.Error("the oldest was not the one to go")
	}
}

func TestOneStoryKeepsLittle(t *testing.T) {
	tr := newTrial(t, nil)
	for i := range int64(500) {
		f := guessing(i, event.Medium)
		f.Flows = []event.FlowRef{ref(uint16(i + 1))}
		f.Related = append(f.Related, inside.Next())
		tr.Raise(f)
	}
	if n := len(tr.open[0].finding.Flows); n != maxFlows {
		t.Errorf("%d flows kept, want %d", n, maxFlows)
	}
	if n := len(tr.open[0].finding.Related); n != 1 {
		t.Errorf("%d addresses kept, want 1", n)
	}
}

func TestClockThatStepsBackBeginsAnew(t *testing.T) {
	tr := newTrial(t, nil)
	tr.Raise(guessing(0, event.Medium))
	tr.Raise(guessing(-3*window, event.Medium))
	if got := tr.Count().Alerts; got != 2 {
		t.Errorf("%d alerts, want 2", got)
	}
	tr.Tick(start - 6*window)
	if len(tr.open) != 0 {
		t.Error("a story of another time stays open")
	}
}

func TestAlertsOnly(t *testing.T) {
	tr := newTrial(t, func(c *Config) { c.AlertsOnly = true })
	tr.Raise(guessing(0, event.High))
	tr.Raise(guessing(second, event.High))
	tr.Tick(start + 2*minute)
	tr.Close(start + 3*minute)
	if len(tr.docs) != 1 || decoded(t, tr.docs[0]).at("event.kind") != "alert" {
		t.Errorf("%d documents, want the alert alone", len(tr.docs))
	}
}

func TestSameFindingsSameBytes(t *testing.T) {
	run := func() (out []string) {
		tr := newTrial(t, nil)
		for i := range int64(300) {
			f := guessing(i*second, []event.Severity{21, 47, 73}[i%3])
			f.Key = fmt.Sprint(i % 37)
			f.Subject.Addr = inside
			for range i % 37 {
				f.Subject.Addr = f.Subject.Addr.Next()
			}
			tr.Raise(f)
			tr.Tick(start + i*second)
		}
		tr.Tick(start + 2*24*60*minute)
		tr.Close(start + 2*24*60*minute)
		for _, d := range tr.docs {
			out = append(out, d.Dataset+d.ID+string(d.JSON))
		}
		return out
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Error(diff)
	}
}
