package flow

import (
	"encoding/binary"
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/decode"
)

// Mirrors copy: two SPAN ports, ingress and egress, both sides of a router. A
// copy is told from a retransmission by the IP identification, which a sender
// counts up even when it repeats the bytes.
const (
	copyWindow  = 50 * millisecond  // two mirrors of one path are at most a switch queue apart
	blindWindow = 100 * microsecond // no sender repeats a packet as fast
	copySets    = 1024              // with 4 ways: 80,000 packets a second of one lane stay for the window
	copyWays    = 4
)

// copies remembers the packets of the last moments, without their tags.
type copies struct {
	seed uint64
	sets [][copyWays]seenPacket
}

// seenPacket has 16 bytes, so that a set is one line of the processor's cache.
type seenPacket struct {
	what uint32 // hash of what all copies share, beside the set's number
	path uint32 // hash of what differs between copies: tags, TTL, MAC, interface
	time int64  // of the first copy
}

func newCopies(seed uint64) copies {
	return copies{seed: seed, sets: make([][copyWays]seenPacket, copySets)}
}

func (c *copies) forget() { clear(c.sets) }

// seen reports whether the packet is a copy, and remembers it if not. It looks at
// packet times, which may go back a little.
func (c *copies) seen(h *decode.Headers) bool {
	hash, path := c.hash(h), pathOf(h)
	set, what := &c.sets[hash%copySets], uint32(hash>>32)
	place := 0
	for i := range set {
		p := &set[i]
		if p.what == what {
			d := max(h.Time-p.time, p.time-h.Time)
			if d <= blindWindow || d <= copyWindow && (h.IPID != 0 || p.path != path) {
				return true
			}
			place = i
			break
		}
		if p.time < set[place].time {
			place = i
		}
	}
	set[place] = seenPacket{what, path, h.Time}
	return false
}

func (c *copies) hash(h *decode.Headers) uint64 {
	le, x := binary.LittleEndian, c.seed^0x8ebc6af09c88c6e3
	mix := func(w uint64) {
		hi, lo := bits.Mul64(x^w, 0xd6e8feb86659fd93)
		x = hi ^ lo + 0xe7037ed1a0b428db
	}
	mix(le.Uint64(h.Key.A[:]))
	mix(le.Uint64(h.Key.A[8:]))
	mix(le.Uint64(h.Key.B[:]))
	mix(le.Uint64(h.Key.B[8:]))
	mix(uint64(h.Key.APort)<<48 | uint64(h.Key.BPort)<<32 | uint64(h.Key.Segment)<<16 | uint64(h.Key.Proto)<<8 | uint64(h.Flags))
	mix(uint64(h.IPID)<<48 | uint64(h.L4Sum)<<32 | uint64(h.IPLen)<<1 | bit(h.FromA))
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
