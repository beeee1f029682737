package alert

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// again is the desk of a run after the one of tr.
func again(t *testing.T, tr *trial, now int64) *trial {
	t.Helper()
	p := NewPasts(now)
	for _, d := range tr.docs {
		if err := p.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	return newTrial(t, func(c *Config) { c.Pasts = p })
}

// A restart in the middle of a story raises nothing twice: what goes on is growth of
// the alert that stands, over the hour of the grid too.
func TestARestartRaisesNothingTwice(t *testing.T) {
	first := newTrial(t, nil)
	first.Raise(guessing(0, event.High))
	first.Raise(guessing(60*second, event.High))
	first.Close(start + 60*second)
	id := first.of(t, "alert")[0].at("event.id").(string)
	incident := first.of(t, "alert")[0].at("brandmelder.incident.id")
	for _, after := range []int64{2 * minute, 50 * minute} { // the same hour, and the next
		second := again(t, first, start+after)
		second.Raise(guessing(after, event.High))
		second.Close(start + after)
		docs := second.of(t, "alert")
		if d := cmp.Diff([]any{id + "-2"}, column(docs, "event.id")); d != "" {
			t.Errorf("after %d: %s", after, d)
		}
		if d := cmp.Diff([]any{incident}, column(docs, "brandmelder.incident.id")); d != "" {
			t.Error(d)
		}
		if n := second.Count(); n.Findings != 1 || n.Merged != 1 || n.Alerts != 0 {
			t.Errorf("%+v", n)
		}
	}
}

// What is graver, another story, or later than an hour is raised.
func TestARestartKeepsNothingBack(t *testing.T) {
	first := newTrial(t, nil)
	first.Raise(guessing(0, event.Medium))
	id := first.of(t, "alert")[0].at("event.id")
	graver := guessing(2*minute, event.High)
	other := guessing(2*minute, event.Medium)
	other.Key = "other"
	for name, f := range map[string]event.Finding{"graver": graver, "other": other, "later": guessing(61*minute, event.Medium)} {
		second := again(t, first, f.Time)
		second.Raise(f)
		docs := second.of(t, "alert")
		if len(docs) != 1 || docs[0].at("event.kind") != "alert" || docs[0].at("event.id") == id {
			t.Errorf("%s: %v", name, docs)
		}
		if from := docs[0].at("brandmelder.promoted_from"); (from == id) != (name == "graver") {
			t.Errorf("%s: promoted from %v", name, from)
		}
	}
}

func TestPastsForgetAndRefuse(t *testing.T) {
	first := newTrial(t, nil)
	first.Raise(guessing(0, event.High))
	p := NewPasts(start + 3*window)
	for _, d := range first.docs {
		if err := p.Add(d); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.byID) != 0 {
		t.Errorf("%d are kept", len(p.byID))
	}
	if err := p.Add(event.Doc{Dataset: "alert", Time: start + 3*window, JSON: []byte("{")}); err == nil {
		t.Error("a broken document was taken")
	}
}

// An incident that is open goes on after a restart as if there had been none; one
// that is over stays so.
func TestIncidentsGoOnAfterARestart(t *testing.T) {
	far := netip.MustParseAddr("198.51.100.7")
	steps := []event.Finding{
		from(outside, inside, "web-exploit", 0, event.High), from(inside, server, "scan", minute, event.Medium),
		from(server, far, "exfiltration", 2*minute, event.Critical),
	}
	whole, first := newTrial(t, nil), newTrial(t, nil)
	for n, f := range steps {
		whole.Raise(f)
		if n < 2 {
			first.Raise(f)
		}
	}
	second := again(t, first, start+2*minute)
	second.Raise(steps[2])
	last := func(tr *trial) object {
		docs := tr.of(t, "incident")
		return docs[len(docs)-1]
	}
	if d := cmp.Diff(last(whole), last(second)); d != "" {
		t.Error(d)
	}
	second.Tick(start + 3*incidentSpan)
	if action := last(second).at("event.action"); action != "incident-closed" {
		t.Errorf("a day later: %v", action)
	}
	if third := again(t, second, start+2*minute); len(third.files.open) != 0 {
		t.Errorf("%d incidents are open that are over", len(third.files.open))
	}
	if late := again(t, first, start+2*incidentSpan); len(late.files.open) != 0 {
		t.Errorf("%d incidents are open after two days", len(late.files.open))
	}
}
