package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// frame is what a test writes and reads.
type frame struct {
	Time int64
	Wire uint32
	Link event.LinkType
	On   string // interface
	Data string
}

// someFrames have growing sizes and times, the last cut to half of its wire length.
func someFrames(n int) []frame {
	var all []frame
	for i := range n {
		data := strings.Repeat(string(rune('a'+i%26)), 14+i*7)
		all = append(all, frame{Time: 1767600000e9 + int64(i)*1_000_001_000, Wire: uint32(len(data)), Link: 1, Data: data})
	}
	all[n-1].Wire *= 2
	return all
}

// write makes a file of b for the test.
func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// drain reads s to its end.
func drain(t testing.TB, s Source) ([]frame, Stats) {
	t.Helper()
	all, err := drainErr(s)
	if err != io.EOF {
		t.Fatalf("read: %v", err)
	}
	stats := s.Stats()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if stats.Delivered != uint64(len(all)) || stats.Seen != stats.Delivered {
		t.Errorf("%d packets read, stats say seen %d, delivered %d", len(all), stats.Seen, stats.Delivered)
	}
	return all, stats
}

func drainErr(s Source) ([]frame, error) {
	var p event.Packet
	var all []frame
	for {
		if err := s.Read(&p); err != nil {
			return all, err
		}
		all = append(all, frame{p.Time, p.Wire, p.Link, s.Stats().Interfaces[p.Interface], string(p.Data)})
	}
}

func open(t testing.TB, paths ...string) Source {
	t.Helper()
	s, err := Files(paths, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pcapFile writes a file by hand: pcapgo writes one byte order only.
func pcapFile(o binary.AppendByteOrder, magic, snap uint32, frames []frame) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(o.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(o.AppendUint32(b, snap), 1)
	unit := int64(1000)
	if magic == pcapNano {
		unit = 1
	}
	for _, f := range frames {
		b = o.AppendUint32(b, uint32(f.Time/1e9))
		b = o.AppendUint32(b, uint32(f.Time%1e9/unit))
		b = o.AppendUint32(o.AppendUint32(b, uint32(len(f.Data))), f.Wire)
		if magic == pcapModified {
			b = append(b, 0, 0, 0, 7, 8, 0, 1, 0)
		}
		b = append(b, f.Data...)
	}
	return b
}

// reference reads a pcap file with pcapgo.
func reference(t *testing.T, b []byte) []frame {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var all []frame
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frame{Time: info.Timestamp.UnixNano(), Wire: uint32(info.Length), Link: event.LinkType(r.LinkType()), Data: string(data)})
	}
}

func TestPcapAgainstPcapgo(t *testing.T) {
	want := someFrames(20)
	written := map[string][]byte{}
	for name, newWriter := range map[string]func(io.Writer) *pcapgo.Writer{"micro": pcapgo.NewWriter, "nano": pcapgo.NewWriterNanos} {
		var b bytes.Buffer
		w := newWriter(&b)
		w.WriteFileHeader(65535, layers.LinkTypeEthernet)
		for _, f := range want {
			info := gopacket.CaptureInfo{Timestamp: time.Unix(0, f.Time), CaptureLength: len(f.Data), Length: int(f.Wire)}
			if err := w.WritePacket(info, []byte(f.Data)); err != nil {
				t.Fatal(err)
			}
		}
		written[name] = b.Bytes()
	}
	for name, magic := range map[string]uint32{"micro": pcapMicro, "nano": pcapNano} {
		written[name+" little by hand"] = pcapFile(binary.LittleEndian, magic, 65535, want)
		written[name+" big by hand"] = pcapFile(binary.BigEndian, magic, 65535, want)
	}
	for name, b := range written {
		t.Run(name, func(t *testing.T) {
			got, stats := drain(t, open(t, write(t, "a.pcap", b)))
			if diff := cmp.Diff(reference(t, b), got); diff != "" {
				t.Errorf("pcapgo reads (-) another thing (+):\n%s", diff)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("written (-) and read (+) differ:\n%s", diff)
			}
			if stats.Notes != nil || stats.Size != int64(len(b)) || stats.Pos != stats.Size {
				t.Errorf("stats of a sound file: %+v", stats)
			}
		})
	}
}

// What pcapgo refuses, libpcap reads.
func TestPcapBeyondPcapgo(t *testing.T) {
	want := someFrames(5)
	for name, b := range map[string][]byte{
		"modified little": pcapFile(binary.LittleEndian, pcapModified, 65535, want),
		"modified big":    pcapFile(binary.BigEndian, pcapModified, 65535, want),
		"snaplen 0":       pcapFile(binary.LittleEndian, pcapMicro, 0, want),
		"snaplen absurd":  pcapFile(binary.LittleEndian, pcapMicro, 0xffffffff, want),
		"snaplen a lie":   pcapFile(binary.LittleEndian, pcapMicro, 1, want),
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := drain(t, open(t, write(t, "a.pcap", b)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("written (-) and read (+) differ:\n%s", diff)
			}
		})
	}
}

func TestPcapLinkTypeBesideFCS(t *testing.T) {
	b := pcapFile(binary.LittleEndian, pcapMicro, 65535, someFrames(1))
	binary.LittleEndian.PutUint32(b[20:], 0x54000000|113) // 4 bytes of FCS, Linux cooked
	if got, _ := drain(t, open(t, write(t, "a.pcap", b))); got[0].Link != 113 {
		t.Errorf("link type %d, want 113", got[0].Link)
	}
}

// Cut anywhere, a file gives all records that are whole and says what is missing.
func TestPcapCutAnywhere(t *testing.T) {
	frames := someFrames(4)
	b := pcapFile(binary.BigEndian, pcapNano, 65535, frames)
	starts := []int{pcapHeader}
	for i, f := range frames {
		starts = append(starts, starts[i]+16+len(f.Data))
	}
	path := write(t, "cut.pcap", nil)
	for cut := range len(b) {
		os.WriteFile(path, b[:cut], 0o600)
		s, err := Files([]string{path}, Options{})
		if cut < pcapHeader {
			if err == nil {
				t.Fatalf("a file of %d bytes opens", cut)
			}
			continue
		}
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		got, stats := drain(t, s)
		checkCut(t, cut, starts, frames, got, stats)
	}
}

// checkCut compares what came out of a file cut at cut with its frames, which begin at starts.
func checkCut(t *testing.T, cut int, starts []int, frames, got []frame, stats Stats) {
	t.Helper()
	whole := 0
	for whole < len(frames) && starts[whole+1] <= cut {
		whole++
	}
	if diff := cmp.Diff(frames[:whole], got); diff != "" && whole+len(got) > 0 {
		t.Fatalf("cut at %d:\n%s", cut, diff)
	}
	said := strings.Contains(fmt.Sprint(stats.Notes), fmt.Sprintf("cut after %d of ", cut-starts[whole]))
	if onEdge := cut == starts[whole]; onEdge == said || len(stats.Notes) > 1 {
		t.Fatalf("cut at %d, record begins at %d: notes %q", cut, starts[whole], stats.Notes)
	}
}

func TestPcapImpossibleLength(t *testing.T) {
	b := pcapFile(binary.LittleEndian, pcapMicro, 65535, someFrames(3))
	second := pcapHeader + 16 + 14
	binary.LittleEndian.PutUint32(b[second+8:], 0xfffffff0)
	got, stats := drain(t, open(t, write(t, "a.pcap", b)))
	want := "record at byte 54 claims 4294967280 bytes, at most 262144 are possible: the rest was not read"
	if len(got) != 1 || len(stats.Notes) != 1 || !strings.HasSuffix(stats.Notes[0], want) {
		t.Errorf("%d packets, notes %q", len(got), stats.Notes)
	}
}

// failing gives its bytes, then err.
type failing struct {
	bytes io.Reader
	err   error
}

func (f failing) Read(b []byte) (int, error) {
	n, err := f.bytes.Read(b)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// A disk that cannot be read is not the end of a file, wherever it strikes.
func TestReadErrorIsNoEnd(t *testing.T) {
	frames := someFrames(3)
	broken := errors.New("input/output error")
	b := pcapFile(binary.LittleEndian, pcapMicro, 65535, frames)
	for name, b := range map[string][]byte{"plain": b, "gzip": gzipped(t, b)[:60], "zstd": zstded(t, b)[:60]} {
		for cut := range len(b) {
			s, err := Files([]string{"-"}, Options{Stdin: failing{bytes.NewReader(b[:cut]), broken}})
			if err == nil {
				_, err = drainErr(s)
				s.Close()
			}
			if !errors.Is(err, broken) {
				t.Fatalf("%s, broken at %d: %v", name, cut, err)
			}
		}
	}
}
