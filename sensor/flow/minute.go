package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// minuteCounter gathers what the lane knows of the coverage between two full
// minutes of the line clock. Packets, bytes and truncation are the reader's.
type minuteCounter struct {
	event.Coverage
	next int64 // end of the current minute, 0 when nothing was counted
	vlan event.Tags
}

func (m *minuteCounter) open(clock int64) {
	if m.next == 0 {
		m.next = (clock/minute + 1) * minute
	}
}

func (m *minuteCounter) packet(h *decode.Headers) {
	switch h.Sum {
	case decode.SumBad:
		m.BadSums++
	case decode.SumOffload:
		m.Offload++
	}
	if h.Tags != m.vlan {
		m.vlan = h.Tags
		for _, id := range h.Tags.ID[:h.Tags.N] {
			m.SeeVLAN(id)
		}
	}
}

// closeMinute hands out the minute.
func (l *Lane) closeMinute() {
	c, end := l.minute.Coverage, l.minute.next
	l.minute = minuteCounter{}
	c.Start, c.End = end-minute, end
	l.emit(event.Event{
		Kind:  "coverage",
		Time:  end,
		Place: event.Place{Epoch: l.epoch, Clock: end, Phase: event.PhaseMinute, Number: uint64(l.id)},
		Data:  &c,
	})
}
