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
	raised float64 // of the bar, by the configuration
	scorer beaconScorer
	pairs  *baseline.Map[beaconPair, beaconCalls]
	places *baseline.Map[string, firstFew]     // clients of each place
	webs   *baseline.Map[netip.Addr, firstFew] // servers of our own that each client calls for web pages
	longs  *baseline.Map[beaconPair, callRing] // more of the calls, of pairs that are nearly regular
}

const (
	beaconRing   = 64  // calls kept of a pair: measured as good as 256 up to a jitter of 70 %
	beaconLong   = 256 // of a pair whose score passes beaconNear: so many show a timer of which half is missed
	beaconLongs  = 4096
	beaconPairs  = 65536
	beaconPlaces = 32768
	beaconIdle   = 24 * 3600 * second // a timer of more than a few hours needs weeks to show
	beaconUsed   = 30 * 24 * 3600 * second
	beaconJoin   = 1500 * second / 1000 // calls closer than this are one: a page and its parts
	beaconSpan   = 20 * second          // least time that a finding rests on
	beaconOthers = 2                    // other hosts that may use the place: a campaign has more than one victim
	// Score from which up to 64 calls are a beacon; of more calls see beaconBar. A
	// pair is looked at some fifteen times and each look is the best of eight, so
	// one in a thousand pairs wants a tenth of that of a single statistic: the limit is
	// what one in a thousand days of the worst family that calibrates reaches
	// (go test -run BeaconBar -calibrate).
	beaconLimit = 4.3
	beaconNear  = 2
	// A timer of an hour gives two dozen calls a day, of which nothing can be as sure
	// as of hundreds. Few pairs call so seldom and yet day and night: those may pass
	// with less. 2.2 would find what plain variation finds and made four in a thousand
	// pairs of families held out wrong, this one in a thousand (docs/eval-beacon.md).
	beaconSlowLimit = 2.9
	beaconSlowLeast = 16
	beaconSlowMost  = 32
	beaconNight     = 12 * 3600 * second
	beaconDay       = 26 * 3600 * second
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
	ring   callRing
	long   bool  // a longer ring may be there
	first  int64 // call, ns
	seen   int   // calls in all
	failed int   // of them, conversations that came to nothing
	told   int   // calls at the latest finding
	app    string
	refs   []event.FlowRef // latest, but for the first call: most pairs make no other
}

// beaconConfig is the section of the configuration.
type beaconConfig struct {
	Score float64 `yaml:"score"` // beaconLimit
}

func newBeacon(env Env, decode Decoder) (Detector, error) {
	set := beaconConfig{Score: beaconLimit}
	if err := decode(&set); err != nil {
		return nil, err
	}
	return &beacon{
		env:    env,
		raised: set.Score - beaconLimit,
		pairs:  baseline.NewMap[beaconPair, beaconCalls](env.State, "beacon.pairs", beaconPairs, beaconIdle),
		places: baseline.Keep(env.State, baseline.NewMap[string, firstFew](env.State, "beacon.places", beaconPlaces, beaconUsed)),
		webs:   baseline.Keep(env.State, baseline.NewMap[netip.Addr, firstFew](env.State, "beacon.webs", beaconPlaces/2, beaconIdle)),
		longs:  baseline.NewMap[beaconPair, callRing](env.State, "beacon.longs", beaconLongs, beaconIdle),
	}, nil
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
			if f.App != "" {
				c.app = f.App
			}
			c.failed += failed(t)
			up, down := uint32(min(t.Total[event.Client].Payload, 1<<32-1)), uint32(min(t.Total[event.Server].Payload, 1<<32-1))
			c.ring.end(f.Start, up, down)
			if long := b.longs.Get(pair); c.long && long != nil {
				long.end(f.Start, up, down)
			}
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
	if !c.add(at, e.Flow.Ref()) {
		return
	}
	long := b.long(pair, c, at)
	if !beaconLook(c.seen) || c.seen < 2*c.told || users.n > beaconOthers+1 || c.failed*4 > c.seen || timed(pair.proto, pair.port, c.app) {
		return
	}
	calls, score, r := b.scorer.look(c, long)
	if score > beaconNear && c.seen >= beaconRing && long == nil {
		long, _ = b.longs.Touch(pair, e.Time)
		*long, c.long = callRing{calls: slices.Clone(calls)}, true
	}
	if r.period >= beaconSlow && e.Time-c.first < beaconKnown && !b.env.Know.Internal(e.Flow.Server.Addr()) {
		return
	}
	if score > beaconBar(c.seen, calls)+b.raised {
		c.told = c.seen
		report(b.finding(e, pair, c, calls, score, r, users.n-1))
	}
}

// long is the longer ring of a pair with the call in it, nil where there is none.
func (b *beacon) long(pair beaconPair, c *beaconCalls, at int64) *callRing {
	if !c.long {
		return nil
	}
	long := b.longs.Get(pair)
	if c.long = long != nil; c.long {
		b.longs.Touch(pair, at)
		long.add(at, beaconLong)
	}
	return long
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
