package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// half is what is known of one side's sequence numbers (RFC 9293). It serves the
// counters and outlives the reading of the bytes.
type half struct {
	high  uint32 // behind the last byte seen
	acked uint32 // highest number that the other side acknowledged
	hole  [4]gap // not seen yet, and still possibly disorder; in order
	holes uint8
	isn   uint32 // before the first byte; valid with based
	alt   uint32 // of a second SYN or SYN-ACK with another number
	finAt uint32 // behind the FIN
	start bool   // high is valid
	acks  bool   // acked is valid
	syn   bool
	based bool
	two   bool // alt is valid
	fin   bool
	data  bool
}

// gap is a run of bytes from lo up to hi.
type gap struct{ lo, hi uint32 }

const window = 1 << 16 // how far a number may be off: windows without scaling

// near reports whether a number of this side is plausible.
func (h *half) near(n uint32) bool {
	d := int32(n - h.high)
	return h.start && d <= window && d >= -window
}

// segment is one TCP packet that is to be believed.
func (l *Lane) segment(slot int32, s event.Side, h *decode.Headers) {
	r := &l.table.records[slot]
	me, peer := &r.tcp[s], &r.tcp[s.Other()]
	flags := h.Flags
	if flags&decode.RST != 0 {
		l.reset(slot, s, h)
		return
	}
	if flags&decode.SYN != 0 {
		r.handshake(s, h)
	}
	if flags&decode.ACK != 0 {
		r.acknowledge(s, h)
	}
	l.settle(slot, h)
	l.giveUpAcked(r, s.Other())
	if n := h.WireLoad; n > 0 {
		l.payload(slot, s, h)
	} else if flags == decode.ACK {
		r.note(s, 'a')
		if h.Window == 0 {
			r.note(s, 'w')
		}
	}
	if peer.acks && r.stream != none && !r.unread {
		l.peerAcked(slot, s.Other(), peer.acked)
	}
	if flags&decode.FIN != 0 {
		l.fin(slot, s, h)
	}
	if me.fin && peer.fin && r.bothAcked() {
		l.finished(slot, "fin")
	}
}

// handshake takes a SYN or SYN-ACK. Before data the latest number is a candidate
// beside the first; which one the peer took, its ACK tells.
func (r *record) handshake(s event.Side, h *decode.Headers) {
	me, peer := &r.tcp[s], &r.tcp[s.Other()]
	switch {
	case !me.syn || !me.data && !peer.syn && s == event.Client:
		me.isn, me.syn, me.based = h.Seq, true, true
		if !me.data {
			me.high, me.start = h.Seq+1, true
		}
	case h.Seq != me.isn && !me.data:
		me.alt, me.two = h.Seq, true
	}
	if h.Flags&decode.ACK == 0 {
		r.note(s, 's')
		r.synAt = h.Time
		return
	}
	r.note(s, 'h')
	if !peer.start {
		peer.high, peer.start = h.AckNo, true
		peer.isn, peer.based = h.AckNo-1, true
	}
	if r.backAt == 0 {
		r.backAt = h.Time
	}
}

// acknowledge takes an ACK number of side s, which speaks of the other's bytes.
func (r *record) acknowledge(s event.Side, h *decode.Headers) {
	peer := &r.tcp[s.Other()]
	if peer.two && !peer.data && h.AckNo == peer.alt+1 && h.AckNo != peer.high {
		peer.isn, peer.high, peer.two = peer.alt, h.AckNo, false
	}
	if d := int32(h.AckNo - peer.acked); !peer.acks || d > 0 && d < maxJump {
		peer.acked, peer.acks = h.AckNo, true
	}
	// SYN to SYN-ACK and SYN-ACK to ACK together are the whole round trip,
	// wherever on the path the mirror stands.
	if r.rtt == 0 && s == event.Client && r.synAt != 0 && r.backAt != 0 && h.Flags&decode.SYN == 0 {
		if d := h.Time - r.synAt; d > 0 && d < minute {
			r.rtt = d
		}
	}
}

// settle moves the conversation to the class that it is in now.
func (l *Lane) settle(slot int32, h *decode.Headers) {
	r := &l.table.records[slot]
	c := halfOpen
	twoSided := r.tags[0].Known && r.tags[1].Known
	switch {
	case r.tcp[0].fin && (r.tcp[1].fin || !twoSided), r.tcp[1].fin && !twoSided:
		c = answered
	case twoSided:
		c = established
	case h.WireLoad > 0 || r.tcp[0].data || r.tcp[1].data:
		c = oneSided
	}
	l.table.touch(slot, c, l.place.Clock)
	if r.tcp[event.Server].syn || h.WireLoad > 0 {
		l.announce(slot)
	}
}

// payload counts new bytes and hands them to the stream.
func (l *Lane) payload(slot int32, s event.Side, h *decode.Headers) {
	r := &l.table.records[slot]
	me := &r.tcp[s]
	seq := h.Seq
	if h.Flags&decode.SYN != 0 {
		seq++ // data on a SYN (RFC 7413)
	}
	if me.start && h.WireLoad == 1 && seq == me.high-1 {
		return // keep-alive
	}
	r.note(s, 'd')
	fresh := l.advance(r, s, seq, h.WireLoad)
	r.total[s].Payload += uint64(fresh)
	if fresh == 0 {
		r.total[s].Retransmit++
		r.note(s, 't')
	} else if r.talks() {
		r.dialogue.say(s, fresh, r.last)
	}
	if !r.unread {
		l.readSegment(slot, s, seq, h)
	}
}

// advance moves the side's numbers over n bytes at seq and returns how many of
// them were not seen before.
func (l *Lane) advance(r *record, s event.Side, seq, n uint32) uint32 {
	me := &r.tcp[s]
	end := seq + n
	me.data = true
	if !me.start {
		me.high, me.start = end, true
		return n
	}
	ahead, past := int32(seq-me.high), int32(end-me.high)
	switch {
	case ahead > maxJump || ahead < -maxJump:
		// Another connection's numbers, or forged ones: they are counted as
		// they came, and move nothing.
		return n
	case ahead > 0:
		if int(me.holes) == len(me.hole) {
			l.giveUp(r, s)
		}
		me.hole[me.holes] = gap{me.high, seq}
		me.holes++
		me.high = end
		return n
	case past > 0:
		fresh := uint32(past) + me.fill(seq, me.high)
		me.high = end
		return fresh
	}
	return me.fill(seq, end)
}

// fill takes the parts of the holes that a late segment covers. A hole covered in
// its middle is cut in two; without room for that its rest counts as seen.
func (h *half) fill(seq, end uint32) (fresh uint32) {
	for i := 0; i < int(h.holes); i++ {
		o := &h.hole[i]
		lo, hi := later(seq, o.lo), earlier(end, o.hi)
		if int32(hi-lo) <= 0 {
			continue
		}
		fresh += hi - lo
		rest := gap{hi, o.hi}
		switch o.hi = lo; {
		case o.lo == o.hi && rest.lo == rest.hi:
			copy(h.hole[i:], h.hole[i+1:])
			h.holes--
			i--
		case o.lo == o.hi:
			*o = rest
		case rest.lo != rest.hi && int(h.holes) < len(h.hole):
			copy(h.hole[i+2:], h.hole[i+1:])
			h.hole[i+1] = rest
			h.holes++
			i++
		}
	}
	return fresh
}

func later(a, b uint32) uint32 {
	if int32(a-b) > 0 {
		return a
	}
	return b
}

func earlier(a, b uint32) uint32 {
	if int32(a-b) < 0 {
		return a
	}
	return b
}

// giveUp counts the side's first hole as lost.
func (l *Lane) giveUp(r *record, s event.Side) {
	me := &r.tcp[s]
	n := uint64(me.hole[0].hi - me.hole[0].lo)
	copy(me.hole[:], me.hole[1:])
	me.holes--
	if r.kept {
		return
	}
	r.total[s].Gap += n
	l.minute.Gap += n
	r.note(s, 'g')
}

// giveUpAcked gives up the holes that the receiver has acknowledged: it got what
// the mirror did not.
func (l *Lane) giveUpAcked(r *record, s event.Side) {
	for me := &r.tcp[s]; me.holes > 0 && me.acks && int32(me.acked-me.hole[0].hi) >= 0; {
		l.giveUp(r, s)
	}
}

// fin takes a FIN that lies in the window.
func (l *Lane) fin(slot int32, s event.Side, h *decode.Headers) {
	r := &l.table.records[slot]
	me := &r.tcp[s]
	at := h.Seq + h.WireLoad + 1
	if me.start && !me.near(h.Seq) {
		l.count.Forged++
		return
	}
	me.fin, me.finAt = true, at
	r.note(s, 'f')
	l.announce(slot)
}

// bothAcked reports whether each FIN was acknowledged.
func (r *record) bothAcked() bool {
	for i := range r.tcp {
		h := &r.tcp[i]
		if !h.acks || int32(h.acked-h.finAt) < 0 {
			return false
		}
	}
	return true
}

// reset takes a RST, if its number is plausible: a forged one must not make the
// sensor look away from a conversation that goes on.
func (l *Lane) reset(slot int32, s event.Side, h *decode.Headers) {
	r := &l.table.records[slot]
	me, peer := &r.tcp[s], &r.tcp[s.Other()]
	refusal := h.Flags&decode.ACK != 0 && peer.syn && h.AckNo == peer.isn+1 && !me.start
	acked := me.acks && int32(h.Seq-me.acked) <= window && int32(h.Seq-me.acked) >= -window
	if me.start && !me.near(h.Seq) && !acked && !refusal {
		l.count.Forged++
		l.table.touch(slot, r.class, l.place.Clock)
		return
	}
	r.note(s, 'r')
	switch {
	case !me.syn && !peer.syn: // not known how far it got: StateOTH
	case s == event.Server && !peer.syn:
		r.state = event.StateRSTRH
	case !me.syn && s == event.Server && !me.data:
		r.state = event.StateREJ
	case s == event.Client && me.syn && !peer.syn:
		r.state = event.StateRSTOS0
	case s == event.Client:
		r.state = event.StateRSTO
	default:
		r.state = event.StateRSTR
	}
	l.finished(slot, "rst")
}

// finished ends the conversation and keeps its record for stray packets.
func (l *Lane) finished(slot int32, how string) {
	l.end(slot, how)
	l.table.touch(slot, closed, l.place.Clock)
}

// replaced reports whether the packet opens a new connection with the ports of
// this one. A SYN alone proves that only when this one is over or ending: else it
// may be forged, and the answer to it decides.
func (l *Lane) replaced(slot int32, h *decode.Headers) bool {
	r := &l.table.records[slot]
	if r.key.Proto != tcp || h.Flags&decode.SYN == 0 || h.Flags&decode.RST != 0 {
		return false
	}
	s := r.side(h)
	me, peer := &r.tcp[s], &r.tcp[s.Other()]
	if me.syn && h.Seq == me.isn {
		// Sent again, or a late copy; but behind a refusal it is the next attempt,
		// for which Windows takes the same number.
		return r.over && !peer.syn && h.Flags&decode.ACK == 0
	}
	if h.Flags&decode.ACK == 0 {
		if r.over {
			return true
		}
		if me.fin || peer.fin {
			l.end(slot, "fin")
			return true
		}
		if me.data || peer.data || peer.syn {
			r.other, r.reopened = h.Seq, true
		}
		return false
	}
	if r.reopened && h.AckNo == r.other+1 && (me.data || peer.data) {
		if !r.over {
			l.end(slot, "rst")
		}
		return true
	}
	return false
}

// note adds a letter to the history, upper case for the client; each letter once
// a side.
func (r *record) note(s event.Side, letter byte) {
	const letters = "shadfrctwg"
	for i := range len(letters) {
		if letters[i] != letter {
			continue
		}
		if r.noted[s]&(1<<i) != 0 {
			return
		}
		r.noted[s] |= 1 << i
	}
	if int(r.historyLen) < len(r.history) {
		if s == event.Client {
			letter -= 'a' - 'A'
		}
		r.history[r.historyLen] = letter
		r.historyLen++
	}
}

// tcpState is Zeek's name for how far it got.
func (r *record) tcpState() event.TCPState {
	c, s := &r.tcp[event.Client], &r.tcp[event.Server]
	switch {
	case r.key.Proto != tcp:
		return event.StateNone
	case r.state != event.StateNone:
		return r.state
	case !c.syn && !s.syn:
		return event.StateOTH
	case !c.syn && s.fin && !c.fin:
		return event.StateSHR
	case !c.syn:
		return event.StateOTH
	case c.fin && s.fin:
		return event.StateSF
	case s.fin:
		return event.StateS3
	case c.fin && s.syn:
		return event.StateS2
	case s.syn || s.data:
		return event.StateS1
	case c.fin:
		return event.StateSH
	}
	return event.StateS0
}
