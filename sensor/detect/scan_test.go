package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

func scanStories(found []event.Finding) map[string]string {
	out := make(map[string]string)
	for _, f := range found {
		s := f.Facts.(*scanFacts)
		out[f.Key] = fmt.Sprintf("%d %s slow=%v stealth=%v", f.Severity, s.Transport, s.Slow, s.Stealth)
	}
	return out
}

func TestScanHit(t *testing.T) {
	found, _ := watch(t, "scan", nil, sceneEvents(readScenes(t, "scan", "hit")))
	want := map[string]string{
		"10.0.0.1 vertical":    "47 tcp slow=false stealth=false",
		"10.0.0.2 horizontal":  "47 tcp slow=false stealth=false",
		"10.0.0.3 horizontal":  "47 tcp slow=true stealth=false",
		"10.0.0.4 vertical":    "47 tcp slow=true stealth=false",
		"10.0.0.5 vertical":    "47 udp slow=false stealth=false",
		"10.0.0.6 vertical":    "47 tcp slow=false stealth=true",
		"10.0.0.7 sweep":       "47 icmp slow=false stealth=false",
		"10.0.0.8 sweep":       "47 arp slow=false stealth=false",
		"10.0.0.9 block":       "47 tcp slow=false stealth=false",
		"10.0.0.20 horizontal": "47 udp slow=false stealth=false",
		"10.0.0.77 vertical":   "47 ip slow=false stealth=false",
	}
	if d := cmp.Diff(want, scanStories(found)); d != "" {
		t.Error(d)
	}
	for _, f := range found {
		s := f.Facts.(*scanFacts)
		if f.Onset == 0 || f.Onset > f.Time || s.Seconds < 0 || s.Failed < fastTargets || f.Score < 50 {
			t.Errorf("%s: onset %d, %+v", f.Key, f.Onset, s)
		}
	}
	if len(found) > 12*10 {
		t.Errorf("%d findings for eleven stories", len(found))
	}
}

// A large sweep is one story that grows by doubling, not 25,300 of them.
func TestScanGrows(t *testing.T) {
	s := scene{Kind: "flow.end", Client: "10.0.0.1", Server: "10.1.0.1", Port: 23, State: "S0", Every: 0.1, Count: 25_300, Vary: []string{"server"}}
	found, _ := watch(t, "scan", nil, sceneEvents([]scene{s}))
	last := found[len(found)-1]
	n := last.Facts.(*scanFacts).Failed
	if n < 24_800 || n > 25_800 || last.Onset != sceneBegin || len(last.Flows) != event.MaxRefs || last.FlowsTotal < 24_800 {
		t.Errorf("%d findings, the last with %d targets and %d of %d flows", len(found), n, len(last.Flows), last.FlowsTotal)
	}
	if most := 2 + 2530*int(1e9)/TickEvery; len(found) > most {
		t.Errorf("%d findings in %d ticks", len(found), most)
	}
}

func TestScanEstimate(t *testing.T) {
	var g scanGroup
	g.alarm()
	for n := range uint64(40_000) {
		g.meet(n, true, 1)
	}
	if n := g.targets(); n < 39_000 || n > 41_000 {
		t.Errorf("40,000 targets are %d", n)
	}
}

func TestAnsweredARPIsNoSweep(t *testing.T) {
	var events []*event.Event
	for n := range 200 {
		ask := scene{Kind: "arp", T: float64(n) / 10, Client: "10.0.0.1", Server: "10.0.1.1", Vary: []string{"server"}}
		e := ask.event(n, n)
		e.Time = sceneBegin + int64(n)*1e8
		a := e.Data.(*arpScene)
		reply := *e
		reply.Data = &arpReplyScene{arpScene{a.target, a.sender}}
		events = append(events, e, &reply)
	}
	if found, _ := watch(t, "scan", nil, events); len(found) > 0 {
		t.Errorf("found %+v", found[0].Facts)
	}
}

type arpReplyScene struct{ arpScene }

func (*arpReplyScene) Table() *event.Table { return arpReplyTable }

var arpReplyTable = event.NewTable("arp", "",
	event.IP("brandmelder.arp.sender.ip", event.Technical, "", func(a *arpReplyScene) netip.Addr { return a.sender }),
	event.IP("brandmelder.arp.target.ip", event.Technical, "", func(a *arpReplyScene) netip.Addr { return a.target }),
	event.String("brandmelder.arp.operation", event.Technical, "", func(*arpReplyScene) (string, bool) { return "reply", true }),
)

func TestMonitorsScanIsANote(t *testing.T) {
	zones := []know.Zone{{Name: "z", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.9.0/24")}, Monitors: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/32")}}}
	found, _ := watch(t, "scan", zones, sceneEvents(readScenes(t, "scan", "hit")))
	if got := scanStories(found)["10.0.0.2 horizontal"]; got != "21 tcp slow=false stealth=false" {
		t.Error(got)
	}
}

func TestScanTwiceTheSame(t *testing.T) {
	events := sceneEvents(readScenes(t, "scan", "hit"))
	a, _ := watch(t, "scan", nil, events)
	b, _ := watch(t, "scan", nil, events)
	if len(a) != len(b) {
		t.Fatalf("%d and %d findings", len(a), len(b))
	}
	for i := range a {
		if x, y := fmt.Sprintf("%+v %+v", a[i].Key, *a[i].Facts.(*scanFacts)), fmt.Sprintf("%+v %+v", b[i].Key, *b[i].Facts.(*scanFacts)); x != y {
			t.Errorf("%s\n%s", x, y)
		}
	}
}

func TestScanFlood(t *testing.T) {
	s := scene{Kind: "flow.end", Client: "10.0.0.1", Server: "20.0.0.1", Port: 80, State: "S0", Every: 0.0001, Vary: []string{"client", "server"}}
	events := make([]*event.Event, 50_000)
	for n := range events {
		events[n] = s.event(n, n)
	}
	found, state := watch(t, "scan", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Evicted() == 0 && g.Name() != "scan.stories" {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
	if len(found) > 0 {
		t.Errorf("%d findings of single flows", len(found))
	}
}

// A story outlives its group where the clock is set: the group begins anew while
// the story's new figures wait for the tick.
func TestScanOutlivesItsGroup(t *testing.T) {
	k, err := know.New(know.Config{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := newScan(Env{Know: k, State: baseline.NewStore()}, func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	report := func(event.Finding) { found++ }
	s := scene{Kind: "flow.end", Client: "10.0.0.1", Server: "10.1.0.1", Port: 23, State: "S0", Every: 0.1, Vary: []string{"server"}}
	for n := range 60 {
		d.Observe(s.event(n, n), report)
	}
	s.T = 2 * float64(scanIdle/second)
	later := s.event(60, 60)
	d.Observe(later, report)
	if found != 1 {
		t.Fatalf("%d findings before the tick", found)
	}
	d.Tick(later.Time, report)
	if found != 1 {
		t.Errorf("%d findings, of a group that knows nothing", found)
	}
}
