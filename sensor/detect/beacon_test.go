package detect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func beaconOf(t *testing.T, file string) []event.Finding {
	t.Helper()
	return watchTalks(t, "beacon", talkEvents(readTalks(t, "testdata/beacon/"+file), 1))
}

func TestBeaconHits(t *testing.T) {
	for _, c := range []struct {
		file           string
		period, within float64 // s
		jitter         float64
	}{
		{"hit-fast.talks", 2.5, 60, 0},
		{"hit-http.talks", 5, 60, 0},
		{"hit-jitter.talks", 60, 48 * 60, .33},
	} {
		found := beaconOf(t, c.file)
		if len(found) == 0 {
			t.Errorf("%s: nothing found", c.file)
			continue
		}
		f := found[0]
		facts := f.Facts.(*beaconFacts)
		if d := facts.Period / c.period; d < .9 || d > 1.1 {
			t.Errorf("%s: period %.2f s, want %.2f", c.file, facts.Period, c.period)
		}
		if d := facts.Jitter - c.jitter; d < -.1 || d > .1 {
			t.Errorf("%s: jitter %.2f, want %.2f", c.file, facts.Jitter, c.jitter)
		}
		if after := time.Duration(f.Time - talkBegin); after.Seconds() > c.within {
			t.Errorf("%s: found after %v", c.file, after)
		}
		if f.Severity != event.Medium || f.Onset != talkBegin || f.Peer.Addr.String() != "203.0.113.9" {
			t.Errorf("%s: finding %+v", c.file, f)
		}
	}
}

// Where only the clients' side is seen no conversation has an answer.
func TestBeaconOnAHalfMirror(t *testing.T) {
	begins := scene{Kind: "flow.start", Every: 35, Count: 60, Client: "10.1.0.5", Server: "203.0.113.10", Port: 443, Protocol: "tls", State: "S0", History: "SA"}
	ends := begins
	ends.Kind, ends.T, ends.State, ends.History = "flow.end", 2, "SH", "SADF"
	if found, _ := watch(t, "beacon", nil, sceneEvents([]scene{begins, ends})); len(found) == 0 {
		t.Error("nothing found")
	}
	ends.History = "SF"
	if found, _ := watch(t, "beacon", nil, sceneEvents([]scene{begins, ends})); len(found) > 0 {
		t.Error("found calls that nobody answered")
	}
}

func TestBeaconMissAndBenign(t *testing.T) {
	for _, file := range []string{"miss.talks", "benign.talks"} {
		for _, f := range beaconOf(t, file) {
			t.Errorf("%s: %s %+v", file, f.Key, f.Facts)
		}
	}
}

func TestBeaconInside(t *testing.T) {
	for _, file := range []string{"benign-inside.talks", "benign-monitor.talks", "benign-monitor-one.talks"} {
		found := beaconOf(t, file)
		if alarms := detections(found); len(found) == 0 || len(alarms) > 0 {
			t.Errorf("%s: %d findings, %d of them alarms", file, len(found), len(alarms))
		}
	}
}

// Requests in one long conversation whose start was not seen.
func TestBeaconWithinOneConversation(t *testing.T) {
	k := parseTalk(t, "0s 5s 1 0 10.1.0.5 203.0.113.9:80 tcp http 300 900 1s SF")
	var events []*event.Event
	for i := range int64(12) {
		f := *k.flow(talkBegin, 40000)[0].Flow
		f.MidStream = true
		events = append(events, &event.Event{Kind: "http", Time: talkBegin + i*5*second, Flow: &f})
	}
	found := watchTalks(t, "beacon", events)
	if len(found) == 0 || len(found[0].Flows) != 1 {
		t.Errorf("found %+v", found)
	}
}

func TestBeaconTellsAgainWhenCallsDoubled(t *testing.T) {
	k := parseTalk(t, "0s 60s 600 0 10.1.0.5 203.0.113.9:443 tcp tls 300 900 1s SF")
	var told []int
	for _, f := range watchTalks(t, "beacon", talkEvents([]talk{k}, 1)) {
		told = append(told, f.Facts.(*beaconFacts).CheckIns)
	}
	if diff := cmp.Diff([]int{8, 16, 32, 64, 128, 256, 512}, told); diff != "" {
		t.Error(diff)
	}
}

func TestBeaconTwiceTheSame(t *testing.T) {
	if diff := cmp.Diff(beaconOf(t, "hit-http.talks"), beaconOf(t, "hit-http.talks"), sameAddr); diff != "" {
		t.Error(diff)
	}
}

func TestBeaconFlood(t *testing.T) {
	var events []*event.Event
	for i := range beaconPairs + 5000 {
		server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, byte(i >> 16), byte(i >> 8), byte(i)}), 443)
		k := talk{client: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), server: server, proto: 6, app: "http", lasts: time.Second}
		events = append(events, k.flow(talkBegin+int64(i)*1_000_000, 40000)...)
	}
	found, state := watch(t, "beacon", nil, events)
	if len(found) != 0 {
		t.Errorf("%d findings", len(found))
	}
	for _, g := range state.Gauges() {
		full := g.Name() == "beacon.pairs" || g.Name() == "beacon.places"
		if g.Len() > g.Cap() || full && g.Evicted() == 0 {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}

// Whatever the times are, a score is a number from 0 to its cap.
func TestBeaconScoreOfOddSeries(t *testing.T) {
	for name, gap := range map[string]func(i int) int64{
		"all at once":  func(int) int64 { return 0 },
		"ever later":   func(i int) int64 { return second << min(i, 25) },
		"one long gap": func(i int) int64 { return map[bool]int64{true: 1 << 50, false: second}[i == 9] },
		"nanoseconds":  func(int) int64 { return 1 },
	} {
		var calls []checkIn
		for i, at := 0, int64(talkBegin); i < 64; i++ {
			calls = append(calls, checkIn{at: at, up: uint32(i)})
			at += gap(i)
		}
		if s, r := new(beaconScorer).score(calls); !(s >= 0 && s <= beaconCap) || r.missed < 0 || r.missed > 1 {
			t.Errorf("%s: score %v, %s", name, s, fmt.Sprint(r))
		}
	}
}
