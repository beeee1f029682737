package know

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// controllers are the addresses that were seen to do what only a domain controller
// does: to answer for Kerberos tickets, or how a domain is to be reached, or to be
// one that a controller copies the directory from.
type controllers struct {
	seen *baseline.Map[netip.Addr, struct{}]
}

const (
	maxControllers  = 4096
	controllersLive = 90 * day
)

func newControllers(s *baseline.Store) *controllers {
	return &controllers{baseline.Keep(s, baseline.NewMap[netip.Addr, struct{}](s, "know.controllers", maxControllers, controllersLive))}
}

// Controller reports whether the address was seen to be a domain controller.
func (k *Know) Controller(a netip.Addr) bool { return k.controllers.seen.Get(plain(a)) != nil }

// Replicates reports whether a service is the one by which controllers copy the
// directory from each other (MS-DRSR 2.2.3.2).
func Replicates(service string) bool {
	const name = "e3514235-4b06-11d1-ab04-00c04fc2dcd2/"
	return len(service) > len(name) && strings.EqualFold(service[:len(name)], name)
}

func (c *controllers) observe(e *event.Event) {
	if e.Flow == nil {
		return
	}
	switch e.Kind {
	case "kerberos":
		if m := event.TextOf(e.Data, "brandmelder.kerberos.message"); m == "AS-REP" || m == "TGS-REP" {
			c.add(e.Flow.Server.Addr(), e.Time)
		}
	case "ldap":
		asked := event.TextsOf(e.Data, "brandmelder.ldap.attributes")
		if event.NumberOf(e.Data, "brandmelder.ldap.results") > 0 && slices.ContainsFunc(asked, func(a string) bool { return strings.EqualFold(a, "netlogon") }) {
			c.add(e.Flow.Server.Addr(), e.Time)
		}
	case "auth":
		// That the client is one needs more proof: anyone may ask for a ticket.
		l, ok := e.Data.(*event.Login)
		if ok && l.Outcome == event.Success && Replicates(l.Service) && c.seen.Get(plain(e.Flow.Client.Addr())) != nil {
			c.add(e.Flow.Server.Addr(), e.Time)
		}
	}
}

func (c *controllers) add(a netip.Addr, now int64) { c.seen.Touch(plain(a), now) }
