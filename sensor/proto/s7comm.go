package proto

import (
	"bytes"
	"cmp"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "s7comm", Doc: "Siemens S7: variables, programs, start and stop of the controller; S7comm-plus is recognised", Source: "RFC 1006, ISO 8073, published analyses of S7comm",
		IP: 6, Ports: []uint16{102}, Limit: otLimit + 4<<10, Probe: probeS7, New: func() Parser { return newS7() }, Tables: []*event.Table{otTable}})
}

const (
	s7Most    = 512 // of a message: header and parameters
	s7Pending = 8

	s7Job, s7AckData, s7UserData = 1, 3, 7

	// Within a download the controller fetches the blocks itself: that is still what
	// the programmer asked for.
	s7Block, s7Ended = 0x1b, 0x1c
)

// s7Ops by function of a job.
var s7Ops = map[uint8]*otOp{
	0xf0: {"setup", otSession}, 0x04: {"read-variables", otRead}, 0x05: {"write-variables", otWrite},
	0x1a: {"request-download", otProgram}, 0x1b: {"download-block", otProgram}, 0x1c: {"end-download", otProgram},
	0x1d: {"start-upload", otRead}, 0x1e: {"upload-block", otRead}, 0x1f: {"end-upload", otRead},
	0x28: {"program-invocation", otState}, 0x29: {"plc-stop", otState},
}

// s7Invocations are the services that function 0x28 asks for by name.
var s7Invocations = []struct {
	name string
	op   otOp
}{
	{"P_PROGRAM", otOp{"plc-start", otState}}, {"_INSE", otOp{"activate-block", otProgram}}, {"_DELE", otOp{"delete-block", otProgram}},
	{"_GARB", otOp{"compress-memory", otProgram}}, {"_MODU", otOp{"copy-to-rom", otProgram}},
}

// s7Groups are the function groups of user data.
var s7Groups = [16]*otOp{
	1: {"programmer-command", otSession}, 2: {"cyclic-data", otRead}, 3: {"list-blocks", otIdentify}, 4: {"messages", otSession},
	5: {"security", otSession}, 7: {"clock", otSession},
}

// s7Functions are those within a group that do something else than the rest of it.
var s7Functions = map[int32]*otOp{0x303: {"block-information", otIdentify}, 0x401: {"read-system-status", otIdentify}}

var s7Plus = &otOp{"s7comm-plus", otSession}

// probeS7 wants a data message of S7 behind TPKT and COTP; a connection request
// to a transport selector, as S7 and MMS have, says only that one may follow.
func probeS7(_ event.Side, data []byte) Verdict {
	for i, want := range [...]byte{3, 0} {
		if len(data) > i && data[i] != want {
			return No
		}
	}
	if len(data) < 8 {
		return More
	}
	switch kind := data[5] & 0xf0; {
	case kind == 0xf0 && data[4] == 2:
		return yesIf(data[7] == 0x32 || data[7] == 0x72)
	case kind != 0xe0 && kind != 0xd0:
		return No
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if size < 11 || size > ProbeLimit || size != 5+int(data[4]) {
		return No
	}
	if len(data) < size {
		return More
	}
	if !bytes.ContainsAny(data[11:size], "\xc1\xc2") { // RDP has no selectors
		return No
	}
	if len(data) == size {
		return More
	}
	return probeS7(0, data[size:])
}

type s7Parser struct {
	sides   [2]sized
	pending few[s7Ref, otKind]
	tally   otTally
}

type s7Ref struct {
	from event.Side
	ref  uint16
}

func newS7() *s7Parser {
	p := &s7Parser{}
	for i := range p.sides {
		p.sides[i] = sized{head: 4, most: s7Most, size: tpktSize}
	}
	return p
}

// tpktSize is the length in a header of RFC 1006, 0 where it is none.
func tpktSize(h []byte) int {
	if h[0] != 3 || h[1] != 0 {
		return 0
	}
	return int(binary.BigEndian.Uint16(h[2:]))
}

func (p *s7Parser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *s7Parser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	p.sides[from].gap(n)
	return true
}

func (p *s7Parser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeS7) || s.feed(data, func(m []byte, _ int) {
		c := cursor{data: m, at: 4}
		if c.u8() != 2 || c.u8()&0xf0 != 0xf0 {
			return
		}
		c.skip(1)
		switch c.u8() {
		case 0x32:
			p.message(from, &c, emit)
		case 0x72:
			if from == event.Client {
				p.tally.ask(otKind{from: from, op: s7Plus, unit: -1}, 0, emit)
			}
		}
	})
}

// message reads an S7 header and what it carries.
func (p *s7Parser) message(from event.Side, c *cursor, emit func(event.Record)) {
	kind := c.u8()
	c.skip(2)
	ref := c.be16()
	params := int(c.be16())
	c.skip(2)
	switch kind {
	case s7Job:
		p.ask(from, ref, s7JobKind(c.take(min(params, c.left()))), emit)
	case 2, s7AckData:
		p.answer(from, ref, c.be16(), emit)
	case s7UserData:
		p.userData(from, ref, c.take(min(params, c.left())), emit)
	}
}

func (p *s7Parser) ask(from event.Side, ref uint16, k otKind, emit func(event.Record)) {
	if k.op == nil {
		return
	}
	if k.from = from; k.code == s7Block || k.code == s7Ended {
		k.from = event.Client
	}
	p.pending.put(s7Ref{from, ref}, k, s7Pending)
	p.tally.ask(k, 0, emit)
}

func (p *s7Parser) answer(from event.Side, ref, code uint16, emit func(event.Record)) {
	k, ok := p.pending.pop(s7Ref{from.Other(), ref})
	switch {
	case !ok:
	case code == 0:
		p.tally.answer(k, accepted, emit)
	default:
		p.tally.answer(k, s7Error(code), emit)
	}
}

// s7Error names the error class.
func s7Error(code uint16) string {
	switch code >> 8 {
	case 0x81:
		return "application-error"
	case 0x82:
		return "object-error"
	case 0x83:
		return "no-resources"
	case 0x84:
		return "service-error"
	case 0x85, 0x87:
		return "access-error"
	case 0xd2, 0xd6:
		return "protected"
	}
	return "error"
}

// s7JobKind reads the function; a program invocation goes by its name.
func s7JobKind(params []byte) otKind {
	if len(params) == 0 {
		return otKind{}
	}
	k := otKind{op: s7Ops[params[0]], code: int32(params[0]), unit: -1}
	if k.op == nil {
		k.op = otOther
	}
	if params[0] == 0x28 {
		for i := range s7Invocations {
			if bytes.HasSuffix(params, []byte(s7Invocations[i].name)) {
				k.op = &s7Invocations[i].op
			}
		}
	}
	return k
}

// userData reads the group of a request, or the error code of an answer.
func (p *s7Parser) userData(from event.Side, ref uint16, params []byte, emit func(event.Record)) {
	c := cursor{data: params, at: min(len(params), 4)}
	method, group, sub := c.u8(), c.u8(), c.u8()
	switch {
	case c.bad:
	case method == 0x11 && group>>4 == 4:
		k := otKind{code: int32(group&15)<<8 | int32(sub), unit: -1}
		k.op = cmp.Or(s7Functions[k.code], s7Groups[group&15], otOther)
		p.ask(from, ref, k, emit)
	case method == 0x12:
		c.skip(3) // sequence, data unit, last one
		p.answer(from, ref, c.be16(), emit)
	}
}
