package detect

import (
	"net/netip"
	"slices"
)

// firstFew is a set of up to four addresses: enough to tell one or three from
// many. Further ones change nothing.
type firstFew struct {
	addrs [4]netip.Addr
	n     int
}

func (f *firstFew) add(a netip.Addr) {
	if f.n < len(f.addrs) && !slices.Contains(f.addrs[:f.n], a) {
		f.addrs[f.n] = a
		f.n++
	}
}

func (f *firstFew) has(a netip.Addr) bool { return slices.Contains(f.addrs[:f.n], a) }

func (f *firstFew) list() []netip.Addr { return slices.Clone(f.addrs[:f.n]) }
