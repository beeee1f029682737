package baseline

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// A snapshot is a line of JSON, its head, then the body, then the CRC-32C of both.
// The newest generation is NAME.snap, the one before it NAME.snap.1.
const (
	ending   = ".snap"
	previous = ".1"
	format   = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head is what a snapshot says of itself.
type Head struct {
	Format  int     `json:"format"`
	Version string  `json:"version"` // of the program that wrote it, for people
	Name    string  `json:"name"`    // detector
	Schema  string  `json:"schema"`
	Saved   int64   `json:"saved"`   // packet time, ns
	Entries int     `json:"entries"` // in all maps
	Lesson  *Lesson `json:"lesson,omitempty"`
}

// seal makes the bytes of a snapshot.
func seal(h Head, body []byte) []byte {
	b, _ := json.Marshal(h) // plain fields alone
	b = append(append(b, '\n'), body...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var errBroken = errors.New("its checksum is wrong")

// open takes the bytes of a snapshot apart.
func open(b []byte) (h Head, body []byte, err error) {
	n := len(b) - 4
	if n < 0 || crc32.Checksum(b[:n], castagnoli) != binary.BigEndian.Uint32(b[n:]) {
		return h, nil, errBroken
	}
	line, body, _ := bytes.Cut(b[:n], []byte("\n"))
	if err := json.Unmarshal(line, &h); err != nil {
		return h, nil, fmt.Errorf("its head: %w", err)
	}
	return h, body, nil
}

// write puts a snapshot in the place of the newest, which becomes the one before:
// at each moment both are whole.
func write(dir, name string, b []byte) error {
	path := filepath.Join(dir, name+ending)
	return lasting.Disk{}.Place(path, b, func(string) error {
		err := os.Remove(path + previous)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = os.Link(path, path+previous) // it has both names until the new one takes its own
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Restored is what became of one detector's snapshot at start.
type Restored struct {
	Name    string
	Entries int
	Err     error // why the newest generation, or both, could not be used
	Empty   bool  // learning begins anew: nothing there, or nothing usable
}

// Restore fills the kept maps from the snapshots of a directory.
func (s *Store) Restore(dir string) (list []Restored) {
	for _, g := range s.groups() {
		list = append(list, g.restore(dir))
	}
	return list
}

func (g *group) restore(dir string) Restored {
	r := Restored{Name: g.name, Empty: true}
	for _, path := range []string{g.name + ending, g.name + ending + previous} {
		h, err := g.restoreFrom(filepath.Join(dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			r.Entries, r.Empty = h.Entries, false
			return r
		}
		r.Err = errors.Join(r.Err, fmt.Errorf("%s: %w", path, err))
	}
	if g.lesson != nil && r.Err != nil {
		g.lesson.Again = r.Err.Error()
	}
	return r
}

func (g *group) restoreFrom(path string) (Head, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Head{}, err
	}
	h, body, err := open(b)
	switch {
	case err != nil:
		return h, err
	case h.Format != format || h.Name != g.name || h.Schema != g.schema():
		return h, fmt.Errorf("version %s wrote it in a form that this one does not read", h.Version)
	}
	if err := g.load(body); err != nil {
		return h, err
	}
	if g.lesson != nil && h.Lesson != nil && h.Lesson.Since != 0 {
		g.lesson.Since, g.lesson.Again = h.Lesson.Since, h.Lesson.Again
		if h.Saved < g.lesson.Until() {
			g.lesson.left = h.Saved
		}
	}
	return h, nil
}

// Heads reads what the snapshots of a directory say of themselves, by name; a
// broken one is left to its generation before.
func Heads(dir string) (list []Head, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+ending))
	if err != nil {
		return nil, err
	}
	older, err := filepath.Glob(filepath.Join(dir, "*"+ending+previous))
	for _, path := range append(paths, older...) {
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a generation went meanwhile
			continue
		}
		if err != nil {
			return list, err
		}
		h, _, err := open(b)
		if err == nil && !slices.ContainsFunc(list, func(k Head) bool { return k.Name == h.Name }) {
			list = append(list, h)
		}
	}
	return list, err
}
