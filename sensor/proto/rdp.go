package proto

import (
	"bytes"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "rdp", Doc: "remote desktop: negotiation, client, channels, and the outcome of network level logins by record counts",
		Source: "MS-RDPBCGR, MS-CSSP, RFC 1006", IP: 6, Ports: []uint16{3389},
		Limit: 2*rdpKept + 2*tlsMaxMessage, Probe: probeRDP, New: func() Parser { return &rdpParser{} },
		Tables: []*event.Table{rdpTable, tlsTable, (*event.Login)(nil).Table()},
	})
}

const (
	rdpKept    = 8 << 10 // of one TPKT message, bytes: a connect request with 31 channels needs 1 KiB
	rdpHead    = 11      // TPKT and the fixed part of X.224
	x224Ask    = 0xe0    // connection request
	x224Answer = 0xd0    // connection confirm
	x224Data   = 0xf0
)

// probeRDP knows an X.224 connection request with what only RDP puts behind it:
// a cookie or token, a negotiation, or a bare line end. S7 and MMS, which begin
// alike, have X.224 parameters there. A request with nothing behind it is known
// by the MCS message that follows.
func probeRDP(from event.Side, data []byte) Verdict {
	want := byte(x224Ask)
	if from == event.Server {
		want = x224Answer
	}
	for i, b := range data[:min(len(data), rdpHead)] {
		if i == 0 && b != 3 || i == 1 && b != 0 || i == 2 && b > 1 || i == 5 && b != want || i == 10 && b != 0 {
			return No
		}
	}
	if len(data) < rdpHead {
		return More
	}
	size := int(data[2])<<8 | int(data[3])
	if size < rdpHead || int(data[4]) != (size-5)&0xff {
		return No
	}
	rest := data[rdpHead:]
	switch {
	case size > rdpHead && len(rest) == 0:
		return More
	case size > rdpHead:
		return probeNegotiation(from, rest)
	case from == event.Server:
		return More // the client's side decides
	}
	return startsWith(skipTo(rest, 4), "\x02\xf0\x80\x7f\x65")
}

// skipTo is what stands behind the first n bytes.
func skipTo(b []byte, n int) []byte { return b[min(n, len(b)):] }

func probeNegotiation(from event.Side, rest []byte) Verdict {
	if from == event.Server {
		if rest[0] != 2 && rest[0] != 3 {
			return No
		}
		return startsWith(skipTo(rest, 2), "\x08\x00")
	}
	best := max(startsWith(rest, "Cookie: "), startsWith(rest, "tsv://"), startsWith(rest, "\r\n"))
	if rest[0] == 1 {
		best = max(best, startsWith(skipTo(rest, 2), "\x08\x00"))
	}
	return best
}

type rdpState uint8

const (
	rdpTPKT  rdpState = iota // X.224 and MCS
	rdpTLS                   // the handshake and what follows it
	rdpSpent                 // nothing more to read: only the end is waited for
)

type rdpParser struct {
	rec   RDP
	said  bool // the record was emitted
	state rdpState
	sides [2]tpkt
	tls   tlsParser
	nla   nlaCount
	done  bool // the login was emitted
	began bool // a session began to be set up
}

func (p *rdpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		switch p.state {
		case rdpTPKT:
			n, msg := p.sides[from].next(data)
			if n == 0 {
				p.tell(emit)
				return false
			}
			data = data[n:]
			if msg != nil {
				p.message(from, msg, emit)
			}
		case rdpTLS:
			p.secured(from, data, emit)
			return true
		default:
			return true
		}
	}
	return true
}

// secured reads the handshake, and counts the records behind it.
func (p *rdpParser) secured(from event.Side, data []byte, emit func(event.Record)) {
	p.began = true
	if p.tls.rec != nil {
		p.tls.Feed(from, data, emit)
	}
	if !p.rec.nla() {
		return
	}
	p.nla.feed(from, data)
	if p.nla.accepted() {
		p.login(event.Success, "", emit)
		p.state = rdpSpent
	}
}

// Gap goes on where nothing is read any more.
func (p *rdpParser) Gap(_ event.Side, _ int, emit func(event.Record)) bool {
	p.tell(emit)
	return p.state == rdpSpent
}

// End judges the login. Without NLA it happens on the remote screen, so its outcome
// cannot be seen; the time it took can.
func (p *rdpParser) End(emit func(event.Record)) {
	p.tell(emit)
	if p.tls.rec != nil {
		p.tls.End(emit)
	}
	switch {
	case !p.began:
	case !p.rec.nla():
		p.login(event.Unknown, "", emit)
	case p.nla.refused():
		p.login(event.Failure, "nla-not-accepted", emit)
	}
}

func (p *rdpParser) tell(emit func(event.Record)) {
	if !p.said && p.rec.seen {
		p.said = true
		r := p.rec
		emit(&r)
	}
}

func (p *rdpParser) login(o event.Outcome, reason string, emit func(event.Record)) {
	if p.done {
		return
	}
	p.done = true
	l := &event.Login{Protocol: "rdp", Method: p.rec.Selected, User: p.rec.User, Domain: p.rec.Domain, Workstation: p.rec.ClientName, Outcome: o, Reason: reason, Attempt: 1}
	l.Clear = p.rec.Selected == "rdp" && p.rec.Encryption == "none"
	emit(l)
}

// message takes one TPKT message.
func (p *rdpParser) message(from event.Side, m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	c.skip(4)
	c.skip(1)
	switch kind := c.u8(); {
	case kind == x224Ask && from == event.Client && !p.rec.seen:
		c.skip(5)
		p.rec.request(c.rest())
	case kind == x224Answer && from == event.Server && p.rec.Selected == "":
		c.skip(5)
		p.confirm(&c, emit)
	case kind == x224Data:
		c.skip(1)
		p.connect(from, c.rest(), emit)
	}
}

// confirm is the server's choice of how the session is secured.
func (p *rdpParser) confirm(c *cursor, emit func(event.Record)) {
	p.rec.seen = true
	kind, _, size, value := c.u8(), c.u8(), c.le16(), c.le32()
	switch {
	case c.bad || size != 8:
		p.rec.Selected = "rdp"
	case kind == 3:
		p.rec.Failure = rdpFailure(value)
		p.tell(emit)
		p.state = rdpSpent
	default:
		p.rec.Selected = rdpProtocols(value)[0]
		if value != 0 {
			p.tell(emit)
			p.state, p.tls.rec = rdpTLS, &TLS{}
		}
	}
}

// connect reads the MCS messages that set a session up without TLS.
func (p *rdpParser) connect(from event.Side, m []byte, emit func(event.Record)) {
	tag := []byte{0x7f, 0x65} // Connect-Initial; the response is 0x7f66
	if from == event.Server {
		tag[1]++
	}
	if !bytes.HasPrefix(m, tag) {
		return
	}
	p.began = true
	if from == event.Client {
		p.rec.clientBlocks(gccBlocks(m, "Duca"))
		return
	}
	p.rec.serverBlocks(gccBlocks(m, "McDn"))
	p.tell(emit)
	p.state = rdpSpent
}

// gccBlocks are the user data of a conference request or answer, which stand
// behind the key of its sender (T.124, section 8.7).
func gccBlocks(m []byte, key string) cursor {
	i := bytes.Index(m[:min(len(m), 256)], []byte(key))
	if i < 0 {
		return cursor{}
	}
	c := cursor{data: m[i+len(key):]}
	n := int(c.u8()) // PER length: one byte, or two where its highest bit is set
	if n&0x80 != 0 {
		n = n&0x7f<<8 | int(c.u8())
	}
	return c.sub(min(n, c.left()))
}

// tpkt cuts one side into its messages: TPKT (RFC 1006) and, once the session runs,
// fast-path PDUs, which are passed over.
type tpkt struct {
	buf  []byte
	pass int
}

// next takes some bytes, at least one, and returns the message that they complete.
// Zero bytes mean that this is no TPKT.
func (t *tpkt) next(data []byte) (n int, msg []byte) {
	if t.pass > 0 {
		n = min(t.pass, len(data))
		t.pass -= n
		return n, nil
	}
	need := 4
	if len(t.buf) >= 4 {
		need = int(binary.BigEndian.Uint16(t.buf[2:]))
	}
	n = min(need-len(t.buf), len(data))
	t.buf = append(t.buf, data[:n]...)
	if t.buf[0] != 3 {
		return 0, nil
	}
	if len(t.buf) < 4 {
		return n, nil
	}
	switch size := int(binary.BigEndian.Uint16(t.buf[2:])); {
	case size < 7:
		return 0, nil
	case size > rdpKept:
		t.pass, t.buf = size-4, t.buf[:0]
	case len(t.buf) == size:
		msg = t.buf
		t.buf = t.buf[len(t.buf):]
	}
	return n, msg
}
