package proto

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "amqp", Doc: "AMQP 0-9-1 (RabbitMQ): who logs on to a broker, how, and how that ends; no queue and no message",
		Source: "AMQP 0-9-1", IP: 6, Ports: []uint16{5672}, Limit: 2*amqpKept + 1<<10,
		Probe: probeAMQP, New: func() Parser { return newAMQP() }, Tables: []*event.Table{amqpTable, (*event.Login)(nil).Table()},
	})
}

// AMQP is a connection to a broker as far as it is opened.
type AMQP struct {
	Mechanism string // PLAIN, AMQPLAIN, EXTERNAL, SCRAM-SHA-256 …
	Host      string // virtual host
	Opened    bool   // the broker agreed
	Code      int64  // with which it closed the connection; 0 it did not
}

const (
	amqpKept = 4 << 10 // of a frame, bytes: the client's properties stand before its login
	amqpHead = 7
	amqpCall = 1 // a frame that holds a method

	// Methods of the class connection.
	amqpStartOK = 11
	amqpTune    = 30
	amqpOpen    = 40
	amqpOpenOK  = 41
	amqpClose   = 50

	amqpHeader = "AMQP\x00\x00\x09\x01"
)

func probeAMQP(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return No
	}
	return startsWith(data, amqpHeader)
}

type amqpParser struct {
	sides [2]sized
	skip  int // bytes of the header still to come
	rec   AMQP
	login *event.Login
}

func newAMQP() *amqpParser {
	p := &amqpParser{skip: len(amqpHeader)}
	for i := range p.sides {
		p.sides[i] = sized{head: amqpHead, most: amqpKept, size: amqpSize}
	}
	return p
}

// amqpSize is the size of a frame with its end, 0 where it is none. Frames may be as
// large as both agree on; before that they are small.
func amqpSize(head []byte) int {
	n := binary.BigEndian.Uint32(head[3:])
	if head[0] == 0 || head[0] > 8 || n > 1<<24 {
		return 0
	}
	return amqpHead + int(n) + 1
}

func (p *amqpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if from == event.Client && p.skip > 0 {
		n := min(p.skip, len(data))
		p.skip, data = p.skip-n, data[n:]
	}
	over := false
	ok := p.sides[from].feed(data, func(m []byte, _ int) {
		if !over && m[0] == amqpCall && len(m) >= amqpHead+4 && binary.BigEndian.Uint16(m[amqpHead:]) == 10 {
			c := cursor{data: m, at: amqpHead + 2}
			over = !p.method(from, &c)
		}
	})
	if !ok || over {
		p.End(emit)
		return false
	}
	return true
}

// method takes one of the class connection; it reports false where the rest is of no
// interest.
func (p *amqpParser) method(from event.Side, c *cursor) bool {
	switch method := c.be16(); {
	case method == amqpStartOK && from == event.Client:
		p.startOK(c)
	case method == amqpTune && from == event.Server && p.login != nil:
		p.login.Outcome = event.Success
	case method == amqpOpen && from == event.Client:
		p.rec.Host = printable(string(c.take(int(min(c.u8(), 64)))))
	case method == amqpOpenOK && from == event.Server:
		p.rec.Opened = true
		return false
	case method == amqpClose && from == event.Server:
		if p.rec.Code = int64(c.be16()); p.rec.Code == 403 && p.login != nil && p.login.Outcome == event.Unknown {
			p.login.Outcome = event.Failure
		}
		return false
	}
	return true
}

// startOK reads how the client proves itself: behind its properties a mechanism and
// what that sends.
func (p *amqpParser) startOK(c *cursor) {
	c.skip(int(c.be32()))
	mechanism := string(c.take(int(c.u8())))
	response := c.take(int(c.be32()))
	if c.bad || mechanism == "" || len(mechanism) > 20 {
		return
	}
	p.rec.Mechanism = printable(mechanism)
	p.login = &event.Login{Protocol: "amqp", Method: strings.ToLower(p.rec.Mechanism), Attempt: 1}
	switch mechanism {
	case "PLAIN":
		if parts := bytes.SplitN(response, []byte{0}, 3); len(parts) == 3 {
			p.login.User, p.login.Clear = printable(string(parts[1][:min(len(parts[1]), 64)])), len(parts[2]) > 0
		}
	case "AMQPLAIN":
		p.login.User, p.login.Clear = amqpPlain(response)
	}
}

// amqpPlain reads the fields LOGIN and PASSWORD; the latter is not looked at.
func amqpPlain(table []byte) (user string, clear bool) {
	c := cursor{data: table}
	for c.left() > 0 {
		name := string(c.take(int(c.u8())))
		if c.u8() != 'S' {
			break
		}
		value := c.take(int(c.be32()))
		switch {
		case c.bad:
		case name == "LOGIN":
			user = printable(string(value[:min(len(value), 64)]))
		case name == "PASSWORD":
			clear = len(value) > 0
		}
	}
	return user, clear
}

// End tells of the connection once.
func (p *amqpParser) End(emit func(event.Record)) {
	if p.rec.Mechanism == "" {
		return
	}
	rec := p.rec
	emit(&rec)
	emit(p.login)
	p.rec, p.login = AMQP{}, nil
}

var amqpTable = event.NewTable("amqp", "Connections to an AMQP broker.",
	event.String("brandmelder.amqp.mechanism", event.Technical, "how the client proves itself", func(a *AMQP) (string, bool) { return a.Mechanism, true }),
	event.String("brandmelder.amqp.host", event.Technical, "virtual host", func(a *AMQP) (string, bool) { return a.Host, a.Host != "" }),
	event.Bool("brandmelder.amqp.opened", event.Technical, "the broker agreed", func(a *AMQP) (bool, bool) { return a.Opened, true }),
	event.Int("brandmelder.amqp.code", event.Technical, "code with which it closed the connection", func(a *AMQP) (int64, bool) { return a.Code, a.Code > 0 }),
).InBrief("brandmelder.amqp.mechanism", "brandmelder.amqp.host", "brandmelder.amqp.opened", "brandmelder.amqp.code")

func (*AMQP) Table() *event.Table { return amqpTable }
