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

var fileMagics = []struct{ prefix, kind string }{
	{"MZ", "exe-pe"}, {"\x7fELF", "elf"}, {"PK\x03\x04", "zip"}, {"%PDF-", "pdf"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"}, {"\x1f\x8b", "gzip"}, {"Rar!\x1a\x07", "rar"},
	{"7z\xbc\xaf\x27\x1c", "7z"}, {"MSCF", "cab"}, {"#!", "script"}, {"L\x00\x00\x00\x01\x14\x02\x00", "lnk"},
	{"\x89PNG", "image"}, {"\xff\xd8\xff", "image"}, {"GIF8", "image"}, {"{\\rtf", "rtf"}, {"regf", "registry"},
	{"MDMP", "minidump"}, {"PReg", "policy"}, {"SQLite format 3", "sqlite"}, {"ITSF", "chm"},
}

// fileMagic names a file by its first bytes, "" where they say nothing.
func fileMagic(head []byte) string {
	for _, m := range fileMagics {
		if len(head) >= len(m.prefix) && string(head[:len(m.prefix)]) == m.prefix {
			return m.kind
		}
	}
	if len(head) >= 132 && bytes.Equal(head[128:132], []byte("DICM")) {
		return "dicom"
	}
	return ""
}
