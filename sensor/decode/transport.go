package decode

import "encoding/binary"

func (d *Decoder) transport(proto uint8, f frame, h *Headers) Reason {
	h.Key.Proto = proto
	switch proto {
	case protoTCP:
		return tcp(f, h)
	case protoUDP:
		return d.udp(f, h)
	case protoICMP, protoICMPv6:
		return icmp(f, h)
	case protoGRE:
		return d.gre(f, h)
	case protoIPIP, protoIPv6:
		h.setTunnel("ipip", 0)
		return d.inner(f, h, (*Decoder).raw)
	case protoSCTP:
		if len(f.data) < 12 {
			return Cut
		}
		h.setPorts(binary.BigEndian.Uint16(f.data), binary.BigEndian.Uint16(f.data[2:]))
		h.setPayload(f.skip(12))
		return OK
	}
	h.setPayload(f)
	return OK
}

func (h *Headers) setPayload(f frame) {
	h.Payload, h.WireLoad = f.data, uint32(max(f.wire, len(f.data)))
}

func tcp(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 20 {
		return Cut
	}
	size := int(b[12]>>4) * 4
	if size < 20 || size > f.wire {
		return Malformed
	}
	h.setPorts(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	h.Seq = binary.BigEndian.Uint32(b[4:])
	h.AckNo = binary.BigEndian.Uint32(b[8:])
	h.Flags = b[13]
	h.Window = binary.BigEndian.Uint16(b[14:])
	h.L4Sum = binary.BigEndian.Uint16(b[16:])
	h.checkSum(f, h.L4Sum)
	if len(b) < size { // the options are cut, the counts are still right
		h.WireLoad = uint32(f.wire - size)
		return OK
	}
	h.setPayload(f.skip(size))
	return OK
}

func (d *Decoder) udp(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 8 {
		return Cut
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 { // jumbogram or segmentation offload
		length = f.wire
	}
	if length < 8 {
		return Malformed
	}
	src, dst := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	h.setPorts(src, dst)
	h.L4Sum = binary.BigEndian.Uint16(b[6:])
	if h.L4Sum != 0 {
		h.checkSum(f.limit(length), h.L4Sum)
	}
	f = f.limit(length).skip(8)
	h.setPayload(f)
	if r, tunnel := d.udpTunnel(dst, f, h); tunnel {
		return r
	}
	return OK
}

// checkSum verifies the checksum of layer 4 when all bytes are there. A sender
// whose card fills the sum in leaves the sum of the pseudo-header, not inverted.
func (h *Headers) checkSum(f frame, field uint16) {
	if len(f.data) < f.wire || h.Frag {
		if h.Sum == SumGood {
			h.Sum = SumUnknown
		}
		return
	}
	src, dst := h.src(), h.dst()
	pseudo := sumPairs(src[:], 0)
	pseudo = sumPairs(dst[:], pseudo)
	if h.EtherType == typeIPv4 { // the mapped prefix ffff stands twice and counts as nothing
		pseudo -= 2 * 0xffff
	}
	pseudo += uint64(h.Key.Proto) + uint64(f.wire)
	switch {
	case sum(f.data, pseudo) == 0xffff:
	case f.unsummed || fold(pseudo) == field:
		h.Sum = max(h.Sum, SumOffload)
	default:
		h.Sum = SumBad
	}
}

// sum is the one's complement sum (RFC 1071) of b and start.
func sum(b []byte, start uint64) uint16 { return fold(sumPairs(b, start)) }

// sumPairs adds 32 bits at a time: the carries are folded at the end, which the
// sum allows (RFC 1071 section 2).
func sumPairs(b []byte, s uint64) uint64 {
	for len(b) >= 8 {
		x := binary.BigEndian.Uint64(b)
		s += x>>32 + x&0xffffffff
		b = b[8:]
	}
	for len(b) >= 2 {
		s += uint64(b[0])<<8 | uint64(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

func fold(s uint64) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return uint16(s)
}

// icmpPair maps a request type to its reply, as Community ID does.
var icmpPair = map[uint8]uint8{8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10}
var icmp6Pair = map[uint8]uint8{128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 139: 140, 140: 139, 144: 145, 145: 144}

func icmp(f frame, h *Headers) Reason {
	b := f.data
	if len(b) < 8 {
		return Cut
	}
	pairs, v6 := icmpPair, h.Key.Proto == protoICMPv6
	if v6 {
		pairs = icmp6Pair
	}
	kind, code := b[0], b[1]
	h.L4Sum = binary.BigEndian.Uint16(b[2:])
	peer, both := pairs[kind]
	if !both {
		peer = code
	}
	h.setPorts(uint16(kind), uint16(peer))
	h.setPayload(f)
	if len(b) == f.wire && !v6 && !h.Frag {
		if sum(b, 0) != 0xffff {
			h.Sum = SumBad
		}
	} else {
		h.checkSum(f, h.L4Sum)
	}
	if v6 && kind < 128 || !v6 && (kind == 3 || kind == 4 || kind == 5 || kind == 11 || kind == 12) {
		h.quote(b[8:])
	}
	return OK
}

// quote reads the addresses and ports of the packet that an ICMP error quotes.
func (h *Headers) quote(b []byte) {
	var q Headers
	var rest []byte
	switch {
	case len(b) >= 28 && b[0]>>4 == 4 && len(b) >= int(b[0]&15)*4+8 && b[0]&15 >= 5:
		setAddrs(&q, mapped(b[12:16]), mapped(b[16:20]))
		q.Key.Proto, rest = b[9], b[int(b[0]&15)*4:]
	case len(b) >= 48 && b[0]>>4 == 6:
		setAddrs(&q, [16]byte(b[8:24]), [16]byte(b[24:40]))
		q.Key.Proto, rest = b[6], b[40:]
	default:
		return
	}
	if q.Key.Proto == protoTCP || q.Key.Proto == protoUDP {
		q.setPorts(binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:]))
	}
	q.Key.Segment = h.Key.Segment
	h.Quoted, h.QuotedKey, h.QuotedFromA = true, q.Key, q.FromA
}
