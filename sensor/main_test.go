package main

import (
	"strings"
	"testing"
)

// Whoever mistypes a command line learns so by the exit code, and where to look.
func TestWrongUse(t *testing.T) {
	for line, want := range map[string]string{
		"replay":       "see brandmelder replay --help",
		"replay --x y": "see brandmelder replay --help",
		"alerts lst":   "see brandmelder alerts --help",
		"alerts show":  "see brandmelder alerts show --help",
	} {
		if _, err := execute(t, rootCommand(), strings.Fields(line)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range []string{"--version", "version", "alerts"} {
		if out, err := execute(t, rootCommand(), line); err != nil || !strings.Contains(out, "brandmelder") {
			t.Errorf("%s: %q, %v", line, out, err)
		}
	}
}
