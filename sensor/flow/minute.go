package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// minute gathers the lane's part of the coverage between two full minutes of the
// line clock.
type minute struct {
	part event.Coverage
	next int64 // end of the minute, 0 none yet
	any  bool
}

// sum notes what one packet says about the mirror.
func (m *minute) sum(h *decode.Headers) {
	m.any = true
	switch h.Sum {
	case decode.SumBad:
		m.part.BadSums++
	case decode.SumOffload:
		m.part.Offload++
	}
	for _, id := range h.Tags.ID[:h.Tags.N] {
		m.part.SeeVLAN(id)
	}
}

// tellMinute writes the part when the clock has passed the end of the minute.
func (l *Lane) tellMinute() {
	m := &l.minute
	if m.next == 0 {
		m.next = (l.clock/aliveEvery + 1) * aliveEvery
	}
	if l.clock >= m.next {
		l.closeMinute(m.next)
		m.next = (l.clock/aliveEvery + 1) * aliveEvery
	}
}

// closeMinute writes what was gathered up to end.
func (l *Lane) closeMinute(end int64) {
	m := &l.minute
	if !m.any && m.part.FlowsEnded == 0 {
		return
	}
	c := m.part
	c.Start, c.End = end-aliveEvery, end
	m.part, m.any = event.Coverage{}, false
	l.emit(event.Event{
		Kind: "coverage", Time: end, Data: &c,
		Place: event.Place{Epoch: l.epoch, Clock: end, Phase: event.PhaseMinute, Number: uint64(l.id)},
	})
}

// cutMinute writes what was gathered when the clock is about to be set.
func (l *Lane) cutMinute() {
	if l.minute.next != 0 {
		l.closeMinute(l.minute.next)
		l.minute.next = 0
	}
}
