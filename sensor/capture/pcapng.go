package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

const (
	byteOrderMagic = 0x1a2b3c4d
	maxBlock       = maxFrame + 64<<10 // a frame and its options
	maxInterfaces  = 4096              // per section
	maxName        = 255               // bytes of an interface's name
)

// pcapng reads the packets of a pcapng file.
type pcapng struct {
	w      *window
	big    bool
	names  *names
	ifaces []ngInterface // of this section
	last   int64         // time of the packet before: a simple packet block has none
}

// ngInterface is an interface description block.
type ngInterface struct {
	link   event.LinkType
	index  uint16
	snap   uint32
	clock  clock
	offset int64 // ns to add
}

func isPcapng(head []byte) bool {
	return len(head) >= 4 && binary.BigEndian.Uint32(head) == blockSection
}

func newPcapng(w *window, names *names) (*pcapng, error) {
	r := &pcapng{w: w, names: names}
	if n := len(w.peek(28)); n < 28 {
		return nil, fmt.Errorf("pcapng section header cut after %d of 28 bytes", n)
	}
	return r, nil
}

// next goes from block to block until one holds a packet.
func (r *pcapng) next(p *event.Packet) error {
	for {
		h := r.w.peek(12)
		if len(h) == 0 && r.w.failed() == nil {
			return io.EOF
		}
		if len(h) < 12 {
			return damage(fmt.Sprintf("last block cut after %d of at least 12 bytes", len(h)))
		}
		kind := r.uint32(h)
		if kind == blockSection {
			if err := r.section(h); err != nil {
				return err
			}
		}
		size := (int64(r.uint32(h[4:])) + 3) &^ 3 // some writers forget that blocks are aligned
		if size < 12 {
			return r.damaged("has the impossible length %d", size)
		}
		found, err := r.block(p, kind, size)
		if found || err != nil {
			return err
		}
	}
}

// block takes one block and says whether p was filled from it.
func (r *pcapng) block(p *event.Packet, kind uint32, size int64) (found bool, err error) {
	switch kind {
	case blockSection, blockInterface, blockPacket, blockSimple, blockEnhanced:
	default:
		if n := r.w.skip(size); n < size {
			return false, damage(fmt.Sprintf("last block cut after %d of %d bytes", n, size))
		}
		return false, nil
	}
	if size > maxBlock {
		return false, r.damaged("claims %d bytes, at most %d are possible", size, maxBlock)
	}
	b := r.w.peek(int(size))
	if int64(len(b)) < size {
		return false, damage(fmt.Sprintf("last block cut after %d of %d bytes", len(b), size))
	}
	if end := int64(r.uint32(b[size-4:])); (end+3)&^3 != size {
		return false, r.damaged("says %d bytes at its start and %d at its end", size, end)
	}
	body := b[8 : size-4]
	switch kind {
	case blockInterface:
		err = r.describe(body)
	case blockPacket, blockEnhanced:
		found, err = true, r.packet(p, kind, body)
	case blockSimple:
		found, err = true, r.simple(p, body)
	}
	if err == nil {
		r.w.take(int(size))
	}
	return found, err
}

// section starts a section: its own byte order, its own interfaces.
func (r *pcapng) section(h []byte) error {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(h[8:]):
		r.big = false
	case binary.BigEndian.Uint32(h[8:]):
		r.big = true
	default:
		return r.damaged("is a section header without a byte order")
	}
	r.ifaces = r.ifaces[:0]
	return nil
}

func (r *pcapng) describe(b []byte) error {
	if len(b) < 8 {
		return r.damaged("is an interface description of %d bytes", len(b)+12)
	}
	if len(r.ifaces) == maxInterfaces {
		return r.damaged("describes more than %d interfaces", maxInterfaces)
	}
	i := ngInterface{link: event.LinkType(r.uint16(b)), snap: r.uint32(b[4:]), clock: newClock(6)}
	name := ""
	for o := b[8:]; len(o) >= 4; {
		code, n := r.uint16(o), int(r.uint16(o[2:]))
		if code == 0 || len(o) < 4+n {
			break
		}
		v := o[4 : 4+n]
		switch {
		case code == 2: // if_name
			name = string(v[:min(n, maxName)])
		case code == 9 && n == 1: // if_tsresol
			i.clock = newClock(v[0])
		case code == 14 && n == 8: // if_tsoffset, seconds
			i.offset = seconds(int64(r.uint64(v)))
		}
		o = o[min(len(o), 4+(n+3)&^3):]
	}
	i.index = r.names.index(name)
	r.ifaces = append(r.ifaces, i)
	return nil
}

// packet reads an enhanced packet block, or the obsolete one, which differs in its first word.
func (r *pcapng) packet(p *event.Packet, kind uint32, b []byte) error {
	if len(b) < 20 {
		return r.damaged("is a packet block of %d bytes", len(b)+12)
	}
	id := r.uint32(b)
	if kind == blockPacket {
		id = uint32(r.uint16(b))
	}
	if id >= uint32(len(r.ifaces)) {
		return r.damaged("is of interface %d, %d are described", id, len(r.ifaces))
	}
	size := r.uint32(b[12:])
	if uint64(size) > uint64(len(b)-20) || size > maxFrame {
		return r.damaged("claims a frame of %d bytes and holds %d", size, len(b)-20)
	}
	i := &r.ifaces[id]
	r.last = add(i.clock.ns(uint64(r.uint32(b[4:]))<<32|uint64(r.uint32(b[8:]))), i.offset)
	i.fill(p, b[20:20+size:20+size], r.uint32(b[16:]))
	p.Time = r.last
	return nil
}

func (r *pcapng) simple(p *event.Packet, b []byte) error {
	if len(b) < 4 || len(r.ifaces) == 0 {
		return r.damaged("is a simple packet block of %d bytes, %d interfaces are described", len(b)+12, len(r.ifaces))
	}
	i := &r.ifaces[0]
	wire := r.uint32(b)
	size := min(wire, uint32(len(b)-4))
	if i.snap != 0 {
		size = min(size, i.snap)
	}
	if size > maxFrame {
		return r.damaged("holds a frame of %d bytes, at most %d are possible", size, maxFrame)
	}
	i.fill(p, b[4:4+size:4+size], wire)
	p.Time = r.last
	return nil
}

func (i *ngInterface) fill(p *event.Packet, data []byte, wire uint32) {
	p.Data = data
	p.Wire = max(wire, uint32(len(data)))
	p.Link = i.link
	p.Interface = i.index
}

func (r *pcapng) damaged(what string, args ...any) error {
	return damage(fmt.Sprintf("block at byte %d %s: the rest was not read", r.w.passed, fmt.Sprintf(what, args...)))
}

func (r *pcapng) uint16(b []byte) uint16 {
	if r.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (r *pcapng) uint32(b []byte) uint32 {
	if r.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *pcapng) uint64(b []byte) uint64 {
	if r.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// clock turns an interface's ticks into nanoseconds. Exactly one field is set.
type clock struct {
	times  uint64 // ns per tick
	per    uint64 // ticks per ns
	binary uint   // a tick is 2^-binary s; 64 for "2^0"
}

// newClock takes the value of if_tsresol: a negative power of 10, or of 2 with the upper bit.
func newClock(resolution uint8) clock {
	power := uint(resolution & 0x7f)
	switch {
	case resolution&0x80 != 0 && power == 0:
		return clock{times: 1e9}
	case resolution&0x80 != 0:
		return clock{binary: power}
	case power <= 9:
		return clock{times: ten(9 - power)}
	}
	return clock{per: ten(power - 9)}
}

// ten is 10^n, or the greatest number where that does not fit.
func ten(n uint) uint64 {
	if n > 19 {
		return math.MaxUint64
	}
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// ns never overflows: a time that no int64 of nanoseconds holds becomes its end, the year 2262.
func (c clock) ns(ticks uint64) int64 {
	var hi, lo uint64
	switch {
	case c.times != 0:
		hi, lo = bits.Mul64(ticks, c.times)
	case c.per != 0:
		lo = ticks / c.per
	default:
		hi, lo = bits.Mul64(ticks, 1e9)
		if c.binary >= 64 {
			hi, lo = 0, hi>>(c.binary-64)
		} else {
			hi, lo = hi>>c.binary, hi<<(64-c.binary)|lo>>c.binary
		}
	}
	if hi != 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

// seconds in ns, held to what int64 can say.
func seconds(s int64) int64 {
	const most = math.MaxInt64 / 1_000_000_000
	return max(min(s, most), -most) * 1e9
}

// add is a+b for a >= 0, held to what int64 can say.
func add(a, b int64) int64 {
	if b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}
