package detect

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// oddity stands for the record of a parser that found an anomaly.
type oddity struct{ kind string }

var oddityTable = event.NewTable("anomaly", "", event.String("brandmelder.anomaly.kind", event.Technical, "", func(o *oddity) (string, bool) { return o.kind, o.kind != "" }))

func (*oddity) Table() *event.Table { return oddityTable }

func oddities(t *testing.T, file string) []*event.Event {
	t.Helper()
	text, err := os.ReadFile("testdata/anomaly/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []*event.Event
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "#") {
			out = append(out, odd("10.0.0.1", line, int64(i)))
		}
	}
	return out
}

func odd(client, kind string, at int64) *event.Event {
	f := &event.Flow{Client: netip.AddrPortFrom(netip.MustParseAddr(client), 4000), Server: netip.MustParseAddrPort("10.0.0.2:80"), App: "http"}
	return &event.Event{Kind: "anomaly", Time: talkBegin + at*second, Flow: f, Data: &oddity{kind}}
}

func TestAnomalyHit(t *testing.T) {
	found := watchTalks(t, "anomaly", oddities(t, "hit.list"))
	var got []string
	for _, f := range found {
		facts := f.Facts.(*anomalyFacts)
		got = append(got, fmt.Sprintf("%s×%d", facts.Kind, facts.Count))
	}
	want := "fragment-overlap×1 conflicting-bytes×1 conflicting-bytes×10"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(detections(found)) != 0 {
		t.Error("an anomaly became an alarm")
	}
}

func TestAnomalyMiss(t *testing.T) {
	events := append(oddities(t, "miss.list"), &event.Event{Kind: "anomaly", Data: &oddity{"arp"}})
	if found := watchTalks(t, "anomaly", events); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestAnomalyBenign(t *testing.T) {
	found := watchTalks(t, "anomaly", oddities(t, "benign.list"))
	if len(found) != 1 || len(detections(found)) != 0 {
		t.Errorf("%d findings, want the first alone: %+v", len(found), found)
	}
}

func TestAnomalyFlood(t *testing.T) {
	var events []*event.Event
	for i := range 2 * anomalyKeys {
		events = append(events, odd(fmt.Sprintf("10.1.%d.%d", i>>8, i&255), "x", int64(i)))
	}
	_, state := watchWith(t, "anomaly", events, nil)
	if g := state.Gauges()[0]; g.Len() != g.Cap() || g.Evicted() != anomalyKeys {
		t.Errorf("%d of %d, %d evicted", g.Len(), g.Cap(), g.Evicted())
	}
}
