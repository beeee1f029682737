package decode

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// IP protocol numbers (IANA).
const (
	protoHopByHop = 0
	protoICMP     = 1
	protoIPIP     = 4
	protoTCP      = 6
	protoUDP      = 17
	protoIPv6     = 41
	protoRouting  = 43
	protoFragment = 44
	protoGRE      = 47
	protoAH       = 51
	protoICMPv6   = 58
	protoNone     = 59
	protoOptions  = 60
	protoSCTP     = 132
)

// ends are the two addresses of an IP header, IPv4 mapped into IPv6.
type ends struct{ src, dst [16]byte }

// set4 writes whole words, which the processor can forward to the loads that
// follow; smaller pieces would make them wait.
func (e *ends) set4(src, dst []byte) {
	const mapped = 0xffff << 32
	binary.BigEndian.PutUint64(e.src[8:], mapped|uint64(binary.BigEndian.Uint32(src)))
	binary.BigEndian.PutUint64(e.dst[8:], mapped|uint64(binary.BigEndian.Uint32(dst)))
}

// ip reads a packet whose version only its first byte tells.
func (d *Decoder) ip(h *Headers, b body) Reason {
	if !d.deeper() {
		return Nesting
	}
	if len(b.data) < 1 {
		return b.short(1)
	}
	switch b.data[0] >> 4 {
	case 4:
		h.EtherType = typeIPv4
		return d.ipv4(h, b)
	case 6:
		h.EtherType = typeIPv6
		return d.ipv6(h, b)
	}
	return Malformed
}

func (d *Decoder) ipv4(h *Headers, b body) Reason {
	if len(b.data) < 20 {
		return b.short(20)
	}
	x := b.data
	head, total := int(x[0]&15)*4, int(binary.BigEndian.Uint16(x[2:]))
	unfinished := total == 0 // segmentation offload: the card would have filled it in
	if unfinished {
		total = b.wire
	}
	if x[0]>>4 != 4 || head < 20 || total < head {
		return Malformed
	}
	b = b.limit(total)
	if len(b.data) < head {
		return b.short(head)
	}
	var e ends
	e.set4(x[12:], x[16:])
	h.IPLen, h.TTL, h.IPID = uint32(b.wire), x[8], binary.BigEndian.Uint16(x[4:])
	sum := headerSum(x[:head])
	if unfinished {
		sum = SumOffload // whatever stands there was not made for this length
	}
	place := binary.BigEndian.Uint16(x[6:])
	rest := b.skip(head)
	if place&0x3fff == 0 {
		return d.transport(h, rest, &e, x[9], sum)
	}
	f := piece{ends: e, id: uint32(h.IPID), proto: x[9], off: int(place&0x1fff) * 8, more: place&0x2000 != 0, v4: true}
	whole, proto, done := d.keep(h, rest, &f)
	if !done {
		return Held
	}
	return d.transport(h, whole, &e, proto, sum)
}

func (d *Decoder) ipv6(h *Headers, b body) Reason {
	if len(b.data) < 40 {
		return b.short(40)
	}
	x := b.data
	if x[0]>>4 != 6 {
		return Malformed
	}
	size := int(binary.BigEndian.Uint16(x[4:]))
	if size == 0 && x[6] != protoNone { // jumbogram (RFC 2675) or segmentation offload
		size = b.wire - 40
	}
	b = b.limit(40 + size)
	e := ends{[16]byte(x[8:24]), [16]byte(x[24:40])}
	h.IPLen, h.TTL, h.IPID = uint32(b.wire), x[7], 0
	return d.chain(h, b.skip(40), &e, x[6])
}

// chain walks the extension headers (RFC 8200).
func (d *Decoder) chain(h *Headers, b body, e *ends, next uint8) Reason {
	sum := SumGood
	for range maxExtensions + 1 {
		size := 0
		switch next {
		case protoHopByHop, protoRouting, protoOptions, protoFragment, protoAH:
			if len(b.data) < 8 {
				return b.short(8)
			}
			size = extensionSize(next, b.data[1])
		default:
			return d.transport(h, b, e, next, sum)
		}
		if len(b.data) < size {
			return b.short(size)
		}
		x := b.data
		if next == protoRouting && x[3] != 0 {
			sum = SumUnknown // the checksum is made with the last address of the route
		}
		was := next
		next, b = x[0], b.skip(size)
		place := binary.BigEndian.Uint16(x[2:])
		if was != protoFragment || place&0xfff9 == 0 {
			continue
		}
		f := piece{ends: *e, id: binary.BigEndian.Uint32(x[4:]), proto: next, off: int(place &^ 7), more: place&1 != 0}
		var done bool
		if b, next, done = d.keep(h, b, &f); !done {
			return Held
		}
	}
	return Nesting
}

func extensionSize(kind, length uint8) int {
	switch kind {
	case protoFragment:
		return 8
	case protoAH:
		return int(length)*4 + 8
	}
	return int(length)*8 + 8
}

// keep hands a fragment to the table. When it completes its datagram the whole
// is returned, else h says what a held packet can say: the pair and its length.
func (d *Decoder) keep(h *Headers, b body, f *piece) (whole body, proto uint8, done bool) {
	whole, proto, done = d.fragment.add(h, b, f)
	if !done {
		h.setKey(&f.ends, f.proto, 0, 0)
		h.Frag = true
		h.Lane = LaneOf(&h.Key, &h.Tags, d.seed)
	}
	return whole, proto, done
}

// setKey orders the endpoints and notes the direction.
func (h *Headers) setKey(e *ends, proto uint8, srcPort, dstPort uint16) {
	h.FromA = order(&h.Key, e, proto, srcPort, dstPort)
}

// order fills k and reports whether src became A.
func order(k *event.Key, e *ends, proto uint8, srcPort, dstPort uint16) bool {
	k.Proto = proto
	if less(e, srcPort, dstPort) {
		k.A, k.B, k.APort, k.BPort = e.src, e.dst, srcPort, dstPort
		return true
	}
	k.A, k.B, k.APort, k.BPort = e.dst, e.src, dstPort, srcPort
	return false
}

func less(e *ends, srcPort, dstPort uint16) bool {
	s, t := binary.BigEndian.Uint64(e.src[:]), binary.BigEndian.Uint64(e.dst[:])
	if s != t {
		return s < t
	}
	s, t = binary.BigEndian.Uint64(e.src[8:]), binary.BigEndian.Uint64(e.dst[8:])
	if s != t {
		return s < t
	}
	return srcPort <= dstPort
}
