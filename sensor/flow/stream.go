package flow

import (
	"bytes"
	"slices"

	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
)

// stream is the reading of one conversation's bytes. It exists while somebody
// wants them, and is used again for another.
type stream struct {
	owner int32
	used  int64 // line clock of the last bytes
	reader
	sides [2]inOrder
}

// inOrder puts one side's segments in order. Of bytes that come twice the first
// copy counts.
type inOrder struct {
	next    uint32 // sequence number of the next byte to read
	started bool
	held    []piece // sorted, apart from each other
	bytes   int     // in held
}

type piece struct {
	seq  uint32
	data []byte
}

func (p *piece) end() uint32 { return p.seq + uint32(len(p.data)) }

// streams is the lane's fixed number of streams.
type streams struct {
	all  []stream
	free []int32
	hand int
	held int // bytes out of order, all streams together
}

func newStreams(n int) streams {
	return streams{all: make([]stream, 0, min(n, 64)), free: make([]int32, 0, n)}
}

// openStream begins to read a conversation, if need be instead of another: of a
// few in turn the one that was silent longest, which tells what is known of it so far.
func (l *Lane) openStream(slot int32) *stream {
	p := &l.pool
	r := &l.table.records[slot]
	n := len(p.free)
	switch {
	case n > 0:
		r.stream = p.free[n-1]
		p.free = p.free[:n-1]
	case len(p.all) < cap(p.free):
		r.stream = int32(len(p.all))
		p.all = append(p.all, stream{})
	default:
		owner := l.idlest()
		if l.table.records[owner].app != 0 {
			l.stopped(owner)
		}
		l.finish(owner)
		l.count.StolenStreams++
		n = len(p.free)
		r.stream = p.free[n-1]
		p.free = p.free[:n-1]
	}
	s := &p.all[r.stream]
	s.owner = slot
	l.begin(s, r)
	return s
}

// idlest is the owner of the stream, of the next eight, that was silent longest.
func (l *Lane) idlest() int32 {
	p := &l.pool
	best := &p.all[p.hand]
	for range 8 {
		if s := &p.all[p.hand]; s.used < best.used {
			best = s
		}
		p.hand = (p.hand + 1) % len(p.all)
	}
	return best.owner
}

// stopReading ends the reading of a conversation for good.
func (l *Lane) stopReading(slot int32) {
	r := &l.table.records[slot]
	r.unread = true
	if r.stream == none {
		return
	}
	s := &l.pool.all[r.stream]
	for i := range s.sides {
		l.pool.held -= s.sides[i].bytes
		clear(s.sides[i].held)
		s.sides[i] = inOrder{held: s.sides[i].held[:0]}
	}
	s.owner, s.used = none, 0
	s.reader.forget()
	l.pool.free = append(l.pool.free, r.stream)
	r.stream = none
}

// streamOf is the conversation's stream; it is opened at its first bytes.
func (l *Lane) streamOf(slot int32) *stream {
	var s *stream
	if n := l.table.records[slot].stream; n != none {
		s = &l.pool.all[n]
	} else {
		s = l.openStream(slot)
	}
	s.used = l.place.Clock
	return s
}

// readSegment takes the bytes of one TCP segment.
func (l *Lane) readSegment(slot int32, from event.Side, seq uint32, h *decode.Headers) {
	r := &l.table.records[slot]
	s := l.streamOf(slot)
	in := &s.sides[from]
	if !in.started {
		in.next, in.started = seq, true
		if me := &r.tcp[from]; me.based && int32(seq-me.isn-1) >= 0 && int32(seq-me.isn-1) < maxJump {
			in.next = me.isn + 1
		}
	}
	missing := int(h.WireLoad) - len(h.Payload) // cut by the snap length
	d := int32(seq - in.next)
	if d > maxJump || d < -maxJump {
		return
	}
	if d > 0 {
		l.hold(slot, s, from, seq, h.Payload)
		if me := &r.tcp[from]; r.stream != none && me.acks {
			l.peerAcked(slot, from, me.acked)
		}
		return
	}
	old := min(int(-d), int(h.WireLoad))
	if old < len(h.Payload) {
		l.deliver(slot, from, h.Payload[old:])
		old = len(h.Payload)
	}
	if missing > 0 && old < int(h.WireLoad) {
		l.gap(slot, from, int(h.WireLoad)-old)
	}
	l.drain(slot, from)
}

// deliver hands on the next bytes in order.
func (l *Lane) deliver(slot int32, from event.Side, data []byte) {
	r := &l.table.records[slot]
	if r.stream == none {
		return
	}
	l.pool.all[r.stream].sides[from].next += uint32(len(data))
	l.read(slot, from, data)
}

// gap says that the next n bytes will not come.
func (l *Lane) gap(slot int32, from event.Side, n int) {
	r := &l.table.records[slot]
	if r.stream == none {
		return
	}
	l.pool.all[r.stream].sides[from].next += uint32(n)
	l.miss(slot, from, n)
}

// drain hands on what is held and has come in order.
func (l *Lane) drain(slot int32, from event.Side) {
	for {
		r := &l.table.records[slot]
		if r.stream == none {
			return
		}
		in := &l.pool.all[r.stream].sides[from]
		if len(in.held) == 0 || int32(in.held[0].seq-in.next) > 0 {
			return
		}
		p := in.held[0]
		in.held = slices.Delete(in.held, 0, 1)
		in.bytes -= len(p.data)
		l.pool.held -= len(p.data)
		if old := int32(in.next - p.seq); int(old) < len(p.data) {
			l.deliver(slot, from, p.data[old:])
		}
	}
}

// hold keeps a segment that came too early. When too much is held, the hole before
// it is given up.
func (l *Lane) hold(slot int32, s *stream, from event.Side, seq uint32, data []byte) {
	in := &s.sides[from]
	before := in.bytes
	if in.insert(seq, data) {
		l.count.Conflicts++
		l.suspect(slot, from, oddBytes)
	}
	l.pool.held += in.bytes - before
	for l.table.records[slot].stream != none && in.full(l.pool.held) {
		l.skip(slot, from)
	}
}

func (in *inOrder) full(lane int) bool {
	return len(in.held) > 0 && (in.bytes > maxHeld || len(in.held) > maxSegments || lane > laneHeld)
}

// skip gives up the hole before the first held segment.
func (l *Lane) skip(slot int32, from event.Side) {
	in := &l.pool.all[l.table.records[slot].stream].sides[from]
	l.gap(slot, from, int(in.held[0].seq-in.next))
	l.drain(slot, from)
}

// peerAcked gives up holes that the receiver has acknowledged: it has the bytes,
// the mirror does not.
func (l *Lane) peerAcked(slot int32, from event.Side, acked uint32) {
	for {
		r := &l.table.records[slot]
		if r.stream == none {
			return
		}
		in := &l.pool.all[r.stream].sides[from]
		if len(in.held) == 0 || int32(acked-in.held[0].seq) < 0 {
			return
		}
		l.skip(slot, from)
	}
}

// insert keeps the parts of data that are not held yet, and reports whether the
// others differ from what is held.
func (in *inOrder) insert(seq uint32, data []byte) (conflict bool) {
	for i := 0; i < len(in.held) && len(data) > 0; i++ {
		p := &in.held[i]
		if int32(seq-p.end()) >= 0 {
			continue
		}
		if int32(p.seq-seq) > 0 {
			n := min(int(p.seq-seq), len(data))
			in.put(i, seq, data[:n])
			seq, data = seq+uint32(n), data[n:]
			continue // the piece at i+1 is p
		}
		n := min(int(p.end()-seq), len(data))
		at := int(seq - p.seq)
		conflict = conflict || !bytes.Equal(p.data[at:at+n], data[:n])
		seq, data = seq+uint32(n), data[n:]
	}
	if len(data) > 0 {
		in.put(len(in.held), seq, data)
	}
	return conflict
}

func (in *inOrder) put(i int, seq uint32, data []byte) {
	in.held = slices.Insert(in.held, i, piece{seq, bytes.Clone(data)})
	in.bytes += len(data)
}
