package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// What several detectors use.

const (
	second = 1_000_000_000 // ns
	minute = 60 * second
)

// pair is who calls and who is called.
type pair struct{ client, server netip.Addr }

// keep adds v to a list of different things, of which there are at most so many.
func keep[T comparable](list []T, v T, most int) []T {
	if len(list) >= most || slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// maxNoted is how many things of one kind, users or hosts, are told apart.
const maxNoted = 64

// note adds v to a set of things that are told apart.
func note[T comparable](set []T, v T) []T { return keep(set, v, maxNoted) }

// noteFlow adds a flow to those of a finding, once.
func noteFlow(refs []event.FlowRef, f *event.Flow) []event.FlowRef {
	return keep(refs, f.Ref(), event.MaxRefs)
}

// allowedFrom reports whether the zone of the server lets the client scan or
// probe it: such a finding is a note, not an alarm.
func allowedFrom(env Env, client, server netip.Addr) bool {
	z := env.Know.Zone(server)
	return z != nil && z.Allows(client)
}

// placeOf names a destination: by what it was last resolved from, else by address.
func placeOf(env Env, a netip.Addr) string {
	if name := env.Know.NameOf(a); name != "" {
		return name
	}
	return a.String()
}

// bareHost reports whether a place has no name that could have been seen.
func bareHost(env Env, place string, a netip.Addr) bool {
	return place == a.String() && !env.Know.Half()
}

// leaves reports whether a request leaves the house: behind a proxy the name says so.
func leaves(env Env, host string, f *event.Flow) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return !env.Know.Internal(a)
	}
	return !env.Know.Internal(f.Server.Addr()) || strings.Contains(host, ".") && !strings.HasSuffix(host, ".local") && isProxyPort(f.Server.Port())
}

func isProxyPort(p uint16) bool { return p == 3128 || p == 8080 || p == 8888 }

// firstFew is a set of up to four addresses: enough to tell one or three from
// many. Further ones change nothing.
type firstFew struct {
	addrs [4][16]byte // an address of version 4 as it stands within version 6
	n     int
}

func (f *firstFew) add(a netip.Addr) {
	if f.n < len(f.addrs) && !f.has(a) {
		f.addrs[f.n] = a.As16()
		f.n++
	}
}

func (f *firstFew) has(a netip.Addr) bool { return slices.Contains(f.addrs[:f.n], a.As16()) }

func (f *firstFew) list() []netip.Addr {
	out := make([]netip.Addr, f.n)
	for i := range out {
		out[i] = netip.AddrFrom16(f.addrs[i]).Unmap()
	}
	return out
}

// Signs are the codes of all signs that findings name, each of which alerts word;
// one that several detectors use means the same in all.
func Signs() []string {
	store, _ := (&storeDeeds{signs: ^storeSign(0)}).points()
	return slices.Concat((^signs(0)).names(), (^driveBySign(0)).names(), (^programSign(0)).names(), (^stealerSign(0)).names(), store)
}
