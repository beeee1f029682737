package flow

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/decode"
)

// Mirrors copy: two SPAN ports, ingress and egress, both sides of a router. A
// copy is told from a retransmission by the IP identification, which a sender
// counts up even when it repeats the bytes.
const (
	copyWindow  = 50 * millisecond  // two mirrors of one path are at most a switch queue apart
	blindWindow = 100 * microsecond // no sender repeats a packet as fast
	copyWays    = 4
	copySets    = 16   // at first: a lane of few packets stays within the nearest cache
	maxCopySets = 1024 // 80,000 packets a second of one lane stay for the window
)

// copies remembers the packets of the last moments, without their tags.
type copies struct {
	seed uint64
	sets [][copyWays]seenPacket // a power of two of them
}

// seenPacket has 16 bytes, so that a set is one line of the processor's cache.
type seenPacket struct {
	what uint64 // of a hash of what all copies share 48 bits, of one of what differs (tags, TTL, MAC, interface) 16
	time int64  // of the first copy
}

const pathBits = 16

func newCopies(seed uint64) copies {
	return copies{seed: seed, sets: make([][copyWays]seenPacket, copySets)}
}

func (c *copies) forget() { clear(c.sets) }

// seen reports whether the packet is a copy, and remembers it if not. It looks at
// packet times, which may go back a little. key is a hash of h.Key.
func (c *copies) seen(h *decode.Headers, key uint64) bool {
	now := seenPacket{c.hash(h, key)<<pathBits | uint64(uint16(pathOf(h))), h.Time}
	set := c.set(now.what)
	place := 0
	for i := range set {
		p := &set[i]
		if (p.what^now.what)>>pathBits == 0 {
			d := now.after(p)
			if d <= blindWindow || d <= copyWindow && (h.IPID != 0 || p.what != now.what) {
				return true
			}
			*p = now
			return false
		}
		if p.time < set[place].time {
			place = i
		}
	}
	if now.after(&set[place]) <= copyWindow && len(c.sets) < maxCopySets {
		c.grow()
		return c.seen(h, key)
	}
	set[place] = now
	return false
}

func (c *copies) set(what uint64) *[copyWays]seenPacket {
	return &c.sets[what>>pathBits&uint64(len(c.sets)-1)]
}

// after is the time between the two, whichever came first.
func (p *seenPacket) after(q *seenPacket) int64 { return max(p.time-q.time, q.time-p.time) }

// grow makes room where packets of the window would be forgotten. What shared a set
// is spread over two.
func (c *copies) grow() {
	old := c.sets
	c.sets = make([][copyWays]seenPacket, 2*len(old))
	for i := range old {
		for _, p := range old[i] {
			if p.what != 0 {
				set := c.set(p.what)
				set[slices.Index(set[:], seenPacket{})] = p
			}
		}
	}
}

func (c *copies) hash(h *decode.Headers, key uint64) uint64 {
	le, x := binary.LittleEndian, c.seed^key
	mix := func(w uint64) {
		hi, lo := bits.Mul64(x^w, 0xd6e8feb86659fd93)
		x = hi ^ lo + 0xe7037ed1a0b428db
	}
	mix(uint64(h.IPID)<<48 | uint64(h.L4Sum)<<32 | uint64(h.IPLen)<<1 | bit(h.FromA))
	mix(uint64(h.Flags))
	mix(uint64(h.Seq)<<32 | uint64(h.AckNo))
	if h.Sum != decode.SumGood && len(h.Payload) >= 16 {
		// the checksum may not have been filled in, and then it is no witness
		mix(le.Uint64(h.Payload))
		mix(le.Uint64(h.Payload[len(h.Payload)-8:]))
	}
	return x
}

func pathOf(h *decode.Headers) uint32 {
	x := uint64(h.TTL)<<40 | uint64(h.Interface)<<24 | uint64(h.Tags.N)<<16
	x ^= uint64(h.Tags.ID[0])<<48 | uint64(h.Tags.ID[1])
	for _, b := range [2][6]byte{h.SrcMAC, h.DstMAC} {
		x = (x ^ uint64(binary.LittleEndian.Uint32(b[:4]))<<16 ^ uint64(binary.LittleEndian.Uint16(b[4:]))) * 0xd6e8feb86659fd93
		x ^= x >> 29
	}
	return uint32(x)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
