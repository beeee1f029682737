package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func dropsOf(t *testing.T, file string) (out []string) {
	t.Helper()
	for _, f := range watchTalks(t, "drop-off", talkEvents(readTalks(t, "testdata/drop-off/"+file), 1)) {
		out = append(out, fmt.Sprint(f.Key, " ", f.Severity, " ", f.Facts.(*dropFacts).Kind))
	}
	return out
}

func TestDropOff(t *testing.T) {
	want := map[string][]string{
		"hit.talks":    {"10.1.0.4 203.0.113.8 21 shell", "10.1.0.5 203.0.113.9 47 shell"},
		"miss.talks":   nil,
		"benign.talks": nil,
	}
	for file, want := range want {
		if d := cmp.Diff(want, dropsOf(t, file)); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
}

// named is a conversation with a service that TLS names, which sends n bytes.
func named(at int64, client, host string, n uint64) []*event.Event {
	k := talk{client: netip.MustParseAddr(client), server: netip.MustParseAddrPort("203.0.113.50:443"), proto: 6, app: "tls", up: n, down: 9000, lasts: 10 * time.Second}
	flow := k.flow(at, 40000)
	hello := &event.Event{Kind: "tls", Time: at, Flow: flow[0].Flow, Data: newFactScene("tls", map[string]any{"tls.client.server_name": host}, 0)}
	return slices.Insert(flow, 1, hello)
}

func TestDropOffByName(t *testing.T) {
	const week int64 = 8 * day
	tests := map[string]struct {
		host  string
		bytes uint64
		at    int64
		want  string
	}{
		"a parcel at a file sender":        {"api.gofile.io", 2_000_000, week, "[47 gofile.io anonymous]"},
		"the same while it is learned":     {"api.gofile.io", 2_000_000, 60 * second, "[21 gofile.io anonymous]"},
		"much while it is learned":         {"transfer.sh", 30_000_000, 60 * second, "[47 transfer.sh anonymous]"},
		"pictures to a person's cloud":     {"g.api.mega.co.nz", 5_000_000, week, "[21 mega.co.nz cloud]"},
		"very many pictures":               {"g.api.mega.co.nz", 50_000_000, week, "[47 mega.co.nz cloud]"},
		"a message":                        {"api.telegram.org", 90_000, week, "[]"},
		"a name that only ends like one":   {"notfile.io", 90_000_000, week, "[]"},
		"a machine behind a passing name":  {"ab12.ngrok-free.app", 3_000_000, week, "[47 ngrok-free.app tunnel]"},
		"pictures to nobody in particular": {"www.example.org", 90_000_000, week, "[]"},
	}
	for name, c := range tests {
		events := append(named(talkBegin, "10.1.0.9", "www.example.org", 5000), named(talkBegin+c.at, "10.1.0.5", c.host, c.bytes)...)
		got := []string{}
		for _, f := range watchTalks(t, "drop-off", events) {
			facts := f.Facts.(*dropFacts)
			got = append(got, fmt.Sprint(int(f.Severity), " ", facts.Place, " ", facts.Kind))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestDropOffFlood(t *testing.T) {
	var events []*event.Event
	for i := range 2 * slowPlaces {
		k := talk{client: addrPlus(netip.MustParseAddr("10.0.0.0"), i), server: netip.AddrPortFrom(addrPlus(netip.MustParseAddr("203.0.0.0"), i), 22), proto: 6, app: "ssh", up: 20_000, lasts: time.Second}
		events = append(events, k.flow(talkBegin+int64(i)*1_000_000, 40000)...)
	}
	_, state := watch(t, "drop-off", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() > g.Cap() {
			t.Errorf("%s: %d of %d", g.Name(), g.Len(), g.Cap())
		}
	}
}
