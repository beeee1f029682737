package craft

import (
	"encoding/binary"
	"net/netip"
)

// VXLAN is the packet that carries frame from src to dst (RFC 7348).
func VXLAN(src, dst netip.Addr, vni uint32, frame []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{8, 0, 0, 0}, vni<<8)
	return udp(src, dst, 4789, append(b, frame...))
}

// GENEVE is the packet that carries frame from src to dst (RFC 8926); options
// must be a multiple of 4 bytes.
func GENEVE(src, dst netip.Addr, vni uint32, options, frame []byte) []byte {
	b := []byte{byte(len(options) / 4), 0, typeTEB >> 8, typeTEB & 255}
	b = append(binary.BigEndian.AppendUint32(b, vni<<8), options...)
	return udp(src, dst, 6081, append(b, frame...))
}

func udp(src, dst netip.Addr, port uint16, payload []byte) []byte {
	const sender = 49152
	return IP(src, dst, protoUDP, UDP(netip.AddrPortFrom(src, sender), netip.AddrPortFrom(dst, port), payload))
}

// GRE is the packet that carries an IP packet (RFC 2784); a key other than 0 is
// sent (RFC 2890).
func GRE(src, dst netip.Addr, key uint32, packet []byte) []byte {
	return gre(src, dst, etherTypeOf(packet), key, packet)
}

// GREEthernet is the packet that carries an Ethernet frame, as NVGRE and gretap
// do it.
func GREEthernet(src, dst netip.Addr, key uint32, frame []byte) []byte {
	return gre(src, dst, typeTEB, key, frame)
}

func gre(src, dst netip.Addr, etherType uint16, key uint32, payload []byte) []byte {
	b := []byte{0, 0, byte(etherType >> 8), byte(etherType)}
	if key != 0 {
		b[0] = 0x20
		b = binary.BigEndian.AppendUint32(b, key)
	}
	return IP(src, dst, protoGRE, append(b, payload...))
}

// ERSPAN is the packet that carries a mirrored frame in ERSPAN type II: GRE with
// a sequence number.
func ERSPAN(src, dst netip.Addr, session uint16, seq uint32, frame []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0x10, 0, typeERSP2 >> 8, typeERSP2 & 255}, seq)
	b = binary.BigEndian.AppendUint32(b, 1<<28|uint32(session&0x3ff))
	b = append(b, 0, 0, 0, 0)
	return IP(src, dst, protoGRE, append(b, frame...))
}

// InIP is the packet that carries an IP packet directly: IPIP, 6in4, 4in6 or
// 6in6, by the versions of the two.
func InIP(src, dst netip.Addr, packet []byte) []byte {
	if etherTypeOf(packet) == typeIPv6 {
		return IP(src, dst, proto6in4, packet)
	}
	return IP(src, dst, protoIPIP, packet)
}
