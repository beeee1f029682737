package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// Run says which configuration is in force and where its state is, before all else.
func TestRunGreets(t *testing.T) {
	state := t.TempDir()
	t.Setenv(beProgram, "1") // run starts its parts as this program
	t.Setenv("XDG_STATE_HOME", state)
	system := config.SystemState
	want := config.Default().Hash()
	out, err := execute(t, runCommand(), "--mirror", "none-such")
	if err == nil && !strings.Contains(out, "more rights") {
		t.Error("an interface that does not exist was watched")
	}
	first, _, _ := strings.Cut(out, "\n")
	if !strings.Contains(first, "configuration "+want) || !strings.Contains(first, state) && !strings.Contains(first, system) {
		t.Errorf("%s\nwant %s and %s", first, want, state)
	}
	file, own := stateFile(t)
	out, _ = execute(t, runCommand(), "--mirror", "none-such", "-c", file)
	if strings.Contains(out, want) || !strings.Contains(out, own) {
		t.Errorf("the file is not in force: %s", out)
	}
}

func TestOneRunAtATime(t *testing.T) {
	state := filepath.Join(t.TempDir(), "new")
	j, err := openJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := openJournal(state); !errors.Is(err, journal.ErrLocked) || !strings.Contains(err.Error(), "end the other run") {
		t.Error(err)
	}
	if _, err := openJournal("/proc/none"); err == nil || !strings.Contains(err.Error(), "state_dir") {
		t.Error(err)
	}
}

// A command that holds the journal for a moment does not end a run that starts.
func TestRunWaitsForACommand(t *testing.T) {
	state := t.TempDir()
	command, err := openJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(lockWait / 10)
		command.Close()
	}()
	run, err := openJournal(state)
	if err != nil {
		t.Fatal(err)
	}
	run.Close()
}

func TestKept(t *testing.T) {
	for name, want := range map[string]bool{
		"alert": true, "incident": true, "coverage": true, "health": true, "auth": true, "decision": true,
		"dns": false, "tls": false, "flow flow-end": true, "flow flow-alive": false, "flow flow-start": false,
	} {
		dataset, action, _ := strings.Cut(name, " ")
		d := event.Doc{Dataset: dataset, JSON: fmt.Appendf(nil, `{"event":{"action":%q}}`, action)}
		if kept(d) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestKeepIsTheRetention(t *testing.T) {
	k := keep(config.Default().Retention)
	if k.Decisions != 400*day || k.Telemetry != 7*day || k.Bytes != 10e9 {
		t.Errorf("%+v", k)
	}
	r := config.Default().Retention
	r.Journal, r.Auth, r.JournalGB = 100, 3, 0.067
	if k := keep(r); k.Bytes != 67e6 {
		t.Errorf("%+v", k)
	}
	if k := keep(r); k.Telemetry != 3*day {
		t.Errorf("logins outlive their age in the journal: %v", k.Telemetry)
	}
	now := time.Now()
	if o := oldest(r, now); o.Decisions != now.AddDate(0, 0, -400).UnixNano() || o.Coverage != now.AddDate(0, 0, -90).UnixNano() {
		t.Errorf("%+v", o)
	}
}

// What was learned counts, and what the journal counts itself does not.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	before := beside(dir)
	check(t, os.WriteFile(filepath.Join(dir, "x.seg"), make([]byte, 1<<20), 0o600))
	check(t, os.Mkdir(filepath.Join(dir, "state"), 0o700))
	check(t, os.WriteFile(filepath.Join(dir, "state", "x.snap"), make([]byte, 1<<16), 0o600))
	if more := beside(dir) - before; more < 1<<16 || more > 1<<17 {
		t.Errorf("%d bytes", more)
	}
}

// The screen calls for an alert once: not for its growth, not when it is
// suppressed. One that could not be stored is shown with the reason.
func TestShown(t *testing.T) {
	var screen strings.Builder
	r := run{w: &screen}
	show := func(id, more string, err error) string {
		screen.Reset()
		r.shown(event.Doc{Dataset: "alert", ID: id, JSON: fmt.Appendf(nil, `{"message":"m","brandmelder":{%s}}`, more)}, err)
		return screen.String()
	}
	if got := show("a", "", nil); !strings.Contains(got, "ALERT  m") {
		t.Error(got)
	}
	if got := show("a-1", "", nil) + show("a", `"suppression":{"id":"s"}`, nil); got != "" {
		t.Error(got)
	}
	if got := show("a", "", errors.New("disk is full")); !strings.Contains(got, "ALERT  m") || !strings.Contains(got, "alert a is not on disk: disk is full") {
		t.Error(got)
	}
}
