package know

import (
	"net"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	maxAssets = 100_000
	// A link address with more addresses behind it than this is a router: hosts
	// have one IPv4 and a handful of IPv6 addresses.
	hostAddrs = 8
)

// assets binds addresses to link addresses.
type assets struct {
	bound  *baseline.Map[netip.Addr, event.MAC] // by ARP or DHCP
	behind *baseline.Map[event.MAC, behind]     // by the frames of flows
}

// behind is the internal addresses seen with one link address.
type behind struct {
	addrs  [hostAddrs]netip.Addr
	n      int
	router bool
}

func newAssets(s *baseline.Store) *assets {
	return &assets{
		bound:  baseline.Keep(s, baseline.NewMap[netip.Addr, event.MAC](s, "know.assets", maxAssets, day)),
		behind: baseline.Keep(s, baseline.NewMap[event.MAC, behind](s, "know.macs", maxAssets, day)),
	}
}

// of names the asset of an address: its link address where ARP or DHCP told of
// one that is no router's, else the address.
func (s *assets) of(a netip.Addr) event.AssetID {
	if m := s.bound.Get(a); m != nil {
		if b := s.behind.Get(*m); b == nil || !b.router {
			return event.AssetID("mac:" + m.String())
		}
	}
	return event.AssetID(a.String())
}

func (s *assets) see(m event.MAC, a netip.Addr, now int64) {
	if m.IsZero() || m.IsGroup() { // group addresses belong to nobody
		return
	}
	b, _ := s.behind.Touch(m, now)
	for _, known := range b.addrs[:b.n] {
		if known == a {
			return
		}
	}
	if b.n == hostAddrs {
		b.router = true
		return
	}
	b.addrs[b.n] = a
	b.n++
}

// observeMACs learns which link addresses have many addresses behind them.
// Frames alone bind no asset: a router's carry the addresses of others.
func (k *Know) observeMACs(e *event.Event) {
	if e.Flow == nil || e.Flow.Tunnel != nil {
		return
	}
	if a := plain(e.Flow.Client.Addr()); k.Internal(a) {
		k.assets.see(e.Flow.ClientMAC, a, e.Time)
	}
	if a := plain(e.Flow.Server.Addr()); k.Internal(a) {
		k.assets.see(e.Flow.ServerMAC, a, e.Time)
	}
}

// bind learns the link address of an address from a record.
func (k *Know) bind(e *event.Event, addrPath, macPath string) {
	a := event.AddrOf(e.Data, addrPath)
	hw, err := net.ParseMAC(event.TextOf(e.Data, macPath))
	if err != nil || len(hw) != 6 || !k.Internal(a) || a.IsUnspecified() {
		return
	}
	m := event.MAC(hw)
	if m.IsZero() || m.IsGroup() {
		return
	}
	v, _ := k.assets.bound.Touch(a, e.Time)
	*v = m
}

// Router reports whether a link address has more addresses behind it than a host.
func (k *Know) Router(m event.MAC) bool {
	b := k.assets.behind.Get(m)
	return b != nil && b.router
}
