package decode

const (
	fragMemory   = 4 << 20
	maxDatagram  = 65535
	fragSlot     = maxDatagram + 1
	maxFragments = 64              // of one datagram: 64 KiB in the smallest usual MTU of 1280 are 52
	fragTimeout  = int64(30) * 1e9 // RFC 791 says 15 s at least, Linux keeps them 30 s
	fragBlock    = 8               // offsets are in units of eight bytes
)

// fragments puts datagrams together in a fixed number of slots. The first copy of
// each byte wins; a later one that differs marks the datagram, and no fragment
// can make a datagram be thrown away.
type fragments struct {
	slots   []datagram
	evicted uint64
	refused uint64 // fragments that lie outside of what a datagram can be
}

type datagram struct {
	used     bool
	src, dst [16]byte
	id       uint32
	proto    uint8
	segment  uint16
	first    int64 // time of the first fragment
	number   uint64
	count    uint16
	bytes    uint32
	overlap  bool
	length   int // of the whole, -1 unknown
	have     int // bytes present
	data     []byte
	present  [(fragSlot / fragBlock) / 64]uint64
}

func newFragments(memory int) *fragments {
	if memory == 0 {
		memory = fragMemory
	}
	return &fragments{slots: make([]datagram, max(4, memory/fragSlot))}
}

// fragment keeps a fragment, and goes on with the datagram when it is whole.
func (d *Decoder) fragment(f frame, h *Headers, proto uint8, id uint32, offset int, more bool) Reason {
	h.Key.Proto = proto
	size := len(f.data)
	if size < f.wire {
		return Cut // bytes that the snap length took cannot be put together
	}
	if size == 0 || offset+size > maxDatagram || more && size%fragBlock != 0 {
		d.frags.refused++
		return Malformed
	}
	g := d.frags.find(h, proto, id)
	if g.count == maxFragments {
		g.used = false
		d.frags.evicted++
		return FragGiven
	}
	g.add(f.data, offset, more)
	if g.length < 0 || g.have < g.length {
		g.count++
		g.bytes += h.IPLen
		return Held
	}
	g.used = false
	h.Frag, h.Overlap = true, g.overlap
	h.Held = FragCount{Packets: g.count, Bytes: g.bytes}
	whole := frame{data: g.data[:g.length], wire: g.length, depth: f.depth}
	if h.EtherType == typeIPv6 {
		return d.extensions(proto, whole, h)
	}
	return d.transport(proto, whole, h)
}

// find returns the datagram's slot, making room where there is none: a slot whose
// time is up, else the oldest.
func (fs *fragments) find(h *Headers, proto uint8, id uint32) *datagram {
	src, dst := h.src(), h.dst()
	var free *datagram
	for i := range fs.slots {
		g := &fs.slots[i]
		if g.used && h.Time-g.first > fragTimeout {
			g.used = false
			fs.evicted++
		}
		if !g.used {
			if free == nil || free.used {
				free = g
			}
			continue
		}
		if g.id == id && g.proto == proto && g.segment == h.Key.Segment && g.src == src && g.dst == dst {
			return g
		}
		if free == nil || free.used && g.number < free.number {
			free = g
		}
	}
	if free.used {
		fs.evicted++
	}
	data := free.data
	if data == nil {
		data = make([]byte, fragSlot)
	}
	*free = datagram{used: true, src: src, dst: dst, id: id, proto: proto, segment: h.Key.Segment,
		first: h.Time, number: h.Number, length: -1, data: data}
	return free
}

// add copies the bytes that are not there yet and compares those that are.
func (g *datagram) add(b []byte, offset int, more bool) {
	if !more && g.length < 0 && offset+len(b) >= g.highest() {
		g.length = offset + len(b)
	} else if !more && g.length != offset+len(b) {
		g.overlap = true // a second, different end
	}
	for len(b) > 0 {
		n := min(fragBlock, len(b))
		block := offset / fragBlock
		word, bit := block/64, uint64(1)<<(block%64)
		if g.present[word]&bit == 0 {
			copy(g.data[offset:], b[:n])
			g.present[word] |= bit
			g.have += n
		} else if string(g.data[offset:offset+n]) != string(b[:n]) {
			g.overlap = true
		}
		b, offset = b[n:], offset+n
	}
}

// highest is the end of the last block that is present.
func (g *datagram) highest() int {
	for w := len(g.present) - 1; w >= 0; w-- {
		for b := 63; g.present[w] != 0 && b >= 0; b-- {
			if g.present[w]&(1<<b) != 0 {
				return (w*64 + b) * fragBlock // its start: the last may be partial
			}
		}
	}
	return 0
}
