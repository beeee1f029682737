// Package journal keeps documents on disk until every consumer has had them:
// append-only segments of checked records, in two series. What Append has
// returned for is on disk and survives a power cut; a torn end is cut off and
// counted. One process writes, any number may read meanwhile.
package journal

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/lasting"
)

const (
	maxSegment = 16 << 20
	maxRecord  = 1 << 20
	frameSize  = 8 // length and checksum before each record
	magic      = "BMJ1"
	headSize   = len(magic) + 8
	day        = 24 * 3600 * int64(1e9)
)

// spans are the times that one segment holds at most: segments go as a whole, so a
// quiet network's would keep a document long past its age.
var spans = [len(series)]int64{event.Telemetry: day, event.Decisions: 30 * day}

var table = crc32.MakeTable(crc32.Castagnoli)

// ErrLocked says that another process writes this journal.
var ErrLocked = errors.New("journal: another process is writing it")

// series are the folders, by event.Series.
var series = [...]string{"telemetry", "decisions"}

// Entry is a document with its place in its series.
type Entry struct {
	Seq uint64 // from 1, without a hole within a series
	event.Doc
}

// Journal is the writer.
type Journal struct {
	disk    lasting.Disk
	dir     string
	lock    *os.File
	files   [len(series)]*os.File
	next    [len(series)]uint64
	size    [len(series)]int64
	begun   [len(series)]int64 // time of the segment's first document, ns
	buf     []byte
	opened  Opened
	largest int64 // bytes of a segment
	made    int   // segments
}

// Opened says what was found when a journal was opened.
type Opened struct {
	Entries uint64 // of both series
	Torn    uint64 // segments whose end was cut off
	Cut     int64  // bytes cut off
}

// Open opens the journal in dir for writing, making it where there is none.
func Open(dir string) (*Journal, error) { return OpenOn(lasting.Disk{}, dir) }

// OpenOn is Open with another disk below it.
func OpenOn(disk lasting.Disk, dir string) (*Journal, error) {
	j := &Journal{disk: disk, dir: dir, largest: maxSegment}
	for _, name := range series {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o750); err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
	}
	if err := j.takeLock(); err != nil {
		return nil, err
	}
	if err := j.beNamed(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	for s := range series {
		if err := j.resume(event.Series(s)); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	return j, nil
}

func (j *Journal) takeLock() (err error) {
	j.lock, err = os.OpenFile(filepath.Join(j.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := syscall.Flock(int(j.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		j.lock.Close()
		return fmt.Errorf("%w: %s", ErrLocked, j.dir)
	}
	return nil
}

// beNamed gives a new journal its id, so that who reads it knows it from another.
func (j *Journal) beNamed() error {
	id, err := ID(j.dir)
	if err != nil || id != "" {
		return err
	}
	var b [8]byte
	rand.Read(b[:])
	if err := j.disk.Place(filepath.Join(j.dir, "id"), hex.AppendEncode(nil, b[:])); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// ID names a journal, "" where there is none.
func ID(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, "id"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	return string(b), nil
}

// Opened says what Open found.
func (j *Journal) Opened() Opened { return j.opened }

// resume goes on behind the last whole record of the newest segment.
func (j *Journal) resume(s event.Series) error {
	names, err := segments(j.dir, s)
	if err != nil || len(names) == 0 {
		j.next[s] = 1
		return err
	}
	last := names[len(names)-1]
	end, next, damaged, err := check(last)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(last.path, os.O_RDWR, 0o640)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.files[s], j.size[s], j.next[s] = f, end, next
	last.read(s, func(e Entry) bool { j.begun[s] = e.Time; return false })
	j.opened.Entries += next - 1
	if end < int64(headSize) { // killed while it was made
		end, j.size[s] = 0, int64(headSize)
		return errors.Join(f.Truncate(0), head(f, next))
	}
	if damaged { // what is behind the damage keeps its numbers: nobody takes them for new ones
		j.opened.Torn++
		return j.rotate(s)
	}
	if cut := last.size - end; cut > 0 {
		j.opened.Torn++
		j.opened.Cut += cut
		if err := errors.Join(f.Truncate(end), j.disk.Flush(f)); err != nil {
			return fmt.Errorf("journal: cut the torn end of %s: %w", last.path, err)
		}
	}
	return rewind(f, end)
}

// Append writes the documents of each series in their order. When it returns
// without an error they are on disk.
func (j *Journal) Append(docs []event.Doc) error {
	for s := range series {
		if err := j.appendSeries(event.Series(s), docs); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) appendSeries(s event.Series, docs []event.Doc) error {
	j.buf = j.buf[:0]
	next := j.next[s]
	for i := range docs {
		if docs[i].Keep == s {
			j.buf = appendRecord(j.buf, next, &docs[i])
			next++
		}
	}
	if len(j.buf) == 0 {
		return nil
	}
	if j.full(s, docs) {
		if err := j.rotate(s); err != nil {
			return err
		}
	}
	if j.size[s] == int64(headSize) {
		j.begun[s] = firstTime(s, docs)
	}
	f := j.files[s]
	_, err := f.Write(j.buf)
	if err == nil {
		err = j.disk.Flush(f)
	}
	if err != nil { // what was half written is cut off, so that a later Append can succeed
		return fmt.Errorf("journal: write %s: %w", f.Name(), errors.Join(err, f.Truncate(j.size[s]), rewind(f, j.size[s])))
	}
	j.size[s] += int64(len(j.buf))
	j.next[s] = next
	return nil
}

// full reports whether the documents begin a new segment, by its size or its span.
func (j *Journal) full(s event.Series, docs []event.Doc) bool {
	if j.files[s] == nil || j.size[s] == int64(headSize) {
		return j.files[s] == nil
	}
	return j.size[s]+int64(len(j.buf)) > j.largest || firstTime(s, docs)-j.begun[s] >= spans[s]
}

func firstTime(s event.Series, docs []event.Doc) int64 {
	for i := range docs {
		if docs[i].Keep == s {
			return docs[i].Time
		}
	}
	return 0
}

func rewind(f *os.File, at int64) error {
	_, err := f.Seek(at, 0)
	return err
}

// rotate begins a new segment, named by its first sequence number.
func (j *Journal) rotate(s event.Series) error {
	if f := j.files[s]; f != nil {
		if err := f.Close(); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		j.files[s] = nil
	}
	f, err := j.newSegment(filepath.Join(j.dir, series[s], segmentName(j.next[s])), j.next[s])
	if err != nil {
		return err
	}
	j.files[s], j.size[s] = f, int64(headSize)
	j.made++
	return nil
}

// newSegment makes the file of a segment with its header on disk. One without would be no segment for who reads it,
// whatever came behind, so a disk that refuses the header keeps no file.
func (j *Journal) newSegment(path string, first uint64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err = head(f, first); err == nil {
		err = errors.Join(j.disk.Flush(f), j.disk.FlushFolder(filepath.Dir(path)))
	}
	if err != nil {
		return nil, fmt.Errorf("journal: begin %s: %w", path, errors.Join(err, f.Close(), os.Remove(path)))
	}
	return f, nil
}

// head writes the header of a new segment.
func head(f *os.File, first uint64) error {
	head := binary.BigEndian.AppendUint64([]byte(magic), first)
	if _, err := f.WriteAt(head, 0); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return rewind(f, int64(headSize))
}

// Close releases the journal.
func (j *Journal) Close() error {
	var errs []error
	for _, f := range j.files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, j.lock.Close())...)
}
