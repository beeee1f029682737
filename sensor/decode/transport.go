package decode

import "encoding/binary"

// transport reads what stands above IP. sum is what the header below is worth.
func (d *Decoder) transport(h *Headers, b body, e *ends, proto uint8, sum Sum) Reason {
	switch proto {
	case protoTCP:
		return tcp(h, b, e, sum)
	case protoUDP:
		return d.udp(h, b, e, sum)
	case protoICMP, protoICMPv6:
		return icmp(h, b, e, proto, sum)
	case protoSCTP:
		if len(b.data) < 12 {
			return b.short(12)
		}
		h.setKey(e, proto, binary.BigEndian.Uint16(b.data), binary.BigEndian.Uint16(b.data[2:]))
		h.load(b.skip(12))
		h.Sum = SumUnknown // a CRC, not checked
		return OK
	}
	h.setKey(e, proto, 0, 0)
	h.load(b)
	h.Sum = worse(h.Sum, sum)
	switch proto {
	case protoGRE:
		return d.gre(h, b, e)
	case protoIPIP, protoIPv6:
		return d.wrapped(h, b, e, "ipip", 0, 0)
	}
	return OK
}

// load takes what is left as the payload.
func (h *Headers) load(b body) {
	h.Payload, h.WireLoad = b.data, uint32(b.wire)
}

// check notes the checksum of a whole segment. The kernel's word that the card
// would have filled it in needs no check.
func (h *Headers) check(b body, e *ends, proto uint8, sum Sum) {
	if h.Sum != SumOffload {
		h.Sum = layer4Sum(b, e, proto, h.L4Sum)
	}
	h.Sum = worse(h.Sum, sum)
}

// tcp reads a segment (RFC 9293). A capture that ends behind the flags still
// gives a packet: a snaplen of 54 with a VLAN tag does.
func tcp(h *Headers, b body, e *ends, sum Sum) Reason {
	x := b.data
	if b.wire < 20 || len(x) < 14 {
		return b.short(20)
	}
	head := int(x[12]>>4) * 4
	if head < 20 || head > b.wire {
		return Malformed
	}
	h.setKey(e, protoTCP, binary.BigEndian.Uint16(x), binary.BigEndian.Uint16(x[2:]))
	h.Seq, h.AckNo, h.Flags = binary.BigEndian.Uint32(x[4:]), binary.BigEndian.Uint32(x[8:]), x[13]
	if len(x) >= 18 {
		h.Window, h.L4Sum = binary.BigEndian.Uint16(x[14:]), binary.BigEndian.Uint16(x[16:])
	}
	h.Payload, h.WireLoad = x[min(head, len(x)):], uint32(b.wire-head)
	h.check(b, e, protoTCP, sum)
	return OK
}

// UDP ports of tunnels (IANA; 8472 is Linux's older habit for VXLAN).
const (
	portVXLAN    = 4789
	portOldVXLAN = 8472
	portGENEVE   = 6081
)

func (d *Decoder) udp(h *Headers, b body, e *ends, sum Sum) Reason {
	x := b.data
	if len(x) < 8 {
		return b.short(8)
	}
	if n := int(binary.BigEndian.Uint16(x[4:])); n >= 8 {
		b = b.limit(n) // 0: a jumbogram, or left to the card
	}
	h.setKey(e, protoUDP, binary.BigEndian.Uint16(x), binary.BigEndian.Uint16(x[2:]))
	h.L4Sum = binary.BigEndian.Uint16(x[6:])
	h.load(b.skip(8))
	if h.L4Sum != 0 {
		h.check(b, e, protoUDP, sum)
	} else {
		h.Sum = worse(h.Sum, sum)
		if h.Sum == SumUnknown {
			h.Sum = sum // nothing to check but the header below
		}
	}
	switch binary.BigEndian.Uint16(x[2:]) {
	case portVXLAN, portOldVXLAN:
		return d.vxlan(h, b.skip(8), e)
	case portGENEVE:
		return d.geneve(h, b.skip(8), e)
	}
	return OK
}
