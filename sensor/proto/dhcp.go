package proto

import (
	"net/netip"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "dhcp", Doc: "DHCP: which host got which address", Source: "RFC 2131, RFC 2132", IP: 17, Ports: []uint16{67, 68}, Limit: 64,
		Probe: probeDHCP, New: func() Parser { return dhcpParser{} }, Tables: []*event.Table{dhcpTable}})
}

// DHCP is one message.
type DHCP struct {
	Type      string // discover, offer, request, decline, ack, nak, release, inform, or the number
	FromHost  bool   // the client's message, not the server's
	ID        uint32 // of the transaction
	ClientMAC event.MAC
	Current   netip.Addr // address that the client already has
	Assigned  netip.Addr // address given; valid in offer and ack
	Requested netip.Addr
	Server    netip.Addr // server identifier
	Router    netip.Addr // first router told
	Relay     netip.Addr // agent that passed the message on
	Lease     int64      // s, -1 not told
	Hostname  string     // as the client calls itself
	FQDN      string     // full name of the client (RFC 4702)
	Vendor    string     // vendor class: kind of software
	Domain    string
	Resolvers []netip.Addr // DNS servers told, at most 8
}

func (*DHCP) Table() *event.Table { return dhcpTable }

const (
	dhcpOptions = 240 // where they begin, after the magic cookie
	dhcpCookie  = 0x63825363
)

// probeDHCP wants BOOTP on Ethernet with the cookie of DHCP.
func probeDHCP(_ event.Side, data []byte) Verdict {
	c := cursor{data: data}
	op, link, size := c.u8(), c.u8(), c.u8()
	c.seek(min(dhcpOptions-4, len(data)))
	return yesIf((op == 1 || op == 2) && link > 0 && size <= 16 && c.be32() == dhcpCookie)
}

// dhcpParser keeps nothing: a message says all that is needed of it.
type dhcpParser struct{}

func (dhcpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if probeDHCP(from, data) != Yes {
		return true
	}
	d := &DHCP{FromHost: data[0] == 1, Lease: -1, Current: ipv4(data[12:16]), Relay: ipv4(data[24:28])}
	c := cursor{data: data, at: 4}
	d.ID = c.be32()
	if data[1] == 1 && data[2] == 6 {
		d.ClientMAC = event.MAC(data[28:34])
	}
	kind := d.options(data[dhcpOptions:])
	if kind == 0 {
		return true // BOOTP only
	}
	d.Type = dhcpType(kind)
	if kind == 2 || kind == 5 {
		d.Assigned = ipv4(data[16:20])
		if !d.Assigned.IsValid() {
			d.Assigned = d.Current // the answer to an inform
		}
	}
	emit(d)
	return true
}

// options reads what is understood and returns the message type.
func (d *DHCP) options(data []byte) (kind uint8) {
	for c := (cursor{data: data}); c.left() > 1; {
		code := c.u8()
		if code == 0 {
			continue
		}
		if code == 255 {
			break
		}
		v := c.take(int(c.u8()))
		if len(v) == 0 {
			continue
		}
		if code == 53 {
			kind = v[0]
		}
		d.option(code, v)
	}
	return kind
}

func (d *DHCP) option(code uint8, v []byte) {
	switch code {
	case 3:
		d.Router = ipv4(v)
	case 6:
		for c := (cursor{data: v}); c.left() >= 4 && len(d.Resolvers) < 8; {
			d.Resolvers = append(d.Resolvers, netip.AddrFrom4([4]byte(c.take(4))))
		}
	case 12:
		d.Hostname = printable(text16(v, false))
	case 15:
		d.Domain = printable(text16(v, false))
	case 50:
		d.Requested = ipv4(v)
	case 51:
		c := cursor{data: v}
		if n := c.be32(); !c.bad {
			d.Lease = int64(n)
		}
	case 54:
		d.Server = ipv4(v)
	case 60:
		d.Vendor = printable(text16(v, false))
	case 81:
		d.FQDN = fqdn(v)
	}
}

// fqdn reads the client's full name: three bytes of flags, then ASCII or labels.
func fqdn(v []byte) string {
	if len(v) <= 3 {
		return ""
	}
	if v[0]&4 == 0 {
		return printable(text16(v[3:], false))
	}
	var buf [256]byte
	name, _, ok := wireName(append(append([]byte(nil), v[3:]...), 0), 0, buf[:])
	if !ok {
		return ""
	}
	return nameText(name)
}

// ipv4 is an address, none where the bytes are too few or all zero.
func ipv4(v []byte) netip.Addr {
	if len(v) < 4 {
		return netip.Addr{}
	}
	if a := netip.AddrFrom4([4]byte(v[:4])); !a.IsUnspecified() {
		return a
	}
	return netip.Addr{}
}

func dhcpType(n uint8) string {
	if names := [...]string{1: "discover", 2: "offer", 3: "request", 4: "decline", 5: "ack", 6: "nak", 7: "release", 8: "inform"}; int(n) < len(names) && n > 0 {
		return names[n]
	}
	return strconv.Itoa(int(n))
}
