package alert

import (
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// zoneFields say where the two ends stand and whom to call about them.
func zoneFields() []event.Field {
	about := func(path, doc string, zone func(*alert) *know.Zone, get func(*know.Zone) string) event.Field {
		return keyword(path, doc, func(a *alert) string {
			if z := zone(a); z != nil {
				return get(z)
			}
			return ""
		})
	}
	ends := []struct {
		name string
		zone func(*alert) *know.Zone
	}{
		{"source", func(a *alert) *know.Zone { return a.source }},
		{"destination", func(a *alert) *know.Zone { return a.target }},
	}
	var out []event.Field
	for _, e := range ends {
		out = append(out,
			about("brandmelder.zone."+e.name, "zone of the "+e.name, e.zone, func(z *know.Zone) string { return z.Name }),
			about("brandmelder."+e.name+".role", "what the zone is for", e.zone, func(z *know.Zone) string { return z.Role }),
			about("brandmelder."+e.name+".owner", "who owns the zone", e.zone, func(z *know.Zone) string { return z.Owner }),
			about("brandmelder."+e.name+".contact", "whom to call", e.zone, func(z *know.Zone) string { return z.Contact }),
		)
	}
	return out
}
