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
		half      bool
	}{
		{"one direction", 5, 0, 6, false, "flow.start", true},
		{"too few", 4, 0, 6, false, "flow.start", false},
		{"all but one in twenty", 40, 2, 6, false, "flow.start", true},
		{"a few that are whole", 38, 2, 6, false, "flow.start", false},
		{"after many that were whole", 60_000, 1000, 6, false, "flow.start", true},
		{"UDP says nothing", 50, 0, 17, false, "flow.start", false},
		{"begun before the sensor", 50, 0, 6, true, "flow.start", false},
		{"nobody answered", 50, 0, 6, false, "flow.end", false},
	} {
		k := mustNew(t, Config{})
		for n := range tt.one + tt.both {
			f := between("10.0.0.1", "10.0.9.1")
			f.Proto, f.MidStream = tt.proto, tt.mid
			k.Observe(&event.Event{Kind: tt.kind, Flow: f, Data: &event.Traffic{OneWay: n >= tt.both}})
		}
		if k.Half() != tt.half {
			t.Errorf("%s: half is %v", tt.name, k.Half())
		}
	}
}
