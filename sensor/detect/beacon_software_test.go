package detect

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// software is a program that does have a timer and is no beacon. Its rhythm cannot
// tell it from one; the detector must, by who else uses the place, by what port and
// protocol it is and by whether it succeeds.
type software struct {
	name   string
	server string // address and port
	proto  uint8
	app    string
	state  event.TCPState
	awake  float64 // h a day that a host is on
	begin  func(r *rand.Rand) func(r *rand.Rand) float64
}

// implant has the rhythm of a program, and shows something besides.
type implant struct {
	software
	bare bool           // its place has no name
	zone string         // or another one than a vendor's
	says map[string]any // a record of each call, of the kind of its app
	day  float64        // on which it begins
}

// drifting draws a period between two and lets each call stray by a share of it.
func drifting(least, most, stray float64) func(r *rand.Rand) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) func(r *rand.Rand) float64 {
		period := logUniform(r, least, most)
		return func(r *rand.Rand) float64 { return period * (1 + stray*(2*r.Float64()-1)) }
	}
}

// doubling waits twice as long each time, up to a limit.
func doubling(least, most, stray float64) func(r *rand.Rand) func(r *rand.Rand) float64 {
	return func(*rand.Rand) func(r *rand.Rand) float64 {
		gap := least / 2
		return func(r *rand.Rand) float64 {
			gap = min(2*gap, most)
			return gap * (1 + stray*(2*r.Float64()-1))
		}
	}
}

// held asks anew when something came, by chance, or when the server has had enough of
// holding the question.
func held(longest, mean float64) func(r *rand.Rand) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) func(r *rand.Rand) float64 {
		mean := mean * logUniform(r, .3, 3)
		return func(r *rand.Rand) float64 { return min(longest, 1+mean*r.ExpFloat64()) }
	}
}

const heldChat = "chat that is held (XEP-0124)"

// timedSoftware and its rhythms: RFC 5905 for NTP, RFC 5280 lists, the defaults of
// mail programs, of Windows Update (22 h less up to a fifth) and of MDM (8 h), timers
// of systemd with their random delay, browsers that slow hidden tabs to a minute.
var timedSoftware = []software{
	{"NTP", "203.0.113.9:123", 17, "ntp", 0, 24, doubling(64, 1024, .02)},
	{"SNMP", "10.2.0.9:161", 17, "snmp", 0, 24, drifting(60, 300, .01)},
	{"lists of revoked certificates", "203.0.113.9:80", 6, "http", event.StateSF, 9, drifting(3600, 3800, .01)},
	{"Windows Update", "203.0.113.9:443", 6, "tls", event.StateSF, 24, drifting(17.6*3600, 22*3600, .05)},
	{"mail program", "203.0.113.9:993", 6, "tls", event.StateSF, 9, drifting(300, 900, .02)},
	{"service that is down", "203.0.113.9:443", 6, "", event.StateS0, 24, doubling(5, 300, .2)},
	{"printer and its maker", "203.0.113.9:443", 6, "tls", event.StateSF, 24, drifting(60, 3600, .05)},
	{"tab of a browser", "203.0.113.9:443", 6, "tls", event.StateSF, 6, drifting(60, 300, .03)},
	{"medical device and its maker", "203.0.113.9:7443", 6, "", event.StateSF, 24, drifting(30, 300, .02)},
	{"MDM", "203.0.113.9:443", 6, "tls", event.StateSF, 24, doubling(180, 8*3600, .05)},
	{"timer of the system", "203.0.113.9:443", 6, "tls", event.StateSF, 24, drifting(300, 3600, .3)},
	{"telemetry of the protection", "203.0.113.9:443", 6, "tls", event.StateSF, 24, drifting(60, 600, .1)},
	{heldChat, "203.0.113.9:443", 6, "tls", event.StateSF, 9, held(60, 60)},
	{"MQTT device", "203.0.113.9:8883", 6, "tls", event.StateSF, 24, drifting(1200, 3600, .05)},
	{"player of a channel (RFC 8216)", "203.0.113.9:443", 6, "tls", event.StateSF, 6, drifting(4, 10, .05)},
	{"heartbeat of a licence, inside", "10.2.0.9:27000", 6, "", event.StateSF, 24, drifting(60, 300, .02)},
	{"reader of news that slows down", "203.0.113.9:443", 6, "tls", event.StateSF, 9, doubling(60, 3600, 0)},
}

// timedImplants have the rhythm of such programs, on one host or more, and something odd.
var timedImplants = []implant{
	{software: software{"place without a name", "203.0.113.9:443", 6, "tls", event.StateSF, 9, drifting(60, 600, .1)}, bare: true},
	{software: software{"unknown protocol, no name", "203.0.113.9:4444", 6, "", event.StateSF, 9, drifting(5, 60, .3)}, bare: true},
	{software: software{"name that anybody gets", "203.0.113.9:443", 6, "tls", event.StateSF, 9, drifting(60, 600, .1)}, zone: "ward7.duckdns.org"},
	{software: software{"certificate that signs itself", "203.0.113.9:443", 6, "tls", event.StateSF, 9, drifting(60, 600, .1)}, says: map[string]any{"tls.server.subject": "CN=srv", "brandmelder.tls.self_signed": true, "tls.client.server_name": "cdn.vendor.example"}},
	{software: software{"request without an agent", "203.0.113.9:80", 6, "http", event.StateSF, 9, drifting(60, 600, .1)}, says: map[string]any{"http.request.method": "GET", "url.domain": "cdn.vendor.example", "url.path": "/a"}},
	{software: software{"straying on purpose", "203.0.113.9:443", 6, "tls", event.StateSF, 9, drifting(60, 120, .3)}},
	{software: software{"new on the second day", "203.0.113.9:443", 6, "tls", event.StateSF, 24, drifting(60, 600, .1)}, day: 1.2},
	{software: software{"nothing odd", "203.0.113.9:443", 6, "tls", event.StateSF, 9, drifting(60, 600, .1)}},
}

// softwareHosts are how many hosts here have the program.
var softwareHosts = []int{1, 2, 3, 4, 10}

const softwareDays = 3

// softwareEvents are the conversations of one program on so many hosts.
func (s implant) events(r *rand.Rand, hosts int) []*event.Event {
	var out []*event.Event
	if !s.bare {
		out = append(out, s.call(talkBegin, "dns", map[string]any{"dns.resolved_ip": []any{netip.MustParseAddrPort(s.server).Addr().String()},
			"dns.question.name": cmp.Or(s.zone, "cdn.vendor.example"), "dns.response_code": "NOERROR"}))
	}
	site := r.Uint64() // all hosts have the same settings
	for h := range hosts {
		k := talk{client: netip.AddrFrom4([4]byte{10, 1, 0, byte(h + 1)}), server: netip.MustParseAddrPort(s.server),
			proto: s.proto, app: s.app, up: 300, down: 900, lasts: time.Second, state: s.state}
		gap, shift := s.begin(rand.New(rand.NewPCG(site, 0))), 2*r.Float64()
		for now := s.day*86400 + gap(r)*r.Float64(); now < softwareDays*86400; now += gap(r) {
			if math.Mod(now/3600, 24) < s.awake+shift {
				if s.name == heldChat { // what came is long or short
					k.down = uint64(logUniform(r, 300, 5000))
				}
				out = append(out, k.flow(talkBegin+int64(now*second), uint16(20000+len(out)%40000))...)
				if s.says != nil {
					last := out[len(out)-1]
					out = append(out, &event.Event{Kind: s.app, Time: last.Time, Flow: last.Flow, Data: newFactScene(s.app, s.says, 0)})
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *event.Event) int { return cmp.Compare(a.Time, b.Time) })
	return out
}

// call is a record between the first host and the resolver.
func (s implant) call(at int64, kind string, says map[string]any) *event.Event {
	f := &event.Flow{Client: netip.MustParseAddrPort("10.1.0.1:5353"), Server: netip.MustParseAddrPort("10.9.0.1:53"), Proto: 17, App: kind, Start: at}
	return &event.Event{Kind: kind, Time: at, Flow: f, Data: newFactScene(kind, says, 0)}
}

// evalSoftware is the share of sites in which a program alarmed, by its hosts.
type evalSoftware struct {
	Name   string    `json:"name"`
	Alarms []float64 `json:"share_of_sites"`
}

func softwareAlarms(t testing.TB, s implant, sites int) evalSoftware {
	row := evalSoftware{Name: s.name}
	for _, hosts := range softwareHosts {
		alarmed := 0
		for i := range sites {
			r := rand.New(rand.NewPCG(500+uint64(hosts), uint64(i)))
			if len(detections(watchTalks(t, "beacon", s.events(r, hosts)))) > 0 {
				alarmed++
			}
		}
		row.Alarms = append(row.Alarms, float64(alarmed)/float64(sites))
	}
	return row
}

// A program that only has a timer is no alarm, on however many hosts; what has one and
// something odd is, while few have it.
func TestBeaconSoftware(t *testing.T) {
	for _, s := range timedSoftware {
		for i, share := range softwareAlarms(t, implant{software: s}, 1).Alarms {
			if share > 0 {
				t.Errorf("%s on %d hosts alarms", s.name, softwareHosts[i])
			}
		}
	}
	for _, s := range timedImplants {
		want := 1.0
		if s.name == "nothing odd" {
			want = 0
		}
		if got := softwareAlarms(t, s, 1).Alarms; got[0] != want || got[len(got)-1] != 0 {
			t.Errorf("%s alarms in %v of sites", s.name, got)
		}
	}
}
