package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstded(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// A name tells nothing: compression is found by content, joined members too.
func TestFilesCompressed(t *testing.T) {
	want := someFrames(40)
	b := pcapFile(binary.LittleEndian, pcapNano, 65535, want)
	half := len(b) / 2
	for name, b := range map[string][]byte{
		"gzip":       gzipped(t, b),
		"gzip twice": append(gzipped(t, b[:half]), gzipped(t, b[half:])...),
		"zstd":       zstded(t, b),
		"zstd twice": append(zstded(t, b[:half]), zstded(t, b[half:])...),
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := drain(t, open(t, write(t, "a.pcap", b)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if stats.Pos != int64(len(b)) || stats.Size != stats.Pos || stats.Notes != nil {
				t.Errorf("stats %+v, want position and size %d", stats, len(b))
			}
		})
	}
}

// Damage inside the compression is said, and what came out before it counts.
func TestFilesCompressedDamage(t *testing.T) {
	b := pcapFile(binary.LittleEndian, pcapNano, 65535, someFrames(200))
	for name, b := range map[string][]byte{"gzip": gzipped(t, b), "zstd": zstded(t, b)} {
		for cut := len(b) / 4; cut < len(b); cut += len(b) / 4 {
			s, err := Files([]string{write(t, "a.pcap", b[:cut])}, Options{})
			if err != nil {
				continue // no byte of the capture came out
			}
			if _, stats := drain(t, s); len(stats.Notes) != 1 {
				t.Errorf("%s cut at %d of %d: notes %q", name, cut, len(b), stats.Notes)
			}
		}
	}
}

func TestFilesInOrderOfTime(t *testing.T) {
	times := func(mark string, at ...int64) []frame {
		var all []frame
		for _, s := range at {
			all = append(all, frame{Time: s * 1e9, Wire: 20, Link: 1, Data: mark + strings.Repeat("-", 19)})
		}
		return all
	}
	for name, c := range map[string]struct {
		files [][]frame
		want  string
	}{
		"woven":        {[][]frame{times("a", 1, 4, 7), times("b", 2, 5, 8), times("c", 3, 6, 9)}, "abcabcabc"},
		"same time":    {[][]frame{times("a", 1, 1), times("b", 1, 1)}, "aabb"},
		"one is empty": {[][]frame{times("a", 3), nil, times("c", 1)}, "ca"},
		"all empty":    {[][]frame{nil, nil, nil}, ""},
		"goes back":    {[][]frame{times("a", 5, 1, 6), times("b", 2, 7)}, "baaab"},
		"five":         {[][]frame{times("a", 9), times("b", 8), times("c", 7), times("d", 6), times("e", 5)}, "edcba"},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			for _, frames := range c.files {
				paths = append(paths, write(t, "a.pcap", pcapFile(binary.LittleEndian, pcapMicro, 100, frames)))
			}
			all, _ := drain(t, open(t, paths...))
			got := ""
			for _, f := range all {
				got += f.Data[:1]
			}
			if got != c.want {
				t.Errorf("order %q, want %q", got, c.want)
			}
		})
	}
}

// A pipe hands out what is there at once: whoever watches need not wait for a full buffer.
func TestFilesFromPipe(t *testing.T) {
	want := someFrames(3)
	b := pcapFile(binary.LittleEndian, pcapNano, 65535, want)
	in, out := io.Pipe()
	step := make(chan int)
	go func() {
		sent := 0
		for n := range step {
			out.Write(b[sent:n])
			sent = n
		}
		out.Close()
	}()
	step <- pcapHeader
	s, err := Files([]string{"-"}, Options{Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	var p event.Packet
	n := pcapHeader
	for i, f := range want {
		n += 16 + len(f.Data)
		go func() { step <- n }()
		if err := s.Read(&p); err != nil || string(p.Data) != f.Data {
			t.Fatalf("packet %d: %q, %v", i, p.Data, err)
		}
	}
	close(step)
	if err := s.Read(&p); err != io.EOF {
		t.Errorf("end of the pipe: %v", err)
	}
}

func TestFilesRefuse(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"none":       {nil, "no file named"},
		"missing":    {[]string{folder + "/none"}, "no such file"},
		"folder":     {[]string{folder}, "is a folder"},
		"no stdin":   {[]string{"-"}, "standard input is not connected"},
		"empty":      {[]string{write(t, "e", nil)}, "the file is empty"},
		"text":       {[]string{write(t, "t", []byte("password=hunter2\nnext line"))}, "not a capture file but text"},
		"zip":        {[]string{write(t, "z", []byte("PK\x03\x04abcd"))}, "a zip archive"},
		"binary":     {[]string{write(t, "b", []byte{0, 1, 2, 3, 4})}, "binary data of an unknown kind"},
		"gzip text":  {[]string{write(t, "g", gzipped(t, []byte("just words")))}, "but text"},
		"gzip empty": {[]string{write(t, "g", gzipped(t, nil))}, "is empty"},
		"gzip head":  {[]string{write(t, "g", gzipped(t, []byte("abc"))[:6])}, "gzip"},
		"one of two": {[]string{write(t, "ok", pcapFile(binary.LittleEndian, pcapMicro, 1, nil)), folder}, "is a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Files(c.paths, Options{})
			if err == nil {
				s.Close()
				t.Fatal("opens")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q, want %q in it and nothing of the content", err, c.want)
			}
		})
	}
}

func TestFilesClose(t *testing.T) {
	s := open(t, write(t, "a.pcap", zstded(t, pcapFile(binary.LittleEndian, pcapMicro, 1, someFrames(2)))))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := s.Read(new(event.Packet)); err != io.EOF {
		t.Errorf("read after close: %v", err)
	}
}

// The number of a packet belongs to its reader.
func TestFilesLeaveNumberAlone(t *testing.T) {
	s := open(t, write(t, "a.pcap", pcapFile(binary.LittleEndian, pcapMicro, 1, someFrames(1))))
	p := event.Packet{Number: 41}
	if err := s.Read(&p); err != nil || p.Number != 41 {
		t.Errorf("number %d, %v", p.Number, err)
	}
}

func TestFilesAllocateNothingPerPacket(t *testing.T) {
	frames := someFrames(500)
	for name, b := range map[string][]byte{
		"pcap":   pcapFile(binary.BigEndian, pcapNano, 65535, frames),
		"pcapng": ngFile(binary.BigEndian, frames),
	} {
		s := open(t, write(t, "a", b), write(t, "b", b))
		var p event.Packet
		read := func() {
			if err := s.Read(&p); err != nil {
				t.Fatal(err)
			}
		}
		if n := testing.AllocsPerRun(900, read); n != 0 {
			t.Errorf("%s: %v allocations per packet", name, n)
		}
		s.Close()
	}
}
