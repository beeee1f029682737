package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "modbus", Doc: "Modbus/TCP and UMAS: reads, writes and diagnostics by unit, exceptions, addresses that do not exist", Source: "Modbus Application Protocol 1.1b3, Modbus Messaging on TCP/IP 1.0b",
		IP: 6, Ports: []uint16{502}, Limit: otLimit + 4<<10, Probe: probeModbus, New: func() Parser { return newModbus() }, Tables: []*event.Table{otTable}})
}

const (
	modbusHead    = 7 // MBAP header
	modbusMost    = 260
	modbusPending = 16
	modbusUMAS    = 90
)

// modbusOps are the public function codes, and Schneider's UMAS as one where its
// own code is not known.
var modbusOps = map[uint8]*otOp{
	1: {"read-coils", otRead}, 2: {"read-discrete-inputs", otRead}, 3: {"read-holding-registers", otRead}, 4: {"read-input-registers", otRead},
	5: {"write-coil", otWrite}, 6: {"write-register", otWrite}, 15: {"write-coils", otWrite}, 16: {"write-registers", otWrite},
	22: {"mask-write-register", otWrite}, 23: {"read-write-registers", otWrite}, 20: {"read-file-record", otRead}, 21: {"write-file-record", otFile},
	7: {"read-exception-status", otIdentify}, 8: {"diagnostics", otIdentify}, 11: {"event-counter", otIdentify}, 12: {"event-log", otIdentify},
	17: {"report-server-id", otIdentify}, 24: {"read-fifo", otRead}, 43: {"device-identification", otIdentify}, modbusUMAS: {"umas", otSession},
}

// modbusDiagnostics are the sub-functions of 8 that do more than look.
var modbusDiagnostics = map[uint16]*otOp{
	1: {"restart-communications", otState}, 4: {"force-listen-only", otState}, 10: {"clear-counters", otState},
}

// umasOps are the codes within function 90, as published research names them.
var umasOps = map[uint8]*otOp{
	0x02: {"umas-read-id", otIdentify}, 0x03: {"umas-read-project", otIdentify}, 0x04: {"umas-read-plc", otIdentify},
	0x10: {"umas-take-reservation", otSession}, 0x20: {"umas-read-memory", otRead}, 0x22: {"umas-read-variables", otRead}, 0x23: {"umas-write-variables", otWrite},
	0x24: {"umas-read-registers", otRead}, 0x25: {"umas-write-registers", otWrite},
	0x30: {"umas-begin-download", otProgram}, 0x31: {"umas-download-block", otProgram}, 0x32: {"umas-end-download", otProgram},
	0x33: {"umas-begin-upload", otRead}, 0x34: {"umas-upload-block", otRead}, 0x35: {"umas-end-upload", otRead},
	0x40: {"umas-start-plc", otState}, 0x41: {"umas-stop-plc", otState}, 0x71: {"umas-write-io", otWrite},
}

var otOther = &otOp{"other", otSession}

// modbusExceptions by code (section 7).
var modbusExceptions = map[uint8]string{1: "illegal-function", 2: "illegal-data-address", 3: "illegal-data-value", 4: "device-failure",
	5: "acknowledge", 6: "device-busy", 8: "memory-parity-error", 10: "gateway-path-unavailable", 11: "gateway-target-silent"}

// probeModbus wants the header and a body whose length is what its function says.
func probeModbus(from event.Side, data []byte) Verdict {
	for i, want := range [...]uint8{2: 0, 3: 0, 4: 0} { // protocol 0, at most 255 bytes
		if i >= 2 && len(data) > i && data[i] != want {
			return No
		}
	}
	if len(data) > 5 && (data[5] < 2 || data[5] > modbusMost-6) {
		return No
	}
	if len(data) > 7 && modbusOps[data[7]&0x7f] == nil {
		return No
	}
	if len(data) < 9 {
		return More
	}
	if modbusFits(from, data[7], data[8], int(data[5])-2, data) {
		return Yes
	}
	return No
}

// modbusFits compares n, the bytes behind the function code, with what the
// function asks for; next is the first of them.
func modbusFits(from event.Side, function, next uint8, n int, data []byte) bool {
	switch {
	case function > 127:
		return from == event.Server && n == 1 && modbusExceptions[next] != ""
	case function == modbusUMAS:
		return n >= 2
	case from == event.Client && (function <= 4 || function == 15 || function == 16):
		count := 0
		if len(data) >= 12 {
			count = int(binary.BigEndian.Uint16(data[10:]))
		}
		return count > 0 && count <= 2000 && (n == 4 || function > 4 && len(data) > 12 && n == 5+int(data[12]))
	case function == 5 || function == 6 || from == event.Server && (function == 15 || function == 16):
		return n == 4
	case from == event.Server && function <= 4:
		return n == 1+int(next)
	case function == 22:
		return n == 6
	case function == 43:
		return next == 13 || next == 14
	}
	return false // the rare ones are no proof
}

type modbusParser struct {
	sides   [2]sized
	pending few[uint16, modbusAsked]
	tally   otTally
}

type modbusAsked struct {
	kind otKind
	addr uint32 // function and first address; 0 none
}

func newModbus() *modbusParser {
	p := &modbusParser{}
	for i := range p.sides {
		p.sides[i] = sized{head: modbusHead, most: modbusMost, size: func(h []byte) int {
			if h[2]|h[3] != 0 || h[4] > 1 {
				return 0
			}
			return 6 + int(binary.BigEndian.Uint16(h[4:]))
		}}
	}
	return p
}

func (p *modbusParser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *modbusParser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	p.sides[from].gap(n)
	return true
}

func (p *modbusParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeModbus) || s.feed(data, func(m []byte, _ int) {
		if len(m) <= modbusHead {
			return
		}
		if from == event.Client {
			p.request(m, emit)
		} else {
			p.response(m, emit)
		}
	})
}

func (p *modbusParser) request(m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	tid := c.be16()
	c.skip(4)
	unit, function := int32(c.u8()), c.u8()
	asked := modbusAsked{kind: otKind{from: event.Client, op: modbusOps[function], code: int32(function), unit: unit}}
	items := 0
	switch function {
	case 1, 2, 3, 4, 15, 16, 23:
		asked.addr, items = uint32(function)<<16|uint32(c.be16()), int(c.be16())
	case 5, 6, 22:
		asked.addr, items = uint32(function)<<16|uint32(c.be16()), 1
	case 8:
		sub := c.be16()
		asked.kind.code = asked.kind.code<<16 | int32(sub)
		if op := modbusDiagnostics[sub]; op != nil {
			asked.kind.op = op
		}
	case modbusUMAS:
		c.skip(1) // session key
		code := c.u8()
		asked.kind.code = asked.kind.code<<8 | int32(code)
		if op := umasOps[code]; op != nil {
			asked.kind.op = op
		}
	}
	if asked.kind.op == nil {
		asked.kind.op = otOther
	}
	p.pending.put(tid, asked, modbusPending)
	p.tally.ask(asked.kind, items, emit)
}

func (p *modbusParser) response(m []byte, emit func(event.Record)) {
	c := cursor{data: m}
	asked, known := p.pending.pop(c.be16())
	c.skip(5)
	function := c.u8()
	switch {
	case !known:
		return
	case function == modbusUMAS:
		c.skip(1)
		if status := c.u8(); status == 0xfd {
			p.tally.answer(asked.kind, "umas-error", emit)
			return
		}
	case function > 127:
		code := c.u8()
		status := modbusExceptions[code]
		if status == "" {
			status = "exception"
		}
		if code == 2 && asked.addr != 0 {
			p.tally.nowhere(asked.kind, asked.addr)
		}
		p.tally.answer(asked.kind, status, emit)
		return
	}
	p.tally.answer(asked.kind, accepted, emit)
}
