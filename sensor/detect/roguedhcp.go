package detect

import (
	"net/netip"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// rogueDHCP finds a second server that answers the same question for an address
// and sends the host elsewhere: to another router, or to other name servers. Two
// servers that serve one network together tell the same.
type rogueDHCP struct {
	env    Env
	offers *baseline.Map[dhcpQuestion, dhcpOffer]
	told   *baseline.Map[netip.Addr, int]
}

const (
	rogueDHCPQuestions = 4096
	rogueDHCPWindow    = 60 * second // a client decides in ten
	rogueDHCPServers   = 1024
	rogueDHCPMemory    = 24 * 3600 * second
)

type dhcpQuestion struct{ client, transaction string }

type dhcpOffer struct {
	server, router netip.Addr
	resolvers      []netip.Addr
}

func newRogueDHCP(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &rogueDHCP{
		env:    env,
		offers: baseline.NewMap[dhcpQuestion, dhcpOffer](env.State, "rogue-dhcp.questions", rogueDHCPQuestions, rogueDHCPWindow),
		told:   baseline.NewMap[netip.Addr, int](env.State, "rogue-dhcp.servers", rogueDHCPServers, rogueDHCPMemory),
	}, nil
}

func (d *rogueDHCP) Tick(int64, Report) {}

func (d *rogueDHCP) Observe(e *event.Event, report Report) {
	mac := event.TextOf(e.Data, "brandmelder.dhcp.client.mac")
	o := dhcpOffer{event.AddrOf(e.Data, "brandmelder.dhcp.server.ip"), event.AddrOf(e.Data, "brandmelder.dhcp.router.ip"), event.AddrsOf(e.Data, "brandmelder.dhcp.resolvers")}
	if e.Flow == nil || mac == "" || event.TextOf(e.Data, "brandmelder.dhcp.type") != "offer" || !o.server.IsValid() {
		return
	}
	first, fresh := d.offers.Touch(dhcpQuestion{mac, event.TextOf(e.Data, "brandmelder.dhcp.transaction")}, e.Time)
	if fresh {
		*first = o
		return
	}
	if first.server == o.server || first.router == o.router && slices.Equal(first.resolvers, o.resolvers) {
		return
	}
	n, _ := d.told.Touch(o.server, e.Time)
	if *n++; *n&(*n-1) != 0 { // at 1, 2, 4, 8 …
		return
	}
	report(event.Finding{
		Key: o.server.String(), Time: e.Time, Onset: e.Time,
		Subject: d.env.Know.Entity(o.server), Peer: d.env.Know.Entity(first.server), Port: 67,
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1,
		Observed: event.Measure{Value: float64(*n), Unit: "answers", N: *n},
		Facts:    &rogueDHCPFacts{Server: o.server, Other: first.server, Router: o.router, OtherRouter: first.router, Resolvers: o.resolvers},
		Score:    60, Severity: event.Medium,
	})
}

// rogueDHCPFacts is what a finding rests on: two answers to one question.
type rogueDHCPFacts struct {
	Server, Other, Router, OtherRouter netip.Addr
	Resolvers                          []netip.Addr
}

var rogueDHCPTable = event.NewTable("rogue-dhcp", "Two servers that answer the same question for an address differently.",
	event.IP("brandmelder.rogue_dhcp.server", event.Technical, "server that answered second", func(f *rogueDHCPFacts) netip.Addr { return f.Server }),
	event.IP("brandmelder.rogue_dhcp.other", event.Technical, "server that answered first", func(f *rogueDHCPFacts) netip.Addr { return f.Other }),
	event.IP("brandmelder.rogue_dhcp.router", event.Technical, "router that the second names", func(f *rogueDHCPFacts) netip.Addr { return f.Router }),
	event.IP("brandmelder.rogue_dhcp.other_router", event.Technical, "router that the first names", func(f *rogueDHCPFacts) netip.Addr { return f.OtherRouter }),
	event.IPs("brandmelder.rogue_dhcp.resolvers", event.Technical, "name servers that the second names", func(f *rogueDHCPFacts) []netip.Addr { return f.Resolvers }),
)

func (*rogueDHCPFacts) Table() *event.Table { return rogueDHCPTable }

func init() {
	register(Spec{
		Name:      "rogue-dhcp",
		Doc:       "two DHCP servers answer the same question and send the host to different routers or name servers",
		Family:    "arp-spoofing", // the same aim: to stand between others
		Technique: []string{"T1557.003"},
		Class:     event.Absolute,
		Severity:  event.Medium,
		Wants:     []string{"dhcp"},
		Facts:     rogueDHCPTable,
		New:       newRogueDHCP,
	})
}
