package check

import (
	"encoding/binary"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Of linux/netdev.h.
const (
	netdevGet      = 1 // NETDEV_CMD_DEV_GET
	netdevIndex    = 1 // NETDEV_A_DEV_IFINDEX
	netdevFeatures = 3 // NETDEV_A_DEV_XDP_FEATURES
	xdpBasic       = 1 // NETDEV_XDP_ACT_BASIC
)

// native says whether a driver runs XDP programs itself, as far as the kernel tells
// without one being attached (since 6.3).
func native(index int) two {
	features, known := xdpFeatures(index)
	switch {
	case !known:
		return two{"whether it runs XDP itself is known only once a program is attached", "of hij zelf XDP draait blijkt pas als er een programma aan hangt"}
	case features&xdpBasic != 0:
		return two{"runs XDP itself", "draait zelf XDP"}
	}
	return two{"XDP only by the kernel behind the driver (generic), which is slower", "XDP alleen door de kernel achter de driver (generic), wat trager is"}
}

func xdpFeatures(index int) (features uint64, known bool) {
	family, err := netlink.GenlFamilyGet("netdev")
	if err != nil {
		return 0, false
	}
	ask := nl.NewNetlinkRequest(int(family.ID), unix.NLM_F_REQUEST)
	// The library sends four bytes of this header's two, and the kernel wants the rest 0.
	header := struct {
		nl.Genlmsg
		_ [2]byte
	}{Genlmsg: nl.Genlmsg{Command: netdevGet, Version: 1}}
	ask.AddData(&header.Genlmsg)
	ask.AddData(nl.NewRtAttr(netdevIndex, nl.Uint32Attr(uint32(index))))
	answers, err := ask.Execute(unix.NETLINK_GENERIC, 0)
	if err != nil || len(answers) == 0 {
		return 0, false
	}
	attributes, err := nl.ParseRouteAttr(answers[0][nl.SizeofGenlmsg:])
	if err != nil {
		return 0, false
	}
	for _, a := range attributes {
		if a.Attr.Type == netdevFeatures && len(a.Value) >= 8 {
			return binary.NativeEndian.Uint64(a.Value), true
		}
	}
	return 0, false
}
