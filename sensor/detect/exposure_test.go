package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// exposureHits is what the scenes of each detector of policy come to, in order: who, with
// the port of its own service or that of its peer.
var exposureHits = map[string][]string{
	"tls-policy": {
		"10.0.1.1:443 0: TLS 1.0", "10.0.1.1:443 0: TLS 1.0, RC4", "10.0.1.2:443 0: SSL 3.0", "10.0.1.2:443 0: SSL 3.0, no encryption in TLS", "10.0.1.3:445 0: SMB version 1", "10.0.1.4:443 0: TLS 1.1",
		"10.0.1.3:445 0: SMB version 1, NTLM version 1", "10.0.1.2:443 0: SSL 3.0, no encryption in TLS, SSL 2.0", "10.0.1.1:443 0: TLS 1.0, RC4, export cipher", "10.0.1.4:443 0: TLS 1.1",
	},
	"remote-admin": {
		"10.0.1.1:5900 0: VNC without a login", "10.0.1.2:161 0: SNMP with a well-known community", "10.0.1.3:3389 0: RDP without TLS", "10.0.1.4:69 0: files written by TFTP",
		"10.0.0.7:0 443: remote control by a service outside",
	},
}

func exposureLines(found []event.Finding) (out []string) {
	for _, f := range found {
		facts := f.Facts.(*exposureFacts)
		out = append(out, fmt.Sprintf("%s:%d %d: %s", f.Subject.Addr, facts.Port, f.Port, strings.Join(facts.What, ", ")))
	}
	return out
}

func TestExposures(t *testing.T) {
	for name, want := range exposureHits {
		found, _ := watch(t, name, nil, sceneEvents(readScenes(t, name, "hit")))
		if diff := cmp.Diff(want, exposureLines(found)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if slices.ContainsFunc(found, func(f event.Finding) bool { return f.Severity != event.Low || len(f.Flows) == 0 }) {
			t.Errorf("%s: a note became an alarm", name)
		}
	}
}

func TestExposureFlood(t *testing.T) {
	s := scene{Kind: "tls", Client: "10.0.0.1", Server: "10.200.0.1", Port: 443, Every: 0.001, Count: 2 * exposureHosts, Vary: []string{"server"}, Fields: map[string]any{"tls.version": "1.0"}}
	found, state := watch(t, "tls-policy", nil, sceneEvents([]scene{s}))
	if g := state.Gauges()[0]; g.Len() != g.Cap() || g.Evicted() != exposureHosts || len(found) != 2*exposureHosts {
		t.Errorf("%d of %d, %d evicted, %d findings", g.Len(), g.Cap(), g.Evicted(), len(found))
	}
}
