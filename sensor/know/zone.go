package know

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Zone is a part of the network that people gave a name and a purpose.
type Zone struct {
	Name     string
	Networks []netip.Prefix

	Role        string // "medical", "office", "server" …: free text
	Owner       string
	Contact     string
	Criticality string
	Supplier    string

	Scanners []netip.Prefix // may scan this zone
	Monitors []netip.Prefix // may probe its services
}

// Allows reports whether the address may scan or probe the zone.
func (z *Zone) Allows(a netip.Addr) bool {
	a = plain(a)
	holds := func(p netip.Prefix) bool { return flat(p).Contains(a) }
	return slices.ContainsFunc(z.Scanners, holds) || slices.ContainsFunc(z.Monitors, holds)
}

// Zones finds the zone of an address with one look per prefix length in use.
type Zones struct {
	byNetwork map[netip.Prefix]*Zone
	lengths   []lengths // of IPv4 and IPv6, longest first
}

type lengths []int

// NewZones fails on zones that contradict each other.
func NewZones(list []Zone) (*Zones, error) {
	z := &Zones{byNetwork: make(map[netip.Prefix]*Zone), lengths: make([]lengths, 2)}
	named := make(map[string]bool)
	for i := range list {
		zone := list[i]
		if zone.Name == "" {
			return nil, fmt.Errorf("zone %d: has no name", i+1)
		}
		if named[zone.Name] {
			return nil, fmt.Errorf("zone %s: stands twice", zone.Name)
		}
		named[zone.Name] = true
		for _, p := range zone.Networks {
			if err := z.add(p, &zone); err != nil {
				return nil, err
			}
		}
	}
	for i := range z.lengths {
		slices.SortFunc(z.lengths[i], func(a, b int) int { return b - a })
	}
	return z, nil
}

func (z *Zones) add(p netip.Prefix, zone *Zone) error {
	p = flat(p)
	if !p.IsValid() {
		return fmt.Errorf("zone %s: a network is not valid", zone.Name)
	}
	if other := z.byNetwork[p]; other != nil {
		return fmt.Errorf("zone %s: %s belongs to zone %s already", zone.Name, p, other.Name)
	}
	z.byNetwork[p] = zone
	if l := &z.lengths[family(p.Addr())]; !slices.Contains(*l, p.Bits()) {
		*l = append(*l, p.Bits())
	}
	return nil
}

func (z *Zones) of(a netip.Addr) *Zone {
	if !a.IsValid() {
		return nil
	}
	for _, bits := range z.lengths[family(a)] {
		p, err := a.Prefix(bits)
		if err != nil {
			continue
		}
		if zone := z.byNetwork[p]; zone != nil {
			return zone
		}
	}
	return nil
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// flat is the prefix without host bits; an IPv4-mapped one becomes IPv4.
func flat(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// SetZones puts other zones in force, between two events.
func (k *Know) SetZones(z *Zones) { k.zones = z }

// Zone is the zone with the longest network that holds the address, or nil.
func (k *Know) Zone(a netip.Addr) *Zone { return k.zones.of(plain(a)) }

// guestRoles are the words by which people say that a zone is for the devices of
// visitors.
var guestRoles = []string{"guest", "guests", "gast", "gasten", "visitor", "visitors", "bezoeker", "bezoekers"}

// Guest reports whether the address is a visitor's: in a zone with that role.
func (k *Know) Guest(a netip.Addr) bool {
	z := k.Zone(a)
	return z != nil && slices.Contains(guestRoles, strings.ToLower(z.Role))
}

// deviceRoles are the words by which people say that a zone is for things, at which
// nobody browses.
var deviceRoles = []string{"medical", "medisch", "device", "devices", "apparaat", "apparaten", "building", "gebouw"}

// Device reports whether the address is a thing's: in a zone with such a role.
func (k *Know) Device(a netip.Addr) bool {
	z := k.Zone(a)
	return z != nil && slices.Contains(deviceRoles, strings.ToLower(z.Role))
}

// Direction says how a flow crosses the edge of the network, in the words of ECS:
// internal, inbound, outbound or external. A multicast or broadcast target counts
// as the client's own side.
func (k *Know) Direction(f *event.Flow) string {
	from := k.Internal(f.Client.Addr())
	to := k.Internal(f.Server.Addr())
	if k.Multicast(f.Server.Addr()) {
		to = from
	}
	switch {
	case from && to:
		return "internal"
	case from:
		return "outbound"
	case to:
		return "inbound"
	}
	return "external"
}
