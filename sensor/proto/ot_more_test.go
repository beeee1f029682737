package proto

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func TestIEC104(t *testing.T) {
	wantTold(t, toldOT(t, "iec104", "hit.hex"), `
session start-transfer unit=-1  1/0/0
read interrogation unit=3  1/0/0
read interrogation unit=3  1/1/0 accepted
write single-command unit=3  1/0/0
write single-command unit=3  1/1/0 accepted
write set-point-float unit=3  1/0/0
write set-point-float unit=3  1/0/1 negative
write single-command unit=9  1/0/0
write single-command unit=9  1/0/1 unknown-station
write single-command unit=3  2/1/0 accepted
write single-command unit=3  2/1/1 unknown-address
state reset-process unit=3  1/0/0
state reset-process unit=3  1/1/0 accepted
session test-link unit=-1  1/0/0`)
}

func TestOPCUA(t *testing.T) {
	wantTold(t, toldOT(t, "opcua", "hit.hex"), `
session open-channel unit=-1  1/0/0
session open-channel unit=-1  1/1/0 accepted
session create-session unit=-1  1/0/0
session create-session unit=-1  1/1/0 accepted
session activate-session unit=-1  1/0/0
session activate-session unit=-1  1/1/0 accepted
session activate-session unit=-1  2/1/0 accepted
session activate-session unit=-1  2/1/1 token-rejected
identify browse unit=-1  1/0/0
identify browse unit=-1  1/1/0 accepted
read read unit=-1  1/0/0
read read unit=-1  1/1/0 accepted
write write unit=-1  1/0/0
write write unit=-1  1/0/1 user-access-denied
write call unit=-1  1/0/0
write call unit=-1  1/1/0 accepted
program add-nodes unit=-1  1/0/0
program add-nodes unit=-1  1/1/0 accepted
session activate-session unit=-1  3/2/1 accepted`)
}

func TestOPCUAChannelsAndLogins(t *testing.T) {
	var got []event.Record
	for _, file := range []string{"hit.hex", "hit-secured.hex"} {
		for _, r := range run(specOf(t, "opcua", 6), readDialogue(t, "testdata/opcua/"+file)) {
			if _, ot := r.(*OT); !ot {
				got = append(got, r)
			}
		}
	}
	login := event.Login{Protocol: "opcua", Method: "password", User: "operator", Clear: true, Attempt: 1, Outcome: event.Failure, Reason: "token-rejected"}
	again := event.Login{Protocol: "opcua", Method: "password", User: "operator", Clear: true, Attempt: 2, Outcome: event.Success}
	want := []event.Record{
		&OPCUA{Endpoint: "pump7.example", Policy: "None", Mode: "none"}, &login, &again,
		&OPCUA{Endpoint: "pump7.example", Policy: "Basic256Sha256"},
	}
	if d := cmp.Diff(want, got, same); d != "" {
		t.Error(d)
	}
}
