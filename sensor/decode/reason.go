package decode

// Reason says why a packet gave no headers.
type Reason uint8

const (
	OK         Reason = iota
	Held              // a fragment that waits for the others
	Cut               // the snap length ends inside the headers
	Malformed         // a length or version that cannot be
	BadLink           // a link type that nobody here reads
	Nesting           // wrapped more than MaxDepth times
	NotData           // a link frame without a packet: 802.11 management, PPP control
	Encrypted         // an encrypted link frame
	Switching         // STP, LLDP, CDP, LACP: switches among themselves
	Access            // EAPOL: access to the network itself
	Industrial        // PROFINET, EtherCAT, GOOSE: layer 2 automation
	OtherLink         // any other EtherType
	OtherIP           // an IP protocol without ports that no flow is kept of
	FragGiven         // a fragment that had to make room, or came too often
	reasonCount
)

var reasonNames = [reasonCount]string{
	"ok", "held", "cut", "malformed", "link_type", "nesting", "no_packet", "encrypted_link",
	"switching", "access_control", "industrial", "ethertype", "ip_protocol", "fragment_given_up",
}

func (r Reason) String() string {
	if r < reasonCount {
		return reasonNames[r]
	}
	return "unknown"
}

// ofEtherType sorts what is neither IP nor ARP.
func ofEtherType(t uint16) Reason {
	switch t {
	case 0x88cc, 0x8809, 0x2000, 0x9000, 0x8100:
		return Switching
	case 0x888e, 0x88c7:
		return Access
	case 0x8892, 0x88a4, 0x88b8, 0x88b9, 0x88ba, 0x88ab, 0x88cd:
		return Industrial
	}
	if t < 0x600 { // a length: IEEE 802.2 LLC, which carries STP, CDP and IS-IS
		return Switching
	}
	return OtherLink
}
