// Package lasting puts files on disk so that they are there after a power cut, whole or not at all. Every file that the
// sensor keeps for itself is put there by it.
package lasting

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// beside are the names of files that have not taken their place yet.
const beside = ".new-*"

// abandoned is how old a file beside is that no program still writes: each is small and written at once.
const abandoned = time.Hour

// Disk is what makes things last. The zero value is the real one; tests put a double in
// its place that knows what a power cut would leave.
type Disk struct {
	Sync    func(*os.File) error
	SyncDir func(dir string) error
}

// Flush makes what was written to a file last.
func (d Disk) Flush(f *os.File) error {
	if d.Sync != nil {
		return d.Sync(f)
	}
	return f.Sync()
}

// FlushFolder makes new, renamed and removed files of a folder last.
func (d Disk) FlushFolder(folder string) error {
	if d.SyncDir != nil {
		return d.SyncDir(folder)
	}
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Place makes a small file last, whole or not at all: written beside, synced, renamed.
// Its folder is made where there is none. It may be read by the group; first is done to
// the file, by its name beside, before it takes its place, and what fails keeps it away.
func (d Disk) Place(path string, content []byte, first ...func(beside string) error) error {
	if err := d.Lay(path, content, first...); err != nil {
		return err
	}
	return d.FlushFolder(filepath.Dir(path))
}

// Lay is Place without the last step, for many files of one folder: FlushFolder ends it.
func (d Disk) Lay(path string, content []byte, first ...func(beside string) error) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, beside)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o640))
	for _, do := range first {
		if err == nil {
			err = do(f.Name())
		}
	}
	if err = errors.Join(err, d.Flush(f), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Unfinished reports the name of a file that is being written beside its place.
func Unfinished(name string) bool {
	ours, _ := filepath.Match(beside, name)
	return ours
}

// Sweep removes what programs that were killed left beside, in a folder of the sensor's own and all below it. What
// another program may be writing stays, and so does what cannot be removed: the next start tries again. The folder
// itself may be a symbolic link: the slash behind its name follows that.
func Sweep(folder string, now time.Time) {
	filepath.WalkDir(folder+"/", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if !Unfinished(e.Name()) {
			return nil
		}
		if s, err := e.Info(); err == nil && now.Sub(s.ModTime()) > abandoned {
			os.Remove(path)
		}
		return nil
	})
}
