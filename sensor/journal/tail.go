package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

// Tail reads a series from a sequence number on and goes on where it stopped. It
// works while another process writes, reads each byte once, and hands out only what
// is on disk for good: what a power cut could still take has nobody seen.
type Tail struct {
	disk lasting.Disk
	dir  string
	s    event.Series
	next uint64
	file *os.File
	at   int64
}

// Follow is a tail from sequence number from on.
func Follow(disk lasting.Disk, dir string, s event.Series, from uint64) *Tail {
	return &Tail{disk: disk, dir: dir, s: s, next: max(from, 1)}
}

// Batch is what a tail read in one go.
type Batch struct {
	Entries []Entry
	First   uint64 // where it begins: what is missing before the first entry counts
	Next    uint64 // number behind it
	Missing uint64 // entries between First and Next that are not there any more
}

const readAhead = 2 << 20

// Next reads at most so many entries. A batch without any is the end, for now. Its
// entries are the caller's.
func (t *Tail) Next(most int) (b Batch, err error) {
	b.First, b.Next = t.next, t.next
	for range 2 { // at the end of a segment, once more in the one behind it
		if t.file == nil {
			if err := t.open(); err != nil || t.file == nil {
				return b, err
			}
		}
		if b.Entries, err = t.read(most); err != nil {
			return b, err
		}
		if len(b.Entries) > 0 {
			return t.took(b), nil
		}
		if b.Entries, err = t.left(most); err != nil || t.file != nil {
			return t.took(b), err
		}
	}
	return b, nil
}

// took moves the tail behind a batch.
func (t *Tail) took(b Batch) Batch {
	if n := len(b.Entries); n > 0 {
		b.Next = b.Entries[n-1].Seq + 1
		b.Missing = b.Next - b.First - uint64(n)
		t.next = b.Next
	}
	return b
}

// left closes a segment that will get nothing more, once its last entries were read:
// they may have come just before the segment behind it.
func (t *Tail) left(most int) ([]Entry, error) {
	more, err := t.behind()
	if err != nil || !more {
		return nil, err
	}
	list, err := t.read(most)
	if err == nil && len(list) == 0 {
		t.Close()
	}
	return list, err
}

// open finds the segment with the next entry, or the oldest there is.
func (t *Tail) open() error {
	list, err := segments(t.dir, t.s)
	if err != nil {
		return err
	}
	for i, g := range list {
		if i+1 < len(list) && list[i+1].first <= t.next {
			continue
		}
		f, err := os.Open(g.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // expired meanwhile
		}
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		t.file, t.at = f, int64(headSize)
		return nil
	}
	return nil
}

// behind reports whether there is a segment behind the one that is read, so that
// nothing more comes into this one.
func (t *Tail) behind() (bool, error) {
	list, err := segments(t.dir, t.s)
	if err != nil || len(list) == 0 {
		return false, err
	}
	last := list[len(list)-1]
	info, err := t.file.Stat()
	if err != nil {
		return false, fmt.Errorf("journal: %w", err)
	}
	there, err := os.Stat(last.path)
	if err != nil {
		return false, nil // expired meanwhile: the next look tells
	}
	return !os.SameFile(info, there), nil
}

// read takes what is whole behind the place where the tail stands.
func (t *Tail) read(most int) (list []Entry, err error) {
	info, err := t.file.Stat()
	if err != nil || info.Size() <= t.at {
		return nil, err
	}
	buf := make([]byte, min(info.Size()-t.at, readAhead+maxRecord+frameSize)) // the entries point into it
	n, err := t.file.ReadAt(buf, t.at)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("journal: %w", err)
	}
	used := 0
	for buf = buf[:n]; len(list) < most && used < readAhead; {
		e, n := parseRecord(buf[used:], t.s)
		if n == 0 {
			over := damage(buf[used:])
			if over == 0 {
				break
			}
			used += over
			continue
		}
		used += n
		if e.Seq >= t.next {
			list = append(list, e)
		}
	}
	t.at += int64(used)
	if len(list) == 0 && used > 0 { // all of it was had before
		return t.read(most)
	}
	if len(list) > 0 {
		if err := t.disk.Flush(t.file); err != nil {
			t.at -= int64(used)
			return nil, fmt.Errorf("journal: %w", err)
		}
	}
	return list, nil
}

// Close releases the file; the tail can go on.
func (t *Tail) Close() {
	if t.file != nil {
		t.file.Close()
		t.file = nil
	}
}

// Head is the number behind the newest entry of a series.
func Head(dir string, s event.Series) (uint64, error) {
	list, err := segments(dir, s)
	if err != nil || len(list) == 0 {
		return 1, err
	}
	_, next, _, err := check(list[len(list)-1])
	if errors.Is(err, fs.ErrNotExist) {
		return Head(dir, s) // expired meanwhile
	}
	return next, err
}
