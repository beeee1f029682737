package proto

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "opcua", Doc: "OPC UA: how a channel is secured, who logs on, and which services are asked for", Source: "OPC UA Part 4 and Part 6",
		IP: 6, Ports: []uint16{4840}, Limit: otLimit + 2*opcuaMost + 4<<10, Probe: probeOPCUA, New: func() Parser { return newOPCUA() },
		Tables: []*event.Table{opcuaTable, otTable, (*event.Login)(nil).Table()}})
}

const (
	opcuaHead    = 8
	opcuaMost    = 4 << 10 // of a message: a channel's certificates and the head of a request
	opcuaPending = 16
)

// opcuaOps by the number of the request's binary encoding.
var opcuaOps = map[uint16]*otOp{
	422: {"find-servers", otIdentify}, 428: {"get-endpoints", otIdentify}, 437: {"register-server", otSession},
	446: {"open-channel", otSession}, 452: {"close-channel", otSession}, 461: {"create-session", otSession}, 467: {"activate-session", otSession}, 473: {"close-session", otSession},
	488: {"add-nodes", otProgram}, 494: {"add-references", otProgram}, 500: {"delete-nodes", otProgram}, 506: {"delete-references", otProgram},
	527: {"browse", otIdentify}, 533: {"browse-next", otIdentify}, 554: {"translate-paths", otIdentify},
	631: {"read", otRead}, 664: {"history-read", otRead}, 673: {"write", otWrite}, 700: {"history-update", otWrite}, 712: {"call", otWrite},
	751: {"create-monitored-items", otSession}, 763: {"modify-monitored-items", otSession}, 787: {"create-subscription", otSession}, 826: {"publish", otSession}, 847: {"delete-subscriptions", otSession},
}

const (
	opcuaFault       = 397
	opcuaOpenRequest = 446
	opcuaActivate    = 467
)

// opcuaErrors are the results that say something of who asks (Part 6, annex A).
var opcuaErrors = map[uint16]string{
	0x801f: "user-access-denied", 0x8020: "token-invalid", 0x8021: "token-rejected", 0x8010: "too-many-operations", 0x800b: "service-not-supported",
	0x8013: "security-checks-failed", 0x8055: "policy-rejected", 0x8054: "mode-rejected", 0x803b: "not-writable", 0x803a: "not-readable", 0x8034: "unknown-address", 0x8040: "not-implemented",
}

// OPCUA is one channel, as it was opened.
type OPCUA struct {
	Endpoint string // host that the client names
	Policy   string // "None", "Basic256Sha256" …
	Mode     string // none, sign, sign-and-encrypt; "" where it cannot be read
}

func probeOPCUA(from event.Side, data []byte) Verdict {
	best, kinds := No, [...][]string{event.Client: {"HELF", "RHEF"}, event.Server: {"ACKF", "ERRF", "RHEF"}}
	for _, kind := range kinds[from] {
		best = max(best, startsWith(data, kind))
	}
	switch {
	case best != Yes:
		return best
	case len(data) < opcuaHead:
		return More
	}
	return yesIf(binary.LittleEndian.Uint32(data[4:]) <= 8<<10) // a text that begins alike seems longer
}

type opcuaParser struct {
	sides    [2]sized
	rec      OPCUA
	told     bool
	pending  few[uint32, opcuaAsked]
	tally    otTally
	attempts int64
}

type opcuaAsked struct {
	kind  otKind
	login *event.Login
}

func newOPCUA() *opcuaParser {
	p := &opcuaParser{}
	for i := range p.sides {
		p.sides[i] = sized{head: opcuaHead, most: opcuaMost, size: func(h []byte) int {
			switch string(h[:3]) {
			case "HEL", "ACK", "ERR", "RHE", "OPN", "CLO", "MSG":
				return int(min(binary.LittleEndian.Uint32(h[4:]), 1<<30))
			}
			return 0
		}}
	}
	return p
}

// End tells of logins without an answer.
func (p *opcuaParser) End(emit func(event.Record)) {
	p.tell(emit)
	for _, e := range p.pending.entries {
		if e.value.login != nil {
			emit(e.value.login)
		}
	}
	p.pending.entries = nil
	p.tally.end(emit)
}

func (p *opcuaParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	return p.sides[from].feed(data, func(m []byte, size int) {
		c := cursor{data: m, at: opcuaHead}
		switch string(m[:3]) {
		case "HEL":
			c.skip(20)
			p.rec.Endpoint = opcuaHost(opcuaString(&c))
		case "OPN":
			c.skip(4)
			policy := opcuaString(&c)
			opcuaString(&c)
			opcuaString(&c)
			if from == event.Client {
				p.rec.Policy = printable(policy[strings.LastIndexByte(policy, '#')+1:])
			}
			c.skip(4)
			p.service(from, &c, emit)
		case "MSG":
			c.skip(12)
			p.service(from, &c, emit)
		}
	})
}

// opcuaString reads a text or bytes behind their length; less than 0 is none.
func opcuaString(c *cursor) string {
	n := int32(c.le32())
	if n <= 0 {
		return ""
	}
	return string(c.take(int(n)))
}

// opcuaHost is the host of opc.tcp://host:port/path.
func opcuaHost(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return printable(strings.ToLower(host[:min(len(host), 255)]))
}

// node reads a node id with a number; ok is false for other kinds, such as what is
// encrypted seems to be.
func opcuaNode(c *cursor) (number uint16, ok bool) {
	switch c.u8() {
	case 0:
		return uint16(c.u8()), !c.bad
	case 1:
		ns := c.u8()
		number = c.le16()
		return number, !c.bad && ns == 0
	case 2:
		ns, id := c.le16(), c.le32()
		return uint16(id), !c.bad && ns == 0 && id < 1<<16
	case 3, 5: // a text or bytes
		c.skip(2)
		opcuaString(c)
	case 4:
		c.skip(18)
	}
	return 0, false
}

// service reads the request's number, the type of a body and its header.
func (p *opcuaParser) service(from event.Side, c *cursor, emit func(event.Record)) {
	id := c.le32()
	kind, ok := opcuaNode(c)
	switch {
	case !ok:
		if p.rec.Policy != "" && from == event.Client {
			p.tell(emit)
		}
	case from == event.Server:
		c.skip(12) // time and handle
		if result := c.le32(); !c.bad {
			p.answer(id, kind, result, emit)
		}
	case opcuaOps[kind] != nil:
		asked := opcuaAsked{kind: otKind{op: opcuaOps[kind], code: int32(kind), unit: -1}}
		opcuaRequest(c)
		switch kind {
		case opcuaOpenRequest:
			c.skip(8)
			if mode := c.le32(); mode < 4 {
				p.rec.Mode = [...]string{"invalid", "none", "sign", "sign-and-encrypt"}[mode]
			}
			p.tell(emit)
		case opcuaActivate:
			asked.login = p.login(c)
		}
		p.pending.put(id, asked, opcuaPending)
		p.tally.ask(asked.kind, 1, emit)
	}
}

// opcuaRequest passes over the header of a request (Part 4, 7.33).
func opcuaRequest(c *cursor) {
	opcuaNode(c)
	c.skip(16) // time, handle, diagnostics
	opcuaString(c)
	c.skip(4)
	opcuaNode(c)
	c.skip(1)
}

// login reads who activates a session (Part 4, 5.6.3 and 7.41).
func (p *opcuaParser) login(c *cursor) *event.Login {
	opcuaString(c) // how it is signed
	opcuaString(c)
	for n := int32(c.le32()); n > 0 && !c.bad; n-- { // certificates, signed
		opcuaString(c)
		opcuaString(c)
	}
	for n := int32(c.le32()); n > 0 && !c.bad; n-- { // languages
		opcuaString(c)
	}
	kind, _ := opcuaNode(c)
	c.skip(5) // encoding and length
	opcuaString(c)
	l := &event.Login{Protocol: "opcua", Method: "certificate"}
	switch {
	case c.bad || kind != 324 && kind != 327:
		return nil // nobody in particular
	case kind == 324:
		l.Method, l.User = "password", printable(opcuaString(c))
		secret, cipher := opcuaString(c), opcuaString(c)
		l.Clear = secret != "" && cipher == "" && !c.bad
	}
	p.attempts++
	l.Attempt = p.attempts
	return l
}

func (p *opcuaParser) answer(id uint32, kind uint16, result uint32, emit func(event.Record)) {
	asked, ok := p.pending.pop(id)
	if !ok {
		return
	}
	status := accepted
	if kind == opcuaFault || result&0x80000000 != 0 {
		if status = opcuaErrors[uint16(result>>16)]; status == "" {
			status = fmt.Sprintf("0x%08x", result)
		}
	}
	if l := asked.login; l != nil {
		if l.Outcome = event.Success; status != accepted {
			l.Outcome, l.Reason = event.Failure, status
		}
		emit(l)
	}
	p.tally.answer(asked.kind, status, emit)
}

func (p *opcuaParser) tell(emit func(event.Record)) {
	if p.told || p.rec.Policy == "" {
		return
	}
	p.told = true
	r := p.rec
	emit(&r)
}

func (*OPCUA) Table() *event.Table { return opcuaTable }

var opcuaTable = event.NewTable("opcua", "Channels of OPC UA and how they are secured.",
	opcuaText("endpoint", "host that the client names", func(o *OPCUA) string { return o.Endpoint }),
	opcuaText("policy", "security policy", func(o *OPCUA) string { return o.Policy }),
	opcuaText("mode", "none, sign or sign-and-encrypt", func(o *OPCUA) string { return o.Mode }),
).InBrief("brandmelder.opcua.policy", "brandmelder.opcua.mode")

func opcuaText(path, doc string, get func(*OPCUA) string) event.Field {
	return event.String("brandmelder.opcua."+path, event.Technical, doc, func(o *OPCUA) (string, bool) { t := get(o); return t, t != "" })
}
