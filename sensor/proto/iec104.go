package proto

import "github.com/brandmelder/brandmelder/sensor/event"

func init() {
	register(Spec{Name: "iec104", Doc: "IEC 60870-5-104: commands, interrogations, files and resets by station, and how they were answered", Source: "IEC 60870-5-104, IEC 60870-5-101",
		IP: 6, Ports: []uint16{2404}, Limit: otLimit + 2<<10, Probe: probeIEC104, New: func() Parser { return newIEC104() }, Tables: []*event.Table{otTable}})
}

const (
	iec104Head = 6 // start, length and four control bytes
	iec104Most = 255
)

// iec104Ops by type identification, of what a controlling station asks.
var iec104Ops = map[uint8]*otOp{
	45: {"single-command", otWrite}, 46: {"double-command", otWrite}, 47: {"step-command", otWrite},
	48: {"set-point-normalized", otWrite}, 49: {"set-point-scaled", otWrite}, 50: {"set-point-float", otWrite}, 51: {"bitstring-command", otWrite},
	58: {"single-command", otWrite}, 59: {"double-command", otWrite}, 60: {"step-command", otWrite},
	61: {"set-point-normalized", otWrite}, 62: {"set-point-scaled", otWrite}, 63: {"set-point-float", otWrite}, 64: {"bitstring-command", otWrite},
	100: {"interrogation", otRead}, 101: {"counter-interrogation", otRead}, 102: {"read", otRead}, 103: {"clock", otSession}, 104: {"test", otSession},
	105: {"reset-process", otState}, 106: {"delay", otSession}, 107: {"test", otSession},
	110: {"parameter", otWrite}, 111: {"parameter", otWrite}, 112: {"parameter", otWrite}, 113: {"activate-parameter", otWrite},
	120: {"file-ready", otFile}, 121: {"section-ready", otFile}, 122: {"call-file", otRead}, 123: {"last-section", otFile}, 124: {"acknowledge-file", otSession}, 125: {"file-segment", otFile},
	126: {"directory", otRead}, 127: {"query-log", otRead},
}

// Control functions without numbers (section 5.3).
var iec104Controls = map[uint8]*otOp{
	0x07: {"start-transfer", otSession}, 0x13: {"stop-transfer", otSession}, 0x43: {"test-link", otSession},
	0x0b: nil, 0x23: nil, 0x83: nil, // their confirmations
}

// iec104Refusals by cause of transmission (IEC 60870-5-101, 7.2.3).
var iec104Refusals = map[uint8]string{44: "function-not-supported", 45: "unknown-cause", 46: "unknown-station", 47: "unknown-address"}

const (
	iec104Activation   = 6
	iec104Deactivation = 8
	iec104Negative     = 0x40 // bit of the cause
)

// probeIEC104 wants a whole control header whose format fits its length, and of a
// numbered one a type and a cause that exist.
func probeIEC104(_ event.Side, data []byte) Verdict {
	if len(data) > 0 && data[0] != 0x68 || len(data) > 1 && (data[1] < 4 || data[1] > iec104Most-2) {
		return No
	}
	if len(data) < iec104Head {
		return More
	}
	_, control := iec104Controls[data[2]]
	switch {
	case data[2]&3 == 3:
		return yesIf(control && data[1] == 4 && data[3]|data[4]|data[5] == 0)
	case data[2]&1 == 1:
		return yesIf(data[1] == 4 && data[2] == 1 && data[3] == 0 && data[4]&1 == 0)
	case data[4]&1 == 1 || data[1] < 14:
		return No
	case len(data) < iec104Head+3:
		return More
	}
	kind, cause := data[6], data[8]&0x3f
	return yesIf(kind > 0 && kind < 128 && data[7] != 0 && cause > 0 && cause < 48)
}

type iec104Parser struct {
	sides [2]sized
	tally otTally
}

func newIEC104() *iec104Parser {
	p := &iec104Parser{}
	for i := range p.sides {
		p.sides[i] = sized{head: iec104Head, most: iec104Most, size: func(h []byte) int {
			if h[0] != 0x68 || h[1] < 4 {
				return 0
			}
			return 2 + int(h[1])
		}}
	}
	return p
}

func (p *iec104Parser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *iec104Parser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	p.sides[from].gap(n)
	return true
}

func (p *iec104Parser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeIEC104) || s.feed(data, func(m []byte, _ int) {
		if m[2]&1 == 0 {
			p.numbered(from, m[iec104Head:], emit)
		} else if op := iec104Controls[m[2]]; m[2]&3 == 3 && op != nil {
			p.tally.ask(otKind{from: from, op: op, code: int32(m[2]) << 8, unit: -1}, 0, emit)
		}
	})
}

// numbered reads a data unit: of what is monitored nothing is told.
func (p *iec104Parser) numbered(from event.Side, unit []byte, emit func(event.Record)) {
	c := cursor{data: unit}
	kind, count, cause := c.u8(), c.u8()&0x7f, c.u8()
	c.skip(1) // originator
	station := int32(c.le16())
	op := iec104Ops[kind]
	if c.bad || op == nil {
		return
	}
	k := otKind{from: from, op: op, code: int32(kind), unit: station}
	switch cause & 0x3f {
	case iec104Activation, iec104Deactivation, 5, 13: // a read is asked for as "request", a file as itself
		p.tally.ask(k, int(count), emit)
	case iec104Activation + 1, iec104Deactivation + 1:
		k.from = from.Other()
		status := accepted
		if cause&iec104Negative != 0 {
			status = "negative"
		}
		p.tally.answer(k, status, emit)
	case 44, 45, 46, 47:
		k.from = from.Other()
		if cause&0x3f == 47 {
			p.tally.nowhere(k, uint32(c.le16())|uint32(c.u8())<<16)
		}
		p.tally.answer(k, iec104Refusals[cause&0x3f], emit)
	}
}
