package proto

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestMQTT(t *testing.T) {
	refused := &MQTT{What: "connect", Version: "3.1.1", Client: "monitor-7", KeepAlive: 60, Result: "bad-user-or-password"}
	taken, all := *refused, *refused
	taken.Result, all.What, all.Result = accepted, "subscribe-all", ""
	want := map[string][]event.Record{
		"hit.hex": {
			refused, &event.Login{Protocol: "mqtt", Method: "password", User: "bed", Outcome: event.Failure, Reason: "bad-user-or-password", Clear: true, Attempt: 1},
			&taken, &event.Login{Protocol: "mqtt", Method: "password", User: "bed", Outcome: event.Success, Clear: true, Attempt: 1}, &all,
		},
		"hit-five.hex": {&MQTT{What: "connect", Version: "5.0", KeepAlive: 30, Will: true, Anonymous: true, Result: accepted}},
	}
	for file, want := range want {
		if d := cmp.Diff(want, run(specOf(t, "mqtt", 6), readDialogue(t, "testdata/mqtt/"+file)), same); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
}
