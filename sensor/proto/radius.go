package proto

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "radius", Doc: "network access: who logs on through which switch, access point or VPN, and the decision",
		Source: "RFC 2865, RFC 2866, RFC 5176", IP: 17, Ports: []uint16{1812, 1813, 1645, 1646, 3799}, Limit: 16 << 10,
		Probe: func(_ event.Side, data []byte) Verdict { return yesIf(isRADIUS(data)) }, New: func() Parser { return &radiusParser{} },
		Tables: []*event.Table{radiusTable, (*event.Login)(nil).Table()},
	})
}

// RADIUS is one exchange: a request with the answer that decided it. The rounds of
// EAP in between are counted.
type RADIUS struct {
	Request   string // "access", "accounting", "disconnect", "coa"
	Answer    string // "accept", "reject", "response", "ack", "nak"; "" none
	Method    string // "pap", "chap", "mschap", "eap"
	User      string
	NAS       netip.Addr // device that asks
	NASName   string
	Station   string // the user's own device: a MAC or telephone number
	Called    string // what it reached: an access point and its network's name
	Port      int64  // kind of port: 15 Ethernet, 19 wireless, 5 virtual; -1 none
	Status    string // of accounting: "start", "stop", "interim"
	Framed    netip.Addr
	Rounds    int64 // challenges
	Signed    bool  // the request has a Message-Authenticator: without it answers can be forged (CVE-2024-3596)
	asWritten [16]byte
}

func (*RADIUS) Table() *event.Table { return radiusTable }

var radiusTable = event.NewTable("radius", "Requests for network access, with the decision.", radiusFields()...).InBrief("brandmelder.radius.request", "user.name", "brandmelder.radius.answer")

func radiusFields() []event.Field {
	text := func(path string, p event.Privacy, doc string, get func(*RADIUS) string) event.Field {
		return event.String(path, p, doc, func(r *RADIUS) (string, bool) { t := get(r); return t, t != "" })
	}
	return []event.Field{
		text("brandmelder.radius.request", event.Technical, "access, accounting, disconnect or coa", func(r *RADIUS) string { return r.Request }),
		text("brandmelder.radius.answer", event.Technical, "accept, reject, response, ack or nak", func(r *RADIUS) string { return r.Answer }),
		text("brandmelder.radius.method", event.Technical, "how the user proves itself", func(r *RADIUS) string { return r.Method }),
		text("brandmelder.radius.status", event.Technical, "start, stop or interim of accounting", func(r *RADIUS) string { return r.Status }),
		text("user.name", event.Personal, "user who asks for access", func(r *RADIUS) string { return r.User }),
		text("brandmelder.radius.nas.name", event.Personal, "name of the device that asks", func(r *RADIUS) string { return r.NASName }),
		text("brandmelder.radius.station", event.Personal, "the user's own device", func(r *RADIUS) string { return r.Station }),
		text("brandmelder.radius.called", event.Personal, "what the user's device reached", func(r *RADIUS) string { return r.Called }),
		event.IP("brandmelder.radius.nas.ip", event.Technical, "device that asks", func(r *RADIUS) netip.Addr { return r.NAS }),
		event.IP("brandmelder.radius.framed.ip", event.Technical, "address that the user's device has", func(r *RADIUS) netip.Addr { return r.Framed }),
		event.Int("brandmelder.radius.port_type", event.Technical, "kind of port: 15 Ethernet, 19 wireless, 5 virtual", func(r *RADIUS) (int64, bool) { return r.Port, r.Port >= 0 }),
		event.Int("brandmelder.radius.rounds", event.Technical, "challenges before the decision", func(r *RADIUS) (int64, bool) { return r.Rounds, r.Rounds > 0 }),
		event.Bool("brandmelder.radius.signed", event.Technical, "the request has a Message-Authenticator", func(r *RADIUS) (bool, bool) { return r.Signed, r.Request == "access" }),
	}
}

var (
	radiusRequests = map[byte]string{1: "access", 4: "accounting", 40: "disconnect", 43: "coa"}
	radiusAnswers  = map[byte]string{2: "accept", 3: "reject", 5: "response", 11: "challenge", 41: "ack", 42: "nak", 44: "ack", 45: "nak"}
	radiusStatus   = map[uint32]string{1: "start", 2: "stop", 3: "interim"}
)

const (
	radiusHead    = 20
	radiusMost    = 4096
	radiusPending = 32
)

// isRADIUS knows a message by its code and by attributes that end where it does.
func isRADIUS(data []byte) bool {
	if len(data) < radiusHead || len(data) > radiusMost || radiusRequests[data[0]] == "" && radiusAnswers[data[0]] == "" {
		return false
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if size < radiusHead || size != len(data) || radiusRequests[data[0]] != "" && size == radiusHead {
		return false
	}
	c := cursor{data: data, at: radiusHead}
	for c.left() > 0 {
		kind, n := c.u8(), int(c.u8())
		if n < 2 || kind == 0 {
			return false
		}
		c.skip(n - 2)
	}
	return !c.bad
}

type radiusParser struct {
	asked    few[byte, *RADIUS]
	rounds   int64 // challenges of the dialogue that goes on
	attempts int64
}

func (p *radiusParser) Feed(_ event.Side, data []byte, emit func(event.Record)) bool {
	if !isRADIUS(data) {
		return true
	}
	id := data[1]
	if name := radiusRequests[data[0]]; name != "" {
		r := &RADIUS{Request: name, Port: -1, asWritten: [16]byte(data[4:20])}
		if old := p.asked.get(id); old != nil && (*old).asWritten == r.asWritten {
			return true // sent again
		}
		r.attributes(data)
		if old, evicted := p.asked.put(id, r, radiusPending); evicted {
			emit(old)
		}
		return true
	}
	r, ok := p.asked.pop(id)
	if !ok {
		return true
	}
	if r.Answer = radiusAnswers[data[0]]; r.Answer == "challenge" {
		p.rounds++
		return true
	}
	r.Rounds, p.rounds = p.rounds, 0
	emit(r)
	p.login(r, emit)
	return true
}

// End tells of requests without an answer.
func (p *radiusParser) End(emit func(event.Record)) {
	for _, e := range p.asked.entries {
		emit(e.value)
	}
	p.asked.entries = nil
}

func (p *radiusParser) login(r *RADIUS, emit func(event.Record)) {
	if r.Request != "access" {
		return
	}
	p.attempts++
	l := &event.Login{Protocol: "radius", Method: r.Method, User: r.User, Workstation: r.Station, Service: r.NASName, Outcome: event.Success, Attempt: p.attempts}
	if r.Answer == "reject" {
		l.Outcome, l.Reason = event.Failure, "reject"
	}
	emit(l)
}

func (r *RADIUS) attributes(data []byte) {
	c := cursor{data: data, at: radiusHead}
	for c.left() > 0 {
		kind := c.u8()
		r.attribute(kind, c.take(int(c.u8())-2))
	}
}

// attribute reads what names someone or says how; never what proves it.
func (r *RADIUS) attribute(kind byte, v []byte) {
	name := func() string { return printable(string(v)) }
	switch kind {
	case 1:
		r.User = name()
	case 2:
		r.Method = "pap"
	case 3:
		r.Method = "chap"
	case 79:
		r.Method = "eap"
	case 26:
		if len(v) > 4 && binary.BigEndian.Uint32(v) == 311 && (v[4] == 1 || v[4] == 11 || v[4] == 25) {
			r.Method = "mschap"
		}
	case 4:
		r.NAS, _ = netip.AddrFromSlice(v[:min(len(v), 4)])
	case 8:
		r.Framed, _ = netip.AddrFromSlice(v[:min(len(v), 4)])
	case 30:
		r.Called = name()
	case 31:
		r.Station = name()
	case 32:
		r.NASName = name()
	case 40, 61:
		if len(v) == 4 {
			r.number(kind, binary.BigEndian.Uint32(v))
		}
	case 80:
		r.Signed = true
	}
}

func (r *RADIUS) number(kind byte, n uint32) {
	if kind == 61 {
		r.Port = int64(n)
	} else if r.Status = radiusStatus[n]; r.Status == "" {
		r.Status = fmt.Sprint(n)
	}
}
