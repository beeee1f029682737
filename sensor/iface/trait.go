package iface

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// offloads change frames before anybody sees them. Merged segments are not what
// crossed the wire, and a tag that the card takes out is not in the frame.
var offloads = []string{"rx-gro", "rx-gro-hw", "rx-gro-list", "rx-lro", "rx-vlan-hw-parse", "rx-vlan-stag-hw-parse"}

// Values of a trait.
const (
	on  = "on"
	off = "off"
)

// trait is something of an interface that is changed for a mirror, and set back.
type trait struct {
	name string
	want string
	// get reads it; errNone where the interface or the kernel does not have it.
	get func(l netlink.Link) (string, error)
	set func(l netlink.Link, to string) error
	// look: harmless to the host's own traffic on the same interface.
	look bool
}

var errNone = errors.New("not there")

// traits are in the order in which they are set: nothing may speak on the interface
// before it is up. They are set back in the opposite order.
func traits() []trait {
	all := []trait{
		{name: "ipv6", want: off, get: ipv6, set: setIPv6},
		{name: "arp", want: off, get: flag(unix.IFF_NOARP, true), set: setARP},
	}
	for _, which := range offloads {
		all = append(all, trait{name: which, want: off, get: offload(which), set: func(l netlink.Link, to string) error {
			return setFeature(l.Attrs().Name, which, to == on)
		}})
	}
	return append(all,
		trait{name: "promiscuous", want: on, look: true, get: flag(unix.IFF_PROMISC, false), set: setPromiscuous},
		trait{name: "up", want: on, get: flag(unix.IFF_UP, false), set: setUp})
}

// flag reads a flag of the interface; inverse where the flag says that something is off.
func flag(bit uint32, inverse bool) func(netlink.Link) (string, error) {
	return func(l netlink.Link) (string, error) {
		return onOff(l.Attrs().RawFlags&bit != 0 != inverse), nil
	}
}

func onOff(b bool) string {
	if b {
		return on
	}
	return off
}

func setARP(l netlink.Link, to string) error {
	if to == on {
		return netlink.LinkSetARPOn(l)
	}
	return netlink.LinkSetARPOff(l)
}

func setPromiscuous(l netlink.Link, to string) error {
	if to == on {
		return netlink.SetPromiscOn(l)
	}
	return netlink.SetPromiscOff(l)
}

func setUp(l netlink.Link, to string) error {
	if to == on {
		return netlink.LinkSetUp(l)
	}
	return netlink.LinkSetDown(l)
}

// offload reads one; what the driver fixes counts as not there, since nobody can change it.
func offload(which string) func(netlink.Link) (string, error) {
	return func(l netlink.Link) (string, error) {
		all, err := features(l.Attrs().Name)
		if errors.Is(err, unix.EOPNOTSUPP) {
			return "", errNone
		}
		f, known := all[which]
		if err == nil && (!known || f.fixed) {
			return "", errNone
		}
		return onOff(f.on), err
	}
}

// ipv6 is on with the link-local addresses that it has: "on fe80::1/64", since the
// kernel does not make again what it did not make.
func ipv6(l netlink.Link) (string, error) {
	b, err := os.ReadFile(ipv6File(l))
	if errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
		return "", errNone
	}
	if err != nil || strings.TrimSpace(string(b)) != "0" {
		return off, err
	}
	addresses, err := netlink.AddrList(l, netlink.FAMILY_V6)
	value := on
	for _, a := range addresses {
		value += " " + a.IPNet.String()
	}
	return value, err
}

func setIPv6(l netlink.Link, to string) error {
	mode := "1"
	if to != off {
		mode = "0"
	}
	if err := os.WriteFile(ipv6File(l), []byte(mode), 0); err != nil {
		return err
	}
	if to == off {
		return nil
	}
	for _, text := range strings.Fields(to)[1:] {
		ip, network, err := net.ParseCIDR(text)
		if err != nil {
			return fmt.Errorf("address %q: %w", text, err)
		}
		network.IP = ip
		if err := netlink.AddrAdd(l, &netlink.Addr{IPNet: network}); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return nil
}

func ipv6File(l netlink.Link) string {
	return filepath.Join("/proc/sys/net/ipv6/conf", l.Attrs().Name, "disable_ipv6")
}
