package decode

import "encoding/binary"

// counterpart4 and counterpart6 pair the ICMP types of a question and its answer
// as Community ID v1 does; types that are not there go one way.
var (
	counterpart4 = map[uint8]uint16{8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
	counterpart6 = map[uint8]uint16{128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135,
		130: 131, 131: 130, 139: 140, 140: 139, 144: 145, 145: 144}
)

// pairs is both maps as an array, made once: type → counterpart, or oneWay.
var pairs = func() (t [2][256]uint16) {
	for i := range 256 {
		t[0][i], t[1][i] = oneWay, oneWay
	}
	for k, v := range counterpart4 {
		t[0][k] = v
	}
	for k, v := range counterpart6 {
		t[1][k] = v
	}
	return t
}()

const oneWay = 0xffff

func icmpPorts(proto, typ, code uint8) (src, dst uint16) {
	version := 0
	if proto == protoICMPv6 {
		version = 1
	}
	if dst = pairs[version][typ]; dst == oneWay {
		dst = uint16(code)
	}
	return uint16(typ), dst
}

// icmp reads a message (RFC 792, RFC 4443); an error belongs to the pair of the
// packet that it quotes.
func icmp(h *Headers, b body, e *ends, proto uint8, sum Sum) Reason {
	x := b.data
	if len(x) < 2 || b.wire < 4 {
		return b.short(4)
	}
	src, dst := icmpPorts(proto, x[0], x[1])
	h.setKey(e, proto, src, dst)
	h.load(b)
	if len(x) >= 4 {
		h.L4Sum = binary.BigEndian.Uint16(x[2:])
	}
	if proto == protoICMP {
		if h.Sum = SumUnknown; len(x) == b.wire {
			h.Sum = SumBad
			if fold(addWords(0, x)) == 0xffff {
				h.Sum = SumGood
			}
		}
		h.Sum = worse(h.Sum, sum)
	} else {
		h.check(b, e, proto, sum)
	}
	if len(x) > 8 && isError(proto, x[0]) {
		h.quote(x[8:])
	}
	return OK
}

func isError(proto, typ uint8) bool {
	if proto == protoICMPv6 {
		return typ >= 1 && typ <= 4
	}
	return typ == 3 || typ == 4 || typ == 5 || typ == 11 || typ == 12
}

// quote reads the addresses and, where they are there, the ports of a quoted
// packet. Its lengths are those of the original and say nothing here.
func (h *Headers) quote(x []byte) {
	var e ends
	var proto uint8
	switch {
	case len(x) >= 20 && x[0]>>4 == 4:
		e.set4(x[12:], x[16:])
		proto = x[9]
		head := int(x[0]&15) * 4
		if later := binary.BigEndian.Uint16(x[6:])&0x1fff != 0; later || head < 20 {
			head = len(x)
		}
		x = x[min(head, len(x)):]
	case len(x) >= 40 && x[0]>>4 == 6:
		e = ends{[16]byte(x[8:24]), [16]byte(x[24:40])}
		proto, x = quotedChain(x[6], x[40:])
	default:
		return
	}
	var src, dst uint16
	switch {
	case (proto == protoTCP || proto == protoUDP || proto == protoSCTP) && len(x) >= 4:
		src, dst = binary.BigEndian.Uint16(x), binary.BigEndian.Uint16(x[2:])
	case (proto == protoICMP || proto == protoICMPv6) && len(x) >= 2:
		src, dst = icmpPorts(proto, x[0], x[1])
	}
	h.Quoted = true
	h.QuotedKey.Segment = h.Key.Segment
	h.QuotedFromA = order(&h.QuotedKey, &e, proto, src, dst)
}

// quotedChain finds what stands behind the extension headers of a quoted packet.
func quotedChain(next uint8, x []byte) (uint8, []byte) {
	for range maxExtensions {
		switch next {
		case protoHopByHop, protoRouting, protoOptions, protoFragment, protoAH:
		default:
			return next, x
		}
		if len(x) < 8 {
			return next, nil
		}
		if next == protoFragment && binary.BigEndian.Uint16(x[2:])&0xfff8 != 0 {
			return x[0], nil
		}
		size := extensionSize(next, x[1])
		next, x = x[0], x[min(size, len(x)):]
	}
	return next, nil
}
