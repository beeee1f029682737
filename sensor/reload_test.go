package main

import (
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
)

// gated is a source that hands out nothing until its gate opens.
type gated struct {
	capture.Source
	gate chan struct{}
}

func (g *gated) Read(p *event.Packet) error {
	<-g.gate
	return g.Source.Read(p)
}

// screen is what a run prints, read while it prints.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await repeats what a person does until the screen says something.
func (s *screen) await(t *testing.T, want string, do func()) {
	t.Helper()
	for range 400 {
		do()
		if strings.Contains(s.String(), want) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("the screen never said %q:\n%s", want, s)
}

// waiting starts a run that waits for its first packet; finish lets it come.
func waiting(t *testing.T, file string) (s *screen, finish func()) {
	t.Helper()
	source, err := capture.Files([]string{recorded(t)}, capture.Options{Logger: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	s = &screen{}
	g := &gated{source, make(chan struct{})}
	r := run{w: s, settings: settings{file: file}}
	if err := r.load(); err != nil {
		t.Fatal(err)
	}
	state, err := r.state()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.live(t.Context(), []capture.Source{g}, state) }()
	return s, func() {
		close(g.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// A suppression that is added while a run goes on counts in it, and so does its end.
func TestRunHearsOfSuppressions(t *testing.T) {
	file, state := stateFile(t)
	s, finish := waiting(t, file)
	lock := func() {
		j, err := journal.Open(journalIn(state))
		if errors.Is(err, journal.ErrLocked) {
			s.Write([]byte("locked\n"))
		} else if err == nil { // the run has not come that far
			j.Close()
		}
	}
	s.await(t, "locked", lock)
	add := func(family string) string {
		return strings.Fields(must(t, file, "suppress", "add", "--owner", "ann", "--reason", "why", "--expiry", "1h", "--family", family))[1]
	}
	id, other := add("scan"), add("dga")
	s.await(t, "in force: 2 suppressions", func() {})
	must(t, file, "suppress", "end", other, "--owner", "ann")
	s.await(t, "in force: 1 suppressions", func() {})
	finish()
	if out := s.String(); strings.Contains(out, " ALERT ") {
		t.Error(out)
	}
	if list := must(t, file, "alerts", "list"); !strings.Contains(list, "suppressed by "+id) {
		t.Error(list)
	}
}

// SIGHUP puts the zones of the file in force; a file with a mistake changes nothing.
func TestRunReloadsItsConfiguration(t *testing.T) {
	here := make(chan os.Signal, 100) // so that an early signal does not end the test
	signal.Notify(here, syscall.SIGHUP)
	defer signal.Stop(here)
	hangup := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	file, _ := stateFile(t)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(zones string) { // in one piece, for the run may be reading
		t.Helper()
		if err := errors.Join(os.WriteFile(file+".new", append(before, zones...), 0o600), os.Rename(file+".new", file)); err != nil {
			t.Fatal(err)
		}
	}
	s, finish := waiting(t, file)
	write("zones: [{name: lab, networks: [10.0.0.0/24]}]\nclinical_shares: [scans$]\n")
	s.await(t, "0 suppressions, 1 zones, 1 clinical shares", hangup)
	write("zones:\n  - {name: other, networks: [10.0.0.0/24]}\n  - {name: lab, network: []}\n")
	s.await(t, `what was in force stays: `+file+`:5:17: unknown key "network"`, hangup)
	write("zones: [{name: lab, networks: [10.0.0.0/24]}]\n")
	finish()
	list := must(t, file, "alerts", "list", "--json")
	if !strings.Contains(list, `"zone":{"destination":"lab","source":"lab"}`) {
		t.Error(list)
	}
}

// What is decided about is read anew; a journal that cannot be read changes nothing.
func TestOrdersRefuse(t *testing.T) {
	file, state := stateFile(t)
	must(t, file, "suppress", "add", "--owner", "ann", "--reason", "why", "--expiry", "1h", "--family", "dga")
	s := settings{file: file}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	if o, err := orders(s.Config, journalIn(state)); err != nil || len(o.Suppressions) != 1 {
		t.Error(o, err)
	}
	path := journalIn(state) + "/inbox/0123"
	if err := errors.Join(os.MkdirAll(journalIn(state)+"/inbox", 0o700), os.WriteFile(path, []byte("torn"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := orders(s.Config, journalIn(state)); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Error(err)
	}
}
