package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/brandmelder/brandmelder/sensor/output"
)

// stateFile is a configuration with a state directory of its own.
func stateFile(t *testing.T) (file, state string) {
	t.Helper()
	dir := t.TempDir()
	file, state = filepath.Join(dir, "c.yaml"), filepath.Join(dir, "state")
	if err := os.WriteFile(file, []byte("state_dir: "+state+"\nobserver: {name: east}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, state
}

// must runs a verb that has to succeed in lines that a screen can hold.
func must(t *testing.T, file string, args ...string) string {
	t.Helper()
	out, err := execute(t, rootCommand(), append(args, "-c", file)...)
	if e := (*exitError)(nil); err != nil && !(errors.As(err, &e) && e.err == nil) { // status says a bad sight itself
		t.Fatalf("%v: %v", args, err)
	}
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line) - 1; n > output.Width && !strings.HasPrefix(line, "{") && !strings.Contains(line, file[:5]) {
			t.Errorf("%v: %d columns: %s", args, n, line)
		}
	}
	return out
}

func TestSuppress(t *testing.T) {
	file, state := stateFile(t)
	if out := must(t, file, "suppress", "list"); !strings.Contains(out, state) {
		t.Errorf("an empty list does not say where it looked: %s", out)
	}
	out := must(t, file, "suppress", "add", "--owner", "ann", "--reason", strings.Repeat("the weekly scan ", 12),
		"--expiry", "30d", "--family", "scan", "--source", "10.0.0.5", "--destination", "10.2.0.0/16")
	id := strings.Fields(out)[1]
	out = must(t, file, "suppress", "list")
	for _, want := range []string{id, "family scan, source 10.0.0.5/32, destination 10.2.0.0/16", "owner ann", "the weekly scan"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
	standing, err := suppressions(journalIn(state), time.Now())
	if err != nil || len(standing) != 1 || standing[0].ID != id {
		t.Fatal(standing, err)
	}
	must(t, file, "suppress", "end", id, "--owner", "bob")
	if out := must(t, file, "suppress", "list"); !strings.Contains(out, "no suppression stands") {
		t.Error(out)
	}
	if _, err := execute(t, rootCommand(), "suppress", "end", id, "-c", file); err == nil || !strings.Contains(err.Error(), "suppress list") {
		t.Error(err)
	}
}

func TestSuppressRefuses(t *testing.T) {
	file, _ := stateFile(t)
	good := map[string]string{"--owner": "ann", "--reason": "why", "--expiry": "1h", "--family": "scan"}
	for name, test := range map[string]struct{ flag, value, want string }{
		"no owner":      {"--owner", "", "owner is required"},
		"no reason":     {"--reason", "", "reason is required"},
		"no expiry":     {"--expiry", "", "expiry is required"},
		"no scope":      {"--family", "", "scope is required"},
		"past":          {"--expiry", "2001-01-01", "is in the past"},
		"never":         {"--expiry", "never", "write a date such as"},
		"family":        {"--family", "noise", `unknown family "noise"`},
		"detector":      {"--detector", "noise", "see list detectors"},
		"source":        {"--source", "a", "--source: "},
		"destination":   {"--destination", "10.0.0.0/99", "--destination: "},
		"negative days": {"--expiry", "-3d", "is in the past"},
	} {
		t.Run(name, func(t *testing.T) {
			args := []string{"suppress", "add", "-c", file}
			for flag, value := range good {
				if flag != test.flag {
					args = append(args, flag+"="+value)
				}
			}
			_, err := execute(t, rootCommand(), append(args, test.flag+"="+test.value)...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Error(err)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-03-01": time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), // until the end of the day
		"2d":         time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC),
		"90m":        time.Date(2026, 3, 1, 13, 30, 0, 0, time.UTC),
	} {
		if got, err := expiry(text, now); err != nil || got != want.UnixNano() {
			t.Errorf("%s: %v %v", text, time.Unix(0, got), err)
		}
	}
}
