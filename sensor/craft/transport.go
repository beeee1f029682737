package craft

import (
	"encoding/binary"
	"net/netip"
)

// TCP flags (RFC 9293).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// TCP is a TCP header. Zero Window means 64240.
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8
	Window           uint16
	Options          []byte // padded with zeros to a multiple of 4
}

// Bytes is the segment with this payload, its checksum for src and dst.
func (h TCP) Bytes(src, dst netip.Addr, payload []byte) []byte {
	b := make([]byte, 20, 20+len(h.Options)+3+len(payload))
	binary.BigEndian.PutUint16(b[0:], h.SrcPort)
	binary.BigEndian.PutUint16(b[2:], h.DstPort)
	binary.BigEndian.PutUint32(b[4:], h.Seq)
	binary.BigEndian.PutUint32(b[8:], h.Ack)
	b[13] = h.Flags
	binary.BigEndian.PutUint16(b[14:], h.Window)
	if h.Window == 0 {
		binary.BigEndian.PutUint16(b[14:], 64240)
	}
	b = append(b, h.Options...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b[12] = byte(len(b) / 4 << 4)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[16:], sum(pseudo(src, dst, protoTCP, len(b)), b))
	return b
}

// UDP is a datagram (RFC 768), its checksum for src and dst.
func UDP(src, dst netip.AddrPort, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(make([]byte, 0, 8+len(payload)), src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(append(b, 0, 0), payload...)
	s := sum(pseudo(src.Addr(), dst.Addr(), protoUDP, len(b)), b)
	if s == 0 {
		s = 0xffff // zero on the wire means "no checksum"
	}
	binary.BigEndian.PutUint16(b[6:], s)
	return b
}

// ICMP is an ICMP or ICMPv6 message, by the version of src; rest is the word
// behind the checksum (id and sequence of an echo, MTU of "too big").
func ICMP(src, dst netip.Addr, typ, code uint8, rest uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{typ, code, 0, 0}, rest)
	b = append(b, body...)
	s := sum(b)
	if src.Is6() {
		s = sum(pseudo(src, dst, protoICMPv6, len(b)), b)
	}
	binary.BigEndian.PutUint16(b[2:], s)
	return b
}

func icmpProto(a netip.Addr) uint8 {
	if a.Is4() {
		return protoICMP
	}
	return protoICMPv6
}

// Echo is the packet of an echo request, or of the reply to one.
func Echo(src, dst netip.Addr, reply bool, id, seq uint16, body []byte) []byte {
	typ := uint8(8)
	if src.Is6() {
		typ = 128
	}
	if reply && src.Is6() {
		typ = 129
	} else if reply {
		typ = 0
	}
	return IP(src, dst, icmpProto(src), ICMP(src, dst, typ, 0, uint32(id)<<16|uint32(seq), body))
}

// Unreachable is the packet of an ICMP or ICMPv6 "destination unreachable" that
// quotes the start of an IP packet: its IP header and at most 28 bytes more.
func Unreachable(src, dst netip.Addr, code uint8, quoted []byte) []byte {
	typ, head := uint8(3), 20
	if src.Is6() {
		typ, head = 1, 40
	}
	quoted = quoted[:min(len(quoted), head+28)]
	return IP(src, dst, icmpProto(src), ICMP(src, dst, typ, code, 0, quoted))
}
