package decode

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// IANA protocol numbers.
const (
	protoICMP   = 1
	protoIPIP   = 4
	protoTCP    = 6
	protoUDP    = 17
	protoIPv6   = 41
	protoGRE    = 47
	protoICMPv6 = 58
	protoSCTP   = 132
)

func (d *Decoder) ipv4(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 20 {
		return Cut
	}
	size := int(b[0]&15) * 4
	if size < 20 {
		return Malformed
	}
	if len(b) < size {
		return Cut
	}
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // segmentation offload: the card would have filled it in
		total = f.wire
	}
	if total < size {
		return Malformed
	}
	f = f.limit(total)
	h.IPLen = uint32(min(total, f.wire))
	h.IPID = binary.BigEndian.Uint16(b[4:])
	h.TTL = b[8]
	setAddrs(h, mapped(b[12:16]), mapped(b[16:20]))
	h.Sum = SumGood
	if sum(b[:size], 0) != 0xffff {
		h.Sum = SumBad
		if f.unsummed || binary.BigEndian.Uint16(b[10:]) == 0 {
			h.Sum = SumOffload
		}
	}
	proto, flags := b[9], binary.BigEndian.Uint16(b[6:])
	f = f.skip(size)
	if flags&0x3fff != 0 { // more fragments, or an offset
		return d.fragment(f, h, proto, uint32(h.IPID), int(flags&0x1fff)*8, flags&0x2000 != 0)
	}
	return d.transport(proto, f, h)
}

// maxExtensions bounds the chain of extension headers (RFC 8504 lets a host drop
// longer ones).
const maxExtensions = 8

func (d *Decoder) ipv6(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 40 {
		return Cut
	}
	payload := int(binary.BigEndian.Uint16(b[4:]))
	if payload == 0 { // jumbogram or segmentation offload
		payload = f.wire - 40
	}
	h.IPLen = uint32(min(payload+40, f.wire))
	f = f.limit(payload + 40)
	h.TTL = b[7]
	setAddrs(h, [16]byte(b[8:24]), [16]byte(b[24:40]))
	h.Sum = SumGood
	return d.extensions(b[6], f.skip(40), h)
}

func (d *Decoder) extensions(next uint8, f frame, h *Headers) Reason {
	for range maxExtensions {
		size := 0
		switch next {
		case 0, 43, 60, 135, 139, 140: // hop-by-hop, routing, destination, mobility, HIP, shim6
			if len(f.data) < 8 {
				return Cut
			}
			size = int(f.data[1])*8 + 8
		case 51: // AH counts in words
			if len(f.data) < 8 {
				return Cut
			}
			size = int(f.data[1])*4 + 8
		case 44:
			return d.fragment6(f, h)
		default:
			return d.transport(next, f, h)
		}
		if len(f.data) < size {
			return Cut
		}
		next, f = f.data[0], f.skip(size)
	}
	return Nesting
}

func (d *Decoder) fragment6(f frame, h *Headers) Reason {
	if len(f.data) < 8 {
		return Cut
	}
	next, id := f.data[0], binary.BigEndian.Uint32(f.data[4:])
	offset := binary.BigEndian.Uint16(f.data[2:])
	f = f.skip(8)
	if offset&0xfff9 == 0 { // atomic fragment (RFC 6946)
		return d.extensions(next, f, h)
	}
	return d.fragment(f, h, next, id, int(offset&0xfff8), offset&1 != 0)
}

// setAddrs puts the smaller address first.
func setAddrs(h *Headers, src, dst [16]byte) {
	h.FromA = bytes.Compare(src[:], dst[:]) <= 0
	h.Key.A, h.Key.B = src, dst
	if !h.FromA {
		h.Key.A, h.Key.B = dst, src
	}
}

// setPorts completes the key; equal addresses are told apart by their ports.
func (h *Headers) setPorts(src, dst uint16) {
	if h.Key.A == h.Key.B {
		h.FromA = src <= dst
	}
	h.Key.APort, h.Key.BPort = src, dst
	if !h.FromA {
		h.Key.APort, h.Key.BPort = dst, src
	}
}

func mapped(b []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], b)
	return a
}

// src and dst are the addresses in the direction of the packet.
func (h *Headers) src() [16]byte {
	if h.FromA {
		return h.Key.A
	}
	return h.Key.B
}

func (h *Headers) dst() [16]byte {
	if h.FromA {
		return h.Key.B
	}
	return h.Key.A
}

// setTunnel keeps the outermost wrapping.
func (h *Headers) setTunnel(kind string, id uint32) {
	if h.Tunnel.Kind != "" {
		return
	}
	h.Tunnel = event.Tunnel{Kind: kind, ID: id, Depth: h.Tunnel.Depth,
		Outer: netip.AddrFrom16(h.src()).Unmap(), OuterPeer: netip.AddrFrom16(h.dst()).Unmap()}
}
