package decode

import (
	"encoding/binary"
	"math/bits"
)

// addWords adds b as big-endian words to a one's complement sum (RFC 1071),
// eight bytes at a time. b must start at an even offset of what is summed.
func addWords(s uint64, b []byte) uint64 {
	var c uint64
	if len(b) >= 64 {
		n := len(b) &^ 63
		s, c = bits.Add64(s, sumBlocks(b[:n]), 0)
		b = b[n:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.BigEndian.Uint64(b), c)
		b = b[8:]
	}
	var last uint64
	if len(b) >= 4 {
		last = uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		last += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		last += uint64(b[0]) << 8
	}
	s, c = bits.Add64(s, last, c)
	s, c = bits.Add64(s, c, 0)
	return s + c
}

// sumBlocks sums blocks of 64 bytes: as they lie, since the order of the bytes may be
// turned at the end, and in two sums that do not wait for each other.
func sumBlocks(b []byte) uint64 {
	var s, t, c, d uint64
	le := binary.LittleEndian
	for ; len(b) >= 64; b = b[64:] {
		s, c = bits.Add64(s, le.Uint64(b), c)
		s, c = bits.Add64(s, le.Uint64(b[8:]), c)
		s, c = bits.Add64(s, le.Uint64(b[16:]), c)
		s, c = bits.Add64(s, le.Uint64(b[24:]), c)
		t, d = bits.Add64(t, le.Uint64(b[32:]), d)
		t, d = bits.Add64(t, le.Uint64(b[40:]), d)
		t, d = bits.Add64(t, le.Uint64(b[48:]), d)
		t, d = bits.Add64(t, le.Uint64(b[56:]), d)
	}
	s, c = bits.Add64(s, t, c)
	s, c = bits.Add64(s, d, c)
	return bits.ReverseBytes64(s + c)
}

// fold makes 16 bits of a sum.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s)
}

// headerSum checks an IPv4 header, a multiple of 4 bytes and too short to carry.
func headerSum(head []byte) Sum {
	var s uint64
	for i := 0; i+4 <= len(head); i += 4 {
		s += uint64(binary.BigEndian.Uint32(head[i:]))
	}
	switch {
	case fold(s) == 0xffff:
		return SumGood
	case head[10] == 0 && head[11] == 0:
		return SumOffload
	}
	return SumBad
}

// sum adds the addresses in halves, which cannot carry.
func (e *ends) sum() (s uint64) {
	for _, x := range [...]uint64{
		binary.BigEndian.Uint64(e.src[:]), binary.BigEndian.Uint64(e.src[8:]),
		binary.BigEndian.Uint64(e.dst[:]), binary.BigEndian.Uint64(e.dst[8:]),
	} {
		s += x>>32 + x&0xffffffff
	}
	return s
}

// layer4Sum checks a whole segment against the checksum field in it. The prefix
// of mapped addresses adds 0xffff, which is nothing in one's complement.
func layer4Sum(b body, e *ends, proto uint8, field uint16) Sum {
	if len(b.data) < b.wire {
		return SumUnknown
	}
	pseudo := e.sum() + uint64(proto)
	full := pseudo + uint64(b.wire)
	rest := addWords(0, b.data)
	if fold(full+rest>>32+rest&0xffffffff) == 0xffff {
		return SumGood
	}
	// What the sender leaves for its card: the sum of the pseudo-header, not
	// inverted (Linux), without the length when the card also cuts segments.
	if field == fold(full) || field == fold(pseudo) {
		return SumOffload
	}
	if field == 0 && b.wire > largestSegment {
		return SumOffload
	}
	return SumBad
}

// largestSegment is what an Ethernet frame of the usual size has room for. Longer
// ones were joined by the receiver's card or kernel (RSC, GRO), which may leave
// the checksum 0 as it has checked the parts.
const largestSegment = 1500

var rank = [...]uint8{SumGood: 0, SumUnknown: 1, SumOffload: 2, SumBad: 3}

func worse(a, b Sum) Sum {
	if rank[a] > rank[b] {
		return a
	}
	return b
}
