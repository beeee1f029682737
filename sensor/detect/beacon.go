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
// honest; it is told of where the place is outside, used by hardly anyone else here,
// and the protocol not periodic by nature, and is an alarm where something is odd
// about it (signsOf). What counts as a call, and as a place, says beaconWay.
type beacon struct {
	env       Env
	raised    float64 // of the bar, by the configuration
	lesson    *baseline.Lesson
	scorer    beaconScorer
	pairs     *baseline.Map[beaconPair, beaconCalls]
	places    *baseline.Map[string, sentPlace]       // clients of each place
	others    *baseline.Map[beaconPair, beaconCalls] // pairs by other ways than the conversation itself
	names     *baseline.Map[string, sentPlace]       // and the clients of those places that are none: domains, fingerprints
	longs     *baseline.Map[beaconPair, callRing]    // more of the calls, of pairs that are nearly regular
	resolvers *baseline.Map[netip.Addr, struct{}]    // they ask what others want to know
	clinical  *baseline.Map[netip.Addr, struct{}]    // they speak DICOM or HL7
	settled   *baseline.Map[beaconPair, struct{}]    // timers that were there when the sensor came
	prints    *baseline.Map[string, firstFew]        // clients with a fingerprint (JA4)
	silent    *baseline.Map[netip.Addr, firstFew]    // places that a client names, though nobody was seen to look them up
	site      beaconSite
}

const (
	beaconRing       = 64  // calls kept of a pair: measured as good as 256 up to a jitter of 70 %
	beaconLong       = 256 // of a pair whose score passes beaconNear: so many show a timer of which half is missed
	beaconLongs      = 4096
	beaconPairs      = 40_000 // with all else 200 MB under a flood of half a million pairs
	beaconPlaces     = 32768
	beaconHosts      = 4096 // resolvers, devices and their timers, fingerprints
	beaconOtherPairs = 6_000
	beaconIdle       = 24 * 3600 * second // a timer of more than a few hours needs weeks to show
	beaconUsed       = 30 * 24 * 3600 * second
	beaconJoin       = 1500 * second / 1000 // calls closer than this are one: a page and its parts
	beaconSpan       = 20 * second          // least time that a finding rests on
	beaconOthers     = 2                    // other hosts that may use the place: a campaign has more than one victim
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
	// A timer waits for no longer than it may, and chance has no such bound: of two dozen
	// of its waits one is twice the mean and more. So those pass with still less whose
	// longest wait is within beaconBound means: a timer that strays by a half comes to
	// 1.5, and the mean of sixteen of its waits is off by an eighth. At 1.8 the families
	// that calibrate pass twice as often as at 1.7.
	beaconBoundLimit = 1.5
	beaconBound      = 1.7
	beaconSlowLeast  = 16
	beaconSlowMost   = 32
	beaconNight      = 12 * 3600 * second
	beaconDay        = 26 * 3600 * second
	// Least period, s. Joining calls makes endless bursts look like a timer of
	// beaconJoin.
	beaconPeriod = 2
	beaconRefs   = 4
	// Who else uses a place is known after a day: until then every small program that
	// asks its maker for news looks like an implant. One that calls a hundred times a
	// day waits for that; what calls more often is no such program, and more urgent.
	beaconSlow  = 600 // s
	beaconKnown = 24 * 3600 * second
)

type beaconPair struct {
	client netip.Addr // none: all of them
	place  string
	port   uint16
	proto  uint8
	way    beaconWay
}

// beaconCalls is what is kept of a pair. There are many: its small numbers are small.
type beaconCalls struct {
	ring   callRing
	first  int64  // call, ns
	seen   int    // calls in all
	told   int    // calls at the latest finding
	failed int32  // conversations and look-ups that came to nothing
	moved  int32  // calls that were for something else than the one before
	met    int32  // look-ups that a conversation with the domain followed
	last   uint32 // what the latest call was for, hashed: an address, a name
	peaks  beaconPeaks
	app    string
	refs   []event.FlowRef // latest, but for the first call: most pairs make no other
	odd    signs           // of conversations, requests and handshakes
	long   bool            // a longer ring may be there
	// A name is not missed: the conversation says it, of a client whose look-ups are not
	// seen, or it is of a kind that does without.
	vouched bool
	noted   bool // the latest finding was a note
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
	st := env.State
	return &beacon{
		env:       env,
		raised:    set.Score - beaconLimit,
		lesson:    st.Learn("beacon", beaconKnown),
		pairs:     baseline.NewMap[beaconPair, beaconCalls](st, "beacon.pairs", beaconPairs, beaconIdle),
		places:    baseline.Keep(st, baseline.NewMap[string, sentPlace](st, "beacon.places", beaconPlaces, beaconUsed)),
		others:    baseline.NewMap[beaconPair, beaconCalls](st, "beacon.others", beaconOtherPairs, beaconIdle),
		names:     baseline.Keep(st, baseline.NewMap[string, sentPlace](st, "beacon.names", beaconOtherPairs, beaconUsed)),
		longs:     baseline.NewMap[beaconPair, callRing](st, "beacon.longs", beaconLongs, beaconIdle),
		resolvers: baseline.Keep(st, baseline.NewMap[netip.Addr, struct{}](st, "beacon.resolvers", beaconHosts, beaconUsed)),
		clinical:  baseline.Keep(st, baseline.NewMap[netip.Addr, struct{}](st, "beacon.clinical", beaconHosts, beaconUsed)),
		settled:   baseline.Keep(st, baseline.NewMap[beaconPair, struct{}](st, "beacon.settled", beaconHosts, beaconUsed)),
		prints:    baseline.Keep(st, baseline.NewMap[string, firstFew](st, "beacon.prints", beaconHosts, beaconUsed)),
		silent:    baseline.NewMap[netip.Addr, firstFew](st, "beacon.silent", beaconPlaces, beaconIdle),
		site:      newBeaconSite(st),
	}, nil
}

func (b *beacon) Tick(now int64, _ Report) { b.lesson.Over(now) } // it begins with the sensor, not with a find

func (b *beacon) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	switch e.Kind {
	case "dns":
		b.asks(e, report)
	case "dicom", "hl7":
		b.clinical.Touch(e.Flow.Client.Addr(), e.Time)
	case "tls":
		b.resembles(e, report)
	default:
		b.talks(e, report)
	}
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

// call notes a call of a pair, for what, and reports the pair if it is a timer's.
func (b *beacon) call(e *event.Event, pair beaconPair, at int64, what uint32, report Report) {
	pairs, places := b.book(pair.way)
	place, fresh := places.Touch(pair.place, e.Time)
	if fresh {
		place.since = e.Time
	}
	place.users.add(e.Flow.Client.Addr())
	c, _ := pairs.Touch(pair, e.Time)
	if e.Flow.App != "" {
		c.app = e.Flow.App
	}
	if !c.add(at, e.Flow.Ref()) {
		return
	}
	if c.seen > 1 && c.last != what {
		c.moved++
	}
	c.last = what
	long := b.long(pair, c, at)
	if beaconLook(c.seen) && (c.noted || c.seen >= 2*c.told) && place.users.n <= beaconOthers+1 && int(c.failed)*4 <= c.seen && pair.way.holds(pair, c) {
		b.look(e, pair, c, long, place, report)
	}
}

func (b *beacon) look(e *event.Event, pair beaconPair, c *beaconCalls, long *callRing, place *sentPlace, report Report) {
	calls, score, r := b.scorer.look(c, long)
	if score > beaconNear && c.seen >= beaconRing && long == nil {
		long, _ = b.longs.Touch(pair, e.Time)
		*long, c.long = callRing{calls: slices.Clone(calls)}, true
	}
	bar, slow := beaconBar(c.seen, calls)
	outside := pair.way == beaconAsks || !b.env.Know.Internal(e.Flow.Server.Addr())
	if outside {
		b.site.look(&c.peaks, c.seen, score-bar, slow, e.Time)
		bar += b.site.shift(beaconClass(beaconTrial(c.seen), slow))
		if r.period >= beaconSlow && e.Time-c.first < beaconKnown {
			return
		}
	}
	if score <= bar+b.raised {
		return
	}
	odd := b.signsOf(e, pair.way, c, calls, r, place.since, place.users.n)
	severity := b.severity(e, pair, outside, c.first, odd)
	if c.seen < 2*c.told && severity == event.Low {
		return
	}
	c.told, c.noted = c.seen, outside && severity == event.Low
	f := b.finding(e, pair, c, calls, score, bar+b.raised, r, place.users.n-1, odd)
	f.Severity = severity
	report(f)
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

// severity: inside, monitoring and heartbeats look like beacons, and what hides among
// them is the business of c2-channel. Look-ups of ever other names and pings of ever
// other sizes are no program's way to keep in touch; of all else see signsOf.
func (b *beacon) severity(e *event.Event, p beaconPair, outside bool, first int64, odd signs) event.Severity {
	if !outside || p.way == beaconWithin && p.place != e.Flow.Server.Addr().String() {
		return event.Low
	}
	early := !b.lesson.Over(e.Time) || first < b.lesson.Until()
	// What keeps a connection alive, and a device that calls its maker, was mostly there
	// before the sensor: of those only a new one says something.
	p.client = e.Flow.Client.Addr()
	device := b.clinical.Get(p.client) != nil || b.env.Know.Device(p.client)
	if early && (device || p.way == beaconWithin) || b.settled.Get(p) != nil {
		b.settled.Touch(p, e.Time)
		return event.Low
	}
	if p.way != beaconAsks && p.way != beaconPings && !suspect(odd, p.port) {
		return event.Low
	}
	return event.Medium
}

func (p beaconPair) key() string {
	way := ""
	if p.way != beaconCallsPlace {
		way = beaconWays[p.way] + " "
	}
	return way + p.client.String() + " " + p.place + " " + strconv.Itoa(int(p.port)) + "/" + event.ProtoName(p.proto)
}
