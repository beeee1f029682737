package know

import (
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestHalf(t *testing.T) {
	for _, tt := range []struct {
		name      string
		one, both int
		proto     uint8
		mid       bool
		kind      string
		history   string
		payload   uint64
		half      bool
	}{
		{"the clients' side", 20, 0, 6, false, "flow.end", "SADF", 9, true},
		{"the servers' side", 20, 0, 6, false, "flow.end", "hadf", 9, true},
		{"too few", 19, 0, 6, false, "flow.end", "SADF", 9, false},
		{"all but one in twenty", 40, 2, 6, false, "flow.end", "SADF", 9, true},
		{"a few that are whole", 38, 2, 6, false, "flow.end", "SADF", 9, false},
		{"after many that were whole", 60_000, 1000, 6, false, "flow.end", "SADF", 9, true},
		{"UDP says nothing", 50, 0, 17, false, "flow.end", "D", 9, false},
		{"begun before the sensor", 50, 0, 6, true, "flow.end", "AD", 9, false},
		{"a sensor just started", 5, 0, 6, false, "flow.start", "h", 0, true},
		{"just started, and hardly", 4, 0, 6, false, "flow.start", "h", 0, false},
		{"one whole, the others not read yet", 5000, 1, 6, false, "flow.start", "SAD", 9, false},
		{"SYN to nobody", 5000, 0, 6, false, "flow.end", "S", 0, false},
		{"SYN with data to nobody", 5000, 0, 6, false, "flow.end", "SD", 1, false},
		{"SYN-ACK to a forged call", 5000, 0, 6, false, "flow.end", "h", 0, false},
		{"SYN and ACK, and no more", 5000, 0, 6, false, "flow.end", "SA", 0, false},
	} {
		k := mustNew(t, Config{})
		for n := range tt.one + tt.both {
			f := between("10.0.0.1", "10.0.9.1")
			f.Proto, f.MidStream = tt.proto, tt.mid
			tr := &event.Traffic{OneWay: n >= tt.both, History: tt.history}
			tr.Total[event.Client].Payload = tt.payload
			k.Observe(&event.Event{Kind: tt.kind, Flow: f, Data: tr})
		}
		if k.Half() != tt.half {
			t.Errorf("%s: half is %v", tt.name, k.Half())
		}
	}
}

// The two ports of a tap: the start shows one side, the end both.
func TestHalfOfATap(t *testing.T) {
	k := mustNew(t, Config{})
	f := between("10.0.0.1", "10.0.9.1")
	f.Proto = 6
	tell := func(kind string, oneWay bool, history string, payload uint64) {
		tr := &event.Traffic{OneWay: oneWay, History: history}
		tr.Total[event.Client].Payload = payload
		k.Observe(&event.Event{Kind: kind, Flow: f, Data: tr})
	}
	for n := range 100 {
		tell("flow.start", true, "h", 0)
		tell("flow.end", false, "hSADadFf", 9)
		if k.Half() {
			t.Fatalf("half after %d whole conversations", n+1)
		}
	}
	for range 5000 { // the echo of a flood in the hospital's name
		tell("flow.start", true, "h", 0)
		tell("flow.end", true, "h", 0)
	}
	if k.Half() {
		t.Error("half by SYN-ACKs that nobody asked for")
	}
}
