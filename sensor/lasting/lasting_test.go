package lasting

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// double counts what is made to last, and refuses what it is told to.
type double struct {
	files, folders int
	refuse         error
}

func (d *double) disk() Disk {
	return Disk{
		Sync:    func(*os.File) error { d.files++; return d.refuse },
		SyncDir: func(string) error { d.folders++; return nil },
	}
}

// content fails where the folder holds another file than this one.
func content(t *testing.T, path string) string {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A file is replaced once the new one is on disk; whatever fails before leaves the old one, and nothing beside it.
func TestPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "file")
	var d double
	if err := d.disk().Place(path, []byte("old")); err != nil || d.files != 1 || d.folders != 1 {
		t.Fatal(d, err)
	}
	if got := content(t, path); got != "old" {
		t.Error(got)
	}
	bad := errors.New("no good")
	seen := ""
	err := d.disk().Place(path, []byte("new"), func(beside string) error {
		b, err := os.ReadFile(beside)
		seen = string(b)
		return errors.Join(err, bad)
	}, func(string) error { t.Error("went on"); return nil })
	if !errors.Is(err, bad) || seen != "new" || content(t, path) != "old" || d.folders != 1 {
		t.Error(err, seen, d)
	}
	d.refuse = errors.New("full")
	if err := d.disk().Place(path, []byte("new")); !errors.Is(err, d.refuse) || content(t, path) != "old" {
		t.Error(err)
	}
	d.refuse = nil
	if err := (Disk{}).Place(path, []byte("new")); err != nil || content(t, path) != "new" {
		t.Error(err)
	}
	if s, err := os.Stat(path); err != nil || s.Mode().Perm() != 0o640 {
		t.Error(s, err)
	}
}

// What a kill left beside goes; what may still be written, and what only looks like it, stays.
func TestSweep(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	below := filepath.Join(dir, "below")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, ".new-folder"), 0o700), os.Mkdir(below, 0o700)); err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(below, beside)
	if err != nil {
		t.Fatal(err)
	}
	old := []string{f.Name(), filepath.Join(dir, ".new-1"), filepath.Join(dir, "file"), filepath.Join(dir, ".new")}
	for _, path := range old {
		if err := errors.Join(os.WriteFile(path, []byte("half"), 0o640), os.Chtimes(path, now, now.Add(-2*abandoned))); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Close(), os.WriteFile(filepath.Join(dir, ".new-2"), nil, 0o640), os.Symlink(old[2], filepath.Join(dir, ".new-3"))); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	Sweep(link, now) // as a state directory may be one
	var left []string
	if err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		left = append(left, strings.TrimPrefix(path, dir))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"", "/.new", "/.new-2", "/.new-3", "/.new-folder", "/below", "/file"}
	if !slices.Equal(left, want) {
		t.Error(left)
	}
}
