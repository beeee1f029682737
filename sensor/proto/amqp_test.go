package proto

import (
	"fmt"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/google/go-cmp/cmp"
)

// recorded are the records of a test conversation over TCP.
func recorded(t *testing.T, name, file string) []event.Record {
	t.Helper()
	return run(specOf(t, name, 6), readDialogue(t, "testdata/"+name+"/"+file+".hex"))
}

func TestAMQPLogins(t *testing.T) {
	for file, want := range map[string][]event.Record{
		"hit": {&AMQP{Mechanism: "PLAIN", Host: "/lab", Opened: true},
			&event.Login{Protocol: "amqp", Method: "plain", User: "ward", Outcome: event.Success, Clear: true, Attempt: 1}},
		"hit-refused": {&AMQP{Mechanism: "AMQPLAIN", Code: 403},
			&event.Login{Protocol: "amqp", Method: "amqplain", User: "ward", Outcome: event.Failure, Clear: true, Attempt: 1}},
	} {
		if diff := cmp.Diff(want, recorded(t, "amqp", file), same); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func TestRsyncModules(t *testing.T) {
	for file, want := range map[string][]event.Record{
		"hit": {&Rsync{Version: "31.0", Module: "backup", Upload: true, Begun: true},
			&event.Login{Protocol: "rsync", Method: "challenge", User: "ward", Outcome: event.Success, Attempt: 1}},
		"hit-refused": {&Rsync{Version: "31.0", Module: "backup", Error: true},
			&event.Login{Protocol: "rsync", Method: "challenge", User: "ward", Outcome: event.Failure, Attempt: 1}},
		"hit-download": {&Rsync{Version: "29", Module: "scans", Begun: true}},
		"hit-list":     {&Rsync{Version: "31.0", List: true}},
	} {
		if diff := cmp.Diff(want, recorded(t, "rsync", file), same); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func TestTACACSSessions(t *testing.T) {
	want := []event.Record{
		&TACACS{Kind: "authentication", Messages: 4},
		&TACACS{Kind: "authorization", Messages: 2, Readable: true},
	}
	if diff := cmp.Diff(want, recorded(t, "tacacs", "hit"), same); diff != "" {
		t.Error(diff)
	}
}

func TestONCRPCProcedures(t *testing.T) {
	var got []string
	for _, r := range recorded(t, "oncrpc", "hit-tcp") {
		o := r.(*ONCRPC)
		got = append(got, fmt.Sprintf("%s %d %s %d/%d", o.Program, o.Version, o.Procedure, o.Failed, o.Calls))
	}
	want := []string{"mount 3 export 0/1", "mount 3 mnt 0/1", "mount 3 mnt 1/1", "nfs 3 read 0/1", "nfs 3 write 0/1", "nfs 3 write 1/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
