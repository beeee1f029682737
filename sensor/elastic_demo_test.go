package main

import (
	"errors"
	"os"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/drill"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// TestElasticDemo journals what the recorded exercise gives, for `make demo-elastic`.
func TestElasticDemo(t *testing.T) {
	dir := os.Getenv("BRANDMELDER_DEMO_JOURNAL")
	if dir == "" {
		t.Skip("make demo-elastic runs it")
	}
	recording, err := drill.Recording()
	check(t, err)
	docs := replayOneAs(t, recording, "exercise", "demo")
	j, err := journal.Open(dir)
	check(t, err)
	check(t, errors.Join(j.Append(docs), j.Close()))
	t.Logf("%d documents journaled", len(docs))
}
