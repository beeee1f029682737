package proto

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

var kerberosTables = []*event.Table{kerberosTable, (*event.Login)(nil).Table()}

func init() {
	register(Spec{Name: "kerberos", Doc: "Kerberos 5 tickets and logins over TCP", Source: "RFC 4120, RFC 6113", IP: 6, Ports: []uint16{88}, Limit: 2*krbMessage + 16<<10,
		Probe: probeKerberosStream, New: newKerberosStream, Tables: kerberosTables})
	register(Spec{Name: "kerberos", Doc: "Kerberos 5 tickets and logins over UDP", Source: "RFC 4120, RFC 6113", IP: 17, Ports: []uint16{88}, Limit: 16 << 10,
		Probe: probeKerberos, New: func() Parser { return &kerberosParser{} }, Tables: kerberosTables})
}

const (
	krbMessage = 64 << 10 // bytes of a message that is read: a ticket with its groups is at most 48 KiB
	krbPending = 8        // requests that wait for their answer
	krbList    = 16       // encryption types and pre-authentication types kept

	tagASREQ, tagASREP, tagTGSREQ, tagTGSREP, tagAPREQ, tagKRBError = 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x7e
)

// probeKerberos wants a message's tag, a length that fits and protocol version 5.
func probeKerberos(_ event.Side, msg []byte) Verdict {
	v := judgeKerberos(msg, len(msg))
	if v == More {
		return No
	}
	return v
}

func probeKerberosStream(_ event.Side, data []byte) Verdict {
	c := cursor{data: data}
	size := int(c.be32())
	switch {
	case c.bad:
		return More
	case size < 20 || size > 1<<20:
		return No
	}
	return judgeKerberos(data[4:min(len(data), 4+size)], size)
}

// judgeKerberos looks at the start of a message of size bytes.
func judgeKerberos(msg []byte, size int) Verdict {
	c := cursor{data: msg}
	tag := c.u8()
	switch {
	case c.bad:
		return More
	case tag != tagASREQ && tag != tagASREP && tag != tagTGSREQ && tag != tagTGSREP && tag != tagKRBError:
		return No
	}
	n := derLength(&c)
	if !c.bad && n < size-c.at {
		return No
	}
	sequence := c.u8()
	derLength(&c)
	field, version := c.u8(), c.take(4)
	if c.bad {
		if len(msg) < min(size, 20) {
			return More
		}
		return No
	}
	return yesIf(sequence == 0x30 && (field == 0xa0 || field == 0xa1) && string(version) == "\x03\x02\x01\x05")
}

// kerberosParser pairs requests with answers. These name no request, so an answer
// belongs to the oldest request of its kind.
type kerberosParser struct {
	pending []*Kerberos
	attempt int64
}

func (p *kerberosParser) Feed(_ event.Side, msg []byte, emit func(event.Record)) bool {
	c := cursor{data: msg}
	tag, body := c.element()
	body = opened(body)
	switch tag {
	case tagASREQ, tagTGSREQ:
		p.wait(kdcRequest(tag, body, len(msg)), emit)
	case tagASREP, tagTGSREP:
		k := p.take(tag - 1)
		k.Answer, k.AnswerBytes = "AS-REP", len(msg)
		if tag == tagTGSREP {
			k.Answer = "TGS-REP"
		}
		kdcReply(k, body)
		p.tell(k, emit)
	case tagKRBError:
		k := p.take(0)
		k.Answer, k.AnswerBytes = "KRB-ERROR", len(msg)
		krbError(k, body)
		p.tell(k, emit)
	}
	return true
}

func (p *kerberosParser) End(emit func(event.Record)) {
	for _, k := range p.pending {
		emit(k)
	}
	p.pending = nil
}

// wait keeps a request; one that was sent again is the same.
func (p *kerberosParser) wait(k *Kerberos, emit func(event.Record)) {
	for _, q := range p.pending {
		if q.nonce == k.nonce && q.Request == k.Request && q.RequestBytes == k.RequestBytes {
			return
		}
	}
	if len(p.pending) == krbPending {
		emit(p.pending[0])
		p.pending = remove(p.pending, 0)
	}
	p.pending = append(p.pending, k)
}

// take is the oldest request with a tag, 0 for any, or a new record where the
// request was not seen.
func (p *kerberosParser) take(tag byte) *Kerberos {
	for i, q := range p.pending {
		if tag == 0 || q.Request == requestName(tag) {
			p.pending = remove(p.pending, i)
			return q
		}
	}
	return &Kerberos{Request: requestName(tag), Error: -1}
}

func requestName(tag byte) string {
	switch tag {
	case tagASREQ:
		return "AS"
	case tagTGSREQ:
		return "TGS"
	}
	return ""
}

// tell emits an exchange, and the login that it decided.
func (p *kerberosParser) tell(k *Kerberos, emit func(event.Record)) {
	emit(k)
	outcome := event.Success
	if k.Answer == "KRB-ERROR" {
		outcome = event.Failure
		if !refused(k) {
			return
		}
	} else if k.Request != "AS" {
		return
	}
	p.attempt++
	method := k.method()
	if outcome == event.Success && method == "none" {
		outcome = event.Unknown // whoever asks gets this answer; whether he knows the key does not show
	}
	l := &event.Login{Protocol: "kerberos", Method: method, User: k.Client, Domain: k.Realm, Workstation: k.Workstation, Service: k.Service, Outcome: outcome, Attempt: p.attempt}
	if outcome == event.Failure {
		l.Reason = numbered(krbErrors, k.Error)
	}
	emit(l)
}

// refused tells errors that turn a client away from those that ask it for more or
// are about the service. Where the request was not seen only what is said to
// clients counts.
func refused(k *Kerberos) bool {
	switch k.Error {
	case 6, 18, 23, 24:
		return k.Request != "TGS"
	case 1, 9, 12, 14, 21, 31, 37, 62, 66:
		return k.Request == "AS"
	}
	return false
}

// method is how the client proved itself.
func (k *Kerberos) method() string {
	for _, t := range k.Preauth {
		switch t {
		case 14, 16:
			return "certificate"
		case 2, 138:
			return "password"
		case 136:
			return "fast" // what is inside is sealed
		}
	}
	if k.RequestBytes == 0 {
		return ""
	}
	return "none"
}

// ParseAPREQ reads the Kerberos AP-REQ that a login to a service carries: raw, or
// inside GSS-API or SPNEGO. realm and service are those of the ticket, etype its
// encryption type (RFC 4120 5.5.1). The client's name is sealed in the ticket.
func ParseAPREQ(blob []byte) (realm, service string, etype int, ok bool) {
	t := requestTicket(blob)
	return t.realm, t.service, int(t.etype), t.service != ""
}

// requestTicket is the ticket of an AP-REQ, empty where there is none.
func requestTicket(blob []byte) (t krbTicket) {
	if len(blob) == 0 || blob[0] != tagAPREQ {
		blob = unwrapToken(blob).APREQ
	}
	c := cursor{data: blob}
	tag, body := c.element()
	if tag != tagAPREQ {
		return t
	}
	for f := (cursor{data: opened(body)}); f.left() > 0; {
		if tag, v := f.element(); tag == 0xa3 {
			t = readTicket(v)
			sum := sha256.Sum256(v)
			t.mark = hex.EncodeToString(sum[:8])
		}
	}
	return t
}

// newKerberosStream reads TCP, where a message stands behind its length.
func newKerberosStream() Parser {
	f := frames{head: 4, most: krbMessage}
	return &kerberosStream{side: [2]frames{f, f}}
}

type kerberosStream struct {
	kerberosParser
	side [2]frames
}

func (s *kerberosStream) Feed(from event.Side, data []byte, emit func(event.Record)) bool {
	return s.side[from].feed(data, func(msg []byte) bool { return s.kerberosParser.Feed(from, msg, emit) })
}

// Gap goes on when what was lost ends within a message. Answers name no request, so
// none that comes later may belong to those that wait now.
func (s *kerberosStream) Gap(from event.Side, n int, emit func(event.Record)) bool {
	read := s.side[from].pass == 0 // of a message that is passed over nothing is lost
	known := s.side[from].gap(n)
	if read || !known {
		s.End(emit)
	}
	return known
}

// principal joins the parts of a PrincipalName, as people write it.
func principal(body []byte) string {
	var parts []string
	for f := (cursor{data: opened(body)}); f.left() > 0; {
		tag, v := f.element()
		if tag != 0xa1 {
			continue
		}
		for s := (cursor{data: opened(v)}); s.left() > 0 && len(parts) < 8; {
			_, text := s.element()
			parts = append(parts, derText(text))
		}
	}
	return strings.Join(parts, "/")
}
