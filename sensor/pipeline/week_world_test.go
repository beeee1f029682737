package pipeline

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// week makes the events of a hospital's traffic hour by hour, as the merge would
// hand them on: no packets, no parsers. The same seed gives the same week.
type week struct {
	r      *rand.Rand
	begin  int64 // of the hour that is made, ns
	events []event.Event
	number uint64
	house
}

// house is the hosts, by what they are for.
type house struct {
	office, medical, modalities, servers, printers, phones, controllers, switches, guests []netip.Addr
}

const (
	weekBegin = 1_704_668_400_000_000_000 // Monday 8 January 2024, 00:00 in Amsterdam

	tcpNumber, udpNumber, icmpNumber = 6, 17, 1
)

// addresses are n of a network of ours, 250 to a /24.
func addresses(network byte, n int) (out []netip.Addr) {
	for i := range n {
		out = append(out, netip.AddrFrom4([4]byte{10, network, byte(i / 250), byte(i%250 + 2)}))
	}
	return out
}

// newWeek makes the house at a scale: 1 is 2,666 hosts.
func newWeek(seed uint64, scale float64) *week {
	n := func(full int) int { return max(int(float64(full)*scale), 2) }
	return &week{r: rand.New(rand.NewPCG(seed, 7)), begin: weekBegin, house: house{
		office: addresses(20, n(1400)), medical: addresses(30, n(210)), modalities: addresses(31, n(40)), servers: addresses(10, 60),
		printers: addresses(40, n(150)), phones: addresses(50, n(250)), controllers: addresses(60, n(60)), switches: addresses(70, n(80)), guests: addresses(90, n(416)),
	}}
}

// Servers by their work: places in house.servers.
const (
	dcOne = iota
	dcTwo
	files
	homes
	printServer
	mailServer
	epd
	epdDatabase
	pacs
	hl7Bus
	laboratory
	wsus
	software // pushes programs to hidden shares
	backup
	monitor
	scanner
	help // a help desk's own jump host
	building
	exchangeTwo
	intranet
	proxyless // servers from here on have no part of their own
)

func (w *week) server(place int) netip.Addr { return w.servers[place] }

// at is a time within the hour.
func (w *week) at() int64 { return w.begin + w.r.Int64N(int64(hour)) }

// times draws how often something happens that happens rate times an hour.
func (w *week) times(rate float64) (n int) {
	for limit, p := math.Exp(-rate), w.r.Float64(); p > limit; p *= w.r.Float64() {
		n++
	}
	return n
}

func (w *week) pick(list []netip.Addr) netip.Addr { return list[w.r.IntN(len(list))] }

// size draws a number of bytes around a median; e-fold spread.
func (w *week) size(median float64) uint64 { return uint64(median * math.Exp(w.r.NormFloat64())) }

// busy is how much of its daytime work an hour sees, 0 to 1.
func (w *week) busy() float64 {
	hours := (w.begin - weekBegin) / hour
	share := [24]float64{.02, .02, .02, .02, .02, .05, .2, .6, 1, 1, 1, 1, .7, 1, 1, 1, .9, .4, .15, .1, .08, .06, .04, .03}[hours%24]
	if hours/24%7 >= 5 {
		share *= .15
	}
	return share
}

func (w *week) clockHour() int { return int((w.begin - weekBegin) / hour % 24) }

func (w *week) weekday() int { return int((w.begin - weekBegin) / hour / 24 % 7) }

// say adds an event.
func (w *week) say(kind string, at int64, f *event.Flow, r event.Record) {
	w.number++
	w.events = append(w.events, event.Event{Kind: kind, Time: at, Flow: f, Data: r,
		Place: event.Place{Clock: at, Phase: event.PhasePacket, Number: w.number}})
}

func (w *week) newFlow(at int64, client netip.Addr, server netip.AddrPort, number uint8, app string) *event.Flow {
	from := netip.AddrPortFrom(client, uint16(49152+w.r.IntN(16384)))
	f := &event.Flow{Client: from, Server: server, Proto: number, App: app, Start: at, Number: w.number + 1, CommunityID: "1:week"}
	f.Key = event.Key{A: client.As16(), B: server.Addr().As16(), APort: from.Port(), BPort: server.Port(), Proto: number}
	if server.Addr().Less(client) {
		f.Key.A, f.Key.B, f.Key.APort, f.Key.BPort = f.Key.B, f.Key.A, f.Key.BPort, f.Key.APort
	}
	return f
}

// talk is what a conversation is made of.
type talkOf struct {
	app      string
	number   uint8 // 0: TCP
	last     int64 // ns
	up, down uint64
}

// talk adds a conversation that was answered: its start, its progress each quarter
// of an hour where it lasts, and its end.
func (w *week) talk(at int64, client netip.Addr, server netip.AddrPort, t talkOf) *event.Flow {
	number, state, end := t.number, event.StateSF, "fin"
	if number == 0 {
		number = tcpNumber
	}
	if number != tcpNumber {
		state, end = event.StateNone, "idle"
	}
	f := w.newFlow(at, client, server, number, t.app)
	said := [2]event.Count{}
	tell := func(kind string, at, last int64, up, down uint64, state event.TCPState, end string) {
		tr := &event.Traffic{First: f.Start, Last: last, State: state, End: end}
		for side, bytes := range []uint64{up, down} {
			tr.Total[side] = event.Count{Packets: 1 + bytes/1400, Bytes: bytes + 40*(1+bytes/1400), Payload: bytes}
			tr.Delta[side] = tr.Total[side]
			tr.Delta[side].Sub(said[side])
		}
		said = tr.Total
		w.say(kind, at, f, tr)
	}
	tell("flow.start", at, at, 0, 0, event.StateS1, "")
	const step = 15 * minute
	for p := step; p < t.last; p += step {
		share := float64(p) / float64(t.last)
		tell("flow.alive", at+p, at+p, uint64(float64(t.up)*share), uint64(float64(t.down)*share), event.StateS1, "")
	}
	wait := int64(0)
	if number != tcpNumber {
		wait = 60 * second
	}
	tell("flow.end", at+t.last+wait, at+t.last, t.up, t.down, state, end)
	return f
}

// fail adds a try that came to nothing: silence, or a refusal.
func (w *week) fail(at int64, client netip.Addr, server netip.AddrPort, number uint8, refused bool) {
	f := w.newFlow(at, client, server, number, "")
	tr := &event.Traffic{First: at, Last: at, OneWay: !refused, End: "idle"}
	tr.Total[event.Client] = event.Count{Packets: 3, Bytes: 180}
	if number == tcpNumber {
		tr.State = event.StateS0
		if refused {
			tr.State, tr.Total[event.Server].Packets, tr.End = event.StateREJ, 1, "rst"
		}
	}
	w.say("flow.end", at+30*second, f, tr)
}

// service is a port of a host.
func service(a netip.Addr, n uint16) netip.AddrPort { return netip.AddrPortFrom(a, n) }

// outside is the address of a name on the internet.
func outside(name string) netip.Addr {
	h := fnv.New32a()
	h.Write([]byte(name))
	v := h.Sum32()
	return netip.AddrFrom4([4]byte{byte(23 + v%60), byte(v >> 8), byte(v >> 16), byte(v>>24)%250 + 1})
}

// resolve adds a look-up at the house's own resolver.
func (w *week) resolve(at int64, client netip.Addr, host, domain string) netip.Addr {
	a := outside(host + "." + domain)
	w.ask(at, client, host, domain, "A", "NOERROR", a)
	return a
}

func (w *week) ask(at int64, client netip.Addr, host, domain, kind, code string, answers ...netip.Addr) {
	f := w.talk(at, client, service(w.server(dcOne), 53), talkOf{app: "dns", number: udpNumber, last: 5_000_000, up: 60, down: 120})
	name := host + "." + domain
	d := &proto.DNS{Asked: true, Answered: true, Questions: 1, QType: kind, QClass: "IN", OpCode: "QUERY", RCode: code, Suffix: -1, Total: len(answers), QueryBytes: 60, ResponseBytes: 120,
		Query: proto.DNSName{Text: name, Length: len(name), Labels: 3, Longest: len(host), Domain: domain, TLD: "nl", Subdomain: host, Entropy: 3}}
	for _, a := range answers {
		d.Answers = append(d.Answers, proto.DNSAnswer{Name: name, Type: kind, Class: "IN", TTL: 300, Addr: a})
	}
	w.say("dns", at+5_000_000, f, d)
}

// web adds a page: a look-up, and a conversation over TLS.
func (w *week) web(at int64, client netip.Addr, host, domain string, up, down uint64, last int64) *event.Flow {
	a := w.resolve(at-20_000_000, client, host, domain)
	f := w.talk(at, client, service(a, 443), talkOf{app: "tls", last: last, up: up, down: down})
	w.say("tls", at+30_000_000, f, &proto.TLS{Established: true, Hello: proto.ClientHello{Versions: []uint16{0x304}, ServerName: host + "." + domain, ALPN: []string{"h2"}, JA3: "browser"}})
	return f
}

// site is the n-th most used place of the internet: few are used by all, most by
// a handful.
func (w *week) site() string {
	n := int(math.Pow(40_000, w.r.Float64()))
	return fmt.Sprintf("%s%s%d.nl", syllables[n%len(syllables)], syllables[n/7%len(syllables)], n)
}

var syllables = []string{"ziek", "huis", "nieuws", "weer", "markt", "reis", "boek", "sport", "water", "groen", "stad", "land", "zorg", "bank", "werk", "school", "fiets"}
