package proto

import (
	"fmt"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "snmp", Doc: "device management: version, operation, and whether a well-known community opens it",
		Source: "RFC 1157, RFC 3416, RFC 3412, RFC 3414", IP: 17, Ports: []uint16{161, 162}, Limit: 1 << 10,
		Probe: func(_ event.Side, data []byte) Verdict { _, ok := parseSNMP(data); return yesIf(ok) },
		New:   func() Parser { return &snmpParser{} }, Tables: []*event.Table{snmpTable},
	})
}

// SNMP is one kind of operation in a conversation: told at its first message, and
// when the count has doubled.
type SNMP struct {
	Version   string // "1", "2c", "3"
	Operation string // "get", "get-next", "response", "set", "trap", "get-bulk", "inform", "report"; "" of a message of version 3 that is encrypted
	Variables int64  // of the message, at most snmpVariables are counted
	Error     string // of a response: "noSuchName", "authorizationError" …
	Default   bool   // the community is one that devices are delivered with: public or private
	Clear     bool   // a community crossed the wire readable
	User      string // version 3
	Level     string // version 3: noAuthNoPriv, authNoPriv, authPriv
	Messages  int64  // of this kind so far
	From      string // "client" or "server"
}

const snmpVariables = 256

func (*SNMP) Table() *event.Table { return snmpTable }

var snmpTable = event.NewTable("snmp", "Operations of device management; the community is never kept.",
	snmpText("version", event.Technical, "version: 1, 2c, 3", func(s *SNMP) string { return s.Version }),
	snmpText("operation", event.Technical, "operation", func(s *SNMP) string { return s.Operation }),
	snmpText("error", event.Technical, "error of a response", func(s *SNMP) string { return s.Error }),
	snmpText("level", event.Technical, "how a message of version 3 is secured", func(s *SNMP) string { return s.Level }),
	snmpText("from", event.Technical, "side that sent it", func(s *SNMP) string { return s.From }),
	event.String("user.name", event.Personal, "user of version 3", func(s *SNMP) (string, bool) { return s.User, s.User != "" }),
	event.Int("brandmelder.snmp.variables", event.Technical, "variables of the message, counted up to 256", func(s *SNMP) (int64, bool) { return s.Variables, s.Operation != "" }),
	event.Int("brandmelder.snmp.messages", event.Technical, "messages of this kind so far", func(s *SNMP) (int64, bool) { return s.Messages, true }),
	event.Bool("brandmelder.snmp.default_community", event.Technical, "the community is public or private", func(s *SNMP) (bool, bool) { return s.Default, s.Clear }),
	event.Bool("brandmelder.snmp.clear_text", event.Technical, "the community crossed the wire readable", func(s *SNMP) (bool, bool) { return s.Clear, s.Clear }),
).InBrief("brandmelder.snmp.version", "brandmelder.snmp.operation", "brandmelder.snmp.error")

func snmpText(path string, p event.Privacy, doc string, get func(*SNMP) string) event.Field {
	return event.String("brandmelder.snmp."+path, p, doc, func(s *SNMP) (string, bool) { t := get(s); return t, t != "" })
}

var snmpOperations = [...]string{"get", "get-next", "response", "set", "trap", "get-bulk", "inform", "trap", "report"}

var snmpErrors = [...]string{"", "tooBig", "noSuchName", "badValue", "readOnly", "genErr", "noAccess", "wrongType", "wrongLength", "wrongEncoding", "wrongValue",
	"noCreation", "inconsistentValue", "resourceUnavailable", "commitFailed", "undoFailed", "authorizationError", "notWritable", "inconsistentName"}

// parseSNMP reads one message; false where it is none. The whole datagram has to
// be the message.
func parseSNMP(data []byte) (s SNMP, ok bool) {
	c := cursor{data: data}
	if tag := c.u8(); tag != 0x30 {
		return s, false
	}
	if n := derLength(&c); c.bad || n != c.left() {
		return s, false
	}
	tag, number := c.element()
	if tag != 2 || len(number) != 1 {
		return s, false
	}
	switch derInt(number) {
	case 0, 1:
		s.Version, s.Clear = [...]string{"1", "2c"}[number[0]], true
		tag, community := c.element()
		s.Default = string(community) == "public" || string(community) == "private"
		return s, tag == 4 && s.operation(&c)
	case 3:
		s.Version = "3"
		return s, s.secured(&c)
	}
	return s, false
}

// operation reads the PDU.
func (s *SNMP) operation(c *cursor) bool {
	tag, body := c.element()
	kind := int(tag) - 0xa0
	if c.bad || kind < 0 || kind >= len(snmpOperations) {
		return false
	}
	s.Operation = snmpOperations[kind]
	pdu := cursor{data: body}
	if kind == 4 { // the trap of version 1 has a form of its own
		for range 5 {
			pdu.element()
		}
	} else {
		pdu.element()
		_, status := pdu.element()
		pdu.element()
		if code := derInt(status); kind == 2 && code > 0 {
			s.Error = fmt.Sprint(code)
			if code < int64(len(snmpErrors)) {
				s.Error = snmpErrors[code]
			}
		}
	}
	tag, list := pdu.element()
	for vars := (cursor{data: list}); vars.left() > 0 && s.Variables < snmpVariables; s.Variables++ {
		vars.element()
	}
	return tag == 0x30 && !pdu.bad
}

// secured reads a message of version 3 (RFC 3412, section 6; RFC 3414, section 2.4).
func (s *SNMP) secured(c *cursor) bool {
	tag, global := c.element()
	if tag != 0x30 {
		return false
	}
	g := cursor{data: global}
	g.element()
	g.element()
	_, flags := g.element()
	if g.bad || len(flags) != 1 {
		return false
	}
	s.Level = [...]string{"noAuthNoPriv", "authNoPriv", "", "authPriv"}[flags[0]&3]
	tag, params := c.element()
	u := cursor{data: opened(params)}
	for range 3 { // engine, boots, time
		u.element()
	}
	_, user := u.element()
	if s.User = derText(user); tag != 4 || s.Level == "" {
		return false
	}
	tag, scoped := c.element()
	if tag == 4 {
		return flags[0]&2 != 0
	}
	inner := cursor{data: scoped}
	inner.element()
	inner.element()
	return tag == 0x30 && s.operation(&inner)
}

// snmpParser counts the kinds of messages in a conversation, so that a poller does
// not fill the documents.
type snmpParser struct{ kinds few[snmpKind, int64] }

type snmpKind struct {
	version, operation, fault, user, level string
	open, clear                            bool
	from                                   event.Side
}

const snmpKinds = 16

func (p *snmpParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s, ok := parseSNMP(data)
	if !ok {
		return true
	}
	key := snmpKind{s.Version, s.Operation, s.Error, s.User, s.Level, s.Default, s.Clear, from}
	n := p.kinds.meet(key, 0, snmpKinds)
	*n++
	if *n&(*n-1) == 0 {
		s.Messages, s.From = *n, from.String()
		emit(&s)
	}
	return true
}
