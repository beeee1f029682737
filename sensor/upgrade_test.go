package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/health"
)

// What does not work is named, in the order in which a person would look.
func TestSickVersions(t *testing.T) {
	now := time.Now()
	u := &upgrade{health.Upgrade{To: "2", Delivering: []string{"siem"}}}
	held := func(name, by string) health.Output {
		return health.Output{Name: name, Decisions: health.Account{Error: by}}
	}
	for want, change := range map[string]func(*health.Run){
		"":                        func(*health.Run) {},
		"version 1 answers":       func(r *health.Run) { r.Version = "1" },
		"no canary":               func(r *health.Run) { r.Line.Canaries[1] = 2 },
		"no canary through: []":   func(r *health.Run) { r.Line.Canaries = nil },
		"output siem worked":      func(r *health.Run) { r.Shipped[0] = held("siem", "401") },
		"siem worked before and":  func(r *health.Run) { r.ShippedAt = now.Add(-time.Minute) },
		"and does not now: 401 x": func(r *health.Run) { r.Shipped[0] = held("siem", "401 x") },
	} {
		r := health.Run{
			Version: "2", Line: health.Line{Canaries: []uint64{3, 4}}, ShippedAt: now,
			Shipped: []health.Output{held("siem", ""), held("other", "x")},
		}
		change(&r)
		if got := u.sick(&r, nil, now); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := u.sick(&health.Run{}, os.ErrDeadlineExceeded, now); !strings.Contains(got, "does not answer") {
		t.Error(got)
	}
}

// Check reads configuration, rules, what was learned and the journal, and changes nothing of them; a version that does
// not come up in time is judged so, and the one that came back finds what was learned before.
func TestUpgradeThatFails(t *testing.T) {
	file, state := stateFile(t)
	watched(t, file)
	snapshots, err := filepath.Glob(filepath.Join(learnedIn(state), "*"))
	if err != nil || len(snapshots) == 0 {
		t.Fatal(snapshots, err)
	}
	before, err := os.ReadFile(snapshots[0])
	if err != nil {
		t.Fatal(err)
	}
	must(t, file, "upgrade", "check")
	fresh := filepath.Join(learnedIn(state), "newer.snap")
	for _, path := range []string{snapshots[0], fresh} {
		if err := os.WriteFile(path, []byte("of a newer version"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(withinKey, "1ms")
	if out, err := execute(t, rootCommand(), "upgrade", "judge", "-c", file); err == nil || !strings.Contains(err.Error(), "capture does not answer") {
		t.Errorf("%s %v", out, err)
	}
	must(t, file, "upgrade", "back", "it hung")
	if now, err := os.ReadFile(snapshots[0]); err != nil || string(now) != string(before) {
		t.Errorf("%d bytes, before %d, %v", len(now), len(before), err)
	}
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("what only the newer version had learned: %v", err)
	}
	if out := must(t, file, "status"); !strings.Contains(out, "came back, since it hung") {
		t.Error(out)
	}
}

// A version that cannot read what is there says so before anything is switched.
func TestUpgradeRefused(t *testing.T) {
	file, state := stateFile(t)
	watched(t, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "gone: 1\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := execute(t, rootCommand(), "upgrade", "check", "-c", file); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("%s %v", out, err)
	}
	if u, err := lastUpgrade(state); u != nil || err != nil {
		t.Errorf("%v %v", u, err)
	}
}
