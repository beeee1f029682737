package event

import "net/netip"

// Flow is who talks to whom: the part of a conversation that does not change. A
// new value is made when something is learnt (the protocol); a value that was
// handed out is never changed.
type Flow struct {
	Key            Key
	Client, Server netip.AddrPort // ICMP: type and code of each side's first message as the port, as Community ID does
	ClientMAC      MAC            // link addresses of the first frame from each side; a router's where it is not on the segment
	ServerMAC      MAC            // broadcast or multicast where a frame to many was never answered
	Proto          uint8          // IANA protocol number
	App            string         // name of the protocol that was recognised in the bytes, "" while unknown
	Start          int64          // time of the first packet, ns
	Number         uint64         // of the first packet: with Start and Key it names the flow in a run
	CommunityID    string         // v1, seed 0
	Ingress        string         // interface the first packet came in on
	VLAN           [2]Tags
	Tunnel         *Tunnel // nil: not in a tunnel
	MidStream      bool    // the start was not seen: which end is the client is a guess
}

// Addr is the address of one side.
func (f *Flow) Addr(s Side) netip.Addr {
	if s == Client {
		return f.Client.Addr()
	}
	return f.Server.Addr()
}

// Ref is what findings keep of a flow.
func (f *Flow) Ref() FlowRef {
	return FlowRef{Key: f.Key, Start: f.Start, CommunityID: f.CommunityID, Ingress: f.Ingress}
}

// FlowRef names a flow.
type FlowRef struct {
	Key         Key
	Start       int64
	CommunityID string
	Ingress     string // interface of the first packet
}

// Tunnel is the outermost wrapping that a flow was found in.
type Tunnel struct {
	Kind             string // "vxlan", "geneve", "gre", "erspan", "ipip"
	ID               uint32 // VNI, GRE key or ERSPAN session, 0 where the tunnel has none
	Outer, OuterPeer netip.Addr
	Depth            uint8 // number of wrappings, 1 to 4
}

// TCPState is how far a TCP conversation got, in Zeek's well-known names.
type TCPState uint8

const (
	StateNone   TCPState = iota // not TCP
	StateS0                     // SYN, no answer
	StateS1                     // established, not ended
	StateSF                     // established and closed by both sides
	StateREJ                    // SYN answered by RST
	StateRSTO                   // established, client reset
	StateRSTR                   // established, server reset
	StateRSTOS0                 // SYN then RST by the client, no SYN-ACK
	StateSH                     // SYN and FIN by the client, no SYN-ACK: half open
	StateOTH                    // no SYN: mid-stream
	StateS2                     // established, client closed its half
	StateS3                     // established, server closed its half
	StateSHR                    // SYN-ACK and FIN by the server, no SYN seen: the other direction is not mirrored
	StateRSTRH                  // SYN-ACK and RST by the server, no SYN seen
)

var tcpStates = [...]string{"", "S0", "S1", "SF", "REJ", "RSTO", "RSTR", "RSTOS0", "SH", "OTH", "S2", "S3", "SHR", "RSTRH"}

func (s TCPState) String() string { return tcpStates[s] }

// Count is what one side of a flow sent.
type Count struct {
	Packets    uint64
	Bytes      uint64 // on the wire, from the network header on, as NetFlow counts
	Payload    uint64 // above TCP, UDP or ICMP; retransmissions not counted
	Retransmit uint64 // TCP segments that repeat bytes already seen
	Duplicate  uint64 // copies made by the mirror: in none of the other figures
	Gap        uint64 // payload bytes that were never seen
	BadSum     uint64 // packets with a wrong checksum, offload not counted
}

// Add adds d to c.
func (c *Count) Add(d Count) {
	c.Packets += d.Packets
	c.Bytes += d.Bytes
	c.Payload += d.Payload
	c.Retransmit += d.Retransmit
	c.Duplicate += d.Duplicate
	c.Gap += d.Gap
	c.BadSum += d.BadSum
}

// Sub takes d from c; c must not be smaller.
func (c *Count) Sub(d Count) {
	c.Packets -= d.Packets
	c.Bytes -= d.Bytes
	c.Payload -= d.Payload
	c.Retransmit -= d.Retransmit
	c.Duplicate -= d.Duplicate
	c.Gap -= d.Gap
	c.BadSum -= d.BadSum
}

// Traffic is the record of flow.start, flow.alive and flow.end: totals since the
// start, and the difference to the flow's previous document, so that sums of the
// differences over documents are true.
type Traffic struct {
	First    int64    // time of the first packet, ns
	Last     int64    // time of the latest packet, ns
	Total    [2]Count // by Side
	Delta    [2]Count
	State    TCPState
	History  string    // Zeek's letters: ShADadFfR …; upper case client, at most 24
	Leads    [2]uint32 // TCP: exchanges in which a side broke a second of silence with at most 1 KiB and was answered with at least twice as much
	Openings []int64   // TCP: packet times at which somebody broke a second of silence, ns, since the flow's previous document; at most 8, the latest
	RTT      int64     // SYN to SYN-ACK to ACK as seen at the mirror, ns; 0 unknown
	OneWay   bool      // only one side was seen
	End      string    // flow.end: fin, rst, idle, hard, evicted, shutdown, step; else ""
}
