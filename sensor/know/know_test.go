package know

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func nets(list ...string) []netip.Prefix { return prefixes(list...) }

func mustNew(t *testing.T, c Config) *Know {
	t.Helper()
	k, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestZone(t *testing.T) {
	k := mustNew(t, Config{Zones: []Zone{
		{Name: "hospital", Networks: nets("10.0.0.0/8", "2001:db8::/32", "203.0.113.0/24")},
		{Name: "radiology", Networks: nets("10.1.0.9/16", "2001:db8:1::/48"), Scanners: nets("10.9.9.9/32")},
		{Name: "pacs", Networks: nets("::ffff:10.1.2.0/120")},
	}})
	for a, want := range map[string]string{
		"10.2.0.1": "hospital", "10.1.3.1": "radiology", "10.1.2.3": "pacs", "::ffff:10.1.2.3": "pacs",
		"2001:db8:1::5": "radiology", "2001:db8:2::5": "hospital", "fe80::1%eth0": "", "192.168.1.1": "",
	} {
		got := ""
		if z := k.Zone(addr(a)); z != nil {
			got = z.Name
		}
		if got != want {
			t.Errorf("Zone(%s) = %q, want %q", a, got, want)
		}
	}
	if k.Zone(netip.Addr{}) != nil || k.Internal(netip.Addr{}) {
		t.Error("the zero address is somewhere")
	}
	z := k.Zone(addr("10.1.3.1"))
	if !z.Allows(addr("::ffff:10.9.9.9")) || z.Allows(addr("10.9.9.8")) {
		t.Error("wrong scanners are allowed")
	}
}

func TestZonesThatContradict(t *testing.T) {
	for name, list := range map[string][]Zone{
		"no name":    {{Networks: nets("10.0.0.0/8")}},
		"twice":      {{Name: "a"}, {Name: "a"}},
		"same net":   {{Name: "a", Networks: nets("10.0.0.0/8")}, {Name: "b", Networks: nets("10.1.0.0/8")}},
		"no network": {{Name: "a", Networks: []netip.Prefix{{}}}},
	} {
		if _, err := New(Config{Zones: list}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSides(t *testing.T) {
	k := mustNew(t, Config{Zones: []Zone{{Name: "public", Networks: nets("203.0.113.0/24")}}})
	for a, want := range map[string]bool{
		"10.0.0.1": true, "172.31.255.255": true, "172.32.0.0": false, "192.168.9.9": true, "100.64.0.1": true,
		"100.128.0.1": false, "169.254.1.1": true, "127.0.0.1": true, "198.19.0.1": true, "0.0.0.0": true,
		"203.0.113.7": true, "198.51.100.7": false, "240.0.0.1": false, "8.8.8.8": false,
		"fd00::1": true, "fe80::1%eth0": true, "::1": true, "2001:db8::1": false, "2a00::1": false,
		"::ffff:10.0.0.1": true, "64:ff9b::a00:1": true, "64:ff9b::808:808": false, "ff02::1": false, "224.0.0.1": false,
	} {
		if got := k.Internal(addr(a)); got != want {
			t.Errorf("Internal(%s) = %v", a, got)
		}
	}
	for a, want := range map[string]bool{
		"224.0.0.251": true, "255.255.255.255": true, "ff02::fb%eth0": true, "::ffff:239.1.1.1": true,
		"10.0.0.255": false, "240.0.0.1": false,
	} {
		if got := k.Multicast(addr(a)); got != want {
			t.Errorf("Multicast(%s) = %v", a, got)
		}
	}
}

func TestDirection(t *testing.T) {
	k := mustNew(t, Config{})
	for _, c := range []struct{ from, to, want string }{
		{"10.0.0.1", "10.0.0.2", "internal"},
		{"10.0.0.1", "8.8.8.8", "outbound"},
		{"8.8.8.8", "10.0.0.1", "inbound"},
		{"8.8.8.8", "9.9.9.9", "external"},
		{"10.0.0.1", "224.0.0.251", "internal"},
		{"0.0.0.0", "255.255.255.255", "internal"},
		{"8.8.8.8", "224.0.0.1", "external"},
	} {
		f := &event.Flow{Client: netip.AddrPortFrom(addr(c.from), 1), Server: netip.AddrPortFrom(addr(c.to), 2)}
		if got := k.Direction(f); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}

func TestGuest(t *testing.T) {
	k := mustNew(t, Config{Zones: []Zone{{Name: "wifi", Role: "Guest", Networks: nets("10.9.0.0/16")}, {Name: "wards", Role: "medical", Networks: nets("10.8.0.0/16")}}})
	for a, want := range map[string]bool{"10.9.1.1": true, "10.8.1.1": false, "10.7.1.1": false} {
		if got := k.Guest(addr(a)); got != want {
			t.Errorf("Guest(%s) = %v", a, got)
		}
	}
}
