package proto

import (
	"bytes"
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "mysql", Doc: "MySQL and MariaDB: users, how they prove themselves, outcome, and the count of statements",
		Source: "MySQL Client/Server Protocol", IP: 6, Ports: []uint16{3306}, Limit: 2*databaseKept + 2*tlsMaxMessage,
		Probe: probeMySQL, New: func() Parser { return newMySQL() }, Tables: databaseTables,
	})
}

const (
	mysqlTLS      = 0x0800 // capabilities
	mysql41       = 0x0200
	mysqlWithDB   = 0x0008
	mysqlPlugin   = 0x00080000
	mysqlLenEnc   = 0x00200000
	mysqlSecure   = 0x8000
	mysqlClear    = "mysql_clear_password"
	mysqlGreeting = 0x0a // protocol version 10
)

// probeMySQL knows the server's greeting, and the client's answer to it.
func probeMySQL(from event.Side, data []byte) Verdict {
	if len(data) < 4 {
		return More
	}
	size := mysqlSize(data)
	if from == event.Client {
		if data[3] != 1 || size < 4+32 || size > 1024 {
			return No
		}
		if len(data) < 36 {
			return More
		}
		return yesIf(data[5]&(mysql41>>8) != 0 && bytes.Count(data[13:36], []byte{0}) >= 19)
	}
	if data[3] != 0 || size < 24 || size > 512 || len(data) > 4 && data[4] != mysqlGreeting {
		return No
	}
	end := bytes.IndexByte(data[min(5, len(data)):], 0)
	switch version := data[min(5, len(data)):]; {
	case end < 0:
		if len(version) > 64 || printableShare(version) < 1 {
			return No
		}
		return More
	default:
		return yesIf(end >= 3 && end <= 64 && printableShare(version[:end]) == 1 && version[0] >= '0' && version[0] <= '9')
	}
}

func mysqlSize(head []byte) int { return 4 + int(head[0]) | int(head[1])<<8 | int(head[2])<<16 }

type mysqlParser struct {
	rec      Database
	sides    [2]pieces
	tls      *tlsParser
	asked    bool // a login waits for its answer
	in       bool // it was accepted
	attempts int64
}

func newMySQL() *mysqlParser {
	p := &mysqlParser{rec: Database{System: "mysql"}}
	for i := range p.sides {
		p.sides[i] = pieces{head: 4, size: mysqlSize}
	}
	return p
}

func (p *mysqlParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		if p.tls != nil {
			return p.tls.Feed(from, data, emit)
		}
		n, msg := p.sides[from].next(data)
		if n < 0 {
			p.End(emit)
			return false
		}
		data = data[n:]
		if len(msg) <= 4 {
			continue
		}
		if from == event.Client {
			p.client(msg[3], msg[4:], emit)
		} else {
			p.server(msg[3], msg[4:], emit)
		}
	}
	return true
}

func (p *mysqlParser) End(emit func(event.Record)) {
	if p.asked {
		p.asked = false
		p.attempts++
		p.rec.login(event.Unknown, p.rec.Method == mysqlClear, p.attempts, emit)
	}
	if p.rec.Version != "" || p.rec.User != "" {
		p.rec.tell(emit)
	}
	if p.tls != nil {
		p.tls.End(emit)
	}
}

func (p *mysqlParser) client(number byte, m []byte, emit func(event.Record)) {
	switch {
	case !p.in && !p.asked && number >= 1:
		p.response(m, emit)
	case p.in && number == 0:
		switch m[0] {
		case 0x03, 0x16: // query, prepare
			p.rec.Statements++
		case 0x17: // execute
			p.rec.Calls++
		case 0x11: // another user on the same connection
			c := cursor{data: m[1:]}
			p.rec.User = printable(text16(c.rest(), false))
			p.asked, p.in = true, false
		}
	}
}

// response is the client's answer to the greeting, or the request for TLS, which
// is the same message without its second half.
func (p *mysqlParser) response(m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	flags := c.le32()
	c.skip(4 + 1 + 23)
	if c.bad || flags&mysql41 == 0 {
		return
	}
	if flags&mysqlTLS != 0 && c.left() == 0 {
		p.rec.TLS = true
		p.rec.tell(emit)
		p.tls = &tlsParser{rec: &TLS{}}
		return
	}
	p.rec.User = printable(text16(c.text(), false))
	switch {
	case flags&(mysqlLenEnc|mysqlSecure) != 0:
		c.skip(int(c.u8()))
	default:
		c.text()
	}
	if flags&mysqlWithDB != 0 {
		p.rec.Name = printable(text16(c.text(), false))
	}
	if flags&mysqlPlugin != 0 {
		p.rec.Method = printable(text16(c.text(), false))
	}
	p.asked = true
}

// text reads up to a NUL, which it passes over.
func (c *cursor) text() []byte {
	i := bytes.IndexByte(c.data[c.at:], 0)
	if i < 0 {
		return c.rest()
	}
	b := c.take(i)
	c.skip(1)
	return b
}

func (p *mysqlParser) server(number byte, m []byte, emit func(event.Record)) {
	switch {
	case p.rec.Version == "" && number == 0 && m[0] == mysqlGreeting:
		c := cursor{data: m[1:]}
		p.rec.Version = printable(text16(c.text(), false))
	case !p.asked:
	case m[0] == 0:
		p.decide(event.Success, "", emit)
	case m[0] == 0xff && len(m) >= 3:
		p.decide(event.Failure, fmt.Sprint(int(m[1])|int(m[2])<<8), emit)
	case m[0] == 0xfe && len(m) > 1: // another way is asked for
		c := cursor{data: m[1:]}
		p.rec.Method = printable(text16(c.text(), false))
	}
}

func (p *mysqlParser) decide(o event.Outcome, code string, emit func(event.Record)) {
	p.attempts++
	p.asked, p.in, p.rec.Error = false, o == event.Success, code
	p.rec.login(o, p.rec.Method == mysqlClear, p.attempts, emit)
}
