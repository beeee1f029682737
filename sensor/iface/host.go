package iface

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
)

// Carries tells what of the host's own traffic goes over an interface, in words that
// follow "it": empty for one that only listens. A link-local address of IPv6, which
// every interface that is up has by itself, is nothing.
func Carries(name string) ([]string, error) {
	l, err := Find(name)
	if err != nil {
		return nil, err
	}
	var all []string
	addresses, err := netlink.AddrList(l, netlink.FAMILY_ALL)
	for _, a := range addresses {
		if !a.IP.IsLinkLocalUnicast() || a.IP.To4() != nil {
			all = append(all, "has the address "+a.IPNet.String())
		}
	}
	routes, failed := routesOver(l)
	above, alsoFailed := stackedOn(l)
	return slices.Concat(all, routes, above), errors.Join(err, failed, alsoFailed)
}

// routesOver lists routes that people or their programs made; those that the kernel
// makes for multicast and link-local IPv6 carry nothing of the host.
func routesOver(l netlink.Link) (all []string, err error) {
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{LinkIndex: l.Attrs().Index}, netlink.RT_FILTER_OIF)
	if err != nil {
		return nil, fmt.Errorf("routes of %s: %w", l.Attrs().Name, err)
	}
	for _, r := range routes {
		if r.Dst != nil && (linkLocal6(r.Dst.IP) || r.Dst.IP.IsMulticast()) {
			continue
		}
		to := "default"
		if r.Dst != nil {
			to = r.Dst.String()
		}
		all = append(all, "carries the route to "+to)
	}
	return all, nil
}

func linkLocal6(ip net.IP) bool { return ip.To4() == nil && ip.IsLinkLocalUnicast() }

// stacked are the kinds of interfaces that send through another one.
var stacked = []string{"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "vxlan"}

// stackedOn lists interfaces that use this one.
func stackedOn(l netlink.Link) (all []string, err error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	own := l.Attrs()
	for _, other := range links {
		a := other.Attrs()
		if a.Index == own.MasterIndex {
			all = append(all, "is a part of "+a.Name)
		}
		if a.ParentIndex == own.Index && slices.Contains(stacked, other.Type()) {
			all = append(all, "carries "+a.Name)
		}
	}
	return all, nil
}
