package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{
		Name: "tacacs", Doc: "TACACS+: which device asks a server about logins and commands, and whether that is readable; its bodies are not read",
		Source: "RFC 8907", IP: 6, Ports: []uint16{49}, Limit: 1 << 10,
		Probe: probeTACACS, New: func() Parser { return newTACACS() }, Tables: []*event.Table{tacacsTable},
	})
}

// TACACS is one session of a device with its server: one login, one question whether a
// command may be given, or one account of it. What it says is obfuscated, and users and
// outcome with it.
type TACACS struct {
	Kind     string // authentication, authorization, accounting
	Messages int64  // of both sides
	Readable bool   // the client sets the flag that says so
}

const (
	tacacsHead   = 12
	tacacsMost   = 1 << 16 // of a body, bytes
	tacacsPlain  = 1       // RFC 8907, section 4.1: TAC_PLUS_UNENCRYPTED_FLAG
	tacacsSingle = 4
)

var tacacsKinds = [...]string{1: "authentication", 2: "authorization", 3: "accounting"}

// probeTACACS wants the first message of a session, whose number is 1.
func probeTACACS(from event.Side, data []byte) Verdict {
	switch {
	case len(data) == 0:
		return More
	case from == event.Server || data[0] != 0xc0 && data[0] != 0xc1:
		return No
	case len(data) < tacacsHead:
		return More
	}
	return yesIf(tacacsHeader(data) && data[2] == 1)
}

func tacacsHeader(b []byte) bool {
	n := binary.BigEndian.Uint32(b[8:])
	return b[0]&^1 == 0xc0 && b[1] >= 1 && b[1] <= 3 && b[2] > 0 && b[3]&^(tacacsPlain|tacacsSingle) == 0 && n >= 5 && n <= tacacsMost
}

type tacacsParser struct {
	sides   [2]sized
	session uint32
	rec     TACACS
}

func newTACACS() *tacacsParser {
	p := &tacacsParser{}
	for i := range p.sides {
		p.sides[i] = sized{head: tacacsHead, most: tacacsHead, size: func(head []byte) int {
			if !tacacsHeader(head) {
				return 0
			}
			return tacacsHead + int(binary.BigEndian.Uint32(head[8:]))
		}}
	}
	return p
}

func (p *tacacsParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	ok := p.sides[from].feed(data, func(m []byte, _ int) {
		if session := binary.BigEndian.Uint32(m[4:]); p.rec.Kind == "" || session != p.session {
			p.End(emit)
			p.session, p.rec = session, TACACS{Kind: tacacsKinds[m[1]]}
		}
		p.rec.Messages++
		p.rec.Readable = p.rec.Readable || from == event.Client && m[3]&tacacsPlain != 0
	})
	if !ok {
		p.End(emit)
	}
	return ok
}

// End tells of the latest session.
func (p *tacacsParser) End(emit func(event.Record)) {
	if p.rec.Kind != "" {
		rec := p.rec
		emit(&rec)
		p.rec = TACACS{}
	}
}

var tacacsTable = event.NewTable("tacacs", "Sessions of devices with a TACACS+ server.",
	event.String("brandmelder.tacacs.kind", event.Technical, "authentication, authorization or accounting", func(r *TACACS) (string, bool) { return r.Kind, true }),
	event.Int("brandmelder.tacacs.messages", event.Technical, "messages of both sides", func(r *TACACS) (int64, bool) { return r.Messages, true }),
	event.Bool("brandmelder.tacacs.readable", event.Technical, "the client says that it is not obfuscated", func(r *TACACS) (bool, bool) { return true, r.Readable }),
).InBrief("brandmelder.tacacs.kind", "brandmelder.tacacs.readable")

func (*TACACS) Table() *event.Table { return tacacsTable }
