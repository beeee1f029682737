package know

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// answer and lease have the paths of the parsers' records that are read here.
type answer struct {
	name   string
	addrs  []netip.Addr
	suffix int64
}

func (*answer) Table() *event.Table { return answerTable }

var answerTable = event.NewTable("dns", "",
	event.String("dns.question.name", event.Technical, "", func(a *answer) (string, bool) { return a.name, true }),
	event.IPs("dns.resolved_ip", event.Technical, "", func(a *answer) []netip.Addr { return a.addrs }),
	event.Int("brandmelder.dns.netbios_suffix", event.Technical, "", func(a *answer) (int64, bool) { return a.suffix, a.suffix >= 0 }),
)

type lease struct {
	addr      netip.Addr
	mac, name string
}

func (*lease) Table() *event.Table { return leaseTable }

var leaseTable = event.NewTable("dhcp", "",
	event.IP("brandmelder.dhcp.assigned.ip", event.Technical, "", func(l *lease) netip.Addr { return l.addr }),
	event.String("brandmelder.dhcp.client.mac", event.Technical, "", func(l *lease) (string, bool) { return l.mac, l.mac != "" }),
	event.String("brandmelder.dhcp.hostname", event.Personal, "", func(l *lease) (string, bool) { return l.name, l.name != "" }),
)

// strange has the right path with the wrong type.
type strange struct{}

func (strange) Table() *event.Table { return strangeTable }

var strangeTable = event.NewTable("strange", "",
	event.String("dns.resolved_ip", event.Technical, "", func(strange) (string, bool) { return "x", true }),
	event.Int("brandmelder.arp.sender.ip", event.Technical, "", func(strange) (int64, bool) { return 1, true }),
)

func TestNames(t *testing.T) {
	k := mustNew(t, Config{})
	tell := func(kind string, r event.Record) {
		k.Observe(&event.Event{Kind: kind, Time: 1, Data: r})
	}
	web := addr("93.184.0.1")
	tell("dns", &answer{"www.example.net.", []netip.Addr{web, addr("2a00::1")}, -1})
	tell("dns", &answer{"none.example.net", nil, -1})
	tell("dns", &answer{"many.example.net", []netip.Addr{addr("224.0.0.1"), addr("0.0.0.0")}, -1})
	tell("dns", &answer{strings.Repeat("a", 300), []netip.Addr{addr("93.184.0.9")}, -1})
	tell("nbns", &answer{"spoof", []netip.Addr{web}, 0x20})
	tell("nbns", &answer{"workgroup", []netip.Addr{addr("10.0.0.1")}, 0x00})
	tell("nbns", &answer{"ward7", []netip.Addr{addr("10.0.0.2")}, 0x20})
	tell("dhcp", &lease{addr("10.0.0.3"), "02:00:00:00:00:03", "pump3"})
	tell("dns", &answer{"evil.example", []netip.Addr{addr("10.0.0.3")}, -1})
	tell("dns", strange{})
	tell("arp", strange{})
	for a, want := range map[string]string{
		"93.184.0.1": "www.example.net", "2a00::1": "www.example.net", "224.0.0.1": "", "0.0.0.0": "", "93.184.0.9": "",
		"10.0.0.1": "", "10.0.0.2": "ward7", "10.0.0.3": "pump3",
	} {
		if got := k.NameOf(addr(a)); got != want {
			t.Errorf("NameOf(%s) = %q, want %q", a, got, want)
		}
	}
	want := event.Entity{Asset: "mac:02-00-00-00-00-03", Addr: addr("10.0.0.3"), Name: "pump3"}
	if got := k.Entity(addr("::ffff:10.0.0.3")); got != want {
		t.Errorf("Entity = %+v, want %+v", got, want)
	}
	tell("dns", &answer{"new.example.net", []netip.Addr{web}, -1})
	if got := k.NameOf(web); got != "new.example.net" {
		t.Errorf("after a new look-up: %q", got)
	}
}

func flowFrom(n uint32, mac event.MAC) *event.Event {
	client := netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
	return &event.Event{Kind: "flow.start", Time: int64(n), Flow: &event.Flow{
		Client: netip.AddrPortFrom(client, 1), Server: netip.AddrPortFrom(addr("93.184.0.1"), 80), ClientMAC: mac,
	}}
}

func TestRouter(t *testing.T) {
	k := mustNew(t, Config{})
	router := event.MAC{2, 0, 0, 0, 0, 1}
	a := addr("10.0.0.1")
	k.Observe(&event.Event{Kind: "dhcp", Data: &lease{a, router.String(), ""}})
	for range 3 {
		for n := range uint32(hostAddrs) {
			k.Observe(flowFrom(n+1, router))
		}
	}
	if k.Router(router) || k.Entity(a).Asset != "mac:02-00-00-00-00-01" {
		t.Errorf("%d addresses make a router", hostAddrs)
	}
	k.Observe(flowFrom(hostAddrs+1, router))
	if !k.Router(router) || k.Entity(a).Asset != "10.0.0.1" {
		t.Errorf("%d addresses make no router", hostAddrs+1)
	}
	if k.Router(event.MAC{2}) {
		t.Error("an unknown address is a router")
	}
}

func TestFlood(t *testing.T) {
	k := mustNew(t, Config{})
	for n := range uint32(1_000_000) {
		var mac event.MAC
		mac[0] = 2
		binary.BigEndian.PutUint32(mac[2:], n)
		e := flowFrom(n, mac)
		k.Observe(e)
		a := e.Flow.Client.Addr()
		k.Observe(&event.Event{Kind: "dhcp", Time: int64(n), Data: &lease{a, mac.String(), "host"}})
		if n < 2*maxControllers {
			k.Observe(&event.Event{Kind: "kerberos", Time: int64(n), Data: ticket("TGS-REP"), Flow: between("10.9.9.9", a.String())})
		}
	}
	for _, g := range k.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
		if g.Evicted() == 0 {
			t.Errorf("%s: nothing was evicted", g.Name())
		}
	}
}
