package detect

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func pathsOf(t *testing.T, talks []talk) (out []string) {
	t.Helper()
	for _, f := range watchTalks(t, "lateral-path", talkEvents(talks, 1)) {
		out = append(out, fmt.Sprint(int(f.Severity), " ", f.Related, " ", f.Facts.(*pathFacts).Services))
	}
	return out
}

func TestLateralPathHit(t *testing.T) {
	want := []string{"47 [10.1.0.5 10.2.0.7 10.2.0.8] [rdp ssh]", "73 [10.1.0.5 10.2.0.7 10.2.0.8 10.2.0.9] [rdp ssh ssh]"}
	if d := cmp.Diff(want, pathsOf(t, readTalks(t, "testdata/lateral-path/hit.talks"))); d != "" {
		t.Error(d)
	}
}

// A station that administers many goes to a new server, and on from there: a note.
func TestLateralPathOfAnAdministrator(t *testing.T) {
	talks := readTalks(t, "testdata/lateral-path/hit.talks")[:3]
	for n := range 4 {
		k := talks[0]
		k.client, k.server = talks[1].client, netip.AddrPortFrom(addrPlus(talks[0].server.Addr(), 20+n), 22)
		talks = append(talks, k)
	}
	if d := cmp.Diff([]string{"21 [10.1.0.5 10.2.0.7 10.2.0.8] [rdp ssh]"}, pathsOf(t, talks)); d != "" {
		t.Error(d)
	}
}

func TestLateralPathFlood(t *testing.T) {
	var events []*event.Event
	for i := range pathSteps + 2000 {
		k := talk{client: addrPlus(netip.MustParseAddr("10.0.0.0"), i), server: netip.MustParseAddrPort("10.200.0.1:22"), proto: 6, app: "ssh", up: 9000, down: 9000, lasts: 20 * time.Second}
		events = append(events, k.flow(talkBegin+int64(i)*1_000_000, 40000)...)
	}
	_, state := watch(t, "lateral-path", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
