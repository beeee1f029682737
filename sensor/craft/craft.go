// Package craft makes packets for tests and exercises: frames from the inside
// out, whole conversations, and capture files. What it makes has correct lengths
// and checksums unless the caller changes the bytes afterwards. It shares no code
// with the decoder, so that a mistake in one is not hidden by the other.
package craft

import (
	"encoding/binary"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// EtherTypes and IP protocol numbers that the maker needs itself.
const (
	typeIPv4  = 0x0800
	typeARP   = 0x0806
	typeIPv6  = 0x86dd
	typeTEB   = 0x6558 // transparent Ethernet bridging
	typeERSP2 = 0x88be

	protoICMP   = 1
	protoIPIP   = 4
	protoTCP    = 6
	protoUDP    = 17
	proto6in4   = 41
	protoFrag   = 44
	protoGRE    = 47
	protoICMPv6 = 58
)

// Host is one end of a link.
type Host struct {
	MAC event.MAC
	IP  netip.Addr
}

// NewHost is the host with this address and a MAC made from it (locally
// administered). It panics when ip is no address.
func NewHost(ip string) Host {
	a := netip.MustParseAddr(ip)
	b := a.As16()
	return Host{MAC: event.MAC{0x02, b[0] ^ b[11], b[12], b[13], b[14], b[15]}, IP: a}
}

// Ethernet is a frame. Tags are VLAN tags, outermost first, each TPID<<16 | TCI.
func Ethernet(src, dst event.MAC, etherType uint16, payload []byte, tags ...uint32) []byte {
	f := append(append(make([]byte, 0, 18+len(payload)), dst[:]...), src[:]...)
	for _, t := range tags {
		f = binary.BigEndian.AppendUint32(f, t)
	}
	f = binary.BigEndian.AppendUint16(f, etherType)
	return append(f, payload...)
}

// VLAN is an 802.1Q tag for Ethernet.
func VLAN(id uint16) uint32 { return 0x8100<<16 | uint32(id) }

// ServiceVLAN is an 802.1ad tag for Ethernet.
func ServiceVLAN(id uint16) uint32 { return 0x88a8<<16 | uint32(id) }

// Frame puts an IP packet of either version on Ethernet from src to dst.
func Frame(src, dst Host, packet []byte, tags ...uint32) []byte {
	return Ethernet(src.MAC, dst.MAC, etherTypeOf(packet), packet, tags...)
}

func etherTypeOf(packet []byte) uint16 {
	if len(packet) > 0 && packet[0]>>4 == 6 {
		return typeIPv6
	}
	return typeIPv4
}

// ARP is the message of op 1 (request; target.MAC is not sent) or 2 (reply) on
// Ethernet; a request goes to everyone.
func ARP(op uint16, sender, target Host) []byte {
	to, asked := target.MAC, target.MAC
	if op == 1 {
		to, asked = event.MAC{255, 255, 255, 255, 255, 255}, event.MAC{}
	}
	m := []byte{0, 1, 8, 0, 6, 4, 0, byte(op)}
	m = append(append(m, sender.MAC[:]...), sender.IP.AsSlice()...)
	m = append(append(m, asked[:]...), target.IP.AsSlice()...)
	return Ethernet(sender.MAC, to, typeARP, m)
}

// sum is the Internet checksum (RFC 1071) of the parts, of which only the last
// may have an odd length.
func sum(parts ...[]byte) uint16 {
	var s uint32
	for _, p := range parts {
		for i, b := range p {
			s += uint32(b) << (8 * (1 - i&1))
		}
		s = s>>16 + s&0xffff
	}
	s = s>>16 + s&0xffff
	return ^uint16(s>>16 + s&0xffff)
}

// pseudo is the pseudo-header of TCP, UDP and ICMPv6.
func pseudo(src, dst netip.Addr, proto uint8, length int) []byte {
	p := append(src.AsSlice(), dst.AsSlice()...)
	p = binary.BigEndian.AppendUint32(p, uint32(length))
	return binary.BigEndian.AppendUint32(p, uint32(proto))
}
