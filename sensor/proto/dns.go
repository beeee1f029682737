package proto

import (
	"bytes"
	"net/netip"

	"github.com/brandmelder/brandmelder/sensor/event"
)

const (
	maxPending = 64 // queries that wait for an answer, of one flow
	maxAnswers = 32 // resource records kept of one answer
	dnsHeader  = 12
)

func init() {
	register(Spec{Name: "dns", Doc: "Domain Name System over UDP", Source: "RFC 1035", IP: 17, Ports: []uint16{53}, Limit: 96 << 10,
		Probe: probeDNS, New: func() Parser { return &dnsParser{} }, Tables: []*event.Table{dnsTable}})
	register(Spec{Name: "dns", Doc: "Domain Name System over TCP", Source: "RFC 7766", IP: 6, Ports: []uint16{53}, Limit: 256 << 10,
		Probe: probeDNSStream, New: newDNSStream, Tables: []*event.Table{dnsTable}})
	register(Spec{Name: "mdns", Doc: "multicast DNS: names and services of the local link", Source: "RFC 6762", IP: 17, Ports: []uint16{5353}, Limit: 96 << 10,
		Probe: probeMDNS, New: func() Parser { return &dnsParser{local: true, multicast: true} }, Tables: []*event.Table{localNameTable}})
	register(Spec{Name: "llmnr", Doc: "Link-Local Multicast Name Resolution", Source: "RFC 4795", IP: 17, Ports: []uint16{5355}, Limit: 96 << 10,
		Probe: probeLLMNR, New: func() Parser { return &dnsParser{local: true} }, Tables: []*event.Table{localNameTable}})
	register(Spec{Name: "nbns", Doc: "NetBIOS name service", Source: "RFC 1002", IP: 17, Ports: []uint16{137}, Limit: 96 << 10,
		Probe: probeNBNS, New: func() Parser { return &dnsParser{local: true, netbios: true} }, Tables: []*event.Table{localNameTable}})
}

// dnsParser pairs the queries of one flow with their answers.
type dnsParser struct {
	local, netbios, multicast bool

	pending []*DNS // oldest first
	name    [256]byte
}

func (p *dnsParser) Feed(_ event.Side, data []byte, emit func(event.Record)) bool {
	d, answer, ok := p.read(data)
	if !ok {
		return true
	}
	switch {
	case answer:
		emit(p.pair(d))
	case p.multicast:
		emit(d) // its answers come from others, in other flows
	default:
		p.wait(d, emit)
	}
	return true
}

func (p *dnsParser) End(emit func(event.Record)) {
	for _, d := range p.pending {
		emit(d)
	}
	p.pending = nil
}

// wait keeps a query until its answer comes; the oldest makes room.
func (p *dnsParser) wait(d *DNS, emit func(event.Record)) {
	for _, q := range p.pending {
		if q.ID == d.ID && q.Query.Text == d.Query.Text && q.QType == d.QType {
			q.Repeats++
			return
		}
	}
	if len(p.pending) == maxPending {
		emit(p.pending[0])
		copy(p.pending, p.pending[1:])
		p.pending = p.pending[:maxPending-1]
	}
	p.pending = append(p.pending, d)
}

// pair adds what the query said to its answer.
func (p *dnsParser) pair(d *DNS) *DNS {
	for i, q := range p.pending {
		if q.ID != d.ID || d.Questions > 0 && d.Query.Text != q.Query.Text {
			continue
		}
		p.pending = append(p.pending[:i], p.pending[i+1:]...)
		d.Asked, d.QueryBytes, d.Repeats, d.Suffix = true, q.QueryBytes, q.Repeats, max(d.Suffix, q.Suffix)
		d.EDNS = max(d.EDNS, q.EDNS)
		// The query's spelling is the client's own, the answer's an echo.
		d.Query, d.QType, d.QClass, d.Questions = q.Query, q.QType, q.QClass, max(q.Questions, d.Questions)
		return d
	}
	return d
}

// read takes one message. What is cut off at its end is left out of the record.
func (p *dnsParser) read(msg []byte) (d *DNS, answer, ok bool) {
	c := cursor{data: msg}
	id, flags := c.be16(), c.be16()
	questions, answers, authorities, extra := c.be16(), c.be16(), c.be16(), c.be16()
	if c.bad {
		return nil, false, false
	}
	d = &DNS{ID: id, Local: p.local, Questions: int(questions), Total: int(answers), Suffix: -1, Truncated: flags&0x200 != 0}
	answer = flags&0x8000 != 0
	d.Flags = dnsFlags[flags>>4&127]
	if op := flags >> 11 & 15; p.netbios {
		d.OpCode = called(nbnsOps, op, "OPCODE")
	} else {
		d.OpCode = called(dnsOps, op, "OPCODE")
	}
	if d.Asked, d.Answered = !answer, answer; answer {
		d.RCode, d.ResponseBytes = called(dnsRCodes, flags&15, "RCODE"), len(msg)
	} else {
		d.QueryBytes = len(msg)
	}
	for i := range int(questions) {
		if !p.question(&c, d, i == 0) {
			return d, answer, i > 0
		}
	}
	names := 2*len(msg) + 1024 // bytes of names that may be copied out of this message
	d.Answers = make([]DNSAnswer, 0, min(int(answers), maxAnswers, c.left()/11))
	for i := range int(answers) + int(authorities) + int(extra) {
		if !p.resource(&c, d, i < int(answers), &names) {
			break
		}
	}
	return d, answer, true
}

// dnsFlags names what is set, by bits 4 to 10 of the header's flags.
var dnsFlags = func() (names [128][]string) {
	for i := range names {
		for at, name := range [7]string{"AA", "TC", "RD", "RA", 5: "AD", 6: "CD"} { // 4 is reserved
			if i>>(6-at)&1 != 0 && name != "" {
				names[i] = append(names[i], name)
			}
		}
	}
	return names
}()

func (p *dnsParser) question(c *cursor, d *DNS, first bool) bool {
	raw, next, ok := wireName(c.data, c.at, p.name[:])
	if !ok {
		return false
	}
	c.seek(next)
	kind, class := c.be16(), c.be16()
	if c.bad || !first {
		return !c.bad
	}
	d.QType, d.QClass = called(dnsTypes, kind, "TYPE"), p.class(class)
	if !p.netbios {
		d.Query = nameInfo(raw)
		return true
	}
	d.QType = called(nbnsTypes, kind, "TYPE")
	d.Query = p.netbiosInfo(raw, d)
	return true
}

func (p *dnsParser) netbiosInfo(raw []byte, d *DNS) DNSName {
	name, suffix, ok := netbiosName(raw)
	if !ok {
		return DNSName{Text: nameText(raw), Length: len(raw)}
	}
	d.Suffix = int(suffix)
	return DNSName{Text: nameText(name), Length: len(name), Labels: 1, Longest: len(name)}
}

// class leaves out the top bit, which mDNS uses for "unicast, please" and "flush".
func (p *dnsParser) class(n uint16) string {
	if p.multicast {
		n &= 0x7fff
	}
	return called(dnsClasses, n, "CLASS")
}

func (p *dnsParser) resource(c *cursor, d *DNS, answer bool, names *int) bool {
	raw, next, ok := wireName(c.data, c.at, p.name[:])
	if !ok {
		return false
	}
	c.seek(next)
	kind, class, ttl, size := c.be16(), c.be16(), c.be32(), int(c.be16())
	at := c.at
	data := c.take(size)
	if c.bad {
		return false
	}
	if kind == 41 && !answer {
		d.EDNS = max(d.EDNS, int(class))
		return true
	}
	if !answer {
		return true
	}
	d.DataBytes += size
	if !plainType(kind) {
		d.PayloadBytes += size
	}
	if p.netbios && d.Questions == 0 && d.Query.Text == "" {
		d.Query = p.netbiosInfo(raw, d)
	}
	if len(d.Answers) == cap(d.Answers) {
		return true
	}
	a := DNSAnswer{Type: called(dnsTypes, kind, "TYPE"), Class: p.class(class), TTL: ttl, Length: size}
	if p.netbios {
		a.Type = called(nbnsTypes, kind, "TYPE")
		name, _, _ := netbiosName(raw)
		raw = name
	}
	a.Name = spend(names, raw, d.Query.Text)
	p.target(&a, c.data, kind, at, data, names)
	d.Answers = append(d.Answers, a)
	return true
}

// spend copies a name while the message's allowance lasts.
func spend(names *int, raw []byte, known string) string {
	if len(raw) == len(known) && bytes.EqualFold(raw, []byte(known)) {
		return known
	}
	if *names -= len(raw); *names < 0 {
		return ""
	}
	return nameText(raw)
}

// plainType tells types whose content the owner of a name cannot choose freely.
func plainType(kind uint16) bool {
	switch kind {
	case 1, 2, 6, 12, 28, 41, 43, 46, 47, 48, 50, 0x20, 0x21:
		return true
	}
	return false
}

// target fills in what a record points at. All other data is payload and stays
// on the wire.
func (p *dnsParser) target(a *DNSAnswer, msg []byte, kind uint16, at int, data []byte, names *int) {
	switch {
	case p.netbios && kind == 0x20 && len(data) >= 6:
		a.Addr, _ = netip.AddrFromSlice(data[2:6])
	case p.netbios:
		return
	case kind == 1 && len(data) == 4, kind == 28 && len(data) == 16:
		a.Addr, _ = netip.AddrFromSlice(data)
	case kind == 15:
		at += 2
	case kind == 33:
		at += 6
	case kind == 2 || kind == 5 || kind == 12 || kind == 39:
	default:
		return
	}
	if a.Addr.IsValid() {
		a.Data = a.Addr.String()
		return
	}
	if raw, _, ok := wireName(msg, at, p.name[:]); ok {
		a.Data = spend(names, raw, "")
	}
}

// dnsStream is DNS over TCP.
type dnsStream struct {
	dnsParser
	side [2]frames
}

func newDNSStream() Parser {
	f := frames{head: 2, most: 1<<16 - 1}
	return &dnsStream{side: [2]frames{f, f}}
}

func (s *dnsStream) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	return s.side[from].feed(data, func(msg []byte) bool { return s.dnsParser.Feed(from, msg, emit) })
}
