package check

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// pair is a conversation whichever side of it was seen.
type pair struct {
	proto     uint8
	low, high netip.AddrPort
}

// half is what was seen of a conversation with one side: whoever answers, as far as
// that shows, and the counts that it belongs to.
type half struct {
	app    string
	server netip.Addr
	ways   []*Ways
}

// half counts one, and keeps it: the other side may have come in on another port.
func (s *Sight) half(f *event.Flow, h half) {
	for _, w := range h.ways {
		w.One++
	}
	p := pair{f.Proto, f.Client, f.Server}
	if f.Server.Compare(f.Client) < 0 {
		p.low, p.high = p.high, p.low
	}
	if len(s.halves) < sightFlows {
		s.halves[p] = h
	}
}

// join makes one conversation of two halves that came in on two mirror ports: a tap
// gives each direction on a port of its own.
func join(ports []*Sight) {
	for i, s := range ports {
		for _, other := range ports[i+1:] {
			for p, one := range s.halves {
				two, there := other.halves[p]
				if !there {
					continue
				}
				for _, w := range slices.Concat(one.ways, two.ways) {
					w.One--
					w.Two++
				}
				s.whole(one)
				other.whole(two)
				delete(s.halves, p)
				delete(other.halves, p)
			}
		}
	}
}
