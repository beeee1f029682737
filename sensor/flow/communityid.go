package flow

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// communityID is the Community ID v1 with seed 0: base64 of the SHA-1 of seed,
// addresses, protocol and ports, the smaller endpoint first. Ports of ICMP are in
// the key already as the specification wants them. A one-way ICMP message must
// not be turned around, and the key does not turn it.
func communityID(k *event.Key) string {
	b := make([]byte, 2, 2+32+2+4)
	for _, a := range [2][16]byte{k.A, k.B} {
		b = append(b, addrOf(a).AsSlice()...)
	}
	b = append(b, k.Proto, 0)
	switch k.Proto {
	case icmp, tcp, udp, icmpv6, 132:
		b = binary.BigEndian.AppendUint16(b, k.APort)
		b = binary.BigEndian.AppendUint16(b, k.BPort)
	}
	sum := sha1.Sum(b)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}
