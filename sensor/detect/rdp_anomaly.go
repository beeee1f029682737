package detect

import (
	"github.com/brandmelder/brandmelder/sensor/event"
)

// rdpAnomaly finds remote desktop as people do not use it: from outside, through a
// tunnel, or by a client that was made by hand.
type rdpAnomaly struct{ *deeds }

// Places in rdpDeeds.
const (
	rdpForged = iota
	rdpTunnel
	rdpOutside
	rdpEntered
)

var rdpDeeds = []deed{
	rdpForged: {"client made by hand", event.Medium, "T1021.001"},
	rdpTunnel: {"session through a tunnel on this machine", event.Medium, "T1572"},
	// A desktop that is offered to everyone outside is how ransomware comes in;
	// whoever means to do so puts a gateway before it, which is no RDP on the wire.
	rdpOutside: {"session from outside", event.Medium, "T1133"},
	rdpEntered: {"login from outside accepted", event.High, "T1133"},
}

// One oddity may be an old client's: some name no computer, some do not negotiate
// again with a server that has turned TLS down. Two together no program shows that
// people sit at.
const rdpOddities = 2

func newRDPAnomaly(env Env, decode Decoder) (Detector, error) {
	return &rdpAnomaly{newDeeds(env, "rdp-anomaly", rdpDeeds)}, decode(&struct{}{})
}

func (r *rdpAnomaly) Observe(e *event.Event, report Report) {
	if e.Flow == nil {
		return
	}
	p := pairOf(e.Flow)
	if e.Kind == "auth" {
		if l, client, _, ok := loginOf(e); ok && l.Protocol == "rdp" && l.Outcome == event.Success && !e.Flow.MidStream && !client.IsLoopback() && r.inbound(p) {
			r.enter(rdpEntered, p, e, report)
		}
		return
	}
	if event.TextOf(e.Data, "brandmelder.rdp.selected") == "" {
		return // the server turned it away
	}
	switch {
	case p.client.IsLoopback():
		r.enter(rdpTunnel, p, e, report)
	case r.inbound(p) && !e.Flow.MidStream:
		r.enter(rdpOutside, p, e, report)
	}
	if len(event.TextsOf(e.Data, "brandmelder.rdp.oddities")) >= rdpOddities {
		r.enter(rdpForged, p, e, report)
	}
}

func (r *rdpAnomaly) inbound(p pair) bool {
	return !r.env.Know.Internal(p.client) && r.env.Know.Internal(p.server)
}

func init() {
	register(Spec{
		Name: "rdp-anomaly", Doc: "remote desktop from outside, through a tunnel, or by a client made by hand",
		Family: "rdp-anomaly", Technique: techniques(rdpDeeds),
		Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"rdp", "auth"}, Facts: deedTable, New: newRDPAnomaly,
	})
}
