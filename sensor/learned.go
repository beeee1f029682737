package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/brandmelder/brandmelder/sensor/baseline"
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
		slog.Warn("learning begins anew: the snapshot cannot be used", "detector", r.Name, "error", r.Err)
	case r.Err != nil:
		slog.Warn("the newest snapshot cannot be used; the one before is", "detector", r.Name, "entries", r.Entries, "error", r.Err)
	default:
		slog.Debug("restored", "detector", r.Name, "entries", r.Entries)
	}
}

// lesson is how far one detector is.
type lesson struct {
	Detector string     `json:"detector"`
	Entries  int        `json:"entries"`         // that it keeps
	Saved    time.Time  `json:"saved"`           // when they were last written
	Day      int        `json:"day,omitempty"`   // of Days, while it learns
	Days     int        `json:"days,omitempty"`  // that it has to learn; 0 it need not
	Until    *time.Time `json:"until,omitempty"` // while it learns
	Again    string     `json:"again,omitempty"` // why it had to begin anew
}

// lessons reads how far the detectors are, from what they saved last.
func lessons(dir string) (list []lesson, err error) {
	heads, err := baseline.Heads(dir)
	for _, h := range heads {
		one := lesson{Detector: h.Name, Entries: h.Entries, Saved: time.Unix(0, h.Saved).UTC()}
		if l := h.Lesson; l != nil {
			const day = int64(24 * time.Hour)
			one.Days, one.Again = int(l.Length/day), l.Again
			if l.Since != 0 && h.Saved < l.Until() {
				until := time.Unix(0, l.Until()).UTC()
				one.Day, one.Until = int((h.Saved-l.Since)/day)+1, &until
			}
		}
		list = append(list, one)
	}
	return list, err
}

// String words a lesson for status.
func (l lesson) String() string {
	text := fmt.Sprintf("%s keeps %d, saved %s", l.Detector, l.Entries, l.Saved.Format(time.DateTime))
	switch {
	case l.Until != nil:
		text += fmt.Sprintf("; learning until %s (day %d of %d)", l.Until.Format(time.DateTime), l.Day, l.Days)
	case l.Days > 0:
		text += fmt.Sprintf("; learned %d days", l.Days)
	}
	if l.Again != "" {
		text += "; began anew: " + strings.ReplaceAll(l.Again, "\n", "; ")
	}
	return text
}
