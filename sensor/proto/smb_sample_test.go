package proto

import (
	"bytes"
	"math"
	"testing"
)

func TestSampleLooksAtTheFirstBytes(t *testing.T) {
	even := make([]byte, 256)
	for i := range even {
		even[i] = byte(i)
	}
	for _, tt := range []struct {
		name    string
		offset  uint64
		data    []byte
		magic   string
		entropy float64
	}{
		{"one value", 0, bytes.Repeat([]byte{7}, 9000), "", 0},
		{"every value", 0, bytes.Repeat(even, 40), "", 8},
		{"two values", 0, bytes.Repeat([]byte("ab"), 100), "", 1},
		{"program", 0, []byte("MZMZ"), "exe-pe", 1},
		{"program's words in the middle", 512, []byte("MZMZ"), "", 1},
		{"image of a patient", 0, append(make([]byte, 128), "DICM"...), "dicom", 0.2565},
	} {
		var s sample
		s.add(tt.offset, tt.data)
		if s.magic != tt.magic || math.Abs(s.entropy()-tt.entropy) > 0.001 {
			t.Errorf("%s: %q %.4f, want %q %.4f", tt.name, s.magic, s.entropy(), tt.magic, tt.entropy)
		}
	}
	if fileMagic([]byte("M")) != "" || fileMagic(nil) != "" {
		t.Error("a name for nothing")
	}
}

func TestSampleStopsAtItsSize(t *testing.T) {
	var s sample
	for range 100 {
		s.add(1, bytes.Repeat([]byte{1}, 1000))
	}
	if s.n != sampled {
		t.Errorf("%d bytes sampled, want %d", s.n, sampled)
	}
}
