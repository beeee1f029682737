package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// LaneOf is the lane, 0 to Lanes-1, of a pair of addresses in its segment,
// whatever the ports. Addresses that mean another machine in every VLAN
// (broadcast, multicast, unspecified, link-local) take the tags with them.
func LaneOf(k *event.Key, tags *event.Tags, seed uint64) uint8 {
	s := seed ^ uint64(k.Segment)<<48
	if Local(&k.A) || Local(&k.B) {
		s ^= uint64(tags.ID[0])<<16 | uint64(tags.ID[1]) | uint64(tags.N)<<32
	}
	return uint8(hashPair(&k.A, &k.B, s) % Lanes)
}

// Local reports whether an address, IPv4 mapped, means something else in every
// broadcast domain.
func Local(a *[16]byte) bool {
	if binary.BigEndian.Uint64(a[:]) == 0 && binary.BigEndian.Uint32(a[8:]) == 0xffff {
		x := binary.BigEndian.Uint32(a[12:])
		return x>>28 == 14 || x == 0 || x == 0xffffffff || x>>16 == 0xa9fe
	}
	return a[0] == 0xff || a[0] == 0xfe && a[1]&0xc0 == 0x80 || *a == [16]byte{}
}

func hashPair(a, b *[16]byte, s uint64) uint64 {
	const k0, k1, k2 = 0x9e3779b97f4a7c15, 0xd1b54a32d192ed03, 0x8cb92ba72f3d8dd7
	x := mix(binary.BigEndian.Uint64(a[:])^s^k0, binary.BigEndian.Uint64(a[8:])^k1)
	return mix(x^binary.BigEndian.Uint64(b[:])^k2, mix(binary.BigEndian.Uint64(b[8:])^k0, x^k1))
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
