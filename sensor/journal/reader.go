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
	for at := headSize; ; {
		e, n := parseRecord(b[at:], s)
		if n == 0 {
			over := damage(b[at:])
			if over == 0 {
				return int64(at), nil
			}
			at += over
			continue
		}
		if !yield(e) {
			return int64(at), nil
		}
		at += n
	}
}

// damage is how many bytes stand before the next whole record, 0 when there is none:
// then b is the torn end of what is being written.
func damage(b []byte) int {
	for at := 1; at < len(b); at++ {
		if _, n := parseRecord(b[at:], 0); n > 0 {
			return at
		}
	}
	return 0
}

// newest is the time of the segment's last document.
func (g segment) newest() (t int64) {
	g.read(0, func(e Entry) bool {
		t = max(t, e.Time)
		return true
	})
	return t
}

// check finds the end of the whole records of a segment and the number behind them,
// and whether some in its middle are damaged.
func check(g segment) (end int64, next uint64, damaged bool, err error) {
	next = g.first
	end, err = g.read(0, func(e Entry) bool {
		damaged = damaged || e.Seq != next
		next = e.Seq + 1
		return true
	})
	return end, next, damaged, err
}

// Verify reads a series from its first segment to its last: how many documents are
// whole, and how many bytes or records are not. While another process writes, the newest
// may not be whole yet.
func Verify(dir string, s event.Series) (whole uint64, rest int64, err error) {
	list, err := List(dir, s)
	for _, f := range list {
		whole += f.Records
		rest += f.Torn + int64(f.Next-f.First-f.Records)
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
