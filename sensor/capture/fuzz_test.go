package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/google/gopacket/pcapgo"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// drip gives one byte at a time.
type drip struct{ in io.Reader }

func (d drip) Read(b []byte) (int, error) { return d.in.Read(b[:min(1, len(b))]) }

// Whatever stands in a file: it ends, its frames are no more than its bytes, and
// a slow pipe gives the same as a disk.
func FuzzFiles(f *testing.F) {
	frames := someFrames(3)
	for _, o := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		f.Add(pcapFile(o, pcapMicro, 65535, frames))
		f.Add(pcapFile(o, pcapModified, 65535, frames))
		f.Add(ngFile(o, frames))
		f.Add(gzipped(f, ngFile(o, frames)))
		f.Add(zstded(f, pcapFile(o, pcapNano, 65535, frames)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, errWhole := fuzzed(t, bytes.NewReader(b))
		slow, errSlow := fuzzed(t, drip{bytes.NewReader(b)})
		if (errWhole == nil) != (errSlow == nil) {
			t.Fatalf("at once: %v; byte by byte: %v", errWhole, errSlow)
		}
		if diff := cmp.Diff(whole, slow); diff != "" {
			t.Fatalf("at once (-) and byte by byte (+) differ:\n%s", diff)
		}
		plain := len(b) >= 4 && (isPcapng(b) || pcapMagic(b))
		total := 0
		for _, p := range whole {
			total += len(p.Data)
		}
		if plain && total > len(b) {
			t.Fatalf("%d bytes of frames from a file of %d", total, len(b))
		}
	})
}

func pcapMagic(b []byte) bool { _, _, ok := pcapOrder(b); return ok }

func fuzzed(t *testing.T, in io.Reader) ([]frame, error) {
	s, err := Files([]string{"-"}, Options{Stdin: in})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var all []frame
	var p event.Packet
	for len(all) < 1000 {
		err := s.Read(&p)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("damage became an error: %v", err)
		}
		if int(p.Wire) < len(p.Data) || len(p.Data) > maxFrame {
			t.Fatalf("%d bytes of a frame of %d", len(p.Data), p.Wire)
		}
		all = append(all, frame{p.Time, p.Wire, p.Link, "", string(p.Data)})
	}
	return all, nil
}

// benchFile is a file of ordinary frames: 400 bytes on average.
func benchFile() []byte {
	var frames []frame
	for i := range 20000 {
		frames = append(frames, frame{Time: 1767600000e9 + int64(i), Wire: uint32(60 + i%680), Data: string(make([]byte, 60+i%680))})
	}
	return pcapFile(binary.LittleEndian, pcapNano, 65535, frames)
}

func BenchmarkPcapRead(b *testing.B) {
	content := benchFile()
	packets := 0
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			s, err := Files([]string{"-"}, Options{Stdin: bytes.NewReader(content)})
			if err != nil {
				b.Fatal(err)
			}
			var p event.Packet
			for packets = 0; s.Read(&p) == nil; packets++ {
			}
			s.Close()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
	})
	b.Run("pcapgo", func(b *testing.B) {
		b.SetBytes(int64(len(content)))
		for b.Loop() {
			r, err := pcapgo.NewReader(bytes.NewReader(content))
			if err != nil {
				b.Fatal(err)
			}
			for packets = 0; ; packets++ {
				if _, _, err := r.ReadPacketData(); err != nil {
					break
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
	})
}
