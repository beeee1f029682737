package flow

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// communityID is version 1 of the Community ID flow hash (Corelight's
// specification) with seed 0.
func communityID(k *event.Key) string {
	var buf [2 + 16 + 16 + 2 + 4]byte
	b := buf[:2]
	a, z := k.AddrA(), k.AddrB()
	b = append(append(b, a.AsSlice()...), z.AsSlice()...)
	b = append(b, k.Proto, 0)
	if k.Proto == protoTCP || k.Proto == protoUDP || k.Proto == 132 || k.Proto == protoICMP || k.Proto == protoICMPv6 {
		b = binary.BigEndian.AppendUint16(b, k.APort)
		b = binary.BigEndian.AppendUint16(b, k.BPort)
	}
	h := sha1.Sum(b)
	return "1:" + base64.StdEncoding.EncodeToString(h[:])
}
