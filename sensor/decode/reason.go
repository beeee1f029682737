package decode

// Reason names why a packet gave no headers, or that it was held back.
type Reason uint8

const (
	OK         Reason = iota
	Held              // a fragment, kept until its datagram is complete; Key without ports and IPLen are set
	Cut               // the capture's snaplen ends before the ports
	Malformed         // lengths that contradict each other
	Link              // link type of the capture file that is not read
	Nesting           // wrapped more than four times
	Encrypted         // protected 802.11 data, MACsec
	Wireless          // 802.11 management, control and empty data frames
	STP               // spanning tree
	LLDP              // link layer discovery, and CDP
	EAPOL             // 802.1X
	Slow              // link aggregation and other slow protocols
	LLC               // other 802.2 frames: IS-IS, NetBEUI, IPX
	PPPControl        // LCP, PPPoE discovery and other control of a PPP link
	NotIP             // any other EtherType
	reasonCount
)

var reasons = [reasonCount]string{"ok", "fragment held", "cut by snaplen", "malformed", "link type",
	"nesting", "encrypted link", "wireless control", "stp", "lldp", "eapol", "slow protocols", "llc", "ppp control", "not ip"}

// String is the name of the reason in coverage and accounting.
func (r Reason) String() string {
	if r < reasonCount {
		return reasons[r]
	}
	return "unknown"
}
