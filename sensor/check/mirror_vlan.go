package check

import (
	"net/netip"
	"slices"
	"strings"
)

func init() {
	register(Spec{Name: "mirror-vlan", Doc: "VLANs and zones that the mirror does not show", Run: missingVLANs})
}

// fewFrames of a VLAN say nothing about it.
const fewFrames = 20

func missingVLANs(e *Env) (found []Problem) {
	seen := map[netip.Addr]struct{}{}
	var names []string
	for _, s := range e.mirrors() {
		names = append(names, s.Name)
		for a := range s.Hosts {
			seen[a] = struct{}{}
		}
		for _, id := range s.vlanIDs() {
			if v := s.VLANs[id]; v.Packets >= fewFrames && v.ToOne == 0 {
				found = append(found, Problem{
					About:  s.Name,
					What:   say("of VLAN %d only broadcasts are seen", "van VLAN %d zijn alleen broadcasts te zien", id),
					Lost:   say("what the hosts of this VLAN say to each other", "wat de hosts van dit VLAN met elkaar bespreken"),
					Mend:   e.Command + " check " + s.Name,
					Switch: say("the port is a member of VLAN %d, but its traffic is not mirrored: add it to the session", "de poort is lid van VLAN %d, maar het verkeer ervan wordt niet gespiegeld: neem het op in de sessie", id),
				})
			}
		}
	}
	if len(seen) == 0 {
		return found // told elsewhere
	}
	for _, z := range e.Zones {
		if z.unseen(seen) {
			found = append(found, Problem{
				About:  strings.Join(names, ", "),
				What:   say("no host of zone %s (%s) is seen", "geen host van zone %s (%s) is te zien", z.Name, z.networks()),
				Lost:   say("all traffic of that zone", "al het verkeer van die zone"),
				Mend:   e.Command + " check --for 5m",
				Switch: say("add the VLAN of %s, or the uplink that carries it, to the mirror session with its tags", "neem het VLAN van %s, of de uplink die het draagt, met labels op in de mirrorsessie", z.Name),
			})
		}
	}
	return found
}

// unseen reports that no host of the zone is among them; only private networks are
// judged, since others are not counted as hosts.
func (z *Zone) unseen(hosts map[netip.Addr]struct{}) bool {
	if !slices.ContainsFunc(z.Networks, func(n netip.Prefix) bool { return n.Addr().IsPrivate() }) {
		return false
	}
	for a := range hosts {
		if slices.ContainsFunc(z.Networks, func(n netip.Prefix) bool { return n.Contains(a) }) {
			return false
		}
	}
	return true
}

func (z *Zone) networks() string {
	var all []string
	for _, n := range z.Networks {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}
