package flow

import "github.com/brandmelder/brandmelder/sensor/event"

// Anomaly is something that no honest sender does, and that can be meant to blind
// a sensor.
type Anomaly struct{ Kind string }

var anomalyTable = event.NewTable("anomaly", "What no honest sender does, and what can be meant to blind a sensor.",
	event.String("brandmelder.anomaly.kind", event.Technical, "fragment-overlap: two copies of a byte that differ", func(a *Anomaly) (string, bool) { return a.Kind, true }),
)

func (*Anomaly) Table() *event.Table { return anomalyTable }

func (l *Lane) anomaly(i int32, kind string) { l.send("anomaly", l.flow(i), &Anomaly{Kind: kind}) }
