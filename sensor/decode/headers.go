// Package decode turns the bytes of a frame into its headers, layers 2 to 4,
// without allocating. It unwraps tunnels, puts fragments together within fixed
// memory, and names the reason for each frame that it cannot read.
package decode

import "github.com/brandmelder/brandmelder/sensor/event"

// TCP flags (RFC 9293).
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Sum says what the checksums of a packet are worth.
type Sum uint8

const (
	SumUnknown Sum = iota // not checked: cut by snaplen, or a fragment
	SumGood
	SumBad
	SumOffload // not filled in yet: the sender's card would have
)

// Headers are the innermost readable headers of one packet. It is reused: all
// slices point into the frame or into the decoder's own memory and are valid
// until the next Decode.
type Headers struct {
	Time      int64
	Number    uint64
	Interface uint16

	SrcMAC, DstMAC event.MAC
	Tags           event.Tags // of the outer frame; Known is always true
	EtherType      uint16     // of the innermost frame
	ARP            []byte     // the ARP message of an ARP frame, else nil: then the fields below are zero

	Key     event.Key // of the innermost IP header; ports of an ICMP message as Community ID v1 says
	FromA   bool      // the packet goes from Key.A to Key.B
	TTL     uint8     // or hop limit
	IPID    uint16    // IPv4 only
	Overlap bool      // its fragments contradicted each other; the first copy of each byte was taken
	Frag    bool      // put together from fragments; Number and Time are of the packet that completed it
	IPLen   uint32    // bytes from the innermost network header on, as the wire carried them
	// Fragments that were held before the one that completed the datagram: a held
	// packet is in no other figure, so whoever counts packets adds these to this one.
	FragPackets uint16
	FragBytes   uint32 // sum of their IPLen
	Payload     []byte // above layer 4; of an ICMP message its whole ICMP message
	WireLoad    uint32 // payload bytes on the wire; Payload may be shorter
	Sum         Sum    // the worst of IP and layer 4
	L4Sum       uint16 // checksum field of layer 4, for the duplicate test

	Seq, AckNo uint32 // TCP
	Window     uint16
	Flags      uint8

	Quoted      bool // ICMP error: the packet belongs to the pair it quotes, QuotedKey
	QuotedKey   event.Key
	QuotedFromA bool

	// Of event.Packet; Alone: there is no packet, only its Delta and what names it.
	Delta *event.FlowDelta
	Alone bool
	Entry uint64
	Want  event.Want

	Tunnel event.Tunnel // Depth 0: none
	Lane   uint8        // 0 to Lanes-1, by the symmetric pair of addresses (ICMP errors: of the pair they quote; ARP: 0)
}

// Lanes is the number of independent lanes of the line: more than any machine has
// shards, so that a lane behaves the same whichever shard runs it.
const Lanes = 64
