package iface

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// ErrMissing says that there is no such interface; it comes with those that there are.
var ErrMissing = errors.New("no such interface")

// Ways to say which interface is meant that hold when the kernel counts cards anew.
const (
	byMAC = "mac:" // the address that the card was made with: mac:b4:96:91:00:11:22
	byPCI = "pci:" // the place that the card is plugged into: pci:0000:3b:00.0, also without the domain 0000
)

// Find is the interface that a person means: by its name, or as mac:… or pci:….
func Find(said string) (netlink.Link, error) {
	if !Lasts(said) {
		l, err := netlink.LinkByName(said)
		var none netlink.LinkNotFoundError
		if errors.As(err, &none) {
			return nil, missing(said)
		}
		if err != nil {
			return nil, fmt.Errorf("look up the interface %s: %w", said, err)
		}
		return l, nil
	}
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	fits, err := meaning(said)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(links, func(l netlink.Link) bool {
		return slices.Contains(bundles, l.Type()) || slices.Contains(stacked, l.Type()) || !fits(l.Attrs())
	})
	switch len(found) {
	case 0:
		return nil, missing(said)
	case 1:
		return found[0], nil
	}
	var several []string
	for _, l := range found {
		several = append(several, l.Attrs().Name)
	}
	slices.Sort(several)
	return nil, fmt.Errorf("%s is %s: say which by name", said, strings.Join(several, " and "))
}

// bundles are the kinds of interfaces that show the address of one that is a part of them.
var bundles = []string{"bond", "bridge", "team"}

// Lasts reports whether it is a way to say which interface is meant that outlives a name.
func Lasts(said string) bool { return strings.HasPrefix(said, byMAC) || strings.HasPrefix(said, byPCI) }

// meaning is what tells the interface that is meant from the others.
func meaning(said string) (func(*netlink.LinkAttrs) bool, error) {
	if text, ok := strings.CutPrefix(said, byMAC); ok {
		mac, err := net.ParseMAC(text)
		if err != nil {
			return nil, fmt.Errorf("%s: write %s and six pairs of hex digits, as `ip link` shows them", said, byMAC)
		}
		return func(a *netlink.LinkAttrs) bool { return bytes.Equal(madeWith(a), mac) }, nil
	}
	place := strings.ToLower(strings.TrimPrefix(said, byPCI))
	if strings.Count(place, ":") == 1 {
		place = "0000:" + place
	}
	if !pciPlace.MatchString(place) {
		return nil, fmt.Errorf("%s: write %s and the place, such as 0000:3b:00.0, as lspci shows it", said, byPCI)
	}
	return func(a *netlink.LinkAttrs) bool { return pciOf(a.Name) == place }, nil
}

// madeWith is the address that the card came with, where it tells: as a part of a bond
// it shows that of the bond.
func madeWith(a *netlink.LinkAttrs) net.HardwareAddr {
	if len(a.PermHWAddr) > 0 {
		return a.PermHWAddr
	}
	return a.HardwareAddr
}

var pciPlace = regexp.MustCompile(`^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$`)

// devices is where the kernel shows what an interface is made of.
var devices = "/sys/class/net"

// pciOf is the place of an interface's card, "" for one that is not on such a bus. A
// virtual card hangs below its place.
func pciOf(name string) string {
	path, err := filepath.EvalSymlinks(filepath.Join(devices, name, "device"))
	if err != nil {
		return ""
	}
	for _, part := range slices.Backward(strings.Split(path, "/")) {
		if pciPlace.MatchString(part) {
			return part
		}
	}
	return ""
}

// Lasting is how an interface is best named in a file that is to be right for years: by
// its name, or, where the kernel only counted (eth0, eth1 …), by its card's address.
func Lasting(name string) string {
	l, err := Find(name)
	if err != nil || attribute(name, "name_assign_type") != "1" || attribute(name, "addr_assign_type") != "0" {
		return name
	}
	return byMAC + madeWith(l.Attrs()).String()
}

func attribute(name, which string) string {
	b, err := os.ReadFile(filepath.Join(devices, name, which))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Name is what the interface is called now that a person means.
func Name(said string) (string, error) {
	l, err := Find(said)
	if err != nil {
		return "", err
	}
	return l.Attrs().Name, nil
}

// missing lists what could have been meant, in the way in which it was said.
func missing(said string) error {
	links, _ := netlink.LinkList()
	var all []string
	for _, l := range links {
		a := l.Attrs()
		name := a.Name
		mac, place := madeWith(a).String(), pciOf(name)
		switch {
		case strings.HasPrefix(said, byMAC) && mac != "":
			name += " (" + byMAC + mac + ")"
		case strings.HasPrefix(said, byPCI) && place != "":
			name += " (" + byPCI + place + ")"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return fmt.Errorf("%w: %s; there are: %s", ErrMissing, said, strings.Join(all, ", "))
}

// Names lists this host's interfaces in order.
func Names() ([]string, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var all []string
	for _, l := range links {
		all = append(all, l.Attrs().Name)
	}
	slices.Sort(all)
	return all, nil
}
