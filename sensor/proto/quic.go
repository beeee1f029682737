package proto

import (
	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "quic", Doc: "QUIC handshakes: the hellos of TLS 1.3 within, read with the keys that everyone can make",
		Source: "RFC 9000, RFC 9001, RFC 9369", IP: 17, Ports: []uint16{443, 8443}, Limit: 2*quicMost + 4<<10,
		Probe: probeQUIC, New: func() Parser { return newQUIC() }, Tables: []*event.Table{quicTable, tlsTable},
	})
}

// QUIC is how one connection began.
type QUIC struct {
	Version     string // "1", "2", "draft-29"
	Destination int64  // length of the client's first destination id, 8 to 20
	Source      int64  // length of the id the client gave itself
	Token       bool   // the client came back with a token of the server
	Retry       bool   // the server asked it to
	Early       bool   // 0-RTT data was sent
	Negotiated  bool   // the server did not know the version
}

func (*QUIC) Table() *event.Table { return quicTable }

var quicTable = event.NewTable("quic", "QUIC connections: version and ids. The handshake within is a record of TLS.",
	event.String("brandmelder.quic.version", event.Technical, "version: 1, 2 or a draft", func(q *QUIC) (string, bool) { return q.Version, q.Version != "" }),
	event.Int("brandmelder.quic.destination_id", event.Technical, "length of the client's first destination id, bytes", func(q *QUIC) (int64, bool) { return q.Destination, true }),
	event.Int("brandmelder.quic.source_id", event.Technical, "length of the client's own id, bytes", func(q *QUIC) (int64, bool) { return q.Source, true }),
	quicFlag("token", "the client came with a token of the server", func(q *QUIC) bool { return q.Token }),
	quicFlag("retry", "the server asked for another attempt", func(q *QUIC) bool { return q.Retry }),
	quicFlag("early_data", "data was sent before the handshake was over (0-RTT)", func(q *QUIC) bool { return q.Early }),
	quicFlag("version_negotiation", "the server did not know the version", func(q *QUIC) bool { return q.Negotiated }),
).InBrief("brandmelder.quic.version")

func quicFlag(path, doc string, get func(*QUIC) bool) event.Field {
	return event.Bool("brandmelder.quic."+path, event.Technical, doc, func(q *QUIC) (bool, bool) { return get(q), get(q) })
}

const (
	quicMost  = 8 << 10 // of the handshake of one side, bytes; hellos with post-quantum keys need 2 KiB
	quicLeast = 1200    // a datagram with a client's Initial is padded to it (RFC 9000, section 14.1)
	quicID    = 20      // longest connection id
)

// Kinds of packets with a long header, as version 1 numbers them.
const (
	quicInitial = iota
	quicZeroRTT
	quicHandshake
	quicRetry
)

// quicLong is a packet with a long header.
type quicLong struct {
	version             uint32
	kind                int
	destination, source []byte
	token               int
	number              int    // where the packet number begins
	packet              []byte // with header; nil where its length is not that of the datagram
}

// readLong reads the packet at the front of a datagram.
func readLong(data []byte) (l quicLong, ok bool) {
	c := cursor{data: data}
	head := c.u8()
	l.version = c.be32()
	l.destination = c.take(int(c.u8()))
	l.source = c.take(int(c.u8()))
	v := quicVersions[l.version]
	if c.bad || head&0x80 == 0 || len(l.destination) > quicID || len(l.source) > quicID || l.version != 0 && (v == nil || head&0x40 == 0) {
		return l, false
	}
	if l.version == 0 {
		return l, c.left() > 0 && c.left()%4 == 0
	}
	l.kind = int(head>>4-v.initial) & 3
	if l.kind == quicRetry {
		return l, c.left() >= 16
	}
	if l.kind == quicInitial {
		l.token = varint(&c)
		c.skip(l.token)
	}
	n := varint(&c)
	l.number = c.at
	if c.take(n); c.bad || n < 20 { // sample and tag
		return l, false
	}
	l.packet = data[:c.at]
	return l, true
}

// varint reads a number of RFC 9000, section 16; one that no packet can hold is bad.
func varint(c *cursor) int {
	first := c.u8()
	n := int(first & 0x3f)
	for range 1<<(first>>6) - 1 {
		n = n<<8 | int(c.u8())
		if n > 1<<40 {
			c.bad = true
			return 0
		}
	}
	return n
}

// probeQUIC knows a long header of a known version. A client's Initial fills its
// datagram; what a server sends may be shorter.
func probeQUIC(from event.Side, data []byte) Verdict {
	if len(data) < 21 || data[0]&0xc0 != 0xc0 {
		return No
	}
	l, ok := readLong(data)
	return yesIf(ok && l.version != 0 && (from == event.Server || l.kind != quicInitial || len(data) >= quicLeast && len(l.destination) >= 8))
}

type quicParser struct {
	rec    QUIC
	tls    tlsParser
	keys   [2]*quicKeys
	hello  [2]quicStream
	made   int // pairs of keys
	failed int // packets that no key opened
}

const (
	quicPairs  = 3  // more keys come of no honest handshake
	quicFailed = 32 // packets in vain before the parser gives up
)

func newQUIC() *quicParser { return &quicParser{tls: tlsParser{rec: &TLS{transport: 'q'}}} }

func (p *quicParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		if data[0]&0x80 == 0 {
			return p.short(from, emit)
		}
		l, ok := readLong(data)
		if !ok {
			break
		}
		p.long(from, &l)
		if l.packet == nil { // Retry and version negotiation fill a datagram
			break
		}
		data = data[len(l.packet):]
	}
	if p.failed > quicFailed {
		p.End(emit)
		return false
	}
	return true
}

// short is a packet under the keys of the session. One of the client says that it
// took the server's handshake for good.
func (p *quicParser) short(from event.Side, emit func(event.Record)) bool {
	r := p.tls.rec
	if from == event.Server || r == nil || !r.serverSeen {
		return true
	}
	r.Established = true
	p.End(emit)
	return false
}

func (p *quicParser) long(from event.Side, l *quicLong) {
	switch {
	case l.version == 0:
		p.rec.Negotiated = p.rec.Negotiated || from == event.Server
	case l.kind == quicZeroRTT:
		p.rec.Early = true
	case l.kind == quicRetry && from == event.Server:
		p.rec.Retry, p.keys = true, [2]*quicKeys{}
	case l.kind == quicInitial:
		p.initial(from, l)
	}
}

func (p *quicParser) initial(from event.Side, l *quicLong) {
	if from == event.Client && p.keys[0] == nil && p.made < quicPairs {
		if p.made == 0 {
			p.rec.Version = quicVersions[l.version].name
			p.rec.Destination, p.rec.Source = int64(len(l.destination)), int64(len(l.source))
		}
		p.rec.Token = p.rec.Token || l.token > 0
		p.keys = quicSecrets(quicVersions[l.version], l.destination)
		p.made++
	}
	if p.keys[from] == nil || p.tls.rec == nil {
		return
	}
	plain, ok := p.keys[from].open(l)
	if !ok {
		p.failed++
		return
	}
	p.frames(from, plain)
}

// frames reads the frames that an Initial may hold (RFC 9000, section 12.4).
func (p *quicParser) frames(from event.Side, plain []byte) {
	c := cursor{data: plain}
	for c.left() > 0 {
		switch kind := c.u8(); kind {
		case 0, 1: // padding, ping
		case 2, 3:
			skipAck(&c, kind == 3)
		case 6:
			at, n := varint(&c), varint(&c)
			p.crypto(from, at, c.take(n))
		default:
			return // a close: nothing follows that matters
		}
	}
}

func skipAck(c *cursor, ecn bool) {
	varint(c)
	varint(c)
	numbers := 2*min(varint(c), c.left()) + 1 // two of each range but the first, which has one
	if ecn {
		numbers += 3
	}
	for ; numbers > 0 && c.left() > 0; numbers-- {
		varint(c)
	}
}

func (p *quicParser) crypto(from event.Side, at int, b []byte) {
	s := &p.hello[from]
	s.put(at, b)
	for m := s.message(); m != nil; m = s.message() {
		p.tls.message(from, m)
	}
}

// End tells what is known.
func (p *quicParser) End(emit func(event.Record)) {
	if p.tls.rec == nil || p.made == 0 {
		return
	}
	q := p.rec
	emit(&q)
	p.tls.finish(emit)
}

// quicStream puts the bytes of a handshake in order, whose pieces come in any.
type quicStream struct {
	buf   []byte
	spans []quicSpan // what is there, apart and in order; at most quicSpans
	read  int        // bytes whose messages were taken
}

type quicSpan struct{ from, to int }

const quicSpans = 64 // browsers cut their hello into a dozen pieces and shuffle them

func (s *quicStream) put(at int, b []byte) {
	to := at + len(b)
	if len(b) == 0 || to > quicMost || len(s.spans) >= quicSpans {
		return
	}
	if to > len(s.buf) {
		s.buf = append(s.buf, make([]byte, to-len(s.buf))...)
	}
	copy(s.buf[at:], b)
	i := 0
	for i < len(s.spans) && s.spans[i].to < at {
		i++
	}
	n := quicSpan{at, to}
	j := i
	for ; j < len(s.spans) && s.spans[j].from <= to; j++ {
		n.from, n.to = min(n.from, s.spans[j].from), max(n.to, s.spans[j].to)
	}
	s.spans = append(s.spans[:i], append([]quicSpan{n}, s.spans[j:]...)...)
}

// message is the next whole handshake message, nil where there is none yet.
func (s *quicStream) message() []byte {
	if len(s.spans) == 0 || s.spans[0].from > 0 {
		return nil
	}
	have := s.buf[s.read:s.spans[0].to]
	if len(have) < 4 || len(have) < 4+messageLen(have) {
		return nil
	}
	m := have[:4+messageLen(have)]
	s.read += len(m)
	return m
}
