package capture

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// pcap's magic numbers in the order of the machine that wrote the file
// (draft-ietf-opsawg-pcap; the last is of Kuznetzov's patched libpcap).
const (
	pcapMicro    = 0xa1b2c3d4
	pcapNano     = 0xa1b23c4d
	pcapModified = 0xa1b2cd34
)

const pcapHeader = 24

// pcap reads the records of a pcap file.
type pcap struct {
	w     *window
	big   bool // byte order of the file
	head  int  // bytes of a record header
	unit  int64
	link  event.LinkType
	iface uint16
}

// pcapOrder recognises a pcap file by its first four bytes.
func pcapOrder(head []byte) (magic uint32, big, ok bool) {
	if len(head) < 4 {
		return 0, false, false
	}
	for _, big := range []bool{false, true} {
		switch m := order(big).Uint32(head); m {
		case pcapMicro, pcapNano, pcapModified:
			return m, big, true
		}
	}
	return 0, false, false
}

func order(big bool) binary.ByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// newPcap reads the file header of w.
func newPcap(w *window, names *names) (*pcap, error) {
	h := w.peek(pcapHeader)
	magic, big, ok := pcapOrder(h)
	if !ok || len(h) < pcapHeader {
		return nil, fmt.Errorf("pcap header cut after %d of %d bytes", len(h), pcapHeader)
	}
	r := &pcap{w: w, big: big, head: 16, unit: 1000, iface: names.index("")}
	switch magic {
	case pcapNano:
		r.unit = 1
	case pcapModified: // each record also holds interface, protocol and packet type
		r.head = 24
	}
	// The upper half holds the length of a frame check sequence.
	r.link = event.LinkType(order(big).Uint32(h[20:]))
	w.take(pcapHeader)
	return r, nil
}

func (r *pcap) next(p *event.Packet) error {
	h := r.w.peek(r.head)
	if len(h) < r.head {
		return r.cut(len(h), r.head)
	}
	sec, frac, size, wire := r.fields(h)
	if size > maxFrame {
		return damage(fmt.Sprintf("record at byte %d claims %d bytes, at most %d are possible: the rest was not read", r.w.passed, size, maxFrame))
	}
	n := r.head + int(size)
	b := r.w.peek(n)
	if len(b) < n {
		return r.cut(len(b), n)
	}
	p.Data = r.w.take(n)[r.head:]
	p.Time = int64(sec)*1e9 + int64(frac)*r.unit
	p.Wire = max(wire, size)
	p.Link = r.link
	p.Interface = r.iface
	return nil
}

// fields has no interface call in it: this runs for each packet.
func (r *pcap) fields(h []byte) (sec, frac, size, wire uint32) {
	if r.big {
		o := binary.BigEndian
		return o.Uint32(h), o.Uint32(h[4:]), o.Uint32(h[8:]), o.Uint32(h[12:])
	}
	o := binary.LittleEndian
	return o.Uint32(h), o.Uint32(h[4:]), o.Uint32(h[8:]), o.Uint32(h[12:])
}

func (r *pcap) cut(have, want int) error {
	if have == 0 && r.w.failed() == nil {
		return io.EOF
	}
	return damage(fmt.Sprintf("last record cut after %d of %d bytes", have, want))
}

// damage is a sentence about the bytes that end a file before its end.
type damage string

func (d damage) Error() string { return string(d) }
