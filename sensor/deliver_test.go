package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/alert"
	"github.com/brandmelder/brandmelder/sensor/config"
)

// An output gets each document once, in the view that it may have.
func TestOutputsFollowTheJournal(t *testing.T) {
	file, state := stored(t)
	must(t, file, "suppress", "add", "--owner", "annabel", "--reason", "annabel's scanner", "--expiry", "1h", "--family", "scan")
	dir := t.TempDir()
	full, coded := filepath.Join(dir, "full"), filepath.Join(dir, "coded")
	s := settings{Config: config.Default()}
	s.Outputs = []config.Output{ndjson(t, config.Common{As: "a"}, full), ndjson(t, config.Common{As: "b", View: "pseudonyms"}, coded)}
	for range 2 {
		list, err := s.posts(false, state, os.Stdout, t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range follow(t.Context(), list)() {
			if !strings.Contains(line, " 0 pending + 0 dead letters + 0 expired") || strings.Contains(line, "WRONG") {
				t.Error(line)
			}
		}
	}
	a, err := os.ReadFile(full)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(coded)
	if err != nil {
		t.Fatal(err)
	}
	if n, m := bytes.Count(a, []byte("\n")), bytes.Count(b, []byte("\n")); n < 2 || n != m {
		t.Errorf("%d and %d lines", n, m)
	}
	if !bytes.Contains(a, []byte("annabel")) || bytes.Contains(b, []byte("annabel")) || !bytes.Contains(b, []byte(alert.Suppress)) {
		t.Errorf("full:\n%s\ncoded:\n%s", a, b)
	}
}

func ndjson(t *testing.T, c config.Common, path string) config.Output {
	t.Helper()
	c.Name = "ndjson"
	o, err := config.NewOutput(c, map[string]any{"path": path})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOutputsRefuse(t *testing.T) {
	for want, o := range map[string]config.Output{
		"see list outputs": {Common: config.Common{Name: "fax"}},
		"no such file":     ndjson(t, config.Common{}, "/nowhere/at/all"),
	} {
		s := settings{Config: config.Default()}
		s.Outputs = []config.Output{o}
		if _, err := s.posts(false, t.TempDir(), os.Stdout, t.Logf); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

func TestSeed(t *testing.T) {
	state := t.TempDir()
	first, err := seedOf(state)
	if err != nil || len(first) != seedSize || bytes.Equal(first, make([]byte, seedSize)) {
		t.Fatal(first, err)
	}
	if again, err := seedOf(state); err != nil || !bytes.Equal(first, again) {
		t.Error(again, err)
	}
	if info, _ := os.Stat(filepath.Join(state, "seed")); info.Mode().Perm()&0o007 != 0 {
		t.Error(info.Mode())
	}
	if err := os.WriteFile(filepath.Join(state, "seed"), first[:3], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seedOf(state); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Error(err)
	}
}
