package main

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// What was decided while a run holds the journal counts as well, once.
func TestDecisions(t *testing.T) {
	dir := t.TempDir()
	decide := func(id string) {
		t.Helper()
		d := alert.Decision{Action: alert.Acknowledge, Alert: id, Owner: "ann", Time: 1}
		if err := journal.Decide(dir, d.Doc(&event.Observer{})); err != nil {
			t.Fatal(err)
		}
	}
	decide("a")
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	other := event.Doc{Dataset: "alert", ID: "x", Keep: event.Decisions, JSON: []byte("{}")}
	if err := j.Append([]event.Doc{other}); err != nil {
		t.Fatal(err)
	}
	decide("b")
	for range 2 {
		list, err := decisions(dir)
		if err != nil || len(list) != 2 || list[0].Alert != "a" || list[1].Alert != "b" {
			t.Fatal(list, err)
		}
		if _, err := j.Collect(); err != nil {
			t.Fatal(err)
		}
	}
}
