package know

import (
	"net/netip"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	maxNames = 100_000
	maxName  = 255 // bytes, RFC 1035
	perReply = 16  // addresses that one answer may name

	day  = 24 * hour
	hour = 3600 * 1_000_000_000
)

// source says where a name came from: the higher one is believed, since anyone
// on the link may answer a look-up there, and anyone's domain may point here.
type source uint8

const (
	fromLink source = iota + 1
	fromDNS
	fromLease
)

type named struct {
	name string
	from source
}

// names is the latest name of each address.
type names struct {
	known *baseline.Map[netip.Addr, named]
}

func newNames(s *baseline.Store) *names {
	return &names{baseline.Keep(s, baseline.NewMap[netip.Addr, named](s, "know.names", maxNames, day))}
}

func (n *names) of(a netip.Addr) string {
	if v := n.known.Get(a); v != nil {
		return v.name
	}
	return ""
}

func (n *names) learn(a netip.Addr, name string, from source, now int64) {
	a = plain(a)
	if name = strings.TrimSuffix(name, "."); name == "" || len(name) > maxName {
		return
	}
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
		return
	}
	v, _ := n.known.Touch(a, now)
	if from < v.from || v.name == name && v.from == from {
		return
	}
	// A name may be a part of a larger text; only itself is to be kept alive.
	*v = named{strings.Clone(name), from}
}

// resolved learns from an answer to a look-up.
func (n *names) resolved(e *event.Event) {
	from := fromLink
	if e.Kind == "dns" {
		from = fromDNS
	}
	// Of the NetBIOS suffixes only 0x20 is surely the name of a host: a
	// workgroup is registered with the address of each of its members.
	if suffix := "brandmelder.dns.netbios_suffix"; event.Has(e.Data, suffix) && event.NumberOf(e.Data, suffix) != 0x20 {
		return
	}
	list := event.AddrsOf(e.Data, "dns.resolved_ip")
	if len(list) == 0 {
		return
	}
	name := event.TextOf(e.Data, "dns.question.name")
	for _, a := range list[:min(len(list), perReply)] {
		n.learn(a, name, from, e.Time)
	}
}

// leased learns the name that a host gave itself when it got its address.
func (n *names) leased(e *event.Event) {
	n.learn(event.AddrOf(e.Data, "brandmelder.dhcp.assigned.ip"), event.TextOf(e.Data, "brandmelder.dhcp.hostname"), fromLease, e.Time)
}
