package know

import (
	"net/netip"
	"slices"
)

// inside are the special-purpose networks that never leave a site (IANA's
// registries, RFC 6890 and its updates). Networks for documentation and 240/4
// are not among them: where they show up, they stand for someone outside.
var inside = prefixes(
	"0.0.0.0/8",      // this host: DHCP before the lease
	"10.0.0.0/8",     // RFC 1918
	"100.64.0.0/10",  // carrier-grade NAT, RFC 6598
	"127.0.0.0/8",    // loopback
	"169.254.0.0/16", // link-local, RFC 3927
	"172.16.0.0/12",  // RFC 1918
	"192.0.0.0/29",   // DS-Lite, RFC 7335
	"192.168.0.0/16", // RFC 1918
	"198.18.0.0/15",  // benchmarks, RFC 2544

	"::/127",         // unspecified and loopback
	"64:ff9b:1::/48", // NAT64 within a site, RFC 8215
	"fc00::/7",       // unique local, RFC 4193
	"fe80::/10",      // link-local
	"fec0::/10",      // site-local, given up by RFC 3879 but still met
)

// translated carries the IPv4 address of the real target in its last 32 bits:
// NAT64, RFC 6052.
var translated = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Internal reports whether an address is on our side: in a zone, or in a network
// that never leaves a site. A multicast address is on neither side.
func (k *Know) Internal(a netip.Addr) bool {
	a = plain(a)
	if k.zones.of(a) != nil {
		return true
	}
	if a.Is6() && translated.Contains(a) {
		b := a.As16()
		return k.Internal(netip.AddrFrom4([4]byte(b[12:])))
	}
	if a.Is4() {
		b := a.As4()
		return inside4[b[0]] && contains(inside, a)
	}
	return contains(inside, a)
}

// inside4 says which first bytes of IPv4 addresses some network inside has:
// detectors ask about both ends of every conversation.
var inside4 = func() (some [256]bool) {
	for i := range some {
		some[i] = slices.ContainsFunc(inside, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i)}), 8).Overlaps)
	}
	return some
}()

func contains(networks []netip.Prefix, a netip.Addr) bool {
	for _, p := range networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Multicast reports whether an address stands for many: multicast, or the
// limited broadcast 255.255.255.255.
func (k *Know) Multicast(a netip.Addr) bool {
	a = plain(a)
	return a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}
