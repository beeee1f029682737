package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// Decide brings a person's decision into the journal of dir. It is on disk when
// Decide returns; while another process writes the journal it waits in the inbox
// until that process collects it. The id is used as a file name.
func Decide(dir string, d event.Doc) error {
	d.Keep = event.Decisions
	if err := leave(dir, &d); err != nil {
		return err
	}
	j, err := Open(dir)
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = j.Collect()
	return errors.Join(err, j.Close())
}

// leave writes a document to the inbox.
func leave(dir string, d *event.Doc) error {
	path := filepath.Join(inbox(dir), fmt.Sprintf("%016x-%s", d.Time, d.ID))
	if err := (lasting.Disk{}).Place(path, appendRecord(nil, 0, d)); err != nil {
		return fmt.Errorf("journal: leave a decision: %w", err)
	}
	return nil
}

// Waiting lists the decisions in the inbox of dir, oldest first.
func Waiting(dir string) ([]event.Doc, error) {
	docs, _, err := waiting(dir)
	return docs, err
}

func waiting(dir string) (docs []event.Doc, paths []string, err error) {
	names, err := filepath.Glob(filepath.Join(inbox(dir), "[0-9a-f]*")) // sorted
	if err != nil {
		return nil, nil, fmt.Errorf("journal: %w", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // collected meanwhile
		}
		if err != nil {
			return nil, nil, fmt.Errorf("journal: %w", err)
		}
		e, n := parseRecord(b, event.Decisions)
		if n == 0 {
			return nil, nil, fmt.Errorf("journal: %s is damaged; remove it and decide again", name)
		}
		docs, paths = append(docs, e.Doc), append(paths, name)
	}
	return docs, paths, nil
}

// Collect appends what waits in the inbox and returns how many that were. After
// a crash in its middle a decision can stand twice, with one id.
func (j *Journal) Collect() (int, error) {
	docs, paths, err := waiting(j.dir)
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	if err := j.Append(docs); err != nil {
		return 0, err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return len(docs), fmt.Errorf("journal: %w", err)
		}
	}
	return len(docs), j.disk.FlushFolder(inbox(j.dir))
}

func inbox(dir string) string { return filepath.Join(dir, "inbox") }
