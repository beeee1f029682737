package flow

import "github.com/brandmelder/brandmelder/sensor/event"

// Anomaly is something that no honest end does, seen in one conversation. Each
// kind is said once a conversation.
type Anomaly struct {
	What string // "reset-outside-window", "fin-outside-window", "conflicting-bytes", "conflicting-fragments"
	Side event.Side
}

// AnomalyTable is the table of Anomaly.
var AnomalyTable = event.NewTable("anomaly", "Something that no honest end does on the way to another.",
	event.String("brandmelder.anomaly.kind", event.Technical, "reset-outside-window, fin-outside-window, conflicting-bytes or conflicting-fragments", func(a *Anomaly) (string, bool) {
		return a.What, true
	}),
	event.String("brandmelder.anomaly.side", event.Technical, "end that seems to have sent it", func(a *Anomaly) (string, bool) {
		return a.Side.String(), true
	}),
)

func (*Anomaly) Table() *event.Table { return AnomalyTable }

// Bits of record.odd.
const (
	oddReset = 1 << iota
	oddFin
	oddBytes
	oddFragments
)

var oddNames = map[uint8]string{
	oddReset: "reset-outside-window", oddFin: "fin-outside-window",
	oddBytes: "conflicting-bytes", oddFragments: "conflicting-fragments",
}

// suspect says an anomaly, once a kind and conversation.
func (l *Lane) suspect(slot int32, s event.Side, what uint8) {
	r := &l.table.records[slot]
	if r.odd&what != 0 {
		return
	}
	r.odd |= what
	l.announce(slot)
	l.send("anomaly", l.view(slot), &Anomaly{What: oddNames[what], Side: s})
}
