package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// segment is one file of a series.
type segment struct {
	path  string
	first uint64
	size  int64
}

func segmentName(first uint64) string { return fmt.Sprintf("%016x.seg", first) }

// segments lists the files of a series, oldest first.
func segments(dir string, s event.Series) ([]segment, error) {
	folder := filepath.Join(dir, series[s])
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var out []segment
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".seg")
		first, err := strconv.ParseUint(name, 16, 64)
		if !ok || err != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // removed meanwhile
		}
		out = append(out, segment{filepath.Join(folder, e.Name()), first, info.Size()})
	}
	slices.SortFunc(out, func(a, b segment) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	return out, nil
}

// read hands out the whole records of a segment; end is where they end.
func (g segment) read(s event.Series, yield func(Entry) bool) (end int64, err error) {
	b, err := os.ReadFile(g.path)
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	if len(b) < headSize {
		return 0, nil
	}
	if string(b[:len(magic)]) != magic || binary.BigEndian.Uint64(b[len(magic):]) != g.first {
		return 0, fmt.Errorf("journal: %s is no segment of a journal", g.path)
	}
	at := headSize
	for {
		e, n := parseRecord(b[at:], s)
		if n == 0 || !yield(e) {
			return int64(at), nil
		}
		at += n
	}
}

// newest is the time of the segment's last document.
func (g segment) newest() (t int64) {
	g.read(0, func(e Entry) bool {
		t = max(t, e.Time)
		return true
	})
	return t
}

// check finds the end of the whole records of a segment and counts them.
func check(g segment) (end int64, count uint64, err error) {
	end, err = g.read(0, func(Entry) bool {
		count++
		return true
	})
	return end, count, err
}

// Verify reads a series from its first segment to its last: how many documents are
// whole, and how many bytes behind them are not. While another process writes, the
// newest may not be whole yet.
func Verify(dir string, s event.Series) (whole uint64, rest int64, err error) {
	list, err := segments(dir, s)
	for _, g := range list {
		end, count, failed := check(g)
		if errors.Is(failed, fs.ErrNotExist) {
			continue // expired meanwhile
		}
		if failed != nil {
			return whole, rest, failed
		}
		whole += count
		rest += g.size - max(end, min(g.size, int64(headSize)))
	}
	return whole, rest, err
}

// Read hands out the entries of a series from sequence number from on, until
// yield returns false. missing is how many of them had expired before they were
// read. It works while another process writes; a record that is not whole yet is
// the end.
func Read(dir string, s event.Series, from uint64, yield func(Entry) bool) (missing uint64, err error) {
	list, err := segments(dir, s)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	from = max(from, 1)
	if list[0].first > from {
		missing = list[0].first - from
	}
	for i, g := range list {
		if i+1 < len(list) && list[i+1].first <= from {
			continue
		}
		stopped := false
		_, err := g.read(s, func(e Entry) bool {
			if e.Seq >= from && !yield(e) {
				stopped = true
			}
			return !stopped
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue // expired meanwhile
		}
		if err != nil || stopped {
			return missing, err
		}
	}
	return missing, nil
}

// Cursor is how far a consumer has come: the next sequence number of each series.
type Cursor struct{ Next [len(series)]uint64 }

// LoadCursor reads a consumer's cursor; one that never was begins at 1.
func LoadCursor(dir, consumer string) (c Cursor, err error) {
	b, err := os.ReadFile(cursorPath(dir, consumer))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("journal: %w", err)
	}
	if _, err := fmt.Sscanf(string(b), "%d %d", &c.Next[0], &c.Next[1]); err != nil {
		return c, fmt.Errorf("journal: cursor of %s: %w", consumer, err)
	}
	return c, nil
}

// SaveCursor makes a cursor last.
func SaveCursor(dir, consumer string, c Cursor) error {
	content := fmt.Appendf(nil, "%d %d\n", c.Next[0], c.Next[1])
	return place(cursorPath(dir, consumer), content, "cursor of "+consumer)
}

// place makes a small file last, whole or not at all: written beside, synced,
// renamed. Its folder is made where there is none; what names it in errors.
func place(path string, content []byte, what string) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	f, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("journal: %s: %w", what, err)
	}
	return syncDir(folder)
}

func cursorPath(dir, consumer string) string { return filepath.Join(dir, "cursors", consumer) }
