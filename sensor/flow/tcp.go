package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// order follows the sequence numbers of one side. They only tell what is new;
// volumes are counted from packets, so a forged number makes no gigabytes.
type order struct {
	next    uint32 // sequence number after the highest byte seen
	known   bool
	hole    uint32 // first missing byte of the one hole that is remembered
	holeLen uint32
}

// maxAhead is how far a segment may run ahead before its number is not believed:
// the largest window that TCP can announce (RFC 7323).
const maxAhead = 1 << 30

// fits reports whether a packet from the other side acknowledges what this side
// sent.
func (o *order) fits(h *decode.Headers) bool {
	d := int32(h.AckNo - o.next)
	return o.known && h.Flags&decode.ACK != 0 && d > -65536 && d < 65536
}

// take notes n bytes at seq. fresh is how many of them are new; lost is how many
// bytes a hole left behind for good.
func (o *order) take(seq, n uint32) (fresh, lost uint32) {
	if !o.known {
		o.next, o.known = seq+n, true
		return n, 0
	}
	ahead := int32(seq - o.next)
	switch {
	case ahead > maxAhead || ahead < -maxAhead:
		o.next = seq + n
		return n, 0
	case ahead > 0:
		lost = o.holeLen
		o.hole, o.holeLen = o.next, uint32(ahead)
		o.next = seq + n
		return n, lost
	case ahead+int32(n) > 0:
		o.next = seq + n
		return uint32(ahead + int32(n)), 0
	}
	return o.fill(seq, n), 0
}

// fill takes a late segment into the hole.
func (o *order) fill(seq, n uint32) uint32 {
	off := int32(seq - o.hole)
	if o.holeLen == 0 || off < 0 || uint32(off) >= o.holeLen {
		return 0
	}
	n = min(n, o.holeLen-uint32(off))
	if off == 0 {
		o.hole += n
	}
	o.holeLen -= n
	return n
}

// tcp follows the state of a connection and hands its bytes on.
func (l *Lane) tcp(i int32, from event.Side, h *decode.Headers) {
	r := &l.table.records[i]
	o := &r.order[from]
	flags := h.Flags
	r.follow(from, h)
	if flags&decode.SYN != 0 {
		l.syn(r, from, h)
	}
	fresh, lost := uint32(0), uint32(0)
	seq := h.Seq
	if flags&decode.SYN != 0 {
		seq++
	}
	if h.WireLoad > 0 && flags&decode.RST == 0 { // the load of a RST is an explanation, no data
		fresh, lost = o.take(seq, h.WireLoad)
		c := &r.total[from]
		c.Payload += uint64(fresh)
		c.Gap += uint64(lost)
		if fresh == 0 {
			c.Retransmit++
		}
		r.flags |= payloadSeen
	}
	l.start(i)
	if h.WireLoad > 0 && flags&decode.RST == 0 && !r.done {
		l.segment(i, from, seq, h)
	}
	l.acked(i, from, h)
	r = &l.table.records[i]
	if flags&decode.FIN != 0 {
		r.flags |= finClient << from
	}
	if flags&decode.RST != 0 {
		l.reset(r, from, h)
	}
}

// syn notes a SYN. A repeated one with another number begins anew: only the last
// can become a connection.
func (l *Lane) syn(r *record, from event.Side, h *decode.Headers) {
	o := &r.order[from]
	if !o.known || !r.flags.has(payloadSeen) {
		*o = order{next: h.Seq + 1, known: true}
	}
	r.flags |= synClient << from
	if from == event.Client {
		r.synTime = h.Time
	}
}

// reset ends a connection, if the RST can be genuine: at the number that the
// receiver expects or near it (RFC 5961 wants exactly it; a mirror may lose some).
func (l *Lane) reset(r *record, from event.Side, h *decode.Headers) {
	o := &r.order[from]
	if d := int32(h.Seq - o.next); o.known && r.flags.has(payloadSeen) && h.Seq != 0 && (d > 65536 || d < -65536) {
		l.count.ForgedResets++
		return
	}
	r.flags |= rstClient << from
}

// historyMax bounds the history letters.
const historyMax = 24

// follow writes Zeek's history letters, each once a side and phase: s SYN, h
// SYN-ACK, a ACK, d data, f FIN, r RST; upper case from the client.
func (r *record) follow(from event.Side, h *decode.Headers) {
	f := h.Flags
	switch {
	case f&decode.SYN != 0 && f&decode.ACK != 0:
		r.note(from, 'h')
	case f&decode.SYN != 0:
		r.note(from, 's')
	case f&decode.RST == 0 && f&decode.ACK != 0 && h.WireLoad == 0 && f&decode.FIN == 0:
		r.note(from, 'a')
		if r.rtt == 0 && from == event.Client && r.synTime > 0 && r.flags.has(synServer) {
			r.rtt = max(h.Time-r.synTime, 1)
		}
	}
	if h.WireLoad > 0 {
		r.note(from, 'd')
	}
	if f&decode.FIN != 0 {
		r.note(from, 'f')
	}
	if f&decode.RST != 0 {
		r.note(from, 'r')
	}
}

func (r *record) note(from event.Side, letter byte) {
	if from == event.Client {
		letter -= 'a' - 'A'
	}
	for _, x := range r.history[:r.historyLen] {
		if x == letter {
			return
		}
	}
	if r.historyLen < historyMax {
		r.history[r.historyLen] = letter
		r.historyLen++
	}
}

// state names how far the connection got.
func (r *record) state() event.TCPState {
	if r.key.Proto != protoTCP {
		return event.StateNone
	}
	f := r.flags
	switch {
	case f.has(midStream) && !f.has(synClient) && !f.has(synServer):
		return event.StateOTH
	case !f.has(synClient): // the answer alone was seen
		switch {
		case f.has(rstServer):
			return event.StateRSTRH
		case f.has(finServer):
			return event.StateSHR
		}
		return event.StateOTH
	case !f.has(synServer) && !f.has(payloadSeen):
		return r.unanswered()
	case f.has(rstClient):
		return event.StateRSTO
	case f.has(rstServer):
		return event.StateRSTR
	case f.has(finClient | finServer):
		return event.StateSF
	case f.has(finClient):
		return event.StateS2
	case f.has(finServer):
		return event.StateS3
	}
	return event.StateS1
}

func (r *record) unanswered() event.TCPState {
	switch {
	case r.flags.has(rstServer):
		return event.StateREJ
	case r.flags.has(rstClient):
		return event.StateRSTOS0
	case r.flags.has(finClient):
		return event.StateSH
	}
	return event.StateS0
}
