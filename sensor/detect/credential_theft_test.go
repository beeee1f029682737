package detect

import (
	"net/netip"
	"testing"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// replicates is a copy of the directory by a host that logged on with a partner's
// name, and what else happens.
func replicates(more ...scene) []*event.Event {
	copies := scene{Kind: "rpc", T: 2, Client: "10.0.9.2", Server: "10.0.9.1", Port: 49667, Count: 4, Every: 900, Fields: map[string]any{
		"brandmelder.rpc.interface": "drsuapi", "brandmelder.rpc.operation": "DRSGetNCChanges", "brandmelder.rpc.status": "ok"}}
	login := scene{Kind: "auth", T: 1, Client: "10.0.9.2", Server: "10.0.9.1", Port: 49667, Protocol: "dcerpc", User: "DC2$", Outcome: "success"}
	events := sceneEvents(append(more, copies, login))
	for _, e := range events {
		if l, ok := e.Data.(*event.Login); ok && e.Flow.Client.Addr() == netip.MustParseAddr("10.0.9.2") {
			l.Service = "E3514235-4B06-11D1-AB04-00C04FC2DCD2/guid/zorg.local"
		}
	}
	return events
}

func TestReplicationByAPartner(t *testing.T) {
	found, _ := watch(t, "credential-theft", nil, replicates())
	if len(found) == 0 || found[0].Severity != event.Medium || found[0].Time-sceneBegin < partnerProof {
		t.Errorf("a partner that never proves itself: %+v", found)
	}
	// somebody asks it for a ticket three minutes later: it is a controller
	ticket := scene{Kind: "kerberos", T: 180, Client: "10.0.0.5", Server: "10.0.9.2", Port: 88, Fields: map[string]any{"brandmelder.kerberos.message": "TGS-REP"}}
	if found, _ := watch(t, "credential-theft", nil, replicates(ticket)); len(found) != 0 {
		t.Errorf("a controller that the sensor met as it copied: %+v", found)
	}
}
