package proto

import (
	"net/netip"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "arp", Doc: "address resolution: which link address an IPv4 address has", Source: "RFC 826, RFC 5227", IP: ARP, Limit: 64,
		Probe: probeARP, New: func() Parser { return arpParser{} }, Tables: []*event.Table{arpTable}})
}

// ARPMessage is one message about IPv4 addresses on Ethernet.
type ARPMessage struct {
	Op         string // request, reply, or the number of another operation
	SenderMAC  event.MAC
	SenderIP   netip.Addr
	TargetMAC  event.MAC // zero in a request
	TargetIP   netip.Addr
	Gratuitous bool // the sender speaks of its own address, unasked
}

func (*ARPMessage) Table() *event.Table { return arpTable }

var arpTable = event.NewTable("arp", "Address resolution on the local link.",
	event.String("brandmelder.arp.operation", event.Technical, "request, reply or the operation's number", func(a *ARPMessage) (string, bool) { return a.Op, true }),
	event.IP("brandmelder.arp.sender.ip", event.Technical, "address of the sender; 0.0.0.0 in a probe for a free address", func(a *ARPMessage) netip.Addr { return a.SenderIP }),
	event.String("brandmelder.arp.sender.mac", event.Technical, "link address of the sender", func(a *ARPMessage) (string, bool) { return a.SenderMAC.String(), !a.SenderMAC.IsZero() }),
	event.IP("brandmelder.arp.target.ip", event.Technical, "address asked for, or of the asker", func(a *ARPMessage) netip.Addr { return a.TargetIP }),
	event.String("brandmelder.arp.target.mac", event.Technical, "link address of the asker, in a reply", func(a *ARPMessage) (string, bool) { return a.TargetMAC.String(), !a.TargetMAC.IsZero() }),
	event.Bool("brandmelder.arp.gratuitous", event.Technical, "the sender announces its own address", func(a *ARPMessage) (bool, bool) { return true, a.Gratuitous }),
).InBrief("brandmelder.arp.operation", "brandmelder.arp.sender.ip", "brandmelder.arp.sender.mac", "brandmelder.arp.target.ip")

const arpSize = 28 // of a message about IPv4 on Ethernet; frames pad it

func probeARP(_ event.Side, data []byte) Verdict {
	c := cursor{data: data}
	link, network, sizes := c.be16(), c.be16(), c.be16()
	return yesIf(len(data) >= arpSize && link == 1 && network == 0x0800 && sizes == 0x0604)
}

// arpParser keeps nothing: each message stands alone.
type arpParser struct{}

func (arpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if probeARP(from, data) != Yes {
		return true
	}
	c := cursor{data: data}
	c.skip(6)
	a := &ARPMessage{Op: arpOp(c.be16())}
	a.SenderMAC = event.MAC(c.take(6))
	a.SenderIP = netip.AddrFrom4([4]byte(c.take(4)))
	a.TargetMAC = event.MAC(c.take(6))
	a.TargetIP = netip.AddrFrom4([4]byte(c.take(4)))
	a.Gratuitous = a.SenderIP == a.TargetIP && !a.SenderIP.IsUnspecified()
	emit(a)
	return true
}

func arpOp(n uint16) string {
	switch n {
	case 1:
		return "request"
	case 2:
		return "reply"
	}
	return strconv.Itoa(int(n))
}
