package proto

import (
	"cmp"
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "enip", Doc: "EtherNet/IP and CIP: services asked of controllers and drives, refusals", Source: "ODVA CIP volumes 1 and 2, Rockwell 1770-6.5.16",
		IP: 6, Ports: []uint16{44818}, Limit: otLimit + 4<<10, Probe: probeENIP, New: func() Parser { return newENIP(false) }, Tables: []*event.Table{otTable}})
	register(Spec{Name: "enip", Doc: "EtherNet/IP over UDP: who is there", Source: "ODVA CIP volume 2",
		IP: 17, Ports: []uint16{44818}, Limit: otLimit + 4<<10, Probe: probeENIPMessage, New: func() Parser { return newENIP(true) }, Tables: []*event.Table{otTable}})
}

const (
	enipHead    = 24
	enipMost    = 512 // of a message: headers and the request's path
	enipPending = 16
	cipReply    = 0x80
	cipParts    = 8 // requests read of a multiple service packet

	enipRequestData, enipUnitData = 0x6f, 0x70
)

// enipCommands are the encapsulation's own requests.
var enipCommands = map[uint16]*otOp{
	0x00: {"nop", otSession}, 0x04: {"list-services", otIdentify}, 0x63: {"list-identity", otIdentify}, 0x64: {"list-interfaces", otIdentify},
	0x65: {"register-session", otSession}, 0x66: {"unregister-session", otSession}, 0x72: {"indicate-status", otSession}, 0x73: {"cancel", otSession},
}

// cipOps are the common services and those of Logix tags.
var cipOps = map[uint8]*otOp{
	0x01: {"get-attributes-all", otRead}, 0x02: {"set-attributes-all", otWrite}, 0x03: {"get-attribute-list", otRead}, 0x04: {"set-attribute-list", otWrite},
	0x05: {"reset", otState}, 0x06: {"start", otState}, 0x07: {"stop", otState}, 0x08: {"create", otSession}, 0x09: {"delete", otSession},
	0x0e: {"get-attribute-single", otRead}, 0x10: {"set-attribute-single", otWrite}, 0x11: {"find-next-object", otIdentify}, 0x15: {"restore", otProgram}, 0x16: {"save", otProgram},
	0x4c: {"read-tag", otRead}, 0x4d: {"write-tag", otWrite}, 0x4e: {"read-modify-write-tag", otWrite}, 0x52: {"read-tag-fragment", otRead}, 0x53: {"write-tag-fragment", otWrite},
	0x55: {"list-tags", otIdentify}, 0x4b: {"execute", otSession},
}

// cipObject are the services of the connection manager and of files, whose
// numbers mean something else elsewhere.
var cipObject = map[[2]uint16]*otOp{
	{6, 0x4e}: {"forward-close", otSession}, {6, 0x54}: {"forward-open", otSession}, {6, 0x5b}: {"forward-open", otSession}, {6, 0x52}: {"unconnected-send", otSession},
	{0x37, 0x4b}: {"file-upload", otRead}, {0x37, 0x4c}: {"file-download", otFile}, {0x37, 0x4e}: {"file-write", otFile}, {0x37, 0x50}: {"file-download-part", otFile}, {0x37, 0x51}: {"file-clear", otFile},
	{0xf5, 0x10}: {"set-network-address", otProgram}, {0xf5, 0x02}: {"set-network-address", otProgram},
}

// cipClasses name the objects that matter to people.
var cipClasses = map[uint16]string{1: "identity", 2: "message-router", 4: "assembly", 6: "connection-manager", 0x37: "file", 0x64: "pccc", 0x67: "pccc", 0x6b: "symbol", 0x8e: "mode", 0xf5: "tcp-ip", 0xf6: "ethernet-link"}

// cipStatus by general status code.
var cipStatus = map[uint8]string{0: accepted, 1: "connection-failure", 2: "resource-unavailable", 3: "invalid-parameter", 4: "path-segment-error", 5: "path-unknown", 6: accepted, 8: "service-not-supported",
	9: "invalid-attribute-value", 0x0c: "object-state-conflict", 0x0e: "attribute-not-settable", 0x0f: "privilege-violation", 0x10: "device-state-conflict", 0x14: "attribute-not-supported", 0x16: "object-does-not-exist"}

// probeENIP wants a header with a known command, no options, and the length and
// session that this command has.
func probeENIP(_ event.Side, data []byte) Verdict {
	if len(data) < 4 {
		if len(data) > 1 && !enipKnown(binary.LittleEndian.Uint16(data)) {
			return No
		}
		return More
	}
	command, n := binary.LittleEndian.Uint16(data), binary.LittleEndian.Uint16(data[2:])
	switch {
	case !enipKnown(command), command == 0x65 && n != 4, command == 0x66 && n != 0, command == enipRequestData && n < 16, command == enipUnitData && n < 20, command == 0:
		return No
	case len(data) < enipHead:
		return More
	}
	c := cursor{data: data, at: 4}
	session, status := c.le32(), c.le32()
	c.skip(8)
	carries := command == enipRequestData || command == enipUnitData
	return yesIf(c.le32() == 0 && status <= 0x69 && (session != 0 || !carries))
}

func enipKnown(command uint16) bool {
	return enipCommands[command] != nil || command == enipRequestData || command == enipUnitData
}

// probeENIPMessage wants a datagram of exactly one message.
func probeENIPMessage(from event.Side, data []byte) Verdict {
	if len(data) < enipHead || len(data) != enipHead+int(binary.LittleEndian.Uint16(data[2:])) {
		return No
	}
	return probeENIP(from, data)
}

type enipParser struct {
	sides   [2]sized
	pending few[uint64, otKind]
	tally   otTally
}

func newENIP(datagrams bool) *enipParser {
	p := &enipParser{}
	for i := range p.sides {
		p.sides[i] = sized{whole: datagrams, head: enipHead, most: enipMost, size: func(h []byte) int {
			if !enipKnown(binary.LittleEndian.Uint16(h)) {
				return 0
			}
			return enipHead + int(binary.LittleEndian.Uint16(h[2:]))
		}}
	}
	return p
}

func (p *enipParser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *enipParser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	p.sides[from].gap(n)
	return true
}

func (p *enipParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeENIP) || s.feed(data, func(m []byte, _ int) {
		command := binary.LittleEndian.Uint16(m)
		if op := enipCommands[command]; op != nil {
			if from == event.Client {
				p.tally.ask(otKind{from: from, op: op, code: int32(command), unit: -1}, 0, emit)
			}
			return
		}
		p.data(from, m, emit)
	})
}

// data finds the CIP message among the items of a common packet.
func (p *enipParser) data(from event.Side, m []byte, emit func(event.Record)) {
	c := cursor{data: m, at: 12}
	ref := c.be64() // the sender's context
	c.skip(4 + 6)   // options, interface, timeout
	for range min(c.le16(), 4) {
		kind, n := c.le16(), int(c.le16())
		item := c.sub(min(n, c.left()))
		switch kind {
		case 0xb1: // connected: the answer has the same count
			ref = uint64(item.le16())<<1 | 1
		case 0xb2:
		default:
			continue
		}
		if !item.bad {
			p.message(from, ref, item, emit)
		}
	}
}

func (p *enipParser) message(from event.Side, ref uint64, c cursor, emit func(event.Record)) {
	service := c.u8()
	if service&cipReply != 0 {
		c.skip(1)
		status := cmp.Or(cipStatus[c.u8()], "error")
		if k, ok := p.pending.pop(ref); ok && !c.bad {
			if c.skip(2 * int(c.u8())); status == accepted && k.pccc {
				status = pcccAnswer(&c)
			}
			p.tally.answer(k, status, emit)
		}
		return
	}
	k, class := cipRequest(from, service, &c)
	switch {
	case c.bad:
		return
	case class == 6 && service == 0x52: // carries a request for another device
		c.skip(2)
		inner := c.sub(min(int(c.le16()), c.left()))
		if part := inner; part.u8()&cipReply == 0 && !part.bad {
			if inside, _ := cipRequest(from, inner.u8(), &inner); !inner.bad {
				k = inside
			}
		}
	case class == 2 && service == 0x0a:
		k.op = cipMultiple
		p.parts(from, c, emit)
	}
	p.pending.put(ref, k, enipPending)
	p.tally.ask(k, 0, emit)
}

var cipMultiple = &otOp{"multiple", otSession}

// parts counts the requests of a multiple service packet; they are answered as one.
func (p *enipParser) parts(from event.Side, c cursor, emit func(event.Record)) {
	start := c.at
	n := int(c.le16())
	for i := range min(n, cipParts) {
		c.seek(min(start+2+2*i, len(c.data)))
		c.seek(min(start+int(c.le16()), len(c.data)))
		if k, _ := cipRequest(from, c.u8(), &c); !c.bad {
			p.tally.ask(k, 0, emit)
		}
	}
}

// cipRequest reads the path of a request, up to its class (volume 1, appendix C).
func cipRequest(from event.Side, service uint8, c *cursor) (k otKind, class uint16) {
	path := c.sub(2 * int(c.u8()))
	switch path.u8() {
	case 0x20:
		class = uint16(path.u8())
	case 0x21:
		path.skip(1)
		class = path.le16()
	}
	c.bad = c.bad || path.bad
	k = otKind{from: from, op: cmp.Or(cipObject[[2]uint16{class, uint16(service)}], cipOps[service], otOther), code: int32(service), unit: -1, detail: cipClasses[class]}
	if carried := *c; class == pcccClass && service == pcccExecute {
		if number := pcccRequest(&carried); !carried.bad {
			k.op, k.code, k.pccc = cmp.Or(pcccOps[number], otOther), int32(number), true
		}
	}
	return k, class
}
