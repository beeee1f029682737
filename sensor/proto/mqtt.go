package proto

import (
	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "mqtt", Doc: "MQTT 3.1 to 5: who connects to a broker and how that ends, and who listens to everything",
		Source: "OASIS MQTT 3.1.1, MQTT 5.0", IP: 6, Ports: []uint16{1883}, Limit: 2*mqttKept + 1<<10,
		Probe: probeMQTT, New: func() Parser { return &mqttParser{} }, Tables: []*event.Table{mqttTable, (*event.Login)(nil).Table()},
	})
}

// MQTT is a connection to a broker, or a subscription to all topics. Topics and
// messages are not in it, since they may name a patient.
type MQTT struct {
	What      string // connect, subscribe-all
	Version   string // 3.1, 3.1.1, 5.0
	Client    string // id that the client gives itself
	KeepAlive int64  // s
	Will      bool   // a message is left for when it is gone
	Anonymous bool   // without a user
	Result    string // accepted, or the name of the error; "" no answer seen
}

const (
	mqttKept    = 2 << 10 // of a message, bytes: ids and names are short
	mqttConnect = 1
	mqttConnack = 2
	mqttSubs    = 8
)

var (
	mqttVersions = map[byte]string{3: "3.1", 4: "3.1.1", 5: "5.0"}
	mqttResults  = map[byte]string{0: accepted, 1: "version-refused", 2: "id-refused", 3: "unavailable", 4: "bad-user-or-password", 5: "not-authorized",
		0x84: "version-refused", 0x85: "id-refused", 0x86: "bad-user-or-password", 0x87: "not-authorized", 0x88: "unavailable", 0x8a: "banned", 0x8c: "bad-method"}
)

// mqttLength reads the length behind the first byte: seven bits a byte, at most
// four. size is 0 while it is not whole, less than 0 where it is none.
func mqttLength(b []byte) (n, size int) {
	for i := range min(len(b), 4) {
		n |= int(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return n, i + 1
		}
	}
	if len(b) >= 4 {
		return 0, -1
	}
	return 0, 0
}

// probeMQTT wants a client's connect message with the protocol's name in it.
func probeMQTT(from event.Side, data []byte) Verdict {
	if from == event.Server {
		return No
	}
	if len(data) > 0 && data[0] != mqttConnect<<4 {
		return No
	}
	if len(data) < 2 {
		return More
	}
	n, size := mqttLength(data[1:])
	switch {
	case size < 0 || size > 0 && (n < 12 || n > 1<<16):
		return No
	case size == 0:
		return More
	}
	rest := data[1+size:]
	best := No
	for _, name := range []string{"\x00\x04MQTT\x04", "\x00\x04MQTT\x05", "\x00\x06MQIsdp\x03"} {
		best = max(best, startsWith(rest, name))
	}
	return best
}

type mqttParser struct {
	sides [2]mqttSide
	rec   MQTT
	login *event.Login
	asked bool
	all   bool
}

// mqttSide cuts one direction into messages.
type mqttSide struct {
	buf  []byte
	pass int
}

func (p *mqttParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 {
		if s.pass > 0 {
			n := min(s.pass, len(data))
			s.pass, data = s.pass-n, data[n:]
			continue
		}
		want := s.want()
		if want < 0 {
			p.End(emit)
			return false
		}
		n := min(want-len(s.buf), len(data))
		s.buf, data = append(s.buf, data[:n]...), data[n:]
		if size := s.size(); size > 0 && len(s.buf) == min(size, mqttKept) {
			s.pass = size - len(s.buf)
			p.message(from, s.buf, emit)
			s.buf = s.buf[:0]
		}
	}
	return true
}

// size of the message at hand with its head; 0 while that is not whole.
func (s *mqttSide) size() int {
	if len(s.buf) < 2 {
		return 0
	}
	n, head := mqttLength(s.buf[1:])
	if head <= 0 {
		return head
	}
	return 1 + head + n
}

// want is how long the buffer must become before it can be looked at again.
func (s *mqttSide) want() int {
	switch size := s.size(); {
	case size < 0:
		return -1
	case size == 0:
		return len(s.buf) + 1
	default:
		return min(size, mqttKept)
	}
}

// Gap goes on where what was lost lies within a message that is passed over.
func (p *mqttParser) Gap(from event.Side, n int, emit func(event.Record)) bool {
	if s := &p.sides[from]; s.pass >= n {
		s.pass -= n
		return true
	}
	p.End(emit)
	return false
}

// End tells of a connection without an answer.
func (p *mqttParser) End(emit func(event.Record)) {
	if p.asked {
		p.connected(emit, event.Unknown)
	}
}

func (p *mqttParser) message(from event.Side, m []byte, emit func(event.Record)) {
	_, head := mqttLength(m[1:])
	c := cursor{data: m, at: 1 + head}
	switch kind := m[0] >> 4; {
	case from == event.Client && kind == mqttConnect:
		p.End(emit)
		p.connect(&c)
	case from == event.Server && kind == mqttConnack && p.asked:
		c.skip(1)
		code := c.u8()
		if p.rec.Result = mqttResults[code]; p.rec.Result == "" {
			p.rec.Result = "refused"
		}
		outcome := event.Unknown
		switch p.rec.Result {
		case accepted:
			outcome = event.Success
		case "bad-user-or-password", "not-authorized", "banned":
			outcome = event.Failure
		}
		p.connected(emit, outcome)
	case from == event.Client && kind == mqttSubs:
		p.subscribe(&c, emit)
	}
}

// mqttText reads a text behind its length of two bytes.
func mqttText(c *cursor) string { return string(c.take(int(c.be16()))) }

// properties of version 5 stand behind their length, as messages do.
func (p *mqttParser) properties(c *cursor) {
	if p.rec.Version != "5.0" {
		return
	}
	n, size := mqttLength(c.data[min(c.at, len(c.data)):])
	if size <= 0 {
		c.bad = true
		return
	}
	c.skip(size + n)
}

func (p *mqttParser) connect(c *cursor) {
	mqttText(c)
	p.rec = MQTT{What: "connect", Version: mqttVersions[c.u8()]}
	flags := c.u8()
	p.rec.KeepAlive = int64(c.be16())
	p.properties(c)
	client := mqttText(c)
	if p.rec.Will = flags&4 != 0; p.rec.Will {
		p.properties(c)
		mqttText(c) // topic
		mqttText(c) // message
	}
	p.rec.Client, p.rec.Anonymous = printable(client[:min(len(client), 128)]), flags&0x80 == 0
	p.asked, p.all, p.login = true, false, nil
	if !p.rec.Anonymous {
		user := mqttText(c)
		p.login = &event.Login{Protocol: "mqtt", Method: "password", User: printable(user[:min(len(user), 64)]), Clear: flags&0x40 != 0 && c.be16() > 0, Attempt: 1}
	}
}

func (p *mqttParser) connected(emit func(event.Record), o event.Outcome) {
	p.asked = false
	r := p.rec
	emit(&r)
	if p.login == nil {
		return
	}
	if p.login.Outcome = o; o == event.Failure {
		p.login.Reason = r.Result
	}
	emit(p.login)
	p.login = nil
}

// subscribe tells once of a client that listens to all topics.
func (p *mqttParser) subscribe(c *cursor, emit func(event.Record)) {
	c.skip(2)
	p.properties(c)
	for !p.all && c.left() > 3 && !c.bad {
		topic := mqttText(c)
		c.skip(1)
		if topic == "#" && !c.bad {
			p.all = true
			r := p.rec
			r.What, r.Result = "subscribe-all", ""
			emit(&r)
		}
	}
}

func (*MQTT) Table() *event.Table { return mqttTable }

var mqttTable = event.NewTable("mqtt", "Connections to brokers of messages.",
	mqttField("what", "connect, or subscribe-all", func(m *MQTT) string { return m.What }),
	mqttField("version", "version of the protocol", func(m *MQTT) string { return m.Version }),
	event.String("brandmelder.mqtt.client", event.Personal, "id that the client gives itself", func(m *MQTT) (string, bool) { return m.Client, m.Client != "" }),
	event.Int("brandmelder.mqtt.keep_alive", event.Technical, "s after which a silent client counts as gone", func(m *MQTT) (int64, bool) { return m.KeepAlive, m.KeepAlive > 0 }),
	event.Bool("brandmelder.mqtt.will", event.Technical, "a message is left for when the client is gone", func(m *MQTT) (bool, bool) { return true, m.Will }),
	event.Bool("brandmelder.mqtt.anonymous", event.Technical, "without a user", func(m *MQTT) (bool, bool) { return true, m.Anonymous }),
	mqttField("result", "accepted, or the name of the error", func(m *MQTT) string { return m.Result }),
).InBrief("brandmelder.mqtt.what", "brandmelder.mqtt.client", "brandmelder.mqtt.result")

func mqttField(path, doc string, get func(*MQTT) string) event.Field {
	return event.String("brandmelder.mqtt."+path, event.Technical, doc, func(m *MQTT) (string, bool) { t := get(m); return t, t != "" })
}
