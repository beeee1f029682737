package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ng writes pcapng blocks by hand.
type ng struct {
	o binary.AppendByteOrder
	b []byte
}

func (w *ng) block(kind uint32, body ...byte) *ng {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	size := uint32(len(body) + 12)
	w.b = w.o.AppendUint32(w.o.AppendUint32(w.b, kind), size)
	w.b = w.o.AppendUint32(append(w.b, body...), size)
	return w
}

func (w *ng) section() *ng {
	b := w.o.AppendUint32(nil, byteOrderMagic)
	b = w.o.AppendUint16(w.o.AppendUint16(b, 1), 0)
	return w.block(blockSection, w.o.AppendUint64(b, math.MaxUint64)...)
}

func (w *ng) option(code uint16, value string) []byte {
	b := w.o.AppendUint16(w.o.AppendUint16(nil, code), uint16(len(value)))
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func (w *ng) iface(link uint16, snap uint32, options ...[]byte) *ng {
	b := w.o.AppendUint16(w.o.AppendUint16(nil, link), 0)
	b = w.o.AppendUint32(b, snap)
	for _, o := range options {
		b = append(b, o...)
	}
	return w.block(blockInterface, append(b, 0, 0, 0, 0)...)
}

func (w *ng) packet(id uint32, ticks uint64, wire uint32, data string) *ng {
	b := w.o.AppendUint32(nil, id)
	b = w.o.AppendUint32(w.o.AppendUint32(b, uint32(ticks>>32)), uint32(ticks))
	b = w.o.AppendUint32(w.o.AppendUint32(b, uint32(len(data))), wire)
	return w.block(blockEnhanced, append(b, data...)...)
}

// ngFile has one section and one interface with nanoseconds.
func ngFile(o binary.AppendByteOrder, frames []frame) []byte {
	w := &ng{o: o}
	w.section().iface(1, 0, w.option(9, "\x09"))
	for _, f := range frames {
		w.packet(0, uint64(f.Time), f.Wire, f.Data)
	}
	return w.b
}

func ngReference(t *testing.T, b []byte) []frame {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
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
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frame{info.Timestamp.UnixNano(), uint32(info.Length), event.LinkType(i.LinkType), i.Name, string(data)})
	}
}

// pcapgoNg has two interfaces, one named, as pcapgo writes them.
func pcapgoNg(t *testing.T, frames []frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.AddInterface(pcapgo.NgInterface{Name: "trunk", LinkType: layers.LinkTypeRaw, SnapLength: 0, TimestampResolution: 9})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		info := gopacket.CaptureInfo{Timestamp: time.Unix(0, f.Time), CaptureLength: len(f.Data), Length: int(f.Wire), InterfaceIndex: i % 2 * second}
		if err := w.WritePacket(info, []byte(f.Data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{PacketsReceived: 9}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPcapngAgainstPcapgo(t *testing.T) {
	frames := someFrames(20)
	two := &ng{o: binary.BigEndian}
	two.section().iface(1, 0, two.option(2, "left")).iface(101, 0, two.option(2, "right"), two.option(9, "\x94"))
	two.packet(0, 1767600000e6, 4, "abcd").packet(1, 1767600000<<20, 5, "abcde")
	for name, b := range map[string][]byte{
		"pcapgo":         pcapgoNg(t, frames),
		"little":         ngFile(binary.LittleEndian, frames),
		"big":            ngFile(binary.BigEndian, frames),
		"two interfaces": two.b,
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := drain(t, open(t, write(t, "a.pcapng", b)))
			want := ngReference(t, b)
			if name == "pcapgo" { // its reader drops the name it wrote itself into interface 0
				for i := range want {
					want[i].On = got[i].On
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
				t.Errorf("pcapgo reads (-) another thing (+):\n%s", diff)
			}
			if stats.Notes != nil {
				t.Errorf("notes of a sound file: %q", stats.Notes)
			}
		})
	}
}

// Sections have their own byte order and interfaces; a name seen before keeps its number.
func TestPcapngSections(t *testing.T) {
	w := &ng{o: binary.LittleEndian}
	w.section().iface(1, 0, w.option(2, "eth0")).iface(1, 0, w.option(2, "eth1"))
	w.packet(1, 1e6, 3, "one").block(0x0bad, 1, 2, 3, 4)
	w.o = binary.BigEndian
	w.section().iface(101, 0, w.option(2, "eth1"), w.option(9, "\x03"), w.option(14, "\x00\x00\x00\x00\x00\x00\x00\x0a"))
	w.packet(0, 2500, 3, "two")
	got, stats := drain(t, open(t, write(t, "a.pcapng", w.b)))
	want := []frame{{1e9, 3, 1, "eth1", "one"}, {12.5e9, 3, 101, "eth1", "two"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"eth0", "eth1"}, stats.Interfaces); diff != "" {
		t.Error(diff)
	}
}

// The simple block has no time and no own length; the obsolete one another head.
func TestPcapngOtherBlocks(t *testing.T) {
	w := &ng{o: binary.LittleEndian}
	w.section().iface(1, 6, w.option(9, "\x06")).packet(0, 5e6, 4, "full")
	w.block(blockSimple, append(w.o.AppendUint32(nil, 60), "abcdef"...)...)
	w.block(blockSimple, append(w.o.AppendUint32(nil, 3), "abc"...)...)
	old := w.o.AppendUint32(w.o.AppendUint32(nil, 7<<16|0), 0) // 7 drops before, interface 0
	old = w.o.AppendUint32(w.o.AppendUint32(w.o.AppendUint32(old, 6e6), 3), 9)
	w.block(blockPacket, append(old, "old"...)...)
	got, _ := drain(t, open(t, write(t, "a.pcapng", w.b)))
	want := []frame{{5e9, 4, 1, "", "full"}, {5e9, 60, 1, "", "abcdef"}, {5e9, 3, 1, "", "abc"}, {6e9, 9, 1, "", "old"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPcapngCutAnywhere(t *testing.T) {
	frames := someFrames(4)
	b := ngFile(binary.LittleEndian, frames)
	starts := []int{len(ngFile(binary.LittleEndian, nil))}
	for i := range frames {
		starts = append(starts, len(ngFile(binary.LittleEndian, frames[:i+1])))
	}
	path := write(t, "cut.pcapng", nil)
	for cut := range len(b) {
		os.WriteFile(path, b[:cut], 0o600)
		s, err := Files([]string{path}, Options{})
		if err != nil {
			if cut >= 28 {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			continue
		}
		got, stats := drain(t, s)
		if cut < 28 {
			t.Fatalf("a file of %d bytes opens", cut)
		}
		if cut >= starts[0] {
			checkCut(t, cut, starts, frames, got, stats)
		}
	}
}

func TestPcapngDamage(t *testing.T) {
	begin := func() *ng { w := &ng{o: binary.LittleEndian}; return w.section().iface(1, 0) }
	lie := func(at int, v uint32) []byte {
		b := begin().packet(0, 1, 3, "abc").b
		first := len(begin().b)
		binary.LittleEndian.PutUint32(b[first+at:], v)
		return b
	}
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"block too short":    {lie(4, 8), "impossible length 8"},
		"block too long":     {lie(4, 1<<30), "at most 327680 are possible"},
		"ends differ":        {lie(32, 4), "at its start and 4 at its end"},
		"no such interface":  {lie(8, 9), "of interface 9, 1 are described"},
		"frame beyond block": {lie(20, 1<<20), "claims a frame of 1048576 bytes and holds 4"},
		"stub of a packet":   {begin().block(blockEnhanced, 1, 2, 3, 4).b, "packet block of 16 bytes"},
		"simple without":     {(&ng{o: binary.LittleEndian}).section().block(blockSimple, 1, 0, 0, 0).b, "0 interfaces are described"},
		"stub of an iface":   {begin().block(blockInterface, 1, 0, 0, 0).b, "interface description of 16 bytes"},
		"no byte order":      {begin().block(blockSection, make([]byte, 16)...).b, "without a byte order"},
		"unknown block, cut": {append(begin().b, 0xad, 0x0b, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), "cut after 12 of"},
	} {
		t.Run(name, func(t *testing.T) {
			got, stats := drain(t, open(t, write(t, "a.pcapng", c.bytes)))
			if len(got) != 0 || len(stats.Notes) != 1 || !strings.Contains(stats.Notes[0], c.want) {
				t.Errorf("%d packets, notes %q, want %q", len(got), stats.Notes, c.want)
			}
		})
	}
}

func TestPcapngTooManyInterfaces(t *testing.T) {
	w := &ng{o: binary.LittleEndian}
	w.section()
	for i := range maxInterfaces + 1 {
		w.iface(1, 0, w.option(2, fmt.Sprint(i)))
	}
	_, stats := drain(t, open(t, write(t, "a.pcapng", w.b)))
	if len(stats.Interfaces) != maxInterfaces || len(stats.Notes) != 1 {
		t.Errorf("%d interfaces, notes %q", len(stats.Interfaces), stats.Notes)
	}
	var n names
	for i := range maxInterfaces + 5 {
		n.index(strings.Repeat("x", i))
	}
	if len(n.list) != maxInterfaces {
		t.Errorf("%d names are kept", len(n.list))
	}
}

func TestClock(t *testing.T) {
	for _, c := range []struct {
		resolution uint8
		ticks      uint64
		want       int64
	}{
		{0, 3, 3e9}, {3, 1500, 1.5e9}, {6, 1767600000e6, 1767600000e9}, {9, 7, 7}, {12, 1999, 1},
		{28, math.MaxUint64, 1}, {29, math.MaxUint64 - 1, 0}, {127, math.MaxUint64 - 1, 0},
		{0x80, 2, 2e9}, {0x80 | 1, 3, 1.5e9}, {0x80 | 32, 1 << 31, 5e8}, {0x80 | 63, 1 << 62, 5e8}, {0x80 | 64, 1 << 63, 5e8}, {0x80 | 127, math.MaxUint64, 0},
		{0, math.MaxUint64, math.MaxInt64}, {9, math.MaxUint64, math.MaxInt64}, {0x80 | 1, math.MaxUint64, math.MaxInt64},
	} {
		if got := newClock(c.resolution).ns(c.ticks); got != c.want {
			t.Errorf("resolution %#x: %d ticks are %d ns, want %d", c.resolution, c.ticks, got, c.want)
		}
	}
	if add(math.MaxInt64, 5) != math.MaxInt64 || add(5, -9) != -4 || seconds(math.MinInt64) >= 0 || seconds(math.MaxInt64) <= 0 {
		t.Error("times wrap around")
	}
}
