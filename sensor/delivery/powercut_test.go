package delivery

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// shadow knows what a power cut would leave of a tree: of each file what was synced,
// of each folder the names that it had when it was synced. It is kept in a folder of its
// own beside the tree, so that processes that are killed leave it right.
type shadow struct{ dir string }

func newShadow(dir string) (*shadow, error) {
	s := &shadow{dir}
	return s, os.MkdirAll(filepath.Join(dir, "inodes"), 0o700)
}

// disk is the double of the journal's disk.
func (s *shadow) disk() lasting.Disk { return lasting.Disk{Sync: s.sync, SyncDir: s.syncDir} }

func inode(info os.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Ino }

func (s *shadow) kept(n uint64) string { return filepath.Join(s.dir, "inodes", fmt.Sprint(n)) }

// sync notes how much of a file is safe. A link keeps the file under its number, so
// that no other one gets that.
func (s *shadow) sync(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), s.kept(inode(info))); err != nil && !os.IsExist(err) {
		if _, had := os.Stat(s.kept(inode(info))); had != nil && !os.IsNotExist(err) {
			return err
		}
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "sizes"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = fmt.Fprintf(log, "%d %d\n", inode(info), info.Size())
	return err
}

// syncDir notes which names of a folder are safe.
func (s *shadow) syncDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintln(&b, dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			fmt.Fprintf(&b, "%d %s\n", inode(info), e.Name())
		}
	}
	to := filepath.Join(s.dir, "dir-"+strings.ReplaceAll(dir, "/", "+"))
	new := fmt.Sprint(to, ".new", os.Getpid())
	if err := os.WriteFile(new, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(new, to)
}

// cut makes the tree what it is after a power cut. Nothing may be at work in it.
func (s *shadow) cut(root string) error {
	sizes, err := s.sizes()
	if err != nil {
		return err
	}
	lists, err := filepath.Glob(filepath.Join(s.dir, "dir-*"))
	if err != nil {
		return err
	}
	safe := map[string]uint64{}
	for _, list := range lists {
		if strings.Contains(list, ".new") {
			continue
		}
		b, err := os.ReadFile(list)
		if err != nil {
			return err
		}
		dir, rest, _ := strings.Cut(string(b), "\n")
		for line := range strings.Lines(rest) {
			var n uint64
			var name string
			if _, err := fmt.Sscanf(line, "%d %s", &n, &name); err == nil {
				safe[filepath.Join(dir, name)] = n
			}
		}
	}
	return s.rebuild(root, safe, sizes)
}

// rebuild removes what is not safe and puts what is as it was.
func (s *shadow) rebuild(root string, safe map[string]uint64, sizes map[uint64]int64) error {
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "lock" {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		return err
	}
	for path, n := range safe {
		b, err := os.ReadFile(s.kept(n))
		if err != nil {
			continue // only its name was synced: it is empty
		}
		if int64(len(b)) > sizes[n] {
			b = b[:sizes[n]]
		}
		if err := os.WriteFile(path, b, 0o640); err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = s.sync(f)
		f.Close()
		if err != nil {
			return err
		}
	}
	dirs := map[string]bool{}
	for path := range safe {
		dirs[filepath.Dir(path)] = true
	}
	for dir := range dirs {
		if err := s.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

func (s *shadow) sizes() (map[uint64]int64, error) {
	f, err := os.Open(filepath.Join(s.dir, "sizes"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[uint64]int64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var n uint64
		var size int64
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &n, &size); err == nil {
			out[n] = size
		}
	}
	return out, nil
}
