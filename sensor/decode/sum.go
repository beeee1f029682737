package decode

import (
	"encoding/binary"
	"math/bits"
)

// addWords adds b as big-endian words to a one's complement sum (RFC 1071),
// eight bytes at a time. b must start at an even offset of what is summed.
func addWords(s uint64, b []byte) uint64 {
	var c uint64
	for len(b) >= 32 {
		s, c = bits.Add64(s, binary.BigEndian.Uint64(b), c)
		s, c = bits.Add64(s, binary.BigEndian.Uint64(b[8:]), c)
		s, c = bits.Add64(s, binary.BigEndian.Uint64(b[16:]), c)
		s, c = bits.Add64(s, binary.BigEndian.Uint64(b[24:]), c)
		b = b[32:]
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

// fold makes 16 bits of a sum.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s)
}

func headerSum(head []byte) Sum {
	switch {
	case fold(addWords(0, head)) == 0xffff:
		return SumGood
	case head[10] == 0 && head[11] == 0:
		return SumOffload
	}
	return SumBad
}

// layer4Sum checks a whole segment against the checksum field in it. The prefix
// of mapped addresses adds 0xffff, which is nothing in one's complement.
func layer4Sum(b body, e *ends, proto uint8, field uint16) Sum {
	if len(b.data) < b.wire {
		return SumUnknown
	}
	addresses := addWords(addWords(0, e.src[:]), e.dst[:])
	pseudo := uint64(fold(addresses)) + uint64(proto)
	full := pseudo + uint64(fold(uint64(b.wire)))
	rest := uint64(fold(addWords(0, b.data)))
	if fold(full+rest) == 0xffff {
		return SumGood
	}
	// What the sender leaves for its card: the sum of the pseudo-header, not
	// inverted (Linux), without the length when the card also cuts segments.
	if field == fold(full) || field == fold(pseudo) {
		return SumOffload
	}
	return SumBad
}

var rank = [...]uint8{SumGood: 0, SumUnknown: 1, SumOffload: 2, SumBad: 3}

func worse(a, b Sum) Sum {
	if rank[a] > rank[b] {
		return a
	}
	return b
}
