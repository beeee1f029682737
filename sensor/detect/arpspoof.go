package detect

import (
	"net"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// arpSpoof finds a host that puts itself between others: it tells them, unasked,
// that an address which another host has is its own.
//
// An answer to a question is no sign: two answers are an address given twice. An
// announcement to all is how a cluster or a router takes over (RFC 5227 4), and is
// no sign either. What is left is an answer to one host that it did not ask for;
// one may be a late one, so it counts with a second: again, for another address, or
// traffic to the outside that goes through the claimer from then on.
type arpSpoof struct {
	env    Env
	owners *baseline.Map[netip.Addr, arpOwner]
	asked  *baseline.Map[arpQuestion, int64]
	claims *baseline.Map[event.MAC, arpClaims]
	routes *baseline.Map[netip.Addr, arpRoute]
	doubts *baseline.Map[netip.Addr, arpDoubt]
}

const (
	arpTable   = 16384
	arpMemory  = 3600 * second
	arpFresh   = 600 * second // an owner that was heard of within this time still has the address
	arpAnswer  = 5 * second   // an answer comes within it; hosts ask again after one to three
	arpWindow  = 600 * second // claims of one host are taken together
	arpPassing = 60 * second  // from a claim to traffic that goes through the claimer
	arpClaimed = 3            // unasked claims of an address that another host has
)

type arpOwner struct {
	mac  event.MAC
	seen int64
}

type arpQuestion struct{ asker, about netip.Addr }

// arpClaims is what one link address claimed unasked.
type arpClaims struct {
	begin    int64
	conflict int // claims of an address that another host has
	others   firstFew
	victims  firstFew
	latest   int64
	told     int
}

// arpDoubt is an address that was claimed while it was not known who has it. Its
// owner may be heard of later: attackers put things right when they leave.
type arpDoubt struct {
	claimer event.MAC
	times   int
}

// arpRoute is through whom a host reaches the outside.
type arpRoute struct{ mac, before event.MAC }

func newARPSpoof(env Env, decode Decoder) (Detector, error) {
	if err := decode(&struct{}{}); err != nil {
		return nil, err
	}
	return &arpSpoof{
		env:    env,
		owners: baseline.NewMap[netip.Addr, arpOwner](env.State, "arp-spoofing.owners", arpTable, arpMemory),
		asked:  baseline.NewMap[arpQuestion, int64](env.State, "arp-spoofing.questions", arpTable, arpAnswer),
		claims: baseline.NewMap[event.MAC, arpClaims](env.State, "arp-spoofing.claims", arpTable/4, arpWindow),
		routes: baseline.NewMap[netip.Addr, arpRoute](env.State, "arp-spoofing.routes", arpTable, arpMemory),
		doubts: baseline.NewMap[netip.Addr, arpDoubt](env.State, "arp-spoofing.doubts", arpTable/4, arpWindow),
	}, nil
}

func (d *arpSpoof) Tick(int64, Report) {}

func (d *arpSpoof) Observe(e *event.Event, report Report) {
	if e.Flow != nil {
		d.route(e, report)
		return
	}
	mac, ok := linkAddress(e.Data, "brandmelder.arp.sender.mac")
	from, to := event.AddrOf(e.Data, "brandmelder.arp.sender.ip"), event.AddrOf(e.Data, "brandmelder.arp.target.ip")
	if !ok || from.IsUnspecified() {
		return
	}
	answer := event.TextOf(e.Data, "brandmelder.arp.operation") == "reply"
	if !answer {
		at, _ := d.asked.Touch(arpQuestion{from, to}, e.Time)
		*at = e.Time
	}
	at := d.asked.Get(arpQuestion{to, from})
	if unasked := answer && from != to && (at == nil || e.Time-*at > arpAnswer); unasked && !shared(mac) {
		d.claim(e, mac, from, to, report)
		return
	}
	d.own(mac, from, e.Time)
	d.disprove(e, mac, from, report)
}

// own notes who has an address. One that is still in use stays with its host.
func (d *arpSpoof) own(mac event.MAC, a netip.Addr, now int64) {
	o, fresh := d.owners.Touch(a, now)
	if fresh || o.mac == mac || now-o.seen > arpFresh {
		*o = arpOwner{mac, now}
	}
}

// claim counts an unasked answer.
func (d *arpSpoof) claim(e *event.Event, mac event.MAC, claimed, victim netip.Addr, report Report) {
	c, fresh := d.claims.Touch(mac, e.Time)
	if fresh || e.Time-c.begin > arpWindow {
		*c = arpClaims{begin: e.Time}
	}
	c.latest = e.Time
	c.victims.add(victim)
	c.others.add(claimed)
	o := d.owners.Get(claimed)
	if o == nil {
		d.doubt(mac, claimed, e.Time)
		return
	}
	if o.mac == mac || e.Time-o.seen > arpFresh || shared(o.mac) {
		return
	}
	c.conflict++
	if c.conflict >= arpClaimed || c.conflict >= 2 && c.others.n >= 2 {
		d.report(e, mac, c, false, report)
	}
}

// doubt counts a claim that nothing speaks for or against yet.
func (d *arpSpoof) doubt(mac event.MAC, claimed netip.Addr, now int64) {
	w, _ := d.doubts.Touch(claimed, now)
	if w.claimer != mac {
		*w = arpDoubt{claimer: mac}
	}
	w.times++
}

// disprove counts the claims of an address that turns out to be another host's.
func (d *arpSpoof) disprove(e *event.Event, mac event.MAC, a netip.Addr, report Report) {
	w := d.doubts.Get(a)
	if w == nil || w.claimer == mac || shared(mac) {
		return
	}
	c := d.claims.Get(w.claimer)
	if c != nil {
		if c.conflict += w.times; c.conflict >= arpClaimed {
			d.report(e, w.claimer, c, false, report)
		}
	}
	d.doubts.Delete(a)
}

// route notes through whom a host reaches the outside: when that becomes somebody
// who claimed an address to it just before, the claim was a lie that worked.
func (d *arpSpoof) route(e *event.Event, report Report) {
	f := e.Flow
	host, mac := f.Client.Addr(), f.ServerMAC
	if !d.env.Know.Internal(host) {
		host, mac = f.Server.Addr(), f.ClientMAC
	}
	outside := !d.env.Know.Internal(f.Server.Addr()) || !d.env.Know.Internal(f.Client.Addr())
	if !outside || !d.env.Know.Internal(host) || mac.IsZero() || mac.IsGroup() {
		return
	}
	if r := d.routes.Get(host); r != nil && r.mac == mac && d.claims.Len() == 0 {
		return // as nearly always
	}
	r, _ := d.routes.Touch(host, e.Time)
	if r.mac != mac {
		r.before, r.mac = r.mac, mac
	}
	c := d.claims.Get(mac)
	if c == nil || r.before.IsZero() || f.Start < c.latest || e.Time-c.latest > arpPassing || !c.victims.has(host) {
		return
	}
	d.report(e, mac, c, true, report)
}

func (d *arpSpoof) report(e *event.Event, mac event.MAC, c *arpClaims, passing bool, report Report) {
	n := max(c.conflict, 1)
	if n < 2*c.told {
		return
	}
	c.told = n
	f := event.Finding{
		Key: mac.String(), Time: e.Time, Onset: c.begin,
		Subject:  event.Entity{Asset: event.AssetID("mac:" + mac.String()), Addr: d.addressOf(mac, c)},
		Related:  append(append([]netip.Addr(nil), c.others.list()...), c.victims.list()...),
		Observed: event.Measure{Value: float64(n), Unit: "messages", N: n},
		Facts:    &arpSpoofFacts{MAC: mac.String(), Claimed: c.others.list(), Victims: c.victims.list(), Passing: passing},
		Score:    80, Severity: event.High,
	}
	f.Peer = d.env.Know.Entity(c.victims.list()[0])
	if passing {
		f.Flows, f.FlowsTotal = []event.FlowRef{e.Flow.Ref()}, 1
	}
	report(f)
}

// addressOf is an address of the claimer: its own where it is known, else the one
// that it claims.
func (d *arpSpoof) addressOf(mac event.MAC, c *arpClaims) netip.Addr {
	for a, o := range d.owners.All {
		if o.mac == mac {
			return a
		}
	}
	return c.others.list()[0]
}

func linkAddress(r event.Record, path string) (event.MAC, bool) {
	hw, err := net.ParseMAC(event.TextOf(r, path))
	if err != nil || len(hw) != 6 {
		return event.MAC{}, false
	}
	m := event.MAC(hw)
	return m, !m.IsZero() && !m.IsGroup()
}

// shared reports link addresses that move between routers on purpose: VRRP and
// CARP (RFC 9568 7.3), HSRP and GLBP.
func shared(m event.MAC) bool {
	switch {
	case m[0] == 0 && m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2):
		return true
	case m[0] == 0 && m[1] == 0 && m[2] == 0x0c && m[3] == 7 && m[4] == 0xac:
		return true
	case m[0] == 0 && m[1] == 0 && m[2] == 0x0c && m[3] == 0x9f && m[4]&0xf0 == 0xf0:
		return true
	}
	return m[0] == 0 && m[1] == 7 && m[2] == 0xb4
}

// arpSpoofFacts is what a finding rests on.
type arpSpoofFacts struct {
	MAC              string
	Claimed, Victims []netip.Addr
	Passing          bool
}

var arpSpoofTable = event.NewTable("arp-spoofing", "A host that tells others, unasked, that an address is its own.",
	event.String("brandmelder.arp_spoofing.mac", event.Technical, "link address of the claimer", func(f *arpSpoofFacts) (string, bool) { return f.MAC, true }),
	event.IPs("brandmelder.arp_spoofing.claimed", event.Technical, "addresses that it claims, at most 4", func(f *arpSpoofFacts) []netip.Addr { return f.Claimed }),
	event.IPs("brandmelder.arp_spoofing.victims", event.Technical, "hosts that it tells so, at most 4", func(f *arpSpoofFacts) []netip.Addr { return f.Victims }),
	event.Bool("brandmelder.arp_spoofing.passing", event.Technical, "their traffic to the outside now goes through it", func(f *arpSpoofFacts) (bool, bool) { return f.Passing, true }),
)

func (*arpSpoofFacts) Table() *event.Table { return arpSpoofTable }

func init() {
	register(Spec{
		Name:      "arp-spoofing",
		Doc:       "a host tells others, unasked, that an address which another has is its own",
		Family:    "arp-spoofing",
		Technique: []string{"T1557.002"},
		Class:     event.Absolute,
		Severity:  event.High,
		Wants:     []string{"arp", "flow.start", "flow.end", "dns"},
		Facts:     arpSpoofTable,
		New:       newARPSpoof,
	})
}
