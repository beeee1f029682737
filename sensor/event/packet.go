package event

import "net/netip"

// LinkType is a capture file's link type (LINKTYPE_ values of pcap-linktype(7)).
type LinkType uint16

// Packet is a frame as a source hands it out.
type Packet struct {
	Data      []byte // valid until the next Read of the source; may be shorter than Wire
	Time      int64  // ns since 1970
	Number    uint64 // place in the call's packets, from 1: makes the order total
	Wire      uint32 // length on the wire, bytes
	Link      LinkType
	Interface uint16 // index into Source.Stats().Interfaces
	Segment   uint16 // one address space: 0 unless the config groups interfaces
	Tag       uint32 // VLAN tag that the kernel took out of the frame: TPID<<16 | TCI, 0 none
	Unsummed  bool   // the kernel says that the sender's card will fill in the checksum
}

// Side is one end of a flow.
type Side uint8

const (
	Client Side = 0 // sent the SYN, or the first packet seen
	Server Side = 1
)

func (s Side) Other() Side { return 1 - s }

func (s Side) String() string {
	if s == Client {
		return "client"
	}
	return "server"
}

// Key names a conversation whichever way a packet goes: A is the smaller
// endpoint. It holds no pointer. IPv4 addresses are IPv4-mapped.
type Key struct {
	A, B         [16]byte
	APort, BPort uint16
	Segment      uint16
	Proto        uint8 // IANA protocol number
}

// AddrA is the smaller address, IPv4 unmapped.
func (k *Key) AddrA() netip.Addr { return netip.AddrFrom16(k.A).Unmap() }

// AddrB is the greater address, IPv4 unmapped.
func (k *Key) AddrB() netip.Addr { return netip.AddrFrom16(k.B).Unmap() }

// MAC is an Ethernet address (EUI-48).
type MAC [6]byte

// String is the notation of ECS: upper case with dashes (RFC 7042).
func (m MAC) String() string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, 17)
	for i, x := range m {
		if i > 0 {
			b = append(b, '-')
		}
		b = append(b, hex[x>>4], hex[x&15])
	}
	return string(b)
}

// IsZero reports whether no address is known.
func (m MAC) IsZero() bool { return m == MAC{} }

// Tags is a VLAN tag stack as one side of a flow carries it, outermost first.
type Tags struct {
	Known bool // false: this side was not seen yet
	N     uint8
	ID    [2]uint16 // VLAN ids, 0 to 4095
}

// IsGroup reports broadcast and multicast: a frame to many.
func (m MAC) IsGroup() bool { return m[0]&1 != 0 }
