package main

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// A run that hangs looks like a quiet network. So each part has to show that it moves: every shard by a canary that
// came out of detection, the journal by its turns. The service manager's watchdog is fed when all of them have moved
// since it was last fed. Where one stands still, the run says which and ends with the stacks of all goroutines, and
// who started it starts it again: within half a minute, with the unit's WatchdogSec for when nothing here runs.
const (
	// Looks, not time: while a virtual machine is paused nobody looks.
	mostStill = 8
	lookEvery = 2 * time.Second // without a service manager's watchdog
	// The run ends itself after two thirds of WatchdogSec, so that it still can say why.
	looksWithin = mostStill * 3 / 2
	oftenest    = 500 * time.Millisecond // a canary takes a second
)

// pace is the time between two looks.
func pace() time.Duration {
	if limit, err := daemon.SdWatchdogEnabled(false); err == nil && limit > 0 {
		return max(limit/looksWithin, oftenest)
	}
	return lookEvery
}

// sign is a count that grows while a part of the run works.
type sign struct {
	of    string
	count func() uint64
	last  uint64
	still int // looks in a row without a change
	moved bool
}

// signs are those of a live line and its journal.
func signs(line *pipeline.Line, record *journal.Recorder) []*sign {
	all := []*sign{{of: "the journal or its disk", count: record.Turns}}
	for i := range line.Canaries() {
		all = append(all, &sign{of: fmt.Sprintf("capture %d or detection", i), count: func() uint64 { return line.Canaries()[i] }})
	}
	return all
}

// watchdog looks at the signs until ctx ends.
type watchdog struct {
	every time.Duration // between two looks
	signs []*sign
	feed  func()
	bite  func(stuck string, still time.Duration)
}

func (w *watchdog) watch(ctx context.Context) {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look()
		}
	}
}

func (w *watchdog) look() {
	all := true
	for _, s := range w.signs {
		if n := s.count(); n != s.last {
			s.last, s.still, s.moved = n, 0, true
		} else if s.still++; s.still == mostStill {
			w.bite(s.of, mostStill*w.every)
			return
		}
		all = all && s.moved
	}
	if !all {
		return
	}
	w.feed()
	for _, s := range w.signs {
		s.moved = false
	}
}

// tell tells the service manager, where there is one.
func tell(state string) func() {
	return func() { daemon.SdNotify(false, state) }
}

// bite ends the process with the stacks of all goroutines: they say where it hung.
func bite(stuck string, still time.Duration) {
	debug.SetTraceback("all")
	fmt.Fprintf(os.Stderr, "brandmelder: watchdog: %s did not move for %s: this run ends and has to begin anew\n", stuck, still)
	panic("watchdog: " + stuck + " hangs")
}
