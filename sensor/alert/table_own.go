package alert

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func ownFields() []event.Field {
	return []event.Field{
		keyword("network.community_id", "of the first flow", func(a *alert) string { return a.firstFlow().CommunityID }),
		keyword("network.transport", "of the first flow", func(a *alert) string {
			if len(a.finding.Flows) == 0 {
				return ""
			}
			return event.ProtoName(a.firstFlow().Key.Proto)
		}),
		keyword("observer.ingress.interface.name", "where the first flow was seen", func(a *alert) string { return a.firstFlow().Ingress }),
		keyword("brandmelder.detector", "name of the detector", func(a *alert) string { return a.finding.Detector }),
		keyword("brandmelder.class", "absolute, or novelty: it rests while it learns", func(a *alert) string { return a.finding.Class.String() }),
		event.Int("brandmelder.revision", event.Technical, "0 as raised, then its growth", func(a *alert) (int64, bool) { return int64(a.revision), true }),
		event.Time("brandmelder.window", event.Technical, "begin of the hour that the alert belongs to", func(a *alert) int64 { return a.raised / window * window }),
		event.Int("brandmelder.findings", event.Technical, "findings merged into this alert so far", func(a *alert) (int64, bool) { return int64(a.findings), true }),
		keyword("brandmelder.promoted_from", "id of the alert that this graver one follows", func(a *alert) string { return a.promoted }),
		keyword("brandmelder.incident.id", "incident that the alert belongs to", func(a *alert) string { return a.incident }),
		keyword("brandmelder.suppression.id", "decision that no answer is needed", func(a *alert) string { return a.suppression }),
		event.Strings("brandmelder.risk.reasons", event.Technical, "what the risk score rests on", func(a *alert) []string { return a.reasons }),
		event.Objects("brandmelder.flows", "flows to look up, at most 10", flowExampleTable, func(a *alert, yield func(event.Record)) {
			for _, r := range a.examples {
				yield(r)
			}
		}),
		event.Strings("brandmelder.learning.detectors", event.Technical, "detectors that still learn what is usual, and might have said more", func(a *alert) (names []string) {
			for _, l := range a.learning {
				names = append(names, l.Name)
			}
			return names
		}),
		event.Time("brandmelder.learning.until", event.Technical, "when the last of them may speak", func(a *alert) (until int64) {
			for _, l := range a.learning {
				until = max(until, l.Until())
			}
			return until
		}),
		event.IPs("brandmelder.targets", event.Technical, "where there are many: to whom, at most 64", func(a *alert) []netip.Addr { return a.finding.Related }),
		event.Int("brandmelder.flows_total", event.Technical, "flows that it rests on", func(a *alert) (int64, bool) { return int64(a.finding.FlowsTotal), true }),
	}
}

func (a *alert) firstFlow() *event.FlowRef {
	if len(a.finding.Flows) == 0 {
		return &event.FlowRef{}
	}
	return &a.finding.Flows[0]
}

func measureFields() []event.Field {
	value := func(path, doc string, get func(*event.Finding) (float64, bool)) event.Field {
		return event.Float(path, event.Technical, doc, func(a *alert) (float64, bool) { return get(&a.finding) })
	}
	return []event.Field{
		value("brandmelder.observed.value", "what was measured", func(f *event.Finding) (float64, bool) { return f.Observed.Value, f.Observed.Unit != "" }),
		keyword("brandmelder.observed.unit", "its unit", func(a *alert) string { return a.finding.Observed.Unit }),
		event.Int("brandmelder.observed.n", event.Technical, "events it rests on", func(a *alert) (int64, bool) {
			return int64(a.finding.Observed.N), a.finding.Observed.N > 0
		}),
		value("brandmelder.baseline.value", "what is usual", func(f *event.Finding) (float64, bool) { return f.Baseline.Value, f.Baseline.Unit != "" }),
		keyword("brandmelder.baseline.unit", "its unit", func(a *alert) string { return a.finding.Baseline.Unit }),
		event.Int("brandmelder.baseline.n", event.Technical, "events it rests on", func(a *alert) (int64, bool) {
			return int64(a.finding.Baseline.N), a.finding.Baseline.N > 0
		}),
		event.Time("brandmelder.baseline.since", event.Technical, "learned since; absent: shipped with the sensor", func(a *alert) int64 { return a.finding.Baseline.Since }),
	}
}

// flowExample is a flow of an alert, turned so that the subject is the source.
type flowExample struct {
	*event.FlowRef
	subject netip.Addr
}

// ends gives source and destination. Without the subject among them the smaller
// endpoint goes first, for a reference does not say who began.
func (e *flowExample) ends() (source, destination netip.AddrPort) {
	a := netip.AddrPortFrom(e.Key.AddrA(), e.Key.APort)
	b := netip.AddrPortFrom(e.Key.AddrB(), e.Key.BPort)
	if b.Addr() == e.subject.Unmap() {
		return b, a
	}
	return a, b
}

var flowExampleTable = event.NewTable("alert flow", "A flow that an alert rests on.",
	event.String("community_id", event.Technical, "Community ID", func(e *flowExample) (string, bool) { return e.CommunityID, e.CommunityID != "" }),
	event.Time("start", event.Technical, "first packet", func(e *flowExample) int64 { return e.Start }),
	event.String("source", event.Technical, "address and port", func(e *flowExample) (string, bool) { s, _ := e.ends(); return s.String(), true }),
	event.String("destination", event.Technical, "address and port", func(e *flowExample) (string, bool) { _, t := e.ends(); return t.String(), true }),
)

func (*flowExample) Table() *event.Table { return flowExampleTable }
