package proto

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "dicom", Doc: "DICOM associations with their titles, and how many images are asked for and sent; never a data set", Source: "DICOM PS3.7, PS3.8",
		IP: 6, Ports: []uint16{104, 11112, 4242}, Limit: 2*dicomMost + 4<<10, Probe: probeDICOM, New: func() Parser { return newDICOM() },
		Tables: []*event.Table{dicomTable, (*event.Login)(nil).Table()}})
}

const (
	dicomHead  = 6
	dicomMost  = 4096 // of a message: an association, or the commands before the data
	dicomKinds = 16   // operations that a conversation counts
	dicomNames = 16   // kinds of content that an association names

	dicomRequest, dicomAccept, dicomReject, dicomData, dicomAbort = 1, 2, 3, 4, 7
)

// probeDICOM wants an association, or a command set in a conversation that was
// seen from its middle.
func probeDICOM(from event.Side, data []byte) Verdict {
	switch {
	case len(data) > 0 && (data[0] < 1 || data[0] > 4), len(data) > 1 && data[1] != 0, len(data) > 2 && data[2] != 0:
		return No
	case len(data) < 10:
		return More
	}
	size := binary.BigEndian.Uint32(data[2:])
	if data[0] == dicomReject {
		return yesIf(from == event.Server && size == 4 && data[6] == 0 && data[7] >= 1 && data[7] <= 2 && data[8] >= 1 && data[8] <= 3 && data[9] <= 10)
	}
	if data[0] == dicomData {
		return probeDICOMCommand(data, size)
	}
	if (data[0] == dicomRequest) != (from == event.Client) || size < 68 || data[6] != 0 || data[7]&1 == 0 || data[8]|data[9] != 0 {
		return No
	}
	for _, b := range data[10:min(len(data), 42)] { // the titles
		if b < ' ' || b > '~' {
			return No
		}
	}
	if len(data) < 42 {
		return More
	}
	return Yes
}

// probeDICOMCommand wants the group length that every command set begins with.
func probeDICOMCommand(data []byte, size uint32) Verdict {
	if len(data) < 20 {
		return More
	}
	pdv := binary.BigEndian.Uint32(data[6:])
	return yesIf(pdv >= 14 && pdv+4 <= size && data[10]&1 == 1 && data[11]&1 == 1 && data[11] <= 3 && bytes.Equal(data[12:20], []byte{0, 0, 0, 0, 4, 0, 0, 0}))
}

type dicomParser struct {
	sides  [2]sized
	left   [2]int // bytes of a P-DATA message that are still to come: its values are messages of their own
	assoc  DICOM
	told   bool
	login  *event.Login
	counts few[dicomKind, DICOM]
}

// dicomKind is what is counted together.
type dicomKind struct {
	from        event.Side
	command     uint16
	destination string
}

func newDICOM() *dicomParser {
	p := &dicomParser{}
	for i := range p.sides {
		p.sides[i] = sized{head: dicomHead, most: dicomMost, size: func(h []byte) int {
			switch {
			case p.left[i] > 0: // length, context and flags of a value
				return int(min(4+int64(binary.BigEndian.Uint32(h)), int64(p.left[i])))
			case h[0] < 1 || h[0] > 7 || h[2] > 0x3f:
				return 0
			case h[0] == dicomData:
				return dicomHead
			}
			return dicomHead + int(binary.BigEndian.Uint32(h[2:]))
		}}
	}
	return p
}

func (p *dicomParser) Gap(from event.Side, n int, _ func(event.Record)) bool {
	if p.sides[from].gap(n); p.sides[from].lost {
		p.left[from] = 0
	}
	return true
}

func (p *dicomParser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	return !s.found(from, data, probeDICOM) || s.feed(data, func(m []byte, size int) {
		c := cursor{data: m, at: dicomHead}
		if p.left[from] > 0 {
			if p.left[from] -= size; m[5]&3 == 3 { // a command, whole; at data of a patient nobody looks
				p.command(from, &c, emit)
			}
			return
		}
		switch m[0] {
		case dicomRequest:
			p.request(&c)
		case dicomAccept:
			p.associated(accepted, "", event.Success, emit)
		case dicomReject:
			c.skip(2)
			p.associated("rejected", dicomReason(c.u8(), c.u8()), event.Failure, emit)
		case dicomData:
			p.left[from] = int(binary.BigEndian.Uint32(m[2:]))
		case dicomAbort:
			p.associated("aborted", "", event.Unknown, emit)
		}
	})
}

// request reads an association request (PS3.8, 9.3.2).
func (p *dicomParser) request(c *cursor) {
	c.skip(4)
	p.assoc = DICOM{Kind: "association", Called: dicomTitle(c.take(16)), Calling: dicomTitle(c.take(16))}
	p.told, p.login = false, nil
	c.skip(32)
	for c.left() >= 4 && !c.bad {
		kind := c.u8()
		c.skip(1)
		item := c.sub(min(int(c.be16()), c.left()))
		switch kind {
		case 0x20:
			item.skip(4)
			p.content(&item)
		case 0x50:
			p.user(&item)
		}
	}
}

// content names what a presentation context is about: its abstract syntax.
func (p *dicomParser) content(c *cursor) {
	if c.u8() != 0x30 {
		return
	}
	c.skip(1)
	uid := c.take(min(int(c.be16()), c.left()))
	if c.bad || len(p.assoc.Contents) == dicomNames {
		return
	}
	name := dicomContent(string(bytes.TrimRight(uid, "\x00 ")))
	for _, have := range p.assoc.Contents {
		if have == name {
			return
		}
	}
	p.assoc.Contents = append(p.assoc.Contents, name)
}

// user reads the software's name and, where there is one, who logs on; the
// passcode is passed over (PS3.7, annex D).
func (p *dicomParser) user(c *cursor) {
	for c.left() >= 4 && !c.bad {
		kind := c.u8()
		c.skip(1)
		item := c.sub(min(int(c.be16()), c.left()))
		switch kind {
		case 0x55:
			p.assoc.Software = printable(string(item.rest()))
		case 0x58:
			how := item.u8()
			item.skip(1)
			name := item.take(min(int(item.be16()), item.left()))
			if how == 1 || how == 2 {
				method := [...]string{1: "user", 2: "password"}[how]
				p.login = &event.Login{Protocol: "dicom", Method: method, User: printable(string(name)), Clear: how == 2, Attempt: 1}
			}
		}
	}
}

// associated tells how a request ended, once.
func (p *dicomParser) associated(result, reason string, outcome event.Outcome, emit func(event.Record)) {
	if p.told || p.assoc.Kind == "" {
		return
	}
	p.told = true
	p.assoc.Result, p.assoc.Reason = result, reason
	r := p.assoc
	emit(&r)
	if p.login != nil {
		p.login.Outcome = outcome
		emit(p.login)
		p.login = nil
	}
}

// command reads a command set (PS3.7, annex E): implicit, little endian.
func (p *dicomParser) command(from event.Side, c *cursor, emit func(event.Record)) {
	var field, status, done, failed uint16
	destination := ""
	for c.left() >= 8 {
		group, element, n := c.le16(), c.le16(), int(c.le32())
		v := c.sub(min(n, c.left()))
		if group != 0 {
			return
		}
		switch element {
		case 0x0100:
			field = v.le16()
		case 0x0600:
			destination = dicomTitle(v.rest())
		case 0x0900:
			status = v.le16()
		case 0x1021:
			done = v.le16()
		case 0x1022:
			failed = v.le16()
		}
	}
	if field&0x8000 == 0 {
		p.count(dicomKind{from, field, destination}, emit)
	} else {
		p.answered(from.Other(), field&0x7fff, status, done, failed, emit)
	}
}

func (p *dicomParser) count(k dicomKind, emit func(event.Record)) {
	name := dicomCommands[k.command]
	if name == "" {
		return
	}
	o := p.counts.meet(k, DICOM{
		Kind: "operation", Calling: p.assoc.Calling, Called: p.assoc.Called, Operation: name, Destination: k.destination, Reversed: k.from == event.Server,
	}, dicomKinds)
	if o.Requests++; o.Requests >= 2*o.told {
		o.tell(emit)
	}
}

// answered counts an answer: status 0 ends an operation well, FFxx goes on
// (PS3.7, annex C).
func (p *dicomParser) answered(asker event.Side, command, status, done, failed uint16, emit func(event.Record)) {
	for i := range p.counts.entries {
		k, o := &p.counts.entries[i].key, &p.counts.entries[i].value
		if k.from != asker || k.command != command || o.Succeeded+o.Failed >= o.Requests {
			continue
		}
		switch {
		case status>>8 == 0xff:
			if command == 0x20 {
				o.Matches++
			}
			return
		case status>>12 == 0xa || status>>12 == 0xc || status>>8 == 1:
			o.Failed++
		default:
			o.Succeeded++
		}
		o.Images += int64(done)
		o.Lost += int64(failed)
		if o.Failed == 1 && o.toldFailed == 0 {
			o.tell(emit)
		}
		return
	}
}

func (p *dicomParser) End(emit func(event.Record)) {
	if !p.told {
		p.associated("unanswered", "", event.Unknown, emit)
	}
	for i := range p.counts.entries {
		p.counts.entries[i].value.tell(emit)
	}
}

func dicomTitle(b []byte) string { return printable(strings.Trim(string(b), " \x00")) }
