package proto

import (
	"encoding/binary"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "bacnet", Doc: "BACnet/IP: services asked of building controllers, refusals, foreign devices", Source: "ANSI/ASHRAE 135, annex J",
		IP: 17, Ports: []uint16{47808}, Limit: otLimit + 4<<10, Probe: probeBACnet, New: func() Parser { return newBACnet() }, Tables: []*event.Table{otTable}})
}

const (
	bacnetMagic   = 0x81
	bacnetPending = 32
)

// bacnetLinks are the functions of the virtual link that are requests.
var bacnetLinks = map[uint8]*otOp{
	1: {"write-broadcast-table", otProgram}, 2: {"read-broadcast-table", otIdentify}, 5: {"register-foreign-device", otSession},
	6: {"read-foreign-devices", otIdentify}, 8: {"delete-foreign-device", otState},
}

var bacnetConfirmed = [...]*otOp{
	{"acknowledge-alarm", otWrite}, {"cov-notification", otSession}, {"event-notification", otSession}, {"alarm-summary", otRead},
	{"enrollment-summary", otRead}, {"subscribe-cov", otSession}, {"atomic-read-file", otRead}, {"atomic-write-file", otFile},
	{"add-list-element", otWrite}, {"remove-list-element", otWrite}, {"create-object", otWrite}, {"delete-object", otWrite},
	{"read-property", otRead}, {"read-property-conditional", otRead}, {"read-property-multiple", otRead}, {"write-property", otWrite},
	{"write-property-multiple", otWrite}, {"device-communication-control", otState}, {"private-transfer", otSession}, {"text-message", otSession},
	{"reinitialize-device", otState}, {"vt-open", otSession}, {"vt-close", otSession}, {"vt-data", otSession}, {"authenticate", otSession},
	{"request-key", otSession}, {"read-range", otRead}, {"life-safety-operation", otWrite}, {"subscribe-cov-property", otSession},
	{"event-information", otRead}, {"subscribe-cov-multiple", otSession},
}

var bacnetUnconfirmed = [...]*otOp{
	{"i-am", otSession}, {"i-have", otSession}, {"cov-notification", otSession}, {"event-notification", otSession}, {"private-transfer", otSession},
	{"text-message", otSession}, {"time-synchronization", otSession}, {"who-has", otIdentify}, {"who-is", otIdentify}, {"utc-time-synchronization", otSession},
	{"write-group", otWrite},
}

// bacnetRestarts are the states of ReinitializeDevice: a backup only reads.
var bacnetRestarts = [...]struct {
	detail string
	op     otOp
}{
	{"coldstart", otOp{"reinitialize-device", otState}}, {"warmstart", otOp{"reinitialize-device", otState}},
	{"start-backup", otOp{"reinitialize-device", otBackup}}, {"end-backup", otOp{"reinitialize-device", otBackup}},
	{"start-restore", otOp{"reinitialize-device", otProgram}}, {"end-restore", otOp{"reinitialize-device", otProgram}},
	{"abort-restore", otOp{"reinitialize-device", otProgram}}, {"activate-changes", otOp{"reinitialize-device", otProgram}},
}

var (
	bacnetSwitches = [...]string{"enable", "disable", "disable-initiation"}
	bacnetEnable   = &otOp{"device-communication-control", otSession}
	bacnetRouting  = &otOp{"network-message", otSession}
)

// bacnetErrors by class and code (clause 18): those that people ask about.
var bacnetErrors = map[[2]uint8]string{
	{0, 25}: "operational-problem", {1, 31}: "unknown-object", {2, 32}: "unknown-property", {2, 40}: "write-access-denied", {2, 37}: "value-out-of-range",
	{4, 26}: "password-failure", {5, 29}: "service-request-denied", {4, 35}: "not-configured-security",
}

// probeBACnet wants a link message of exactly its length. Where a network layer
// of the only version follows, the length may be wrong: tools of attackers get it
// wrong, and devices obey them nevertheless.
func probeBACnet(_ event.Side, data []byte) Verdict {
	if len(data) < 4 || data[0] != bacnetMagic || data[1] > 12 {
		return No
	}
	size, at := int(binary.BigEndian.Uint16(data[2:])), 4
	switch data[1] {
	case 4:
		at = 10
	case 9, 10, 11:
	default:
		return yesIf(size == len(data))
	}
	return yesIf(size <= 1500 && len(data) > at+2 && data[at] == 1 && data[at+1]&0x50 == 0)
}

type bacnetParser struct {
	pending few[bacnetRef, otKind]
	tally   otTally
}

type bacnetRef struct {
	from event.Side
	id   uint8
}

func newBACnet() *bacnetParser {
	return &bacnetParser{}
}

func (p *bacnetParser) End(emit func(event.Record)) { p.tally.end(emit) }

func (p *bacnetParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	if probeBACnet(from, data) != Yes {
		return true
	}
	c := cursor{data: data, at: 4}
	switch link := data[1]; link {
	case 4:
		c.skip(6) // who broadcast it first
		fallthrough
	case 9, 10, 11:
		p.network(from, &c, emit)
	default:
		if op := bacnetLinks[link]; op != nil {
			p.tally.ask(otKind{from: from, op: op, code: int32(link), unit: -1}, 0, emit)
		}
	}
	return true
}

// network passes over the addresses of the network layer (clause 6.2).
func (p *bacnetParser) network(from event.Side, c *cursor, emit func(event.Record)) {
	c.skip(1)
	control := c.u8()
	k := otKind{from: from, unit: -1}
	if control&0x20 != 0 {
		if net := c.be16(); net != 0xffff {
			k.unit = int32(net)
		}
		c.skip(int(c.u8()))
	}
	if control&8 != 0 {
		c.skip(2)
		c.skip(int(c.u8()))
	}
	if control&0x20 != 0 {
		c.skip(1) // hops
	}
	if control&0x80 != 0 {
		k.op, k.code = bacnetRouting, int32(c.u8())
		p.tally.ask(k, 0, emit)
		return
	}
	p.application(k, c, emit)
}

// application reads the head of an APDU (clause 20.1).
func (p *bacnetParser) application(k otKind, c *cursor, emit func(event.Record)) {
	first := c.u8()
	switch kind := first >> 4; kind {
	case 0:
		c.skip(1)
		id := c.u8()
		if first&8 != 0 && c.u8() != 0 { // a later segment
			return
		} else if first&8 != 0 {
			c.skip(1)
		}
		bacnetService(&k, c)
		if k.op != nil {
			p.pending.put(bacnetRef{k.from, id}, k, bacnetPending)
			p.tally.ask(k, 0, emit)
		}
	case 1:
		if s := c.u8(); !c.bad && int(s) < len(bacnetUnconfirmed) {
			k.op, k.code = bacnetUnconfirmed[s], int32(s)
			p.tally.ask(k, 0, emit)
		}
	case 2, 3, 5, 6, 7:
		if asked, ok := p.pending.pop(bacnetRef{k.from.Other(), c.u8()}); ok {
			p.tally.answer(asked, bacnetStatus(kind, c), emit)
		}
	}
}

// bacnetService names a confirmed request, with what it wants of the device.
func bacnetService(k *otKind, c *cursor) {
	s := c.u8()
	k.code = int32(s)
	if c.bad || int(s) >= len(bacnetConfirmed) {
		return
	}
	k.op = bacnetConfirmed[s]
	switch s {
	case 17:
		if c.left() > 0 && c.data[c.at]>>4 == 0 { // for how long
			c.skip(1 + int(c.data[c.at]&7))
		}
		if c.u8() == 0x19 {
			if n := int(c.u8()); n < len(bacnetSwitches) && !c.bad {
				k.detail = bacnetSwitches[n]
			}
		}
		if k.detail == "enable" {
			k.op = bacnetEnable
		}
	case 20:
		if c.u8() == 9 {
			if n := int(c.u8()); n < len(bacnetRestarts) && !c.bad {
				k.op, k.detail = &bacnetRestarts[n].op, bacnetRestarts[n].detail
			}
		}
	}
}

// bacnetStatus is what an answer says.
func bacnetStatus(kind uint8, c *cursor) string {
	switch kind {
	case 2, 3:
		return accepted
	case 6:
		return "rejected"
	case 7:
		return "aborted"
	}
	c.skip(1)
	var e [2]uint8
	for i := range e {
		if c.u8() != 0x91 {
			return "error"
		}
		e[i] = c.u8()
	}
	if name := bacnetErrors[e]; name != "" {
		return name
	}
	return "error"
}
