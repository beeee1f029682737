package flow

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	// Copies of a packet reach the sensor through two mirrors or on both sides of a
	// router; 50 ms is more than either takes, and less than any retransmission.
	copyWindow = 50_000_000
	// Without an IP id only an immediate twin is believed to be a copy.
	twinWindow = 100_000
	copySlots  = 1024
)

// duplicates remembers the latest packets, without their tags, to tell copies
// made by the mirror from what the sender sent twice.
type duplicates struct{ slots [copySlots]sent }

type sent struct {
	hash uint64
	time int64
	path uint64 // what differs between copies: tags, TTL, MACs, interface
}

// seen reports whether h is a copy of a packet that was just seen.
func (d *duplicates) seen(h *decode.Headers) bool {
	if h.Frag {
		return false
	}
	hash := packetHash(h)
	s := &d.slots[hash%copySlots]
	path := pathHash(h)
	age := h.Time - s.time
	same := s.hash == hash && age >= -copyWindow && age <= copyWindow
	if same && h.IPID == 0 && path == s.path && (age > twinWindow || age < -twinWindow) {
		same = false
	}
	if !same {
		*s = sent{hash, h.Time, path}
	}
	return same
}

// packetHash covers what a copy has in common with its original.
func packetHash(h *decode.Headers) uint64 {
	x := uint64(h.IPID)<<48 | uint64(h.L4Sum)<<32 | uint64(h.IPLen)
	x = mix(x ^ uint64(h.Seq)<<32 ^ uint64(h.AckNo))
	x = mix(x ^ uint64(h.Key.APort)<<40 ^ uint64(h.Key.BPort)<<24 ^ uint64(h.Flags)<<8 ^ uint64(h.Key.Proto))
	for i := 0; i < 16; i += 8 {
		x = mix(x ^ binary.LittleEndian.Uint64(h.Key.A[i:]))
		x = mix(x ^ binary.LittleEndian.Uint64(h.Key.B[i:]))
	}
	if h.FromA {
		x = ^x
	}
	return x
}

func pathHash(h *decode.Headers) uint64 {
	mac := func(m event.MAC) uint64 {
		return uint64(m[0])<<40 | uint64(m[1])<<32 | uint64(m[2])<<24 | uint64(m[3])<<16 | uint64(m[4])<<8 | uint64(m[5])
	}
	x := mix(mac(h.SrcMAC) ^ uint64(h.TTL)<<48)
	x = mix(x ^ mac(h.DstMAC) ^ uint64(h.Interface)<<48)
	return mix(x ^ uint64(h.Tags.ID[0])<<16 ^ uint64(h.Tags.ID[1]) ^ uint64(h.Tags.N)<<32)
}
