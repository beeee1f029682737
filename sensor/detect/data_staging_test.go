package detect

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func stagingOf(t *testing.T, file string) []event.Finding {
	t.Helper()
	return watchTalks(t, "data-staging", talkEvents(readTalks(t, filepath.Join("testdata/data-staging", file)), 1))
}

func TestDataStagingHit(t *testing.T) {
	found := stagingOf(t, "hit.talks")
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	f := found[0]
	want := stagingFacts{Servers: 6, Gathered: 369_000_000, Out: 20_000_000, Usual: 8_100_000, Place: "203.0.113.9"}
	got := *f.Facts.(*stagingFacts)
	got.Seconds = 0
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if f.Subject.Addr.String() != "10.1.0.5" || f.Severity != event.High || len(f.Related) != 6 || len(f.Flows) < 6 {
		t.Errorf("%+v", f)
	}
}

// What is handed to another host and leaves from there is the same theft: who
// gathered is named.
func TestDataStagingHandedOn(t *testing.T) {
	found := stagingOf(t, "hit-handed.talks")
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	f := found[0]
	if f.Subject.Addr.String() != "10.1.0.9" || !f.Facts.(*stagingFacts).Handed || !slices.Contains(f.Related, netip.MustParseAddr("10.1.0.5")) {
		t.Errorf("%+v %+v", f, f.Facts)
	}
}

func TestDataStagingFlood(t *testing.T) {
	k := talk{proto: 6, app: "smb", down: 2_000_000, lasts: time.Second}
	var events []*event.Event
	for i := range 2 * stageHosts {
		k.client = addrPlus(netip.MustParseAddr("10.0.0.0"), i)
		for _, server := range []string{"10.200.0.1:445", "203.0.113.1:443"} {
			k.server = netip.MustParseAddrPort(server)
			events = append(events, k.flow(talkBegin+int64(i)*1_000_000, 40000)...)
			k.up, k.down = k.down, k.up
		}
	}
	_, state := watch(t, "data-staging", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() || g.Len() == 0 {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
