package detect

import (
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/baseline"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// medicalCleartext notes who exchanges images or patient messages readable by
// anyone on the way: a line for the risk file, once a day and pair.
type medicalCleartext struct {
	env  Env
	seen *baseline.Map[medicalPair, int64] // time of the latest finding, ns
}

type medicalPair struct {
	client, server netip.Addr
	protocol       string
}

const (
	medicalPairs = 16384
	day          = 24 * 3600 * second
)

func newMedicalCleartext(env Env, decode Decoder) (Detector, error) {
	return &medicalCleartext{env: env, seen: baseline.NewMap[medicalPair, int64](env.State, "medical-cleartext.pairs", medicalPairs, day)}, decode(&struct{}{})
}

func (m *medicalCleartext) Tick(int64, Report) {}

func (m *medicalCleartext) Observe(e *event.Event, report Report) {
	if e.Flow == nil || event.TextOf(e.Data, "brandmelder.dicom.result") == "rejected" {
		return
	}
	k := medicalPair{e.Flow.Client.Addr(), e.Flow.Server.Addr(), e.Flow.App}
	told, fresh := m.seen.Touch(k, e.Time)
	if !fresh && e.Time-*told < day {
		return
	}
	*told = e.Time
	report(event.Finding{
		Key: k.client.String() + " " + k.server.String() + " " + k.protocol, Time: e.Time, Onset: e.Time,
		Subject: m.env.Know.Entity(k.client), Peer: m.env.Know.Entity(k.server), Port: e.Flow.Server.Port(),
		Flows: []event.FlowRef{e.Flow.Ref()}, FlowsTotal: 1, Score: 30,
		Facts: &medicalClearFacts{Protocol: k.protocol},
	})
}

type medicalClearFacts struct{ Protocol string }

var medicalClearTable = event.NewTable("medical-cleartext", "Images or patient messages exchanged readable.",
	event.String("brandmelder.medical_cleartext.protocol", event.Technical, "dicom or hl7", func(f *medicalClearFacts) (string, bool) { return f.Protocol, f.Protocol != "" }))

func (*medicalClearFacts) Table() *event.Table { return medicalClearTable }

func init() {
	register(Spec{
		Name: "medical-cleartext", Doc: "images or patient messages cross the network readable",
		Family: "policy", Technique: []string{"T1040"}, Class: event.Absolute, Severity: event.Low,
		Wants: []string{"dicom", "hl7"}, Facts: medicalClearTable, New: newMedicalCleartext,
	})
}
