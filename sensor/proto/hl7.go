package proto

import (
	"bytes"

	"github.com/brandmelder/brandmelder/sensor/event"
)

func init() {
	register(Spec{Name: "hl7", Doc: "HL7 over MLLP: which application sends what kind of message to which, and how it is acknowledged; never a patient", Source: "HL7 v2.5.1 chapter 2, MLLP release 1",
		IP: 6, Ports: []uint16{2575, 6661}, Limit: 2*hl7Head + hl7Kinds*512 + 1<<10, Probe: probeHL7, New: func() Parser { return &hl7Parser{} }, Tables: []*event.Table{hl7Table}})
}

const (
	hl7Start, hl7End = 0x0b, 0x1c
	hl7Head          = 512 // of the header segment; what is longer is cut
	hl7Kinds         = 16  // that a conversation counts
	hl7Name          = 48  // of an application's name
)

// HL7 is one kind of message in a conversation, at its first time, at each
// doubling and at the end. It holds MSH-3 to 6, 9, 11 and 12, and the codes of
// MSA-1: nothing else of a message is read.
type HL7 struct {
	hl7Kind
	Messages          int64
	Accepted, Refused int64 // acknowledged by AA or CA, and by another code
	Ack               string

	told, toldRefused int64
}

// hl7Kind is what is counted together.
type hl7Kind struct {
	Sender, SenderFacility, Receiver, ReceiverFacility string
	Type, Processing, Version                          string
	From                                               event.Side
}

func (*HL7) Table() *event.Table { return hl7Table }

var hl7Table = event.NewTable("hl7", "HL7 messages by kind: the first, then each doubling and the end.", hl7Fields()...).InBrief("brandmelder.hl7.type", "brandmelder.hl7.sender", "brandmelder.hl7.receiver", "brandmelder.hl7.ack")

func hl7Fields() []event.Field {
	text := func(path, doc string, get func(*HL7) string) event.Field {
		return event.String("brandmelder.hl7."+path, event.Technical, doc, func(h *HL7) (string, bool) { s := get(h); return s, s != "" })
	}
	count := func(path, doc string, get func(*HL7) int64) event.Field {
		return event.Int("brandmelder.hl7."+path, event.Technical, doc, func(h *HL7) (int64, bool) { n := get(h); return n, n > 0 })
	}
	return []event.Field{
		text("sender", "sending application", func(h *HL7) string { return h.Sender }),
		text("sender_facility", "sending facility", func(h *HL7) string { return h.SenderFacility }),
		text("receiver", "receiving application", func(h *HL7) string { return h.Receiver }),
		text("receiver_facility", "receiving facility", func(h *HL7) string { return h.ReceiverFacility }),
		text("type", "kind of message and its trigger", func(h *HL7) string { return h.Type }),
		text("processing", "P production, T training, D debugging", func(h *HL7) string { return h.Processing }),
		text("version", "version of HL7", func(h *HL7) string { return h.Version }),
		count("messages", "messages of this kind in the conversation", func(h *HL7) int64 { return h.Messages }),
		count("accepted", "acknowledged well", func(h *HL7) int64 { return h.Accepted }),
		count("refused", "acknowledged as error or rejected", func(h *HL7) int64 { return h.Refused }),
		text("ack", "latest acknowledgement code", func(h *HL7) string { return h.Ack }),
	}
}

// probeHL7 wants the start of a block and the name of the header segment.
func probeHL7(_ event.Side, data []byte) Verdict {
	const magic = "\x0bMSH"
	n := min(len(data), len(magic))
	switch {
	case string(data[:n]) != magic[:n]:
		return No
	case len(data) < len(magic)+2:
		return More
	}
	sep := data[4]
	return yesIf(sep > ' ' && sep < 0x7f && data[5] != sep && (sep < '0' || sep > '9'))
}

type hl7Parser struct {
	sides [2]hl7Side
	kinds few[hl7Kind, HL7]
}

// hl7Side reads one direction segment by segment, and keeps of a segment no more
// than says what it is.
type hl7Side struct {
	in     bool   // within a block
	buf    []byte // of the header segment, or the first bytes of another
	header bool   // this segment is the first of the block
	sep    byte
	last   hl7Kind
	any    bool
}

// What is kept of a segment that is no header: its name and an acknowledgement code.
const hl7Segment = 6

func (p *hl7Parser) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	s := &p.sides[from]
	for len(data) > 0 {
		if !s.in {
			i := bytes.IndexByte(data, hl7Start)
			if i < 0 {
				return true
			}
			data = data[i+1:]
			s.in, s.header, s.buf = true, true, s.buf[:0]
			continue
		}
		i := bytes.IndexAny(data, "\r\x1c")
		n := i
		if i < 0 {
			n = len(data)
		}
		s.keep(data[:n])
		if i < 0 {
			return true
		}
		p.segment(from, s, emit)
		s.in, data = data[i] != hl7End, data[i+1:]
	}
	return true
}

// Gap goes on at the next block. What is acknowledged then may be what was lost.
func (p *hl7Parser) Gap(from event.Side, _ int, _ func(event.Record)) bool {
	p.sides[from] = hl7Side{}
	return true
}

func (s *hl7Side) keep(data []byte) {
	most := hl7Segment
	if s.header {
		most = hl7Head
	}
	s.buf = append(s.buf, data[:min(len(data), max(most-len(s.buf), 0))]...)
}

// segment is called at the end of each.
func (p *hl7Parser) segment(from event.Side, s *hl7Side, emit func(event.Record)) {
	switch {
	case s.header && len(s.buf) > 4 && string(s.buf[:3]) == "MSH":
		s.sep, s.any = s.buf[3], true
		s.last = hl7Read(from, s.buf)
		p.count(s.last, emit)
	case !s.header && s.any && len(s.buf) == hl7Segment && string(s.buf[:3]) == "MSA" && s.buf[3] == s.sep:
		p.acknowledged(from.Other(), s.buf[4:6], emit)
	}
	s.header, s.buf = false, s.buf[:0]
}

// hl7Read takes the named fields of a header segment: the first separator is
// MSH-1 itself.
func hl7Read(from event.Side, segment []byte) hl7Kind {
	k := hl7Kind{From: from}
	rest := segment[3:]
	sep := rest[:1]
	rest = rest[1:]
	for n := 2; n <= 12; n++ {
		field, after, more := bytes.Cut(rest, sep)
		if to := k.field(n); to != nil {
			*to = printable(string(field[:min(len(field), hl7Name)]))
		}
		if rest = after; !more {
			break
		}
	}
	return k
}

func (k *hl7Kind) field(n int) *string {
	switch n {
	case 3:
		return &k.Sender
	case 4:
		return &k.SenderFacility
	case 5:
		return &k.Receiver
	case 6:
		return &k.ReceiverFacility
	case 9:
		return &k.Type
	case 11:
		return &k.Processing
	case 12:
		return &k.Version
	}
	return nil
}

func (p *hl7Parser) count(k hl7Kind, emit func(event.Record)) {
	h := p.kinds.meet(k, HL7{hl7Kind: k}, hl7Kinds)
	if h.Messages++; h.Messages >= 2*h.told {
		h.tell(emit)
	}
}

// acknowledged counts a code for the latest message of the other side. What is no
// code of table 0008 is not kept.
func (p *hl7Parser) acknowledged(sender event.Side, code []byte, emit func(event.Record)) {
	h := p.kinds.get(p.sides[sender].last)
	if h == nil || code[0] != 'A' && code[0] != 'C' {
		return
	}
	switch code[1] {
	case 'A':
		h.Accepted++
	case 'E', 'R':
		h.Refused++
	default:
		return
	}
	h.Ack = string(code)
	if h.Accepted == 1 && h.Refused == 0 || h.Refused > 0 && h.Refused >= 2*h.toldRefused {
		h.tell(emit)
	}
}

func (p *hl7Parser) End(emit func(event.Record)) {
	for i := range p.kinds.entries {
		if h := &p.kinds.entries[i].value; h.Messages > h.told || h.Refused > h.toldRefused || h.Accepted > 1 {
			h.tell(emit)
		}
	}
}

func (h *HL7) tell(emit func(event.Record)) {
	h.told, h.toldRefused = h.Messages, h.Refused
	told := *h
	emit(&told)
}
