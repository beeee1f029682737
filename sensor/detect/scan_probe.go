package detect

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// probe is a contact as the scan detector sees it.
type probe struct {
	client, server netip.Addr
	proto          uint8
	port           uint16 // 0: ICMP and ARP have none
	failed         bool
	stealth        bool // no SYN: of the kind that shows closed ports only
}

const (
	protoICMP, protoTCP, protoUDP, protoICMPv6 = 1, 6, 17, 58

	// No IANA numbers of anything that has flows here: ARP, and any protocol above IP
	// that has none of its own here.
	protoARP, protoAny = 255, 254

	echoRequest, echoRequestV6 = 8, 128

	// Unanswered UDP to these ports is how traceroute works.
	traceFirst, traceLast = 33434, 33534

	// Where a host that asked for an address waits for the answer (RFC 2131, 4.1),
	// which goes to the address that it does not have yet.
	dhcpClient = 68
)

// probeOf reads a flow, of a mirror that shows half or all; ok is false for what says
// nothing about scans.
func probeOf(kind string, f *event.Flow, t *event.Traffic, half bool) (p probe, ok bool) {
	p = probe{client: f.Client.Addr(), server: f.Server.Addr(), proto: f.Proto, port: f.Server.Port()}
	silent := t.Total[event.Server].Packets == 0
	switch f.Proto {
	case protoTCP:
		p.failed, p.stealth, ok = tcpProbe(f, t, half)
		return p, ok
	case protoUDP:
		p.failed = silent
		return p, kind == "flow.end" && (p.port < traceFirst || p.port > traceLast) && p.port != dhcpClient
	case protoICMP, protoICMPv6:
		kindOf := f.Client.Port()
		p.port, p.failed = 0, silent
		return p, kind == "flow.end" && (kindOf == echoRequest || kindOf == echoRequestV6)
	}
	// Which protocols a host speaks at all: the number takes the place of a port.
	p.proto, p.port, p.failed = protoAny, uint16(f.Proto), silent
	return p, kind == "flow.end"
}

// tcpProbe says whether a TCP flow is a failed contact. Answers without a
// question say nothing. Where the mirror shows one direction only, who acknowledges was
// answered; where it shows both, he pretends.
func tcpProbe(f *event.Flow, t *event.Traffic, half bool) (failed, stealth, ok bool) {
	switch t.State {
	case event.StateS0, event.StateRSTOS0, event.StateSH:
		if half && acknowledged(t) {
			break
		}
		return true, false, t.Total[event.Client].Payload == 0
	case event.StateREJ:
		return true, false, true
	case event.StateOTH:
		return true, true, bare(f, t)
	}
	return false, false, !f.MidStream
}

// acknowledged reports whether the client acknowledged, as one does who was answered.
func acknowledged(t *event.Traffic) bool { return strings.Contains(t.History, "A") }

// bare reports a flow of one FIN, NULL or XMAS segment and at most a RST.
func bare(f *event.Flow, t *event.Traffic) bool {
	c, s := &t.Total[event.Client], &t.Total[event.Server]
	if !f.MidStream || c.Packets == 0 || c.Packets > 2 || s.Packets > 2 || c.Payload+s.Payload > 0 {
		return false
	}
	switch t.History {
	case "", "F", "Fr", "FF", "r":
		return true
	case "A", "Ar", "AA":
		// To a service: a server that asks whether its clients are still there sends
		// the same, from its own low port to their high ones.
		return f.Server.Port() < 1024 && f.Client.Port() >= 1024
	}
	return false
}

// arpProbe reads an ARP request; its answer is the same with the sides changed.
func arpProbe(r event.Record) (p probe, ok bool) {
	from, to := event.AddrOf(r, "brandmelder.arp.sender.ip"), event.AddrOf(r, "brandmelder.arp.target.ip")
	p = probe{client: from, server: to, proto: protoARP, failed: true}
	if event.TextOf(r, "brandmelder.arp.operation") == "reply" {
		p.client, p.server, p.failed = to, from, false
	}
	return p, from.IsValid() && to.IsValid() && from != to && !from.IsUnspecified()
}

// addrID is a number for an address that tells apart those of one sweep.
func addrID(a netip.Addr) uint64 {
	b := a.As16()
	return mix(binary.BigEndian.Uint64(b[:8])) ^ binary.BigEndian.Uint64(b[8:])
}

// neighbourhood is the small network of an address: /24, of IPv6 /120, since a
// whole /64 cannot be searched.
func neighbourhood(a netip.Addr) netip.Addr {
	p, err := a.Prefix(a.BitLen() - 8)
	if err != nil {
		return a
	}
	return p.Addr()
}
