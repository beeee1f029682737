package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/brandmelder/brandmelder/sensor/config"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/journal"
	"github.com/brandmelder/brandmelder/sensor/lasting"
	"github.com/brandmelder/brandmelder/sensor/view"
)

const (
	day      = 24 * time.Hour
	seedSize = 32
	// A command that decides something holds the journal for a moment: a run that
	// starts just then waits for it and does not give up.
	lockWait = 2 * time.Second
)

// journalIn is the journal of a state directory.
func journalIn(state string) string { return filepath.Join(state, "journal") }

// openJournal opens the journal of a run.
func openJournal(state string) (*journal.Journal, error) {
	if err := os.MkdirAll(state, 0o750); err != nil {
		return nil, fmt.Errorf("state directory: %w; name one that you can write: state_dir in a file for -c", err)
	}
	j, err := journal.Open(journalIn(state))
	for end := time.Now().Add(lockWait); errors.Is(err, journal.ErrLocked) && time.Now().Before(end); {
		time.Sleep(lockWait / 100)
		j, err = journal.Open(journalIn(state))
	}
	if errors.Is(err, journal.ErrLocked) {
		return nil, fmt.Errorf("%w; end the other run, or give this one its own state_dir with -c", err)
	}
	if err == nil {
		lasting.Sweep(state, time.Now())
	}
	return j, err
}

func seedIn(state string) string { return filepath.Join(state, "seed") }

// seedOf is the secret of this sensor: it keys the ids of its alerts and the codes
// of pseudonyms. Ship, of the same group, reads it for these. It is made once and never leaves the state directory.
func seedOf(state string) ([]byte, error) {
	path := seedIn(state)
	seed, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		seed = make([]byte, seedSize)
		rand.Read(seed)
		err = lasting.Disk{}.Place(path, seed)
	}
	if err == nil && len(seed) != seedSize {
		err = fmt.Errorf("%s has %d bytes instead of %d; remove it to begin with new codes", path, len(seed), seedSize)
	}
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	return seed, nil
}

// keep is how long the journal keeps what it has. It forgets telemetry as a whole, so
// no kind of it may be kept longer than its own age.
func keep(r config.Retention) journal.Keep {
	return journal.Keep{
		Decisions: time.Duration(r.Decisions) * day,
		Telemetry: time.Duration(min(r.Journal, r.Auth, r.Flow, r.Health)) * day,
		Bytes:     int64(r.JournalGB * 1e9),
	}
}

// keepIn is keep for the journal of a state directory.
func keepIn(state string, r config.Retention) journal.Keep {
	k := keep(r)
	k.Beside = func() int64 { return beside(state) }
	return k
}

// beside is what the state directory takes of the disk beside the journal's documents, in bytes: what was learned,
// and the view. The slash behind its name follows a symbolic link.
func beside(state string) (bytes int64) {
	filepath.WalkDir(state+"/", func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) == ".seg" {
			return nil // gone meanwhile, or counted
		}
		if s, err := e.Info(); err == nil {
			bytes += s.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	return bytes
}

// oldest is from when on the view has documents.
func oldest(r config.Retention, now time.Time) view.Oldest {
	before := func(days int) int64 { return now.AddDate(0, 0, -days).UnixNano() }
	return view.Oldest{Decisions: before(r.Decisions), Coverage: before(r.Health)}
}

var flowEnd = []byte(`"action":"flow-end"`)

// asked reports whether an output wants a document that the journal does not take by
// itself.
func (s *settings) asked(d *event.Doc) bool {
	for i := range s.choices {
		if s.choices[i].Wants(d) {
			return true
		}
	}
	return false
}

// kept reports whether the journal takes a document: what people decide on, what
// says how well the sensor sees, and one document a flow. What a protocol says
// in each message would fill the disk and is asked for by itself.
func kept(d event.Doc) bool {
	switch d.Dataset {
	case "alert", "incident", "decision", "coverage", "health", "asset", "auth":
		return true
	case "flow":
		return bytes.Contains(d.JSON, flowEnd)
	}
	return false
}
