package flow

import (
	"math/bits"

	"github.com/brandmelder/brandmelder/sensor/event"
	"github.com/brandmelder/brandmelder/sensor/proto"
)

const (
	maxChunks   = 32       // pieces that came before a conversation was recognised
	maxMessages = 4        // datagrams that a conversation is recognised by
	maxWaiting  = 4 * 1024 // bytes of such datagrams
)

// protocols is the shelf, sorted for identification.
type protocols struct {
	all  []*proto.Spec
	byIP [256][]uint16 // indices into all, by name
	port [256]map[uint16]uint64
	rest [256]uint16 // 1 + index of the fallback, 0 none
}

// newProtocols sorts the shelf by IP protocol; a set of candidates is a word of
// 64 bits, so no IP protocol may have more.
func newProtocols(specs []*proto.Spec) *protocols {
	p := &protocols{all: specs}
	for i, s := range specs {
		if s.Fallback {
			p.rest[s.IP] = uint16(i) + 1
			continue
		}
		at := len(p.byIP[s.IP])
		if at == 64 {
			panic("flow: more than 64 protocols over " + event.ProtoName(s.IP))
		}
		p.byIP[s.IP] = append(p.byIP[s.IP], uint16(i))
		if p.port[s.IP] == nil {
			p.port[s.IP] = map[uint16]uint64{}
		}
		for _, port := range s.Ports {
			p.port[s.IP][port] |= 1 << at
		}
	}
	return p
}

// serves reports whether a protocol on the shelf usually listens on the port.
func (p *protocols) serves(ip uint8, port uint16) bool { return p.port[ip][port] != 0 }

// named is 1 + the index of a protocol, 0 if there is none.
func (p *protocols) named(ip uint8, name string) uint16 {
	for _, i := range p.byIP[ip] {
		if p.all[i].Name == name {
			return i + 1
		}
	}
	return 0
}

// reader recognises a conversation's protocol by its first bytes and then feeds
// its parser.
type reader struct {
	parser   proto.Parser
	left     uint64 // candidates, bits of byIP
	first    uint64 // of those, the ones that the port hints at
	messages uint8
	waiting  [2][]byte // first bytes of each side
	chunks   []chunk   // how they came
}

type chunk struct {
	from event.Side
	n    int
	at   int64 // packet time
}

func (r *reader) forget() {
	r.parser = nil
	r.waiting[0], r.waiting[1] = r.waiting[0][:0], r.waiting[1][:0]
	r.chunks, r.messages = r.chunks[:0], 0
}

// begin makes a stream ready: with all protocols as candidates, or with the one
// that another conversation announced.
func (l *Lane) begin(s *stream, r *record) {
	s.left = 1<<len(l.known.byIP[r.key.Proto]) - 1
	server := r.key.BPort
	if !r.clientIsA {
		server = r.key.APort
	}
	s.first = l.known.port[r.key.Proto][server]
	if name := l.expect.take(&r.key, l.place.Clock); name != "" {
		if app := l.known.named(r.key.Proto, name); app != 0 {
			l.recognise(s, r, app)
		}
	}
}

func (l *Lane) recognise(s *stream, r *record, app uint16) {
	r.app, r.stale = app, true
	s.parser = l.known.all[app-1].New()
}

// fallBack gives a conversation that no protocol wants to the reader of the rest,
// with what came so far. It reports whether there is one.
func (l *Lane) fallBack(slot int32) bool {
	r := &l.table.records[slot]
	rest := l.known.rest[r.key.Proto]
	if rest == 0 {
		return false
	}
	l.pool.all[r.stream].parser = l.known.all[rest-1].New()
	l.replay(slot)
	return true
}

// read takes the next bytes of a side's stream.
func (l *Lane) read(slot int32, from event.Side, data []byte) {
	r := &l.table.records[slot]
	s := &l.pool.all[r.stream]
	if s.parser == nil {
		room := min(proto.ProbeLimit-len(s.waiting[from]), len(data))
		s.keep(from, data[:room], l.time)
		data = data[room:]
		app := l.probe(s, r, from, s.waiting[from])
		if app == 0 && (len(s.waiting[from]) == proto.ProbeLimit || len(s.chunks) == maxChunks) {
			s.left = 0
		}
		switch {
		case app != 0:
			l.recognise(s, r, app)
			l.replay(slot)
		case s.left != 0:
			return
		case !l.fallBack(slot):
			l.stopReading(slot)
		}
	}
	l.feed(slot, from, data, l.time)
}

// keep remembers first bytes and how they came.
// Past half of the pieces it joins them, so that a stream cut into single bytes is
// recognised too.
func (r *reader) keep(from event.Side, data []byte, at int64) {
	r.waiting[from] = append(r.waiting[from], data...)
	if n := len(r.chunks); n >= maxChunks/2 && r.chunks[n-1].from == from {
		r.chunks[n-1].n += len(data)
		return
	}
	r.chunks = append(r.chunks, chunk{from, len(data), at})
}

// replay feeds the new parser what came before it.
func (l *Lane) replay(slot int32) {
	s := &l.pool.all[l.table.records[slot].stream]
	waiting, chunks := s.waiting, s.chunks
	for _, c := range chunks {
		data := waiting[c.from][:c.n]
		waiting[c.from] = waiting[c.from][c.n:]
		l.feed(slot, c.from, data, c.at)
	}
}

// probe asks the candidates: those of the port first, then by name. It returns 1 +
// the index of the protocol that says yes.
func (l *Lane) probe(s *stream, r *record, from event.Side, data []byte) uint16 {
	specs := l.known.byIP[r.key.Proto]
	for _, part := range [2]uint64{s.left & s.first, s.left &^ s.first} {
		for ; part != 0; part &= part - 1 {
			at := bits.TrailingZeros64(part)
			switch l.ask(specs[at], from, data) {
			case proto.Yes:
				return specs[at] + 1
			case proto.No:
				s.left &^= 1 << at
			}
		}
	}
	return 0
}

// ask is one Probe; one that panics says no.
func (l *Lane) ask(index uint16, from event.Side, data []byte) (v proto.Verdict) {
	defer func() {
		if recover() != nil {
			l.count.Panics++
			v = proto.No
		}
	}()
	return l.known.all[index].Probe(from, data)
}

// readMessage takes one datagram. Each of the first is asked about for itself,
// since a conversation may be seen from its middle.
func (l *Lane) readMessage(slot int32, from event.Side, data []byte) {
	r := &l.table.records[slot]
	s := l.streamOf(slot)
	if s.parser == nil {
		s.left = 1<<len(l.known.byIP[r.key.Proto]) - 1
		if app := l.probe(s, r, from, data); app != 0 {
			l.recognise(s, r, app)
			l.replay(slot)
		} else if !l.unnamed(slot, s, from, data) {
			return
		}
	}
	l.feed(slot, from, data, l.time)
}

// unnamed keeps a datagram that no protocol said yes to. It reports whether the
// reader of the rest took the conversation over and wants the datagram.
func (l *Lane) unnamed(slot int32, s *stream, from event.Side, data []byte) bool {
	r := &l.table.records[slot]
	s.messages++
	switch {
	case s.messages == maxMessages || s.left == 0 && r.key.Proto != udp:
		if l.fallBack(slot) {
			return true
		}
		l.stopReading(slot)
	case s.left == 0 && l.known.rest[r.key.Proto] == 0:
	case len(s.waiting[0])+len(s.waiting[1])+len(data) <= maxWaiting:
		s.keep(from, data, l.time)
	}
	return false
}

// feed hands bytes to the parser. A parser that breaks costs its own
// conversation's records and nothing else.
func (l *Lane) feed(slot int32, from event.Side, data []byte, at int64) {
	r := &l.table.records[slot]
	if r.stream == none || len(data) == 0 {
		return
	}
	parser := l.pool.all[r.stream].parser
	more := l.guard(slot, func() bool {
		if s, ok := parser.(proto.Segmenter); ok && r.key.Proto == tcp {
			s.Segment(from, len(data))
		}
		if c, ok := parser.(proto.Clocked); ok {
			c.Clock(at)
		}
		return parser.Feed(from, data, l.record)
	})
	if e, ok := parser.(proto.Expecter); ok {
		for _, x := range e.Expect() {
			l.expects(r, x)
		}
	}
	if !more {
		l.stopReading(slot)
	}
}

// guard runs a parser of the conversation and stops it when it panics.
func (l *Lane) guard(slot int32, run func() bool) (more bool) {
	outer := l.current
	l.current = slot
	defer func() {
		l.current = outer
		if recover() != nil {
			l.count.Panics++
			more = false
			l.stopped(slot)
		}
	}()
	return run()
}

// stopped counts a parser that gave up.
func (l *Lane) stopped(slot int32) {
	l.minute.Protocol(l.appOf(&l.table.records[slot])).Stopped++
}

// miss tells the parser of lost bytes, or ends it.
func (l *Lane) miss(slot int32, from event.Side, n int) {
	r := &l.table.records[slot]
	s := &l.pool.all[r.stream]
	if s.parser == nil {
		l.fallBack(slot)
	}
	if g, ok := s.parser.(proto.Gapper); ok && r.stream != none {
		if !l.guard(slot, func() bool { return g.Gap(from, n, l.record) }) {
			l.stopReading(slot)
		}
		return
	}
	if s.parser != nil {
		l.stopped(slot)
	}
	l.finish(slot)
}

// finish lets the parser say what it still has to say, and ends the reading.
func (l *Lane) finish(slot int32) {
	r := &l.table.records[slot]
	if r.stream != none && r.key.Proto == tcp && l.pool.all[r.stream].parser == nil {
		l.fallBack(slot)
	}
	for s := range event.Side(2) {
		for r.stream != none && len(l.pool.all[r.stream].sides[s].held) > 0 && l.gapper(r) {
			l.skip(slot, s)
		}
	}
	if r.stream != none {
		if e, ok := l.pool.all[r.stream].parser.(proto.Ender); ok {
			l.guard(slot, func() bool { e.End(l.record); return false })
		}
	}
	l.stopReading(slot)
}

func (l *Lane) gapper(r *record) bool {
	_, ok := l.pool.all[r.stream].parser.(proto.Gapper)
	return ok
}
