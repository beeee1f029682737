package flow

import (
	"github.com/brandmelder/brandmelder/sensor/decode"
	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

// Limits of the bytes that wait for earlier ones, a side: more is lost for good.
const (
	maxHeld      = 64 * 1024
	maxHeldParts = 16
	// A UDP flow is asked this often what it is.
	maxProbes = 4
)

// conversation is a flow whose bytes are being read: first to find out what it
// is, then by its parser.
type conversation struct {
	spec   *proto.Spec
	parser proto.Parser

	candidates []*proto.Spec // not refused yet
	heads      [2][]byte     // first bytes of each side, until the protocol is known
	turns      []turn        // in which order they came

	next  [2]uint32
	known [2]bool
	held  [2][]held
	size  [2]int
}

// turn is a run of first bytes from one side.
type turn struct {
	from event.Side
	n    int
}

// held is a segment that came before its turn.
type held struct {
	seq  uint32
	data []byte
}

// talk returns the conversation of a flow, opening it when there is room.
func (l *Lane) talk(i int32) *conversation {
	if t := l.table.talks[i]; t != nil {
		return t
	}
	r := &l.table.records[i]
	if l.streams >= l.limit {
		l.count.StreamsRefused++
		r.done = true
		return nil
	}
	l.streams++
	t := &conversation{candidates: l.known.of(r.key.Proto, l.serverPort(r))}
	if s := l.expect.find(r, l.clock); s != nil {
		t.spec, t.parser, t.candidates = s, s.New(), nil
		l.learn(i, s)
	}
	l.table.talks[i] = t
	return t
}

// finish ends the reading of a flow: from here on its packets are only counted.
func (l *Lane) finish(i int32) {
	if l.table.talks[i] != nil {
		l.table.talks[i] = nil
		l.streams--
	}
	l.table.records[i].done = true
}

// segment puts a TCP segment into its place.
func (l *Lane) segment(i int32, from event.Side, seq uint32, h *decode.Headers) {
	t := l.talk(i)
	if t == nil {
		return
	}
	if !t.known[from] {
		t.next[from], t.known[from] = seq, true
	}
	ahead := int32(seq - t.next[from])
	data, wire := h.Payload, int(h.WireLoad)
	switch {
	case ahead > maxAhead || ahead < -maxAhead:
		l.finish(i) // the numbers make no sense any more
	case ahead > 0:
		l.hold(i, t, from, seq, data)
	case int(-ahead) < wire:
		cut := min(int(-ahead), len(data))
		l.take(i, t, from, data[cut:], wire+int(ahead))
	}
}

// take hands on bytes whose turn it is; wire of them were sent, data are there.
func (l *Lane) take(i int32, t *conversation, from event.Side, data []byte, wire int) {
	t.next[from] += uint32(wire)
	if s, ok := t.parser.(proto.Segmenter); ok {
		s.Segment(from, wire)
	}
	if len(data) > 0 {
		l.read(i, t, from, data)
	}
	if missing := wire - len(data); missing > 0 && l.table.talks[i] == t {
		l.gap(i, t, from, missing)
	}
	l.release(i, t, from)
}

// hold keeps a segment for later. A full store means that the missing bytes were
// lost on the way to the mirror.
func (l *Lane) hold(i int32, t *conversation, from event.Side, seq uint32, data []byte) {
	if len(data) == 0 {
		return
	}
	list := t.held[from]
	at := 0
	for at < len(list) && int32(list[at].seq-seq) <= 0 {
		at++
	}
	copied := append([]byte(nil), data[:min(len(data), maxHeld)]...)
	list = append(list, held{})
	copy(list[at+1:], list[at:])
	list[at] = held{seq, copied}
	t.held[from] = list
	t.size[from] += len(copied)
	for l.table.talks[i] == t && (t.size[from] > maxHeld || len(t.held[from]) > maxHeldParts) {
		l.jump(i, t, from)
	}
}

// jump gives up the bytes before the first held segment.
func (l *Lane) jump(i int32, t *conversation, from event.Side) {
	missing := int(int32(t.held[from][0].seq - t.next[from]))
	if missing > 0 {
		t.next[from] += uint32(missing)
		l.gap(i, t, from, missing)
	}
	l.release(i, t, from)
}

// release hands on the held segments whose turn has come. The first copy of each
// byte was handed on already; later ones are cut away.
func (l *Lane) release(i int32, t *conversation, from event.Side) {
	for l.table.talks[i] == t && len(t.held[from]) > 0 {
		first := t.held[from][0]
		ahead := int32(first.seq - t.next[from])
		if ahead > 0 {
			return
		}
		t.held[from] = t.held[from][1:]
		t.size[from] -= len(first.data)
		if old := int(-ahead); old < len(first.data) {
			t.next[from] += uint32(len(first.data) - old)
			if s, ok := t.parser.(proto.Segmenter); ok {
				s.Segment(from, len(first.data)-old)
			}
			l.read(i, t, from, first.data[old:])
		}
	}
}

// acked gives up what the receiver has and the mirror has not.
func (l *Lane) acked(i int32, from event.Side, h *decode.Headers) {
	t := l.table.talks[i]
	other := from.Other()
	if t == nil || h.Flags&decode.ACK == 0 || len(t.held[other]) == 0 {
		return
	}
	if first := t.held[other][0].seq; int32(h.AckNo-first) > 0 {
		l.jump(i, t, other)
	}
}

// gap tells the parser of missing bytes; one that cannot go on ends here.
func (l *Lane) gap(i int32, t *conversation, from event.Side, n int) {
	g, ok := t.parser.(proto.Gapper)
	if !ok || !l.guard(i, func(emit func(event.Record)) bool { return g.Gap(from, n, emit) }) {
		l.stop(i, t, true)
	}
}

// stop ends the reading and says so in the coverage when the parser gave up.
func (l *Lane) stop(i int32, t *conversation, gaveUp bool) {
	if gaveUp && t.spec != nil {
		l.minute.part.Protocol(t.spec.Name).Stopped++
	}
	if e, ok := t.parser.(proto.Ender); ok {
		l.guard(i, func(emit func(event.Record)) bool { e.End(emit); return true })
	}
	l.finish(i)
}

// datagram hands on a message of UDP, ICMP and the like.
func (l *Lane) datagram(i int32, from event.Side, h *decode.Headers) {
	r := &l.table.records[i]
	r.total[from].Payload += uint64(h.WireLoad)
	if h.WireLoad > 0 {
		r.flags |= payloadSeen
	}
	l.start(i)
	if r.done || len(h.Payload) == 0 {
		return
	}
	t := l.talk(i)
	if t == nil {
		return
	}
	if t.parser == nil {
		l.identifyMessage(i, t, from, h.Payload)
	}
	if t.parser != nil {
		l.feed(i, t, from, h.Payload)
	}
}

// read takes the next bytes of a stream.
func (l *Lane) read(i int32, t *conversation, from event.Side, data []byte) {
	if t.parser != nil {
		l.feed(i, t, from, data)
		return
	}
	l.identify(i, t, from, data)
}

// feed hands bytes to the parser.
func (l *Lane) feed(i int32, t *conversation, from event.Side, data []byte) {
	more := l.guard(i, func(emit func(event.Record)) bool { return t.parser.Feed(from, data, emit) })
	if e, ok := t.parser.(proto.Expecter); ok {
		l.expect.add(&l.table.records[i], e.Expect(), l.clock)
	}
	if !more && l.table.talks[i] == t {
		l.stop(i, t, false)
	}
}

// guard calls a parser. A mistake in it costs this flow's reading and is counted.
func (l *Lane) guard(i int32, call func(emit func(event.Record)) bool) (more bool) {
	defer func() {
		if recover() != nil {
			l.count.Panics++
			if t := l.table.talks[i]; t != nil && t.spec != nil {
				l.minute.part.Protocol(t.spec.Name).Stopped++
			}
			l.finish(i)
			more = false
		}
	}()
	return call(func(r event.Record) { l.record(i, r) })
}

// record hands out what a parser found.
func (l *Lane) record(i int32, r event.Record) {
	if t := l.table.talks[i]; t != nil && t.spec != nil {
		l.minute.part.Protocol(t.spec.Name).Records++
	}
	l.send(r.Table().Name, l.flow(i), r)
}

// feedARP hands an ARP message to the lane's one ARP parser.
func (l *Lane) feedARP(data []byte) {
	if l.arp == nil {
		l.arp = &conversation{}
		if specs := l.known.of(proto.ARP, 0); len(specs) > 0 {
			l.arp.spec, l.arp.parser = specs[0], specs[0].New()
		}
	}
	if l.arp.parser == nil {
		return
	}
	defer func() {
		if recover() != nil {
			l.count.Panics++
			l.arp.parser = l.arp.spec.New()
		}
	}()
	l.arp.parser.Feed(event.Client, data, func(r event.Record) {
		l.minute.part.Protocol(l.arp.spec.Name).Records++
		l.send(r.Table().Name, nil, r)
	})
}
