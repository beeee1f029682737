package detect

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// beacon finds a client that calls one place again and again like a timer does:
// the check-ins of an implant. It keeps the latest calls of each pair and looks
// at them when their number reaches a step. Being periodic is common and mostly
// honest; what makes it a finding is the place: outside, used by hardly anyone
// else here, and no protocol that is periodic by nature.
//
// A call is the start of an established conversation, or a request in one. Calls
// inside one long encrypted conversation are not seen.
type beacon struct {
	env    Env
	pairs  *baseline.Map[beaconPair, beaconCalls]
	places *baseline.Map[string, firstFew]     // clients of each place
	webs   *baseline.Map[netip.Addr, firstFew] // servers of our own that each client calls for web pages
}

const (
	beaconRing   = 64 // calls kept of a pair: measured as good as 256 up to a jitter of 70 %
	beaconPairs  = 65536
	beaconPlaces = 32768
	beaconIdle   = 24 * 3600 * second // a timer of more than a few hours needs weeks to show
	beaconUsed   = 30 * 24 * 3600 * second
	beaconJoin   = 1500 * second / 1000 // calls closer than this are one: a page and its parts
	beaconSpan   = 20 * second          // least time that a finding rests on
	beaconOthers = 2                    // other hosts that may use the place: a campaign has more than one victim
	// Score from which calls are a beacon. Over all looks at 64 calls, one series
	// of chance in a thousand passes.
	beaconLimit = 4
	// Least period, s. Joining calls makes endless bursts look like a timer of
	// beaconJoin.
	beaconPeriod = 2
	beaconWebs   = 2 // web servers of our own that a host may call before it counts as a monitor
	beaconRefs   = 4
	// Who else uses a place is known after a day: until then every small program that
	// asks its maker for news looks like an implant. One that calls a hundred times a
	// day waits for that; what calls more often is no such program, and more urgent.
	beaconSlow  = 600 // s
	beaconKnown = 24 * 3600 * second
)

type beaconPair struct {
	client netip.Addr
	place  string
	port   uint16
	proto  uint8
}

// beaconCalls is what is kept of a pair.
type beaconCalls struct {
	ring   []checkIn // grows to beaconRing, then oldest at next
	next   int
	first  int64 // call, ns
	seen   int   // calls in all
	failed int   // of them, conversations that came to nothing
	told   int   // calls at the latest finding
	app    string
	refs   [beaconRefs]event.FlowRef // latest, by number of call
}

func newBeacon(env Env, decode Decoder) (Detector, error) {
	return &beacon{
		env:    env,
		pairs:  baseline.NewMap[beaconPair, beaconCalls](env.State, "beacon.pairs", beaconPairs, beaconIdle),
		places: baseline.Keep(env.State, baseline.NewMap[string, firstFew](env.State, "beacon.places", beaconPlaces, beaconUsed)),
		webs:   baseline.Keep(env.State, baseline.NewMap[netip.Addr, firstFew](env.State, "beacon.webs", beaconPlaces, beaconIdle)),
	}, decode(&struct{}{})
}

func (b *beacon) Tick(int64, Report) {}

func (b *beacon) Observe(e *event.Event, report Report) {
	f := e.Flow
	// Without a start only the protocol says which end is the client.
	if f == nil || f.MidStream && e.Kind != "http" || !b.couldBe(f) {
		return
	}
	pair := beaconPair{f.Client.Addr(), placeOf(b.env, f.Server.Addr()), f.Server.Port(), f.Proto}
	switch e.Kind {
	case "flow.start":
		b.call(e, pair, f.Start, report)
	case "http":
		b.call(e, pair, e.Time, report)
	case "flow.end":
		if c, t := b.pairs.Get(pair), e.Data.(*event.Traffic); c != nil {
			c.end(f, t)
		}
	}
}

// couldBe leaves out what is no call of a client of ours to one place.
func (b *beacon) couldBe(f *event.Flow) bool {
	from, to := f.Client.Addr(), f.Server.Addr()
	inbound := !b.env.Know.Internal(from) && b.env.Know.Internal(to)
	return (f.Proto == 6 || f.Proto == 17) && !inbound &&
		!b.env.Know.Multicast(to) && !timed(f.Proto, f.Server.Port(), f.App)
}

// timedApps and timedPorts are periodic by nature, and each has a detector of its
// own where it can be misused.
var (
	timedApps  = []string{"dhcp", "dhcpv6", "dns", "icmp", "igmp", "llmnr", "mdns", "nbns", "netbios", "ntp", "snmp", "ssdp", "stun", "syslog"}
	timedPorts = []uint16{53, 67, 68, 123, 137, 138, 161, 162, 500, 514, 546, 547, 853, 1900, 3478, 4500, 5353, 5355}
)

func timed(proto uint8, port uint16, app string) bool {
	if slices.Contains(timedApps, app) {
		return true
	}
	return slices.Contains(timedPorts, port) && (proto == 17 || port == 53 || port == 853)
}

func (b *beacon) call(e *event.Event, pair beaconPair, at int64, report Report) {
	users, _ := b.places.Touch(pair.place, e.Time)
	users.add(pair.client)
	c, _ := b.pairs.Touch(pair, e.Time)
	if e.Flow.App != "" {
		c.app = e.Flow.App
	}
	if c.web() {
		servers, _ := b.webs.Touch(pair.client, e.Time)
		servers.add(e.Flow.Server.Addr())
	}
	if !c.add(at, e.Flow.Ref()) || !beaconLook(c.seen) || c.seen < 2*c.told {
		return
	}
	if users.n > beaconOthers+1 || c.failed*4 > c.seen || timed(pair.proto, pair.port, c.app) {
		return
	}
	calls := c.ordered()
	if calls[len(calls)-1].at-calls[0].at < beaconSpan {
		return
	}
	score, r := beaconScore(calls)
	if r.period >= beaconSlow && e.Time-c.first < beaconKnown && !b.env.Know.Internal(e.Flow.Server.Addr()) {
		return
	}
	if score > beaconLimit && r.period >= beaconPeriod {
		c.told = c.seen
		report(b.finding(e, pair, c, calls, score, r, users.n-1))
	}
}

// beaconLook says at which numbers of calls a pair is looked at: often while a
// find would be early, then at each half ring.
func beaconLook(n int) bool {
	switch n {
	case 8, 12, 16, 24, 32, 48:
		return true
	}
	return n >= beaconRing && n%(beaconRing/2) == 0
}

// latest is the call that came last, nil before the first.
func (c *beaconCalls) latest() *checkIn {
	if len(c.ring) == 0 {
		return nil
	}
	return &c.ring[(c.next+len(c.ring)-1)%len(c.ring)]
}

// add keeps a call, unless it belongs to the one before or is out of order.
func (c *beaconCalls) add(at int64, ref event.FlowRef) bool {
	if l := c.latest(); l != nil && at-l.at < beaconJoin {
		return false
	}
	if c.seen == 0 {
		c.first = at
	}
	if len(c.ring) < beaconRing {
		c.ring = append(c.ring, checkIn{at: at})
	} else {
		c.ring[c.next] = checkIn{at: at}
		c.next = (c.next + 1) % beaconRing
	}
	c.refs[c.seen%beaconRefs] = ref
	c.seen++
	return true
}

// ordered copies the ring, oldest first.
func (c *beaconCalls) ordered() []checkIn {
	return append(slices.Clone(c.ring[c.next:]), c.ring[:c.next]...)
}

// end adds what is known when a conversation is over to the call that opened it.
func (c *beaconCalls) end(f *event.Flow, t *event.Traffic) {
	if f.App != "" {
		c.app = f.App
	}
	switch t.State {
	case event.StateS0, event.StateREJ, event.StateRSTOS0, event.StateSH:
		c.failed++
	case event.StateNone:
		if t.Total[event.Server].Packets == 0 { // a call to all, or to nobody
			c.failed++
		}
	}
	for i := range c.ring {
		if k := &c.ring[i]; k.at == f.Start {
			k.up = uint32(min(t.Total[event.Client].Payload, 1<<32-1))
			k.down = uint32(min(t.Total[event.Server].Payload, 1<<32-1))
			return
		}
	}
}

func (c *beaconCalls) web() bool { return c.app == "http" || c.app == "tls" }

// severity: inside, monitoring and heartbeats look like beacons, so those are no
// alarm. One kind is: a host that asks a single server by its bare address for
// web pages. A monitor asks many, and what people use has a name.
func (b *beacon) severity(p beaconPair, c *beaconCalls, server netip.Addr) event.Severity {
	if !b.env.Know.Internal(server) {
		return event.Medium
	}
	servers := b.webs.Get(p.client)
	if c.web() && p.place == server.String() && servers != nil && servers.n <= beaconWebs {
		return event.Medium
	}
	return event.Low
}

func (p beaconPair) key() string {
	return p.client.String() + " " + p.place + " " + strconv.Itoa(int(p.port)) + "/" + event.ProtoName(p.proto)
}
