package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

// scenesOf are the events of a scene file of beacon, as the line would give them.
func beaconScene(t *testing.T, file string, zones ...know.Zone) []event.Finding {
	t.Helper()
	found, _ := watch(t, "beacon", zones, sceneEvents(readScenes(t, "beacon", file)))
	return found
}

// Each way of calling: what it must find, at which severity.
func TestBeaconWays(t *testing.T) {
	for file, want := range map[string]string{"hit-lookups": "look-ups", "hit-moving": "handshakes of one kind"} {
		found := detections(beaconScene(t, file))
		if len(found) == 0 {
			t.Errorf("%s: nothing found", file)
			continue
		}
		facts := found[0].Facts.(*beaconFacts)
		if facts.Calls != want || facts.Period < 54 || facts.Period > 66 || found[0].Subject.Addr.String() != "10.1.0.5" {
			t.Errorf("%s: %+v of %v", file, facts, found[0].Subject)
		}
	}
	for _, file := range []string{"benign-lookups", "benign-moving", "miss-lookups"} {
		for _, f := range beaconScene(t, file) {
			if facts := f.Facts.(*beaconFacts); f.Severity >= event.Medium || facts.Calls != "connections" {
				t.Errorf("%s: %s %+v", file, f.Key, facts)
			}
		}
	}
}

// Pings that carry something have many sizes; those that measure a line have one.
func TestBeaconOfPings(t *testing.T) {
	for carries, want := range map[bool]bool{true: true, false: false} {
		var events []*event.Event
		for i := range 40 {
			k := talk{client: netip.MustParseAddr("10.1.0.5"), server: netip.MustParseAddrPort("203.0.113.9:0"), proto: protoICMP, up: 64, down: 64, lasts: time.Second}
			if carries {
				k.up += uint64(i % 5)
			}
			events = append(events, k.flow(talkBegin+int64(i)*60*second, echoRequest)...)
		}
		found := detections(watchTalks(t, "beacon", events))
		if got := len(found) > 0; got != want {
			t.Errorf("carries %v: %d alarms", carries, len(found))
		}
	}
}

// A host whose address changes is one series, though no pair of addresses is.
func TestBeaconOfAHostThatMoves(t *testing.T) {
	var talks []talk
	for i := range 3 {
		talks = append(talks, parseTalk(t, fmt.Sprintf("%ds 120s 7 0.1 10.1.0.%d 203.0.113.9:443 tcp tls 300 900 1s SF", 840*i, 5+i)))
	}
	found := detections(watchTalks(t, "beacon", talkEvents(talks, 1)))
	if len(found) == 0 || found[0].Facts.(*beaconFacts).Calls != beaconWays[beaconFromAll] {
		t.Errorf("found %+v", found)
	}
}

// within is a long conversation in which somebody breaks a silence at the beat of a
// timer, as the flow room tells of it each minute.
func within(client, server string, begin time.Duration, period, jitter float64, n int) []*event.Event {
	k := talk{client: netip.MustParseAddr(client), server: netip.MustParseAddrPort(server), proto: 6, app: "tls"}
	r := rand.New(rand.NewPCG(21, 0))
	start := talkBegin + int64(begin)
	f := k.flow(start, 40000)[0].Flow
	var out []*event.Event
	told, at := start, start
	var since []int64
	for range n {
		at += int64(period * (1 + jitter*(2*r.Float64()-1)) * second)
		for ; at-told > 60*second; told += 60 * second {
			out = append(out, &event.Event{Kind: "flow.alive", Time: told + 60*second, Flow: f, Data: &event.Traffic{Openings: since}})
			since = nil
		}
		since = append(since, at)
	}
	return append(out, &event.Event{Kind: "flow.end", Time: at, Flow: f, Data: &event.Traffic{Openings: since}})
}

func TestBeaconWithinAConnection(t *testing.T) {
	const client, server = "10.1.0.5", "203.0.113.9:443"
	atOnce := watchTalks(t, "beacon", within(client, server, 0, 20, .3, 300))
	if len(atOnce) == 0 || len(detections(atOnce)) > 0 {
		t.Errorf("on a fresh sensor: %d findings, %d alarms", len(atOnce), len(detections(atOnce)))
	}
	if facts := atOnce[0].Facts.(*beaconFacts); facts.Calls != "exchanges within a connection" || facts.Period < 18 || facts.Period > 22 {
		t.Errorf("%+v", facts)
	}
	// A day later, a connection that was there goes on and another one is new.
	calm := parseTalk(t, "0s 2h 13 0 10.1.0.6 198.51.100.7:443 tcp tls 300 900 1s SF")
	events := append(within(client, server, 0, 20, .3, 300), talkEvents([]talk{calm}, 1)...)
	events = append(events, within(client, server, 26*time.Hour, 20, .3, 300)...)
	events = append(events, within("10.1.0.7", "203.0.113.77:443", 28*time.Hour, 20, .3, 300)...)
	for _, f := range detections(watchTalks(t, "beacon", events)) {
		if f.Subject.Addr.String() != "10.1.0.7" {
			t.Errorf("alarm on %s", f.Key)
		}
	}
	if found := detections(watchTalks(t, "beacon", events)); len(found) == 0 {
		t.Error("a new connection that is kept alive by nobody we know is not told of")
	}
}

// A device has called its maker since it was bought: that is a note. What it begins to
// call later, and the same of a desk, is news.
func TestBeaconOfDevices(t *testing.T) {
	calls := func(client string, hour int, server string) []talk {
		return []talk{parseTalk(t, fmt.Sprintf("%dh 60s 90 0.02 %s %s:7443 tcp - 300 900 1s SF", hour, client, server))}
	}
	var talks []talk
	for hour := 0; hour < 72; hour += 12 { // it goes on, while pairs are long forgotten
		talks = append(talks, calls("10.1.0.5", hour, "203.0.113.9")...)
		talks = append(talks, calls("10.2.0.5", hour, "203.0.113.19")...)
	}
	talks = append(talks, calls("10.1.0.5", 50, "203.0.113.66")...)
	events := talkEvents(append(talks, calls("10.3.0.5", 0, "203.0.113.29")...), 1)
	speaks := &event.Event{Kind: "dicom", Time: talkBegin, Flow: &event.Flow{Client: netip.MustParseAddrPort("10.2.0.5:40000"), Server: netip.MustParseAddrPort("10.4.0.1:104")}}
	ward := know.Zone{Name: "ward", Role: "medical", Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}}
	found, _ := watch(t, "beacon", []know.Zone{ward}, append([]*event.Event{speaks}, events...))
	alarms := map[string]bool{}
	for _, f := range detections(found) {
		alarms[f.Subject.Addr.String()+" "+f.Peer.Addr.String()] = true
	}
	if diff := cmp.Diff(map[string]bool{"10.1.0.5 203.0.113.66": true, "10.3.0.5 203.0.113.29": true}, alarms); diff != "" {
		t.Error(diff)
	}
}
