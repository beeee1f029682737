// Package know is what the sensor knows about an address: its asset, names, zone,
// role and place. It learns from the stream of events, on the goroutine of the
// detectors, in bounded memory.
package know

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Know is the knowledge of one run.
type Know struct{}

// Observe learns from an event. It is called before the detectors see it.
func (k *Know) Observe(e *event.Event) {}

// Entity describes an address as it is known now.
func (k *Know) Entity(a netip.Addr) event.Entity {
	return event.Entity{Asset: event.AssetID(a.String()), Addr: a}
}
