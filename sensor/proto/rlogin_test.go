package proto

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestRlogin(t *testing.T) {
	want := map[string][]event.Record{
		"hit.hex": {&Rlogin{Service: "rlogin", Local: "jan", User: "root", Result: accepted}, &event.Login{Protocol: "rlogin", Method: "trust", User: "root", Attempt: 1}},
		"hit-rsh.hex": {&Rlogin{Service: "rsh", Local: "jan", User: "root", Command: 2, Result: accepted},
			&event.Login{Protocol: "rsh", Method: "trust", User: "root", Outcome: event.Success, Attempt: 1}},
		"hit-rexec.hex": {&Rlogin{Service: "rexec", User: "root", Command: 15, Result: "refused"},
			&event.Login{Protocol: "rexec", Method: "password", User: "root", Outcome: event.Failure, Clear: true, Attempt: 1}},
	}
	for file, want := range want {
		if d := cmp.Diff(want, run(specOf(t, "rlogin", 6), readDialogue(t, "testdata/rlogin/"+file)), same); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
}
