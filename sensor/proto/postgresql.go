package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "postgresql", Doc: "PostgreSQL: users, databases, how users prove themselves, outcome, and the count of statements",
		Source: "PostgreSQL Frontend/Backend Protocol 3.0", IP: 6, Ports: []uint16{5432, 6432}, Limit: 2*databaseKept + 2*tlsMaxMessage,
		Probe: probePostgres, New: func() Parser { return newPostgres() }, Tables: databaseTables,
	})
}

// Codes of the messages without a type that begin a connection.
const (
	pgStartup = 3 << 16
	pgCancel  = 1234<<16 | 5678
	pgTLS     = 1234<<16 | 5679
	pgGSS     = 1234<<16 | 5680
)

func probePostgres(from event.Side, data []byte) Verdict {
	if from == event.Server {
		if len(data) == 0 || data[0] == 'S' || data[0] == 'N' || data[0] == 'G' || data[0] == 'R' || data[0] == 'E' {
			return More // the client's side decides
		}
		return No
	}
	for i, b := range data[:min(len(data), 2)] {
		if b != 0 || i > 1 {
			return No
		}
	}
	if len(data) < 8 {
		return More
	}
	size := be32(data)
	switch binary.BigEndian.Uint32(data[4:]) {
	case pgTLS, pgGSS:
		return yesIf(size == 8)
	case pgCancel:
		return yesIf(size == 16)
	case pgStartup, pgStartup + 2:
		return startsWithAny(skipTo(data, 8), size)
	}
	return No
}

// startsWithAny knows the parameters of a startup message, of which user is demanded.
func startsWithAny(rest []byte, size uint32) Verdict {
	if size < 14 || size > databaseKept {
		return No
	}
	best := No
	for _, name := range []string{"user\x00", "database\x00", "application_name\x00", "client_encoding\x00", "replication\x00", "options\x00", "DateStyle\x00", "TimeZone\x00", "extra_float_digits\x00"} {
		best = max(best, startsWith(rest, name))
	}
	return best
}

type postgresParser struct {
	rec      Database
	sides    [2]pieces
	tls      *tlsParser
	started  bool // the startup message was read: messages have types now
	wants    bool // TLS was asked for
	asked    bool
	clear    bool
	attempts int64
}

func newPostgres() *postgresParser {
	p := &postgresParser{rec: Database{System: "postgresql"}}
	p.sides[event.Client] = pieces{head: 4, size: func(h []byte) int { return int(be32(h) & (1<<31 - 1)) }}
	p.sides[event.Server] = pieces{head: 5, size: pgSize}
	return p
}

func pgSize(head []byte) int { return 1 + int(be32(head[1:])&(1<<31-1)) }

func (p *postgresParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	for len(data) > 0 {
		if p.tls != nil {
			return p.tls.Feed(from, data, emit)
		}
		if from == event.Server && p.wants {
			p.wants = false
			if data[0] == 'S' {
				p.rec.TLS = true
				p.rec.tell(emit)
				p.tls = &tlsParser{rec: &TLS{}}
			}
			data = data[1:]
			continue
		}
		n, msg := p.sides[from].next(data)
		if n < 0 {
			p.End(emit)
			return false
		}
		data = data[n:]
		switch {
		case msg == nil:
		case from == event.Server:
			p.server(msg[0], msg[5:], emit)
		case p.started:
			p.client(msg[0])
		default:
			p.begin(msg)
		}
	}
	return true
}

func (p *postgresParser) End(emit func(event.Record)) {
	if p.asked {
		p.decide(event.Unknown, "", emit)
	}
	if p.started {
		p.rec.tell(emit)
	}
	if p.tls != nil {
		p.tls.End(emit)
	}
}

// begin reads a message without a type.
func (p *postgresParser) begin(m []byte) {
	c := cursor{data: m}
	c.skip(4)
	switch code := c.be32(); code {
	case pgTLS, pgGSS:
		p.wants = true
	case pgStartup, pgStartup + 2:
		p.started, p.asked = true, true
		p.sides[event.Client] = pieces{head: 5, size: pgSize}
		for c.left() > 1 {
			p.parameter(string(c.text()), c.text())
		}
	}
}

func (p *postgresParser) parameter(name string, value []byte) {
	text := printable(text16(value, false))
	switch name {
	case "user":
		p.rec.User = text
	case "database":
		p.rec.Name = text
	case "application_name":
		p.rec.App = text
	}
}

func (p *postgresParser) client(kind byte) {
	switch kind {
	case 'Q', 'P': // query, parse
		p.rec.Statements++
	case 'E', 'F': // execute, function call
		p.rec.Calls++
	}
}

var pgMethods = map[uint32]string{2: "kerberos5", 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "scram"}

func (p *postgresParser) server(kind byte, m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	switch {
	case kind == 'R' && p.asked:
		switch code := c.be32(); {
		case code == 0 && !c.bad:
			p.decide(event.Success, "", emit)
		case pgMethods[code] != "":
			p.rec.Method, p.clear = pgMethods[code], code == 3
		}
	case kind == 'E' && p.asked:
		p.decide(event.Failure, pgCode(c), emit)
	}
}

// pgCode is the SQLSTATE of an error: 28P01 is a wrong password.
func pgCode(c cursor) string {
	for c.left() > 1 {
		field, text := c.u8(), c.text()
		if field == 'C' && len(text) == 5 {
			return printable(string(text))
		}
	}
	return ""
}

// decide tells of a login. A server that trusts whoever comes asks for no proof:
// that is no attempt.
func (p *postgresParser) decide(o event.Outcome, code string, emit func(event.Record)) {
	p.asked, p.rec.Error = false, code
	if p.rec.Method == "" {
		p.rec.Method = "trust"
	}
	p.attempts++
	p.rec.login(o, p.clear, p.attempts, emit)
}
