package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "dnp3", Doc: "DNP3: functions asked of outstations, refusals", Source: "IEEE 1815",
		IP: 6, Ports: []uint16{20000}, Limit: otLimit + 4<<10, Probe: probeDNP3, New: func() Parser { return newDNP3(false) }, Tables: []*event.Table{otTable}})
	register(Spec{Name: "dnp3", Doc: "DNP3 over UDP: functions asked of outstations, refusals", Source: "IEEE 1815",
		IP: 17, Ports: []uint16{20000}, Limit: otLimit + 4<<10, Probe: probeDNP3, New: func() Parser { return newDNP3(true) }, Tables: []*event.Table{otTable}})
}

const (
	dnp3Head    = 10 // link header with its checksum
	dnp3Most    = 292
	dnp3Pending = 8
)

// dnp3Ops by function code of a request.
var dnp3Ops = map[uint8]*otOp{
	1: {"read", otRead}, 2: {"write", otWrite}, 3: {"select", otWrite}, 4: {"operate", otWrite}, 5: {"direct-operate", otWrite}, 6: {"direct-operate-no-answer", otWrite},
	7: {"freeze", otWrite}, 8: {"freeze-no-answer", otWrite}, 9: {"freeze-clear", otWrite}, 10: {"freeze-clear-no-answer", otWrite},
	13: {"cold-restart", otState}, 14: {"warm-restart", otState}, 15: {"initialize-data", otState}, 16: {"initialize-application", otState}, 17: {"start-application", otState}, 18: {"stop-application", otState},
	19: {"save-configuration", otProgram}, 20: {"enable-unsolicited", otSession}, 21: {"disable-unsolicited", otSession}, 22: {"assign-class", otSession}, 23: {"delay-measurement", otSession}, 24: {"record-time", otSession},
	25: {"open-file", otRead}, 26: {"close-file", otSession}, 27: {"delete-file", otFile}, 28: {"file-information", otRead}, 29: {"authenticate-file", otSession}, 30: {"abort-file", otSession},
	31: {"activate-configuration", otProgram}, 32: {"authentication", otSession}, 33: {"authentication-error", otSession},
}

var dnp3OpenWrite = &otOp{"open-file-to-write", otFile}

// probeDNP3 wants a link header with its checksum.
func probeDNP3(_ event.Side, data []byte) Verdict {
	for i, want := range [...]byte{5, 0x64} {
		if len(data) > i && data[i] != want {
			return No
		}
	}
	if len(data) < dnp3Head {
		return More
	}
	return yesIf(data[2] >= 5 && dnp3Sum(data[:8]) == binary.LittleEndian.Uint16(data[8:]))
}

// dnp3Sum is the CRC of the link layer: polynomial 3d65, reflected.
func dnp3Sum(data []byte) uint16 {
	crc := uint16(0)
	for _, b := range data {
		crc ^= uint16(b)
		for range 8 {
			if crc&1 != 0 {
				crc = crc>>1 ^ 0xa6bc
			} else {
				crc >>= 1
			}
		}
	}
	return ^crc
}

type dnp3Parser struct {
	sides   [2]sized
	pending few[dnp3Ref, otKind]
	tally   otTally
}

// dnp3Ref is a request: its outstation and its number.
type dnp3Ref struct {
	station uint16
	number  uint8
}

func newDNP3(datagrams bool) *dnp3Parser {
	p := &dnp3Parser{}
	for i := range p.sides {
		p.sides[i] = sized{whole: datagrams, head: dnp3Head, most: dnp3Most, size: func(h []byte) int {
			n := int(h[2]) - 5 // the checksums of the header and of each 16 bytes do not count
			if h[0] != 5 || h[1] != 0x64 || n < 0 {
				return 0
			}
			return dnp3Head + n + 2*((n+15)/16)
		}}
	}
	return p
}

func (p *dnp3Parser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *dnp3Parser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	p.sides[from].gap(n)
	return true
}

func (p *dnp3Parser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeDNP3) || s.feed(data, func(m []byte, _ int) { p.frame(from, m, emit) })
}

// frame reads the first bytes of an application message: transport octet,
// control, function. They stand in the first block, before its checksum.
func (p *dnp3Parser) frame(from event.Side, m []byte, emit func(event.Record)) {
	c := cursor{data: m, at: 3}
	master := c.u8()&0x80 != 0
	to, by := c.le16(), c.le16()
	c.skip(2)
	transport, control, function := c.u8(), c.u8(), c.u8()
	if c.bad || transport&0x40 == 0 { // not the first piece
		return
	}
	number := control & 15
	switch op := dnp3Ops[function]; {
	case function == 129 && !master:
		if k, ok := p.pending.pop(dnp3Ref{by, number}); ok {
			p.tally.answer(k, dnp3Status(c.be16()), emit)
		}
	case op != nil && master:
		k := otKind{from: from, op: op, code: int32(function), unit: int32(to)}
		if function == 25 && dnp3Writes(m) {
			k.op = dnp3OpenWrite
		}
		p.pending.put(dnp3Ref{to, number}, k, dnp3Pending)
		p.tally.ask(k, 0, emit)
	}
}

// dnp3Status reads the internal indications of an answer.
func dnp3Status(iin uint16) string {
	switch {
	case iin&1 != 0:
		return "function-not-supported"
	case iin&2 != 0:
		return "object-unknown"
	case iin&4 != 0:
		return "parameter-error"
	case iin&0x20 != 0:
		return "configuration-corrupt"
	}
	return accepted
}

// dnp3Writes reads the mode of an opened file, of object 70 variation 3: 2 writes,
// 3 appends. A checksum stands between.
func dnp3Writes(m []byte) bool {
	const first, mode = dnp3Head + 3, 26 // object header, two bytes of size, the fields before
	if len(m) < first+2 || m[first] != 70 || m[first+1] != 3 {
		return false
	}
	at := first + mode + 2 // after the checksum of the first block
	return len(m) > at+1 && m[at] >= 2
}
