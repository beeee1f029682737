package iface

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// state is all that prepare may touch, as the kernel tells it.
func state(t *testing.T, name string) map[string]string {
	t.Helper()
	l := craft.Named(t, name)
	all := map[string]string{}
	for _, trait := range traits() {
		v, err := trait.get(l)
		if err != nil && !errors.Is(err, errNone) {
			t.Fatal(trait.name, err)
		}
		all[trait.name] = v
	}
	return all
}

// busy is an interface as a distribution sets it up: merging, with IPv6 and ARP.
func busy(t *testing.T) {
	t.Helper()
	craft.Namespace(t)
	check(t, os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("0"), 0))
	craft.Cable(t, "left", "right")
	check(t, setFeature("right", "rx-gro", true))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// room is one with its own directory, and all that it says.
func room(t *testing.T) (*Room, *strings.Builder) {
	said := &strings.Builder{}
	return &Room{Dir: t.TempDir(), Say: func(format string, args ...any) { fmt.Fprintf(said, format+"\n", args...) }}, said
}

func TestPrepareAndRestore(t *testing.T) {
	busy(t)
	before := state(t, "right")
	if before["rx-gro"] != on || before["rx-vlan-hw-parse"] != on || !strings.HasPrefix(before["ipv6"], "on fe80::") {
		t.Fatalf("not as a distribution sets it up: %v", before)
	}
	r, said := room(t)
	check(t, r.Prepare("right"))
	want := map[string]string{"ipv6": off, "arp": off, "promiscuous": on, "up": on}
	for _, which := range offloads {
		if before[which] != "" {
			want[which] = off
		} else {
			want[which] = ""
		}
	}
	if diff := cmp.Diff(want, state(t, "right")); diff != "" {
		t.Error(diff)
	}
	if on := Offloads("right"); len(on) != 0 {
		t.Errorf("still on: %v", on)
	}
	for _, line := range []string{"right: rx-gro off (was on)\n", "right: ipv6 off (was on fe80::", "right: arp off (was on)\n", "right: promiscuous on (was off)\n"} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("%q is not in\n%s", line, said)
		}
	}
	said.Reset()
	check(t, r.Prepare("right"))
	if said.String() != "right: nothing to change\n" {
		t.Error(said)
	}
	check(t, r.Restore("right"))
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
	said.Reset()
	check(t, r.Restore("right"))
	if said.String() != "right: was not prepared, nothing to restore\n" {
		t.Error(said)
	}
}

// What one changed by hand between two prepares is not taken for what it was.
func TestPrepareTwiceRestoresTheFirst(t *testing.T) {
	busy(t)
	before := state(t, "right")
	r, _ := room(t)
	check(t, r.Prepare("right"))
	check(t, netlink.LinkSetARPOn(craft.Named(t, "right")))
	check(t, netlink.LinkSetDown(craft.Named(t, "right")))
	check(t, r.Prepare("right"))
	check(t, r.Restore("right"))
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
}

func TestPrepareWakesAnInterfaceThatIsDown(t *testing.T) {
	busy(t)
	check(t, netlink.LinkSetDown(craft.Named(t, "right")))
	before := state(t, "right")
	r, _ := room(t)
	check(t, r.Prepare("right"))
	if now := state(t, "right"); now["up"] != on {
		t.Error(now)
	}
	if n := craft.Named(t, "right").Attrs().Statistics.TxPackets; n > 8 {
		t.Errorf("%d packets were sent", n)
	}
	check(t, r.Restore("right"))
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
}

// Silence: an interface that is prepared while down has nothing to say when it comes up.
func TestPreparedInterfaceIsSilent(t *testing.T) {
	craft.Namespace(t)
	check(t, os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("0"), 0))
	check(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "left"}, PeerName: "right"}))
	r, _ := room(t)
	check(t, r.Prepare("right"))
	craft.Up(t, "left")
	if n := craft.Named(t, "right").Attrs().Statistics.TxPackets; n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

func TestRestoreAfterRename(t *testing.T) {
	busy(t)
	before := state(t, "right")
	r, said := room(t)
	check(t, r.Prepare("right"))
	check(t, netlink.LinkSetDown(craft.Named(t, "right"))) // before 6.2 nothing that is up has its name changed
	check(t, netlink.LinkSetName(craft.Named(t, "right"), "other"))
	craft.Up(t, "other")
	check(t, r.Restore("right")) // by the name that the unit knows
	if diff := cmp.Diff(before, state(t, "other")); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(said.String(), "right: is now called other\n") {
		t.Error(said)
	}
}

func TestRestoreOfWhatIsGone(t *testing.T) {
	busy(t)
	r, said := room(t)
	check(t, r.Prepare("right"))
	check(t, netlink.LinkDel(craft.Named(t, "right")))
	check(t, r.Restore("right"))
	if !strings.Contains(said.String(), "right: is gone, and its settings with it\n") {
		t.Error(said)
	}
	if err := r.Restore("right"); !errors.Is(err, ErrMissing) {
		t.Errorf("%v", err)
	}
	if all, err := allKept(r.Dir); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
}

// An interface made again under the same name is another one: it keeps its settings.
func TestRestoreLeavesASuccessorAlone(t *testing.T) {
	busy(t)
	r, _ := room(t)
	check(t, r.Prepare("right"))
	check(t, netlink.LinkDel(craft.Named(t, "right")))
	craft.Cable(t, "left", "right")
	before := state(t, "right")
	check(t, r.RestoreAll())
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
	check(t, r.Prepare("right"))
	check(t, r.RestoreAll())
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
}

func TestPrepareRefusesTheHostsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		use  func(t *testing.T)
		says string
	}{
		"address": {func(t *testing.T) { address(t, "right", "192.0.2.1/24") }, "has the address 192.0.2.1/24"},
		"IPv6":    {func(t *testing.T) { address(t, "right", "2001:db8::1/64") }, "has the address 2001:db8::1/64"},
		"route": {func(t *testing.T) {
			to, err := netlink.ParseIPNet("198.51.100.0/24")
			check(t, err)
			check(t, netlink.RouteAdd(&netlink.Route{LinkIndex: craft.Named(t, "right").Attrs().Index, Dst: to, Scope: netlink.SCOPE_LINK}))
		}, "carries the route to 198.51.100.0/24"},
		"bridge": {func(t *testing.T) {
			b := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br"}}
			check(t, netlink.LinkAdd(b))
			check(t, netlink.LinkSetMaster(craft.Named(t, "right"), b))
		}, "is a part of br"},
		"macvlan": {func(t *testing.T) {
			check(t, netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: netlink.LinkAttrs{Name: "up", ParentIndex: craft.Named(t, "right").Attrs().Index}}))
		}, "carries up"},
	} {
		t.Run(name, func(t *testing.T) {
			busy(t)
			c.use(t)
			before := state(t, "right")
			r, _ := room(t)
			err := r.Prepare("right")
			if !errors.Is(err, ErrCarries) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "--only-look") {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(before, state(t, "right")); diff != "" {
				t.Error(diff)
			}
			r.OnlyLook = true
			check(t, r.Prepare("right"))
			looking := state(t, "right")
			if looking["promiscuous"] != on || looking["ipv6"] != before["ipv6"] || looking["rx-gro"] != on {
				t.Errorf("%v", looking)
			}
			check(t, r.Restore("right"))
			if diff := cmp.Diff(before, state(t, "right")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func address(t *testing.T, name, cidr string) {
	t.Helper()
	a, err := netlink.ParseAddr(cidr)
	check(t, err)
	check(t, netlink.AddrAdd(craft.Named(t, name), a))
}

func TestPrepareUnknown(t *testing.T) {
	busy(t)
	r, _ := room(t)
	err := r.Prepare("rihgt")
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "there are: left, lo, right") {
		t.Errorf("%v", err)
	}
}

// Nothing is changed that could not be set back.
func TestPrepareKeepsFirst(t *testing.T) {
	busy(t)
	before := state(t, "right")
	r, _ := room(t)
	r.Dir += "/file"
	check(t, os.WriteFile(r.Dir, nil, 0o600))
	if err := r.Prepare("right"); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, state(t, "right")); diff != "" {
		t.Error(diff)
	}
}
