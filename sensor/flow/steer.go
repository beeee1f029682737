package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// leastCopies is how many copies a lane has to see before their share says
// something: one retried frame of a quiet lane is no mirror that copies.
const leastCopies = 16

// order tells the source how much of this side is still wanted. The source names
// the packet's side and what it was told of it, so an order that was lost, or whose
// conversation made room in the kernel and came back, is given again.
func (l *Lane) order(slot int32, h *decode.Headers) {
	if h.Entry == 0 || l.steer == nil {
		return
	}
	w, r := event.WantMore, &l.table.records[slot]
	if r.unread {
		w, r.kept = l.least(r), true
	}
	if w != h.Want {
		l.steer(h.Entry, w)
	}
}

// least is what a conversation that is not read needs: its counters; headers while
// it is looked at who leads it, or to tell copies by where the mirror copies more
// than one packet in a thousand.
func (l *Lane) least(r *record) event.Want {
	if r.key.Proto == tcp && r.talks() {
		return event.WantHeaders
	}
	if n := l.count.Duplicate; n >= leastCopies && n*1000 > l.count.Packets {
		return event.WantHeaders
	}
	return event.WantStop
}

// counted takes what the kernel counted of one side and did not hand over. That is
// a gap only where the bytes were wanted: else nobody has missed them.
func (l *Lane) counted(slot int32, h *decode.Headers) {
	r, d := &l.table.records[slot], h.Delta
	l.count.Counted += d.Packets
	if r.over {
		l.count.Stray += d.Packets
		return
	}
	s := r.side(h)
	r.meet(s, h)
	l.weigh(r, s, d.Packets)
	r.total[s].Packets += d.Packets
	r.total[s].Bytes += d.Bytes
	r.total[s].Payload += d.Payload
	if !r.unread && d.Payload > 0 {
		r.total[s].Gap += d.Payload
		l.minute.Gap += d.Payload
		r.note(s, 'g')
	}
	if r.key.Proto != tcp {
		l.settleDatagram(slot)
		return
	}
	if d.Payload > 0 {
		r.tcp[s].passed(d.High)
		r.note(s, 'd')
		l.announce(slot)
	}
	l.settle(slot, h)
}

// passed moves the numbers behind bytes that others have counted.
func (h *half) passed(high uint32) {
	h.data = true
	if !h.start || int32(high-h.high) > 0 {
		h.high, h.start = high, true
	}
}
