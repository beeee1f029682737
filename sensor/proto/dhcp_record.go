package proto

import (
	"net/netip"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var dhcpTable = event.NewTable("dhcp", "Leases: which host got which address, and what it was told.", dhcpFields()...).InBrief("brandmelder.dhcp.type", "brandmelder.dhcp.hostname", "brandmelder.dhcp.assigned.ip")

func dhcpFields() []event.Field {
	text := func(path string, p event.Privacy, doc string, get func(*DHCP) string) event.Field {
		return event.String("brandmelder.dhcp."+path, p, doc, func(d *DHCP) (string, bool) { s := get(d); return s, s != "" })
	}
	addr := func(path, doc string, get func(*DHCP) netip.Addr) event.Field {
		return event.IP("brandmelder.dhcp."+path, event.Technical, doc, get)
	}
	return []event.Field{
		text("type", event.Technical, "kind of message", func(d *DHCP) string { return d.Type }),
		text("transaction", event.Technical, "id of the transaction", func(d *DHCP) string { return strconv.FormatUint(uint64(d.ID), 16) }),
		event.Bool("brandmelder.dhcp.from_client", event.Technical, "the client's message", func(d *DHCP) (bool, bool) { return d.FromHost, true }),
		event.String("brandmelder.dhcp.client.mac", event.Technical, "client's link address", func(d *DHCP) (string, bool) { return d.ClientMAC.String(), !d.ClientMAC.IsZero() }),
		addr("client.ip", "address that the client already has", func(d *DHCP) netip.Addr { return d.Current }),
		addr("assigned.ip", "address given", func(d *DHCP) netip.Addr { return d.Assigned }),
		addr("requested.ip", "address asked for", func(d *DHCP) netip.Addr { return d.Requested }),
		addr("server.ip", "server that answers or is asked", func(d *DHCP) netip.Addr { return d.Server }),
		addr("router.ip", "router that the client is told", func(d *DHCP) netip.Addr { return d.Router }),
		addr("relay.ip", "agent that passed the message on", func(d *DHCP) netip.Addr { return d.Relay }),
		event.IPs("brandmelder.dhcp.resolvers", event.Technical, "DNS servers that the client is told", func(d *DHCP) []netip.Addr { return d.Resolvers }),
		event.Int("brandmelder.dhcp.lease", event.Technical, "length of the lease, s", func(d *DHCP) (int64, bool) { return d.Lease, d.Lease >= 0 }),
		text("hostname", event.Personal, "name that the client gives itself", func(d *DHCP) string { return d.Hostname }),
		text("fqdn", event.Personal, "full name of the client", func(d *DHCP) string { return d.FQDN }),
		text("vendor_class", event.Technical, "software of the client", func(d *DHCP) string { return d.Vendor }),
		text("domain", event.Technical, "domain of the network", func(d *DHCP) string { return d.Domain }),
	}
}
