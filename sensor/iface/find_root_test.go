package iface

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/brandmelder/brandmelder/sensor/craft"
)

// plugged lets the kernel show cards: by name, where each hangs, and files about it.
func plugged(t *testing.T, places map[string]string) {
	t.Helper()
	was := devices
	t.Cleanup(func() { devices = was })
	root := t.TempDir()
	devices = filepath.Join(root, "net")
	for name, place := range places {
		check(t, os.MkdirAll(filepath.Join(root, place), 0o755))
		check(t, os.MkdirAll(filepath.Join(devices, name), 0o755))
		check(t, os.Symlink(filepath.Join(root, place), filepath.Join(devices, name, "device")))
	}
}

func TestFind(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	craft.Cable(t, "b0", "b1")
	const twice = "02:00:00:00:00:07"
	for _, name := range []string{"b0", "b1"} {
		check(t, netlink.LinkSetHardwareAddr(craft.Named(t, name), []byte{2, 0, 0, 0, 0, 7}))
	}
	own := craft.Named(t, "right").Attrs().HardwareAddr
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br"}} // shows the address of its card
	check(t, netlink.LinkAdd(bridge))
	check(t, netlink.LinkSetMaster(craft.Named(t, "right"), bridge))
	plugged(t, map[string]string{"right": "pci0000:00/0000:00:1c.0/0000:3b:00.1", "left": "pci0000:00/0000:00:03.0/virtio1"})
	for said, want := range map[string]string{
		"right": "right", "mac:" + own.String(): "right", "mac:" + strings.ToUpper(own.String()): "right",
		"pci:0000:3b:00.1": "right", "pci:3B:00.1": "right", "pci:0000:00:03.0": "left",
	} {
		if name, err := Name(said); name != want || err != nil {
			t.Errorf("%s: %q %v", said, name, err)
		}
	}
	for said, words := range map[string]string{
		"mac:" + twice: "is b0 and b1", "mac:x": "six pairs", "pci:x": "lspci",
		"mac:02:00:00:00:00:08": "right (mac:" + own.String() + ")", "pci:3b:00.7": "right (pci:0000:3b:00.1)", "eth9": "there are: b0, b1, br, left, lo, right",
	} {
		_, err := Find(said)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", said, err)
		}
		if absent := strings.Contains(words, "right"); absent != errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v", said, err)
		}
	}
}

// A name that the kernel only counted is not one for years.
func TestLasting(t *testing.T) {
	craft.Namespace(t)
	craft.Cable(t, "left", "right")
	plugged(t, map[string]string{"left": "a", "right": "b"})
	for name, kinds := range map[string][2]string{"left": {"4", "0"}, "right": {"1", "0"}} {
		check(t, os.WriteFile(filepath.Join(devices, name, "name_assign_type"), []byte(kinds[0]+"\n"), 0o600))
		check(t, os.WriteFile(filepath.Join(devices, name, "addr_assign_type"), []byte(kinds[1]+"\n"), 0o600))
	}
	if got := Lasting("left"); got != "left" {
		t.Error(got)
	}
	if got := Lasting("right"); got != "mac:"+craft.Named(t, "right").Attrs().HardwareAddr.String() {
		t.Error(got)
	}
}
