// Package know is what the sensor knows about an address: its asset, names, zone,
// role and place. It learns from the stream of events, on the goroutine of the
// detectors, in bounded memory.
package know

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// Config is what people tell about their network.
type Config struct {
	Zones []Zone
	// Paths of databases in MaxMind's format, "" without.
	CityDB, ASNDB string
}

// Know is the knowledge of one run. One goroutine uses it.
type Know struct {
	zones  *Zones
	names  *names
	assets *assets
	places *places
	state  *baseline.Store

	controllers *controllers
	halves      halves
}

// New makes the knowledge of a fresh run. It fails on zones that contradict each
// other and on databases that cannot be read.
func New(c Config) (*Know, error) {
	z, err := NewZones(c.Zones)
	if err != nil {
		return nil, err
	}
	p, err := openPlaces(c.CityDB, c.ASNDB)
	if err != nil {
		return nil, err
	}
	s := baseline.NewStore()
	return &Know{zones: z, places: p, names: newNames(s), assets: newAssets(s), controllers: newControllers(s), state: s}, nil
}

// Gauges lists the bounded maps of the knowledge.
func (k *Know) Gauges() []baseline.Gauge { return k.state.Gauges() }

// State is where what is known is kept.
func (k *Know) State() *baseline.Store { return k.state }

// Observe learns from an event. It is called before the detectors see it.
func (k *Know) Observe(e *event.Event) {
	switch e.Kind {
	case "flow.start", "flow.end": // half-open flows have an end alone
		k.observeMACs(e)
		k.halves.observe(e)
	case "dns", "localname", "mdns", "llmnr", "nbns":
		k.names.resolved(e)
	case "arp":
		k.bind(e, "brandmelder.arp.sender.ip", "brandmelder.arp.sender.mac")
	case "dhcp":
		k.bind(e, "brandmelder.dhcp.assigned.ip", "brandmelder.dhcp.client.mac")
		k.names.leased(e)
	case "kerberos", "ldap", "auth":
		k.controllers.observe(e)
	}
}

// Entity describes an address as it is known now.
func (k *Know) Entity(a netip.Addr) event.Entity {
	a = plain(a)
	return event.Entity{Asset: k.assets.of(a), Addr: a, Name: k.names.of(a)}
}

// NameOf is the name that last resolved to the address, or that its host gave
// itself in DHCP; "" when there was none.
func (k *Know) NameOf(a netip.Addr) string { return k.names.of(plain(a)) }

// plain is the address as it is kept: IPv4 not mapped, without a zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
