package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/brandmelder/brandmelder/sensor/capture"
	"github.com/brandmelder/brandmelder/sensor/iface"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// An interface may be renamed while a run watches it, and then be made anew, for which
// this run has no rights any more. The next one knows only the names that people wrote
// down, so it gets a note: what interfaces are called now, by those names.

func noteIn(state string) string { return filepath.Join(state, "renamed.json") }

// called are the interfaces that are meant by names, as the run before told.
func called(state string, names []string) (now []string, err error) {
	note := map[string]string{}
	b, err := os.ReadFile(noteIn(state))
	if err == nil {
		err = json.Unmarshal(b, &note)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("what interfaces were renamed to cannot be read; remove %s: %w", noteIn(state), err)
	}
	for _, name := range names {
		if to := note[name]; to != "" {
			name = to
		}
		now = append(now, name)
	}
	return now, nil
}

// handOver writes the note for the next run. Watched are names as they were at the
// beginning, by those that people wrote down.
func handOver(state string, watched map[string]string, sources []capture.Source) error {
	note := map[string]string{}
	for _, s := range sources {
		st := s.Stats()
		for written, name := range watched {
			for i, began := range st.Interfaces {
				if began == name && st.Called[i] != written && !iface.Lasts(written) {
					note[written] = st.Called[i]
				}
			}
		}
	}
	b, err := json.Marshal(note)
	if err != nil || len(note) == 0 {
		return err
	}
	return lasting.Disk{}.Place(noteIn(state), b)
}

// named are the interfaces to watch; the note has served with that.
func (r *run) named(state string) ([]string, error) {
	names, err := called(state, r.mirror)
	if err == nil {
		names, err = interfaces(names)
	}
	if err != nil {
		return nil, err
	}
	r.watched = map[string]string{}
	for i, name := range names {
		r.watched[r.mirror[i]] = name
		if name != r.mirror[i] && !iface.Lasts(r.mirror[i]) {
			r.say("%s was renamed to %s", r.mirror[i], name)
		}
	}
	if err := os.Remove(noteIn(state)); !errors.Is(err, fs.ErrNotExist) {
		return names, err
	}
	return names, nil
}
