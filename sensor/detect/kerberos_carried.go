package detect

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// ticketHolder is the host that a ticket of the domain was first seen from.
type ticketHolder struct {
	client  netip.Addr
	mac     event.MAC // of its frames
	offered uint64    // its list of encryption types
	varies  bool      // it has several: then a list tells nothing
}

const (
	downTickets = 40_000
	downTicket  = 10 * 3600 * second // as long as such a ticket lasts by default
)

// carried finds a ticket of the domain that was taken out of a host and is used from
// another one. An address alone tells nothing: whoever takes a laptop from its desk
// has another one, with the same tickets. But the software goes with the laptop, and
// each Kerberos library offers its own list of encryption types with every request
// for a service: another list from another address is another program that has the
// same ticket. A forwarded ticket is none: it is made anew for the host that gets it.
func (d *downgrade) carried(e *event.Event) bool {
	mark, offered := event.TextOf(e.Data, "brandmelder.kerberos.tgt"), event.TextsOf(e.Data, "brandmelder.kerberos.etypes")
	service, client := event.TextOf(e.Data, "brandmelder.kerberos.service"), e.Flow.Client.Addr()
	// What is asked of the domain itself, to renew or to forward, may name one type.
	if mark == "" || len(offered) == 0 || strings.HasPrefix(strings.ToLower(service), "krbtgt/") {
		return false
	}
	list := hashOf(strings.Join(offered, " "))
	h, fresh := d.tickets.Touch(hashOf(mark), e.Time)
	if fresh {
		h.client, h.mac, h.offered = client, e.Flow.ClientMAC, list
	}
	if h.client == client || d.sameHost(h, client, e.Flow.ClientMAC) {
		h.varies = h.varies || h.offered != list
		return false
	}
	return h.offered != list && !h.varies
}

// sameHost reports whether an address is another one of the ticket's holder: its
// frames or its name tell. Where no name does, an IPv4 and an IPv6 address may be one
// host with two libraries, and nothing is said.
func (d *downgrade) sameHost(h *ticketHolder, client netip.Addr, mac event.MAC) bool {
	if mac == h.mac && !mac.IsZero() && !d.env.Know.Router(mac) {
		return true
	}
	one, other := hostLabel(d.env.Know.NameOf(h.client)), hostLabel(d.env.Know.NameOf(client))
	if one == "" || other == "" {
		return h.client.Is4() != client.Is4()
	}
	return strings.EqualFold(one, other)
}

// hostLabel is a host's own part of its name: DHCP and NetBIOS leave out the domain.
func hostLabel(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return label
}
