package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Disk is what makes things last. The zero value is the real one; tests put a double in
// its place that knows what a power cut would leave.
type Disk struct {
	Sync    func(*os.File) error
	SyncDir func(dir string) error
}

func (d Disk) sync(f *os.File) error {
	if d.Sync != nil {
		return d.Sync(f)
	}
	return f.Sync()
}

// syncDir makes a new or removed file of a folder last.
func (d Disk) syncDir(dir string) error {
	if d.SyncDir != nil {
		return d.SyncDir(dir)
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// Place makes a small file last, whole or not at all: written beside, synced, renamed.
// Its folder is made where there is none.
func (d Disk) Place(path string, content []byte) error {
	if err := d.Lay(path, content); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// Lay is Place without the last step, for many files of one folder: SyncFolder ends it.
func (d Disk) Lay(path string, content []byte) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o640), d.sync(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// SyncFolder makes what was laid into or removed from a folder last.
func (d Disk) SyncFolder(folder string) error { return d.syncDir(folder) }
