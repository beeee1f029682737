package detect

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func slowUploadOf(t *testing.T, file string) []event.Finding {
	t.Helper()
	return watchTalks(t, "slow-upload", talkEvents(readTalks(t, filepath.Join("testdata/slow-upload", file)), 1))
}

func TestSlowUploadHit(t *testing.T) {
	found := slowUploadOf(t, "hit.talks")
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	f, facts := found[0], found[0].Facts.(*slowFacts)
	if f.Key != "10.1.0.5 203.0.113.9" || facts.Bytes < slowBytes || facts.Bytes > 52_000_000 || facts.Hours < 18 || facts.Rare != 0 {
		t.Errorf("%s %+v", f.Key, facts)
	}
	if after := time.Duration(f.Time - talkBegin - int64(241*time.Hour)); after > 24*time.Hour {
		t.Errorf("found after %v", after)
	}
	if facts.Usual < 2_000_000 || facts.Usual > 5_000_000 || facts.Days < 9 || f.Baseline.Since == 0 {
		t.Errorf("habit %+v, learned since %d", facts, f.Baseline.Since)
	}
}

// Who spreads it over many places, none of which gets much, is told of once for all.
func TestSlowUploadToManyPlaces(t *testing.T) {
	talks := readTalks(t, "testdata/slow-upload/hit.talks")
	spread := talks[3]
	talks = talks[:3]
	for n := range 12 {
		k := spread
		k.n, k.up = 150, 100_000
		k.server = netip.AddrPortFrom(addrPlus(spread.server.Addr(), n), 443)
		talks = append(talks, k)
	}
	found := watchTalks(t, "slow-upload", talkEvents(talks, 1))
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	if facts := found[0].Facts.(*slowFacts); found[0].Key != "10.1.0.5 *" || facts.Places != 12 || facts.Place != "" {
		t.Errorf("%s %+v", found[0].Key, facts)
	}
}

func TestSlowUploadFlood(t *testing.T) {
	k := talk{proto: 6, up: 20_000, lasts: time.Second}
	var events []*event.Event
	for i := range 2 * slowPlaces {
		k.client = addrPlus(netip.MustParseAddr("10.0.0.0"), i)
		k.server = netip.AddrPortFrom(addrPlus(netip.MustParseAddr("203.0.0.0"), i), 443)
		events = append(events, k.flow(talkBegin+int64(i)*4_000_000_000, 40000)...)
	}
	found, state := watch(t, "slow-upload", nil, events)
	if len(found) != 0 {
		t.Errorf("%d findings", len(found))
	}
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
