package decode

import (
	"encoding/binary"
	"math"
)

const (
	defaultFragmentMemory = 4 << 20
	leastFragmentMemory   = 256 << 10
	maxFragments          = 64   // of one datagram
	fragmentPatience      = 30e9 // ns of packet time from the first fragment on
	maxDatagram           = 65535
	pieceHeader           = 16 // bytes before each stored fragment
)

// FragmentStats counts what became of fragments.
type FragmentStats struct {
	Fragments uint64
	Joined    uint64 // datagrams completed
	Evicted   uint64 // unfinished datagrams dropped for room
	Expired   uint64 // unfinished datagrams whose time was up
	Surplus   uint64 // fragments beyond the 64th, not kept
	Oversize  uint64 // fragments that reach beyond 65535 bytes: cut there
	Overlaps  uint64 // completed datagrams whose fragments contradicted each other
}

// piece is one fragment.
type piece struct {
	ends
	id    uint32
	proto uint8
	off   int
	more  bool
	v4    bool
}

// datagram is an unfinished one. Its fragments hang on one chain through the
// ring, newest first.
type datagram struct {
	ends
	id        uint32
	segment   uint16
	proto     uint8 // of IPv6: as the fragment at offset 0 says
	v4        bool
	live      bool
	contrary  bool
	count     uint8
	packets   uint16
	bytes     uint32
	time      int64
	first     uint64 // ring position at its start: its fragments stand there or later, and so do those of younger ones
	last      uint64 // of the newest
	stored    int    // wire bytes of all fragments, overlaps counted twice
	end       int    // greatest end of a fragment that says "more"
	low, high int    // least and greatest end that a last fragment claimed; 0 none
	next      int32  // in its bucket, -1 none
}

// fragments is a ring of bytes and a ring of datagrams, both oldest first: what
// is overwritten is always the oldest, so the memory never changes.
type fragments struct {
	FragmentStats
	seed    uint64
	ring    []byte
	head    uint64 // next position; positions only grow
	grams   []datagram
	front   uint64 // oldest datagram, and next free one
	back    uint64
	buckets []int32
	whole   []byte            // the datagram handed out last
	written [8192 / 64]uint64 // 8-byte units of whole that are filled, where fragments overlap
}

func (f *fragments) init(memory int, seed uint64) {
	if memory <= 0 {
		memory = defaultFragmentMemory
	}
	memory = max(memory, leastFragmentMemory) &^ (pieceHeader - 1)
	f.seed, f.ring, f.head = seed, make([]byte, memory), pieceHeader
	f.grams = make([]datagram, memory/1024)
	f.buckets = make([]int32, memory/1024)
	for i := range f.buckets {
		f.buckets[i] = -1
	}
	f.whole = make([]byte, maxDatagram+1)
}

// add keeps a fragment. done says that it completed its datagram, which is valid
// until the next call, and whose next protocol is proto.
func (f *fragments) add(h *Headers, b body, p *piece) (whole body, proto uint8, done bool) {
	f.Fragments++
	b, fits := f.trim(b, p)
	g := f.find(h, p)
	if g.packets < math.MaxUint16 {
		g.packets++
		g.bytes += h.IPLen
	}
	if !fits || g.count >= maxFragments {
		f.Surplus++
		return body{}, 0, false
	}
	if !f.store(g, b, p) {
		return body{}, 0, false
	}
	total := g.low
	if total < g.end {
		total = g.high
	}
	if total == 0 || total < g.end || g.stored < total {
		return body{}, 0, false
	}
	return f.join(h, g, total)
}

// trim makes a fragment end where a fragment may: at a multiple of 8 unless it is
// the last, and within the longest datagram.
func (f *fragments) trim(b body, p *piece) (body, bool) {
	if p.more {
		b = b.limit(b.wire &^ 7)
	}
	if p.off+b.wire > maxDatagram {
		f.Oversize++
		b = b.limit(max(0, maxDatagram-p.off))
	}
	return b, b.wire > 0
}

// find is the datagram of a fragment, a new one if need be.
func (f *fragments) find(h *Headers, p *piece) *datagram {
	s := f.seed ^ uint64(p.id)<<16 ^ uint64(h.Key.Segment)
	bucket := &f.buckets[hashPair(&p.src, &p.dst, s)%uint64(len(f.buckets))]
	for i := *bucket; i >= 0; i = f.grams[i].next {
		g := &f.grams[i]
		if g.id != p.id || g.ends != p.ends || g.segment != h.Key.Segment || g.v4 != p.v4 || p.v4 && g.proto != p.proto {
			continue
		}
		if h.Time-g.time <= fragmentPatience {
			return g
		}
		f.Expired++
		f.drop(g)
		break
	}
	f.expire(h.Time)
	for f.back-f.front >= uint64(len(f.grams)) {
		f.evictOldest()
	}
	i := int32(f.back % uint64(len(f.grams)))
	f.back++
	f.grams[i] = datagram{ends: p.ends, id: p.id, segment: h.Key.Segment, proto: p.proto, v4: p.v4,
		live: true, time: h.Time, first: f.head, next: *bucket}
	*bucket = i
	return &f.grams[i]
}

// expire forgets the oldest while their time is up.
func (f *fragments) expire(now int64) {
	for f.front < f.back {
		g := &f.grams[f.front%uint64(len(f.grams))]
		if g.live {
			if now-g.time <= fragmentPatience {
				return
			}
			f.Expired++
			f.drop(g)
		}
		f.front++
	}
}

func (f *fragments) evictOldest() {
	g := &f.grams[f.front%uint64(len(f.grams))]
	if g.live {
		f.Evicted++
		f.drop(g)
	}
	f.front++
}

// drop takes a datagram out of its bucket; its place is free when it is the
// oldest.
func (f *fragments) drop(g *datagram) {
	g.live = false
	s := f.seed ^ uint64(g.id)<<16 ^ uint64(g.segment)
	at := &f.buckets[hashPair(&g.src, &g.dst, s)%uint64(len(f.buckets))]
	for *at >= 0 && &f.grams[*at] != g {
		at = &f.grams[*at].next
	}
	if *at >= 0 {
		*at = g.next
	}
}

// store copies a fragment into the ring. It fails when the room that it needs is
// that of its own datagram's first fragment.
func (f *fragments) store(g *datagram, b body, p *piece) bool {
	size := uint64(len(f.ring))
	need := uint64(pieceHeader+len(b.data)+pieceHeader-1) &^ (pieceHeader - 1)
	if left := size - f.head%size; left < need {
		f.head += left
	}
	for f.front < f.back && f.grams[f.front%uint64(len(f.grams))].first+size < f.head+need {
		f.evictOldest()
	}
	if !g.live {
		return false
	}
	x := f.ring[f.head%size:]
	binary.LittleEndian.PutUint64(x, g.last)
	binary.LittleEndian.PutUint16(x[8:], uint16(p.off))
	binary.LittleEndian.PutUint16(x[10:], uint16(b.wire))
	binary.LittleEndian.PutUint16(x[12:], uint16(len(b.data)))
	copy(x[pieceHeader:], b.data)
	g.last = f.head
	f.head += need
	g.claim(b, p)
	return true
}

// claim notes what a fragment says about its datagram.
func (g *datagram) claim(b body, p *piece) {
	g.count++
	g.stored += b.wire
	end := p.off + b.wire
	switch {
	case p.more:
		g.end = max(g.end, end)
	case g.low == 0:
		g.low, g.high = end, end
	case end != g.low:
		g.low, g.high = min(g.low, end), max(g.high, end)
		g.contrary = true
	}
	if g.low > 0 && g.low < g.end {
		g.contrary = true
	}
	if p.off == 0 {
		g.proto = p.proto
	}
}
