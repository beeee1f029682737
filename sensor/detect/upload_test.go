package detect

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func uploadOf(t *testing.T, file string) []event.Finding {
	t.Helper()
	return watchTalks(t, "upload", talkEvents(readTalks(t, filepath.Join("testdata/upload", file)), 1))
}

func TestUploadHit(t *testing.T) {
	found := uploadOf(t, "hit.talks")
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	f := found[0]
	facts := *f.Facts.(*uploadFacts)
	if diff := cmp.Diff(uploadFacts{Bytes: 240_000_000, Back: 90_000, Seconds: 30, Place: "203.0.113.9", Share: 1}, facts); diff != "" {
		t.Error(diff)
	}
	if f.Severity != event.High || f.Onset != talkBegin || f.Time != talkBegin+30*second || len(f.Flows) != 1 || f.Port != 443 {
		t.Errorf("finding %+v", f)
	}
}

func TestUploadIsFoundWhileItRuns(t *testing.T) {
	found := uploadOf(t, "hit-slow.talks")
	if len(found) != 2 {
		t.Fatalf("%d findings, want one at the limit and one at its double", len(found))
	}
	if late := time.Duration(found[0].Time - talkBegin); late > 11*time.Minute {
		t.Errorf("found after %v, the limit was passed after 10m", late)
	}
}

func TestUploadLimitIsConfigurable(t *testing.T) {
	events := talkEvents(readTalks(t, "testdata/upload/miss.talks"), 1)
	found, _ := watchAs(t, "upload", nil, events, func(c any) { c.(*uploadConfig).Bytes = 100_000_000 })
	if len(found) != 2 {
		t.Fatalf("%d findings, want one for each hour", len(found))
	}
	if secs := found[1].Facts.(*uploadFacts).Seconds; secs > 3600 {
		t.Errorf("the second rests on %v s, more than an hour", secs)
	}
}

func TestUploadOfActiveFTP(t *testing.T) {
	back := talk{n: 1, client: netip.MustParseAddr("203.0.113.9"), server: netip.MustParseAddrPort("10.1.0.5:50123"), proto: 6, down: 300_000_000, lasts: 20 * time.Second, state: event.StateSF}
	if found := watchTalks(t, "upload", back.flow(talkBegin, 20)); len(found) != 1 {
		t.Errorf("%d findings, want 1", len(found))
	}
	if found := watchTalks(t, "upload", back.flow(talkBegin, 2020)); len(found) != 0 {
		t.Errorf("a download from a server of ours: %+v", found)
	}
}

func TestUploadFlood(t *testing.T) {
	var events []*event.Event
	for i := range 3 * uploadPairs {
		k := talk{client: netip.MustParseAddr(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)),
			server: netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("203.%d.%d.%d", i>>16, i>>8&255, i&255)), 443), proto: 6, up: 20_000, lasts: time.Second}
		events = append(events, k.flow(talkBegin+int64(i)*1_000_000, 40000)...)
	}
	found, state := watch(t, "upload", nil, events)
	if len(found) != 0 {
		t.Errorf("%d findings", len(found))
	}
	for _, g := range state.Gauges() {
		told := g.Name() == "upload.habits" // by findings alone, of which there are none here
		if g.Len() > g.Cap() || g.Evicted() == 0 && !told {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}

func TestUploadTwiceTheSame(t *testing.T) {
	if diff := cmp.Diff(uploadOf(t, "hit-slow.talks"), uploadOf(t, "hit-slow.talks"), sameAddr); diff != "" {
		t.Error(diff)
	}
}

// A backup to a safe outside each night is told of once; after that it is a note, but
// for a night with far more than ever.
func TestUploadEachNightIsAHabit(t *testing.T) {
	var events []*event.Event
	for night := range 6 {
		payload := uint64(1_000_000_000 * (1 + night%3))
		if night == 5 {
			payload = 90_000_000_000
		}
		s := scene{Kind: "flow.end", T: float64(night) * 24 * 3600, Client: "10.0.0.1", Server: "198.51.100.7", Port: 443, State: "SF", Answered: true}
		e := sceneEvents([]scene{s})[0]
		tr := e.Data.(*event.Traffic)
		tr.Delta[event.Client].Payload, tr.Total[event.Client].Payload = payload, payload
		events = append(events, e)
	}
	found, _ := watch(t, "upload", nil, events)
	var got []event.Severity
	for _, f := range found {
		got = append(got, f.Severity)
	}
	if diff := cmp.Diff([]event.Severity{event.High, event.Low, event.Low, event.Low, event.Low, event.High}, got); diff != "" {
		t.Error(diff)
	}
}
