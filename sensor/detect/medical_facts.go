package detect

import "github.com/brandmelder/brandmelder/sensor/event"

// medicalFacts is what a finding of medical-anomaly rests on: refused titles, many
// requests, a partner outside, or a new sender.
type medicalFacts struct {
	Protocol string

	Tried  int      // different pairs of titles that were refused
	Titles []string // calling and called

	Requests     int64
	Operations   []string
	Destinations []string // titles that images were sent to
	Seconds      float64
	Novel        bool // host or destination is new at a server that is known

	Outside bool
	Sender  string
}

var medicalTable = event.NewTable("medical-anomaly", "Unusual use of an image archive or a message bus.",
	event.String("brandmelder.medical.protocol", event.Technical, "dicom or hl7", func(f *medicalFacts) (string, bool) { return f.Protocol, f.Protocol != "" }),
	event.Int("brandmelder.medical.tried", event.Technical, "different pairs of titles that were refused", func(f *medicalFacts) (int64, bool) { return int64(f.Tried), f.Tried > 0 }),
	event.Strings("brandmelder.medical.titles", event.Technical, "calling and called titles that were refused", func(f *medicalFacts) []string { return f.Titles }),
	event.Int("brandmelder.medical.requests", event.Technical, "queries and retrievals", func(f *medicalFacts) (int64, bool) { return f.Requests, f.Requests > 0 }),
	event.Strings("brandmelder.medical.operations", event.Technical, "kinds of them", func(f *medicalFacts) []string { return f.Operations }),
	event.Strings("brandmelder.medical.destinations", event.Technical, "titles that images were sent to", func(f *medicalFacts) []string { return f.Destinations }),
	event.Float("brandmelder.medical.seconds", event.Technical, "time it took, s", func(f *medicalFacts) (float64, bool) { return f.Seconds, f.Requests > 0 }),
	event.Bool("brandmelder.medical.new", event.Technical, "host or destination is new at a server known for two weeks", func(f *medicalFacts) (bool, bool) { return true, f.Novel }),
	event.Bool("brandmelder.medical.outside", event.Technical, "one of the two is outside", func(f *medicalFacts) (bool, bool) { return true, f.Outside }),
	event.String("brandmelder.medical.sender", event.Technical, "sending application that is new", func(f *medicalFacts) (string, bool) { return f.Sender, f.Sender != "" }),
)

func (*medicalFacts) Table() *event.Table { return medicalTable }

func init() {
	register(Spec{
		Name: "medical-anomaly", Doc: "unusual use of an image archive or a message bus: titles guessed, bulk retrieval, partners outside, new senders",
		Family: "exfiltration", Technique: []string{"T1087", "T1213", "T1048"}, Class: event.Absolute, Severity: event.Medium,
		Wants: []string{"dicom", "hl7"}, Facts: medicalTable, New: newMedical,
	})
}
