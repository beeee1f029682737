package proto

import (
	"bytes"
	"math"
)

// sampled is how many of the first bytes of a file's transfer are looked at.
const sampled = 4096

// sample is a look at the first bytes that were read from a file or written to
// it: which kind of file they begin, and how evenly their values are spread.
// Encrypted and packed data is near 8 bits per byte, text below 5.
type sample struct {
	magic string
	n     int
	count [256]uint16
}

// add looks at data that stands at an offset of the file.
func (s *sample) add(offset uint64, data []byte) {
	if offset == 0 && s.magic == "" {
		s.magic = fileMagic(data)
	}
	data = data[:min(len(data), sampled-s.n)]
	for _, b := range data {
		s.count[b]++
	}
	s.n += len(data)
}

// entropy is the order-0 entropy in bits per byte, 0 to 8.
func (s *sample) entropy() float64 {
	h := 0.0
	for _, k := range s.count {
		if k > 0 {
			q := float64(k) / float64(s.n)
			h -= q * math.Log2(q)
		}
	}
	return h
}

// fileMagics are those of files that matter on a share, beside what bodyClass knows.
var fileMagics = []struct{ prefix, kind string }{
	{"regf", "registry"}, {"MDMP", "minidump"}, {"PReg", "policy"}, {"SQLite format 3", "sqlite"}, {"ITSF", "chm"},
}

// fileMagic names a file by its first bytes, "" where they say nothing.
func fileMagic(head []byte) string {
	for _, m := range fileMagics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.kind
		}
	}
	if len(head) >= 132 && string(head[128:132]) == "DICM" {
		return "dicom"
	}
	return bodyClass(head[:min(len(head), magicWindow)])
}
