package event

import (
	"bytes"
	"net/netip"
	"sync/atomic"
)

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

	// Where the kernel counts for us, see FlowDelta.
	Delta *FlowDelta // counted before this packet; without Data it is all there is. Valid until the next Read
	Entry uint64     // the kernel's own name of the packet's conversation and side, 0 none: for capture.Steerer
	Want  Want       // that was in force when the kernel handed this packet over
}

// Want is how much the line needs of one side of a conversation.
type Want uint8

const (
	WantMore    Want = iota // whole packets
	WantHeaders             // headers of every packet
	WantStop                // counters; of TCP what opens, ends or is out of order as headers, and what follows a silence
)

// FlowDelta is what the kernel counted of one side of a conversation and did not
// hand over: packets that nobody wanted, or for which there was no room.
type FlowDelta struct {
	Key     Key  // this and the next two are set where the delta comes without a packet
	FromA   bool // the packets went from Key.A to Key.B
	Tags    Tags
	Packets uint64
	Bytes   uint64 // on the wire, from the network header on
	Payload uint64 // above TCP or UDP
	High    uint32 // TCP: sequence number behind the last byte
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

// NewKey orders two endpoints and reports whether src became A.
func NewKey(src, dst netip.AddrPort, proto uint8) (k Key, fromA bool) {
	a, b := src.Addr().As16(), dst.Addr().As16()
	if c := bytes.Compare(a[:], b[:]); c < 0 || c == 0 && src.Port() <= dst.Port() {
		return Key{A: a, B: b, APort: src.Port(), BPort: dst.Port(), Proto: proto}, true
	}
	return Key{A: b, B: a, APort: dst.Port(), BPort: src.Port(), Proto: proto}, false
}

// AddrA is the smaller address, IPv4 unmapped.
func (k *Key) AddrA() netip.Addr { return netip.AddrFrom16(k.A).Unmap() }

// AddrB is the greater address, IPv4 unmapped.
func (k *Key) AddrB() netip.Addr { return netip.AddrFrom16(k.B).Unmap() }

// MAC is an Ethernet address (EUI-48).
type MAC [6]byte

// macTexts keeps the notation of addresses that were asked for lately: a network has
// few, and each is in every document.
var macTexts [1024]atomic.Pointer[macText]

type macText struct {
	mac  MAC
	text string
}

// String is the notation of ECS: upper case with dashes (RFC 7042).
func (m MAC) String() string {
	kept := &macTexts[(uint(m[3])<<8^uint(m[4])<<4^uint(m[5]))%uint(len(macTexts))]
	if t := kept.Load(); t != nil && t.mac == m {
		return t.text
	}
	t := &macText{m, m.text()}
	kept.Store(t)
	return t.text
}

func (m MAC) text() string {
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
