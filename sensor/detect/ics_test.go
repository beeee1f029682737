package detect

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/know"
)

func icsOf(t *testing.T, zones []know.Zone, file string) []string {
	t.Helper()
	found, _ := watch(t, "ics-command", zones, sceneEvents(readScenes(t, "ics-command", file)))
	var out []string
	for _, f := range found {
		x := f.Facts.(*icsFacts)
		out = append(out, fmt.Sprintf("%d %s%s commands=%d/%d/%d on %d searched=%d masters=%d", f.Severity, f.Family, f.Key, x.Commands, x.Accepted, x.Refused, x.Devices, x.Searched, x.Masters))
	}
	return out
}

func TestICSCommandHit(t *testing.T) {
	for file, want := range map[string][]string{
		"hit": {
			"73 10.0.0.1 s7comm commands=2/1/0 on 1 searched=0 masters=0",
			"47 10.0.0.2 bacnet commands=1/0/1 on 1 searched=0 masters=0",
			"47 10.0.0.2 bacnet commands=2/0/2 on 2 searched=0 masters=0",
			"47 10.0.0.2 bacnet commands=4/0/4 on 4 searched=0 masters=0",
			"47 10.0.0.2 bacnet commands=8/0/8 on 8 searched=0 masters=0",
			"47 10.0.0.3 bacnet commands=4/0/4 on 1 searched=0 masters=0",
			"47 10.0.0.4 bacnet commands=1/0/0 on 1 searched=0 masters=0",
			"47 scansearch 10.0.0.5 10.0.1.1 modbus commands=0/0/0 on 0 searched=40 masters=0",
			"47 scansearch 10.0.0.6 10.0.1.1 modbus commands=0/0/0 on 0 searched=5 masters=0",
		},
		"hit-units":    {"47 scansearch 10.0.0.1 10.0.1.1 modbus commands=0/0/0 on 0 searched=24 masters=0"},
		"hit-series":   {"47 master 10.0.0.66 10.0.1.1 modbus commands=0/0/0 on 0 searched=0 masters=1"},
		"hit-stations": {"47 master 10.0.0.66 10.0.1.4 iec104 commands=0/0/0 on 0 searched=0 masters=1"},
		"hit-enip": {
			"73 10.0.0.1 enip commands=1/1/0 on 1 searched=0 masters=0",
			"73 10.0.0.1 enip commands=2/2/0 on 1 searched=0 masters=0",
		},
		"hit-opcua": {
			"47 master 10.0.0.9 10.0.1.1 opcua commands=0/0/0 on 0 searched=0 masters=1",
			"73 10.0.0.9 opcua commands=1/1/0 on 1 searched=0 masters=0",
		},
		"hit-masters": {
			"47 master 10.0.0.9 10.0.1.1 modbus commands=0/0/0 on 0 searched=0 masters=3",
			"47 master 10.0.0.7 10.0.1.1 modbus commands=0/0/0 on 0 searched=0 masters=4",
		},
	} {
		if d := cmp.Diff(want, icsOf(t, nil, file)); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
}

func TestICSCommandAllowed(t *testing.T) {
	zones := []know.Zone{{Name: "z", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}, Scanners: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}}
	for _, line := range icsOf(t, zones, "hit") {
		if line[:2] != "21" {
			t.Errorf("an allowed host: %s", line)
		}
	}
}

func TestICSCommandFlood(t *testing.T) {
	s := scene{Kind: "ot", Client: "10.0.0.1", Server: "10.200.0.1", Protocol: "modbus", Port: 502, Every: 0.001, Vary: []string{"client", "server"},
		Fields: map[string]any{"brandmelder.ot.class": "state", "brandmelder.ot.operation": "stop", "brandmelder.ot.unit": 1.0, "brandmelder.ot.requests": 1.0, "brandmelder.ot.accepted": 1.0, "brandmelder.ot.status": "accepted"}}
	events := make([]*event.Event, 2*icsEntries)
	for n := range events {
		events[n] = s.event(n, n)
	}
	_, state := watch(t, "ics-command", nil, events)
	for _, g := range state.Gauges() {
		if g.Len() != icsEntries || g.Evicted() != icsEntries {
			t.Errorf("%s: %d of %d, %d evicted", g.Name(), g.Len(), g.Cap(), g.Evicted())
		}
	}
}
