package capture

import (
	"errors"
	"io"
)

const (
	windowSize = 256 << 10 // bytes per read(2): more would push out of the nearer caches what each packet needs
	windowMany = 64 << 10  // where many files are open at once; it grows with what it must hold
	manyFiles  = 16        // files from which on windowMany holds
	maxFrame   = 256 << 10 // bytes of a captured frame: libpcap's own ceiling, beyond it a file is corrupt
)

// window shows a stream as consecutive slices of one buffer, without copies.
type window struct {
	in         io.Reader
	buf        []byte
	start, end int   // unread bytes
	passed     int64 // bytes taken so far
	err        error // what ended the stream
}

func newWindow(in io.Reader, size int) *window {
	return &window{in: in, buf: make([]byte, size)}
}

// peek returns the next n bytes without taking them; fewer when the stream ends
// before. They are valid until the next call. The buffer grows only with bytes
// that are there, whatever n claims.
func (w *window) peek(n int) []byte {
	if w.end-w.start < n {
		w.fill(n)
	}
	return w.buf[w.start:min(w.end, w.start+n)]
}

func (w *window) fill(n int) {
	if w.start > 0 {
		w.end = copy(w.buf, w.buf[w.start:w.end])
		w.start = 0
	}
	for empty := 0; w.end < n && w.err == nil; {
		if w.end == len(w.buf) {
			w.buf = append(w.buf, make([]byte, len(w.buf))...)
		}
		got, err := w.in.Read(w.buf[w.end:])
		w.end += got
		w.err = err
		if got > 0 {
			empty = 0
		} else if empty++; empty > 100 && err == nil {
			w.err = io.ErrNoProgress
		}
	}
}

// take returns the next n bytes, which must have been peeked at.
func (w *window) take(n int) []byte {
	b := w.buf[w.start : w.start+n : w.start+n]
	w.start += n
	w.passed += int64(n)
	return b
}

// skip passes over n bytes without holding them and returns how many there were.
func (w *window) skip(n int64) int64 {
	left := n
	for left > 0 {
		b := w.peek(int(min(left, int64(windowMany))))
		if len(b) == 0 {
			break
		}
		w.take(len(b))
		left -= int64(len(b))
	}
	return n - left
}

// failed is the error of the stream itself; its end is none.
func (w *window) failed() error {
	if w.err == nil || errors.Is(w.err, io.EOF) {
		return nil
	}
	return w.err
}
