package proto

import (
	"bytes"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "ldap", Doc: "directory: binds, searches, changes", Source: "RFC 4511, RFC 4752", IP: 6, Ports: []uint16{389, 3268}, Limit: 64 << 10,
		Probe: func(_ event.Side, data []byte) Verdict { return judgeLDAP(data, 1<<30) }, New: func() Parser { return &ldapParser{} }, Tables: ldapTables})
	register(Spec{Name: "cldap", Doc: "directory over UDP: how Windows finds its controller", Source: "MS-ADTS 6.3.3", IP: 17, Ports: []uint16{389}, Limit: ldapWaiting,
		Probe: func(_ event.Side, data []byte) Verdict { return yesIf(judgeLDAP(data, len(data)) == Yes) }, New: func() Parser { return &cldapParser{} }, Tables: ldapTables})
}

var ldapTables = []*event.Table{ldapTable, ntlmTable, (*event.Login)(nil).Table()}

const (
	ldapPending = 32       // operations that wait for their result
	ldapWaiting = 32 << 10 // bytes that they keep
	ldapNames   = 32       // attributes kept of one operation
	startTLS    = "1.3.6.1.4.1.1466.20037"
)

// ldapFirst is what the content of each operation begins with.
var ldapFirst = map[byte]byte{0x60: 2, 0x61: 10, 0x63: 4, 0x64: 4, 0x65: 10, 0x66: 4, 0x67: 10, 0x68: 4, 0x69: 10, 0x6b: 10, 0x6c: 4, 0x6d: 10, 0x6e: 4, 0x6f: 10, 0x73: 4, 0x77: 0x80, 0x78: 10}

// judgeLDAP looks at the start of a message of which at most size bytes belong to
// the conversation.
func judgeLDAP(data []byte, size int) Verdict {
	c := cursor{data: data}
	tag, n := c.u8(), derLength(&c)
	if !c.bad && (tag != 0x30 || n < 5 || n > size) {
		return No
	}
	number, length := c.u8(), c.u8()
	if !c.bad && (number != 2 || length < 1 || length > 4) {
		return No
	}
	c.skip(int(length))
	op := c.u8()
	derLength(&c)
	if inner := c.u8(); !c.bad {
		return yesIf(ldapFirst[op] == inner && inner != 0)
	}
	if len(data) > 20 || len(data) > 0 && data[0] != 0x30 {
		return No
	}
	return More
}

// ldapParser follows one connection, or the datagrams of one pair of ports.
type ldapParser struct {
	side    [2]ldapSide
	pending []ldapOp // oldest first
	login   *login   // a bind of several messages
	attempt int64
	over    bool // what follows is encrypted
	signed  bool
}

type ldapOp struct {
	id  int64
	rec *LDAP
}

func (p *ldapParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.side[from]
	for len(data) > 0 && !p.over {
		if n := min(s.plain, len(data)); n > 0 {
			s.plain -= n
			p.inside(s, data[:n], emit)
			data = data[n:]
			continue
		}
		rest, msg, ok := s.outer.next(data)
		switch data = rest; {
		case !ok:
			return false
		case msg == nil:
		case msg[0] == 0:
			p.buffer(s, msg[4:], emit)
		default:
			p.signed = false
			p.operations(msg, emit)
		}
	}
	return !p.over
}

// Gap goes on when what was lost ends within a message or buffer whose length is
// known. Results say which operation they are of, so nothing is mixed up.
func (p *ldapParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if !p.over && p.side[from].gap(n) {
		return true
	}
	p.End(emit)
	return false
}

// cldapParser takes a datagram as it is: one that was cut off spoils no other.
type cldapParser struct{ ldapParser }

func (p *cldapParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if judgeLDAP(data, len(data)) == Yes {
		p.operations(data, emit)
	}
	return !p.over
}

func (p *ldapParser) End(emit func(event.Record)) {
	for _, o := range p.pending {
		emit(o.rec)
	}
	p.pending = nil
}

// buffer begins a SASL buffer, of which head is the first bytes. What stands in the
// buffers of a side is a stream of its own: a message may go on in the next.
func (p *ldapParser) buffer(s *ldapSide, head []byte, emit func(event.Record)) {
	size := len(head) + s.outer.pass
	from, to, ok := plainPart(head, size)
	if !ok {
		p.seal(emit)
		return
	}
	first := head[from:min(to, len(head))]
	if !s.inner.within() && !plainLDAP(first) {
		if head[0] != 5 && !s.lost { // RFC 4121 says itself what is sealed
			p.seal(emit)
			return
		}
		if s.lost {
			return // it goes on with what was lost
		}
	}
	s.plain = max(to-len(head), 0)
	s.outer.pass -= s.plain
	s.lost = false
	p.inside(s, first, emit)
}

// inside reads what stands in SASL buffers.
func (p *ldapParser) inside(s *ldapSide, plain []byte, emit func(event.Record)) {
	p.signed = true
	for len(plain) > 0 && !p.over {
		rest, msg, ok := s.inner.next(plain)
		if !ok || msg != nil && msg[0] == 0 {
			s.drop()
			return
		}
		if plain = rest; msg != nil {
			p.operations(msg, emit)
		}
	}
}

func (p *ldapParser) operations(msg []byte, emit func(event.Record)) {
	for c := (cursor{data: msg}); c.left() > 0 && !p.over; {
		tag, body := c.element()
		if tag != 0x30 {
			return
		}
		p.operation(body, emit)
	}
}

func (p *ldapParser) seal(emit func(event.Record)) {
	p.over = true
	emit(&LDAP{Operation: "sealed", Sealed: true, Code: -1})
}

func (p *ldapParser) operation(body []byte, emit func(event.Record)) {
	c := cursor{data: body}
	_, number := c.element()
	id := derInt(number)
	tag, op := c.element()
	switch tag {
	case 0x64:
		if o := p.find(id); o >= 0 {
			p.pending[o].rec.Results++
		}
	case 0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78:
		p.result(id, tag, op, emit)
	default:
		if rec := p.request(tag, op); rec != nil {
			rec.Code, rec.Signed = -1, p.signed
			p.wait(ldapOp{id, rec}, emit)
		}
	}
}

func (p *ldapParser) find(id int64) int {
	for i := range p.pending {
		if p.pending[i].id == id {
			return i
		}
	}
	return -1
}

func (p *ldapParser) wait(o ldapOp, emit func(event.Record)) {
	if p.find(o.id) >= 0 {
		return // a datagram sent again
	}
	for size := o.size(); len(p.pending) == ldapPending || len(p.pending) > 0 && p.waiting()+size > ldapWaiting; {
		emit(p.pending[0].rec)
		p.pending = remove(p.pending, 0)
	}
	p.pending = append(p.pending, o)
}

// waiting is how many bytes the operations keep that wait for their result.
func (p *ldapParser) waiting() (n int) {
	for _, o := range p.pending {
		n += o.size()
	}
	return n
}

func (o *ldapOp) size() int {
	n := 256 + len(o.rec.Base) + len(o.rec.Filter) + len(o.rec.OID) + 16*len(o.rec.Attributes)
	for _, name := range o.rec.Attributes {
		n += len(name)
	}
	return n
}

// result ends an operation. Those whose request was not seen say too little.
func (p *ldapParser) result(id int64, tag byte, op []byte, emit func(event.Record)) {
	i := p.find(id)
	if i < 0 {
		return
	}
	rec := p.pending[i].rec
	p.pending = remove(p.pending, i)
	c := cursor{data: op}
	_, code := c.element()
	c.element()
	_, text := c.element()
	rec.Code = derInt(code)
	emit(rec)
	switch {
	case tag == 0x61:
		p.decide(rec.Code, text, emit)
	case tag == 0x78 && rec.OID == startTLS && rec.Code == 0:
		p.seal(emit)
	}
}

// decide gives the login that a bind's result ends. 14 asks for another message.
func (p *ldapParser) decide(code int64, text []byte, emit func(event.Record)) {
	if p.login == nil || code == 14 {
		return
	}
	p.attempt++
	outcome, reason := event.Success, ""
	if code != 0 {
		outcome, reason = event.Failure, ldapCode(code)+subCode(text)
	}
	p.login.done(outcome, reason, p.attempt, emit)
	p.login = nil
}

// subCode is the Windows error in Active Directory's message, "data 52e": it tells
// a wrong password from an unknown, disabled or locked user.
func subCode(text []byte) string {
	_, after, ok := bytes.Cut(text, []byte(", data "))
	code, _, whole := bytes.Cut(after, []byte(","))
	if !ok || !whole || len(code) == 0 || len(code) > 5 || strings.Trim(string(code), "0123456789abcdef") != "" {
		return ""
	}
	return "/" + string(code)
}
