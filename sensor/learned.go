package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/health"
	"github.com/brandmelder/brandmelder/sensor/pipeline"
)

// learnedIn is where a state directory keeps what the sensor learned.
func learnedIn(state string) string { return filepath.Join(state, "state") }

// learned is how a line begins with what the sensor learned before.
func (s *settings) learned(state string) (pipeline.Learned, error) {
	dir := learnedIn(state)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return pipeline.Learned{}, fmt.Errorf("what is learned cannot be kept: %w", err)
	}
	return pipeline.Learned{Dir: dir, Version: version, Found: found, Failed: func(err error) {
		slog.Error("what was learned in the latest minute is not on disk", "error", err)
	}}, nil
}

// found logs what became of a snapshot, where it is not as it should be.
func found(r baseline.Restored) {
	switch {
	case r.Err != nil && r.Empty:
		noticeLearn.tell(func(string, ...any) {
			slog.Warn("learning begins anew: the snapshot cannot be used", "detector", r.Name, "error", r.Err)
		}, "learning of %s begins anew: its snapshot cannot be used: %v", r.Name, r.Err)
	case r.Err != nil:
		slog.Warn("the newest snapshot cannot be used; the one before is", "detector", r.Name, "entries", r.Entries, "error", r.Err)
	default:
		slog.Debug("restored", "detector", r.Name, "entries", r.Entries)
	}
}

// lessons reads how far the detectors are, from what they saved last.
func lessons(dir string) (list []health.Lesson, err error) {
	heads, err := baseline.Heads(dir)
	for _, h := range heads {
		one := health.Lesson{}
		if h.Lesson != nil {
			one = pipeline.LessonOf(h.Lesson, h.Saved)
		}
		one.Detector, one.Entries, one.Saved = h.Name, h.Entries, time.Unix(0, h.Saved).UTC()
		list = append(list, one)
	}
	return list, err
}
