package proto

import (
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "tds", Doc: "Microsoft SQL Server: users, programs, encryption, outcome, and the count of statements",
		Source: "MS-TDS", IP: 6, Ports: []uint16{1433}, Limit: 2*databaseKept + 2*tlsMaxMessage,
		Probe: probeTDS, New: func() Parser { return newTDS() }, Tables: databaseTables,
	})
}

// Packet types (MS-TDS 2.2.3.1.1).
const (
	tdsBatch    = 0x01
	tdsRPC      = 0x03
	tdsAnswer   = 0x04
	tdsLogin    = 0x10
	tdsSSPI     = 0x11
	tdsPrelogin = 0x12

	tdsHead = 8
)

// probeTDS knows a PRELOGIN, whose first option is the version, and a LOGIN7 of a
// client that sends none.
func probeTDS(from event.Side, data []byte) Verdict {
	want := byte(tdsPrelogin)
	if from == event.Server {
		want = tdsAnswer
	} else if len(data) > 0 && data[0] == tdsLogin {
		want = tdsLogin
	}
	for i, b := range data[:min(len(data), tdsHead)] {
		if i == 0 && b != want || i == 1 && b > 1 || i == 7 && b != 0 {
			return No
		}
	}
	if len(data) < tdsHead+5 {
		return More
	}
	size, rest := be16(data[2:]), data[tdsHead:]
	if want == tdsLogin {
		return yesIf(size > 90 && rest[3] == 0 && int(rest[0])|int(rest[1])<<8 == size-tdsHead)
	}
	return yesIf(size >= tdsHead+12 && size <= 1024 && rest[0] == 0 && rest[1] == 0 && rest[2] < 64 && be16(rest[3:]) == 6)
}

type tdsParser struct {
	rec      Database
	sides    [2]tdsSide
	tls      *tlsParser
	login    *login // integrated authentication
	asked    bool
	attempts int64
}

// tdsSide reads packets, and among them the TLS records of an encrypted login.
type tdsSide struct {
	pieces
	record  pieces
	within  bool // a TLS record is being read
	message []byte
}

func newTDS() *tdsParser {
	p := &tdsParser{rec: Database{System: "tds", Method: "password"}, tls: &tlsParser{rec: &TLS{}}}
	for i := range p.sides {
		p.sides[i].pieces = pieces{head: tdsHead, size: func(h []byte) int { return be16(h[2:]) }}
		p.sides[i].record = pieces{head: 5, size: func(h []byte) int { return 5 + be16(h[3:]) }}
	}
	return p
}

// Feed tells TLS records from packets by their first byte: packets have no types
// from 0x14 to 0x17.
func (p *tdsParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 {
		if s.have == 0 && !s.within {
			s.within = data[0] >= tlsChangeCipher && data[0] <= tlsData
		}
		now := &s.pieces
		if s.within {
			now = &s.record
		}
		n, msg := now.next(data)
		if n < 0 {
			p.End(emit)
			return false
		}
		if s.within {
			p.secured(from, data[:n], msg, emit)
		} else if msg != nil {
			p.packet(from, s, msg, emit)
		}
		data = data[n:]
	}
	return true
}

// secured passes TLS on. Behind the handshake it is the login, or everything.
func (p *tdsParser) secured(from event.Side, data, whole []byte, emit func(event.Record)) {
	p.handshake(from, data, emit)
	if whole == nil {
		return
	}
	p.sides[from].within = false
	if whole[0] == tlsData && from == event.Client && !p.rec.TLS {
		p.rec.TLS, p.asked = true, true
		p.rec.Method = ""
	}
}

func (p *tdsParser) handshake(from event.Side, data []byte, emit func(event.Record)) {
	if p.tls.rec != nil {
		p.tls.Feed(from, data, emit)
	}
}

// packet gathers a message, which the last of its packets ends.
func (p *tdsParser) packet(from event.Side, s *tdsSide, m []byte, emit func(event.Record)) {
	kind, last, body := m[0], m[1]&1 != 0, m[tdsHead:]
	if kind == tdsPrelogin && len(body) > 0 && body[0] >= tlsChangeCipher && body[0] <= tlsData {
		p.handshake(from, body, emit)
		return
	}
	s.message = append(s.message, body[:min(len(body), databaseKept-len(s.message))]...)
	if !last {
		return
	}
	body, s.message = s.message, s.message[len(s.message):]
	switch {
	case kind == tdsPrelogin && from == event.Client:
	case kind == tdsAnswer && from == event.Server && p.asked:
		p.answer(body, emit)
	case kind == tdsAnswer && p.rec.Version == "":
		p.prelogin(body)
	case kind == tdsLogin:
		p.login7(body)
	case kind == tdsSSPI && p.asked:
		if l := loginOf("tds", body); l != nil {
			p.integrated(l)
		}
	case kind == tdsBatch:
		p.rec.Statements++
	case kind == tdsRPC:
		p.rec.Calls++
	}
}

// prelogin reads the server's version.
func (p *tdsParser) prelogin(m []byte) {
	c := cursor{data: m}
	if c.u8() != 0 {
		return
	}
	at := int(c.be16())
	if c.seek(at); c.left() >= 4 {
		p.rec.Version = fmt.Sprintf("%d.%d.%d", c.u8(), c.u8(), c.be16())
	}
}

// login7 reads the names in a login (MS-TDS 2.2.6.4); the password, which is only
// swapped about, is not looked at.
func (p *tdsParser) login7(m []byte) {
	field := func(n int) []byte {
		c := cursor{data: m}
		c.seek(min(36+4*n, len(m)))
		at, size := int(c.le16()), int(c.le16())
		c.seek(min(at, len(m)))
		return c.take(2 * size)
	}
	p.rec.Host, p.rec.User, p.rec.App = text16(field(0), true), text16(field(1), true), text16(field(3), true)
	p.rec.Name = text16(field(8), true)
	p.asked, p.login = true, nil
	c := cursor{data: m}
	c.seek(min(36+4*9+6, len(m)))
	at, size := int(c.le16()), int(c.le16())
	if c.seek(min(at, len(m))); size > 0 {
		p.rec.Method = "integrated"
		if l := loginOf("tds", c.take(min(size, c.left()))); l != nil {
			p.integrated(l)
		}
	}
}

func (p *tdsParser) integrated(l *login) {
	p.login, p.rec.Method, p.rec.User = l, l.Method, l.User
}

// answer reads the tokens of the server's answer to a login (MS-TDS 2.2.7).
func (p *tdsParser) answer(m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	code := ""
	for c.left() > 0 {
		token := c.u8()
		if token == 0xfd || token == 0xfe || token == 0xff { // done
			c.skip(12)
			continue
		}
		body := c.sub(int(c.le16()))
		switch token {
		case 0xaa:
			code = fmt.Sprint(body.le32())
		case 0xad:
			p.decide(event.Success, "", emit)
			return
		case 0xab, 0xe3, 0xed, 0xe5:
		default:
			c.seek(len(m))
		}
	}
	if code != "" {
		p.decide(event.Failure, code, emit)
	}
}

func (p *tdsParser) decide(o event.Outcome, code string, emit func(event.Record)) {
	p.asked, p.rec.Error = false, code
	p.attempts++
	if p.login != nil {
		p.login.done(o, code, p.attempts, emit)
		return
	}
	p.rec.login(o, p.rec.Method == "password", p.attempts, emit)
}

// End tells of the connection; of a login behind TLS nothing is known where its
// answer was hidden too.
func (p *tdsParser) End(emit func(event.Record)) {
	if p.tls.rec != nil {
		p.tls.End(emit)
	}
	if p.asked {
		p.decide(event.Unknown, "", emit)
	}
	p.rec.tell(emit)
}
