package flow

import "github.com/brandmelder/brandmelder/sensor/event"

// Anomaly is something that no honest sender does, and that can be meant to blind
// a sensor. Each kind is said once a conversation.
type Anomaly struct {
	Kind string // "fragment-overlap" or "conflicting-bytes"
	Side event.Side
}

// AnomalyTable is the table of Anomaly.
var AnomalyTable = event.NewTable("anomaly", "What no honest sender does, and what can be meant to blind a sensor.",
	event.String("brandmelder.anomaly.kind", event.Technical, "fragment-overlap, conflicting-bytes: two copies of a byte that differ", func(a *Anomaly) (string, bool) {
		return a.Kind, true
	}),
	event.String("brandmelder.anomaly.side", event.Technical, "end that seems to have sent it", func(a *Anomaly) (string, bool) {
		return a.Side.String(), true
	}),
).InBrief("brandmelder.anomaly.kind")

func (*Anomaly) Table() *event.Table { return AnomalyTable }

// Bits of record.odd.
const (
	oddBytes = 1 << iota
	oddFragments
)

// suspect says an anomaly, once a kind and conversation.
func (l *Lane) suspect(slot int32, s event.Side, what uint8) {
	r := &l.table.records[slot]
	if r.odd&what != 0 {
		return
	}
	r.odd |= what
	kind := "conflicting-bytes"
	if what == oddFragments {
		kind = "fragment-overlap"
	}
	l.announce(slot)
	l.send("anomaly", l.view(slot), &Anomaly{Kind: kind, Side: s})
}
