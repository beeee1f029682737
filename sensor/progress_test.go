package main

import (
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/capture"
)

func TestProgress(t *testing.T) {
	for want, s := range map[string]capture.Stats{
		"25% of 2 MB read": {Pos: 500_000, Size: 2_000_000},
		"3.5 kB read":      {Bytes: 3500}, // of a pipe, whose end nobody knows
	} {
		if got := readSoFar(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	var log strings.Builder
	if progress(&log, nil)(); log.Len() > 0 {
		t.Errorf("no terminal, and it says %q", log.String())
	}
}
