package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/brandmelder/brandmelder/sensor/event"
)

// Flags of a fragment.
const (
	rpcFirst  = 0x01
	rpcLast   = 0x02
	rpcObject = 0x80
)

// proof reads the security trailer of a bind: type, level and token.
func (p *rpcConversation) proof(f fragment) {
	at := f.size - rpcHeader - f.auth - 8
	if f.auth == 0 || at < 0 || at+8 > len(f.body) {
		return
	}
	p.authType, p.authLevel = rpcAuthTypes[f.body[at]], rpcAuthLevels[f.body[at+1]]
	if l := loginOf("dcerpc", f.body[at+8:]); l != nil {
		if l.Service == "" {
			l.Service = p.pipe
		}
		p.login = l
	}
}

// decide ends a login that is on its way: the first answer after it tells.
func (p *rpcConversation) decide(o event.Outcome, reason string, emit func(event.Record)) {
	if p.login == nil {
		return
	}
	p.attempts++
	p.login.done(o, reason, p.attempts, emit)
	p.login = nil
}

func (p *rpcConversation) refused(f fragment, emit func(event.Record)) {
	c := cursor{data: f.body}
	var reason uint16
	if b := c.take(2); b != nil {
		reason = f.order.Uint16(b)
	}
	why := fmt.Sprintf("bind_nak %d", reason)
	p.decide(event.Failure, why, emit)
	r := &RPC{Opnum: -1, Status: "refused", Fault: why, Pipe: p.pipe, AuthType: p.authType, AuthLevel: p.authLevel}
	if n := len(p.contexts.entries); n > 0 {
		r.names(p.contexts.entries[n-1].value)
	}
	emit(r)
}

// names says which operation of which interface it is.
func (r *RPC) names(uuid string) {
	r.UUID = uuid
	for _, known := range []map[string]*rpcInterface{rpcInterfaces, rpcDomain, rpcMachine} {
		if i := known[uuid]; i != nil {
			r.Interface, r.Operation = i.name, i.operations[r.Opnum]
			return
		}
	}
}

// stub is how many bytes of arguments or results a fragment carries after a part
// of n bytes, and those of them that were kept.
func (f *fragment) stub(n int) (int, []byte) {
	size := f.size - rpcHeader - n
	if f.auth > 0 {
		size -= f.auth + 8
	}
	size = max(size, 0)
	kept := f.body[min(n, len(f.body)):]
	return size, kept[:min(size, len(kept))]
}

// request reads a call, or a further fragment of one (C706 12.6.4.9).
func (p *rpcConversation) request(f fragment, emit func(event.Record)) {
	if len(f.body) < 8 {
		return
	}
	head := 8
	if f.flags&rpcObject != 0 {
		head += 16
	}
	size, stub := f.stub(head)
	if f.flags&rpcFirst == 0 {
		if r := p.calls.get(f.call); r != nil {
			(*r).Sent += int64(size)
		}
		return
	}
	r := &RPC{Opnum: int64(f.order.Uint16(f.body[6:])), Pipe: p.pipe, AuthType: p.authType, AuthLevel: p.authLevel, Sent: int64(size)}
	r.names(p.interfaceOf(f.order.Uint16(f.body[4:])))
	r.looks(stub)
	if before, ok := p.calls.pop(f.call); ok { // a call that is abandoned
		emit(before)
	}
	if old, evicted := p.calls.put(f.call, r, rpcCalls); evicted {
		emit(old)
	}
}

// interfaceOf is the interface of a context. Where no bind was seen it is the one
// that the pipe is there for.
func (p *rpcConversation) interfaceOf(context uint16) string {
	if uuid := p.contexts.get(context); uuid != nil {
		return *uuid
	}
	if len(p.contexts.entries) == 0 {
		return rpcPipes[strings.ToLower(p.pipe)]
	}
	return ""
}

// returned is the value that an operation returned: the last four bytes of an
// answer in one fragment, before the padding of the security trailer.
func (f *fragment) returned() (value int64, ok bool) {
	size, stub := f.stub(8)
	if f.flags&(rpcFirst|rpcLast) != rpcFirst|rpcLast || len(stub) < size {
		return 0, false
	}
	if f.auth > 0 {
		trailer := f.size - rpcHeader - f.auth - 8
		if trailer < 0 || trailer+3 > len(f.body) {
			return 0, false
		}
		stub = stub[:max(0, len(stub)-int(f.body[trailer+2]))]
	}
	if len(stub) < 4 {
		return 0, false
	}
	return int64(f.order.Uint32(stub[len(stub)-4:])), true
}

// response reads an answer, a fault or a further fragment (C706 12.6.4.10).
func (p *rpcConversation) response(f fragment, emit func(event.Record)) {
	r := p.calls.get(f.call)
	if r == nil || len(f.body) < 8 {
		return
	}
	call := *r
	if f.kind == rpcFault {
		call.Status, call.Fault = "fault", rpcFaultName(f)
		if call.Fault == "ERROR_ACCESS_DENIED" {
			p.decide(event.Failure, call.Fault, emit)
		}
	} else {
		size, stub := f.stub(8)
		call.Status = "ok"
		call.Received += int64(size)
		if call.AuthLevel != "privacy" {
			call.Returned, call.HasReturned = f.returned()
		}
		if call.Operation == "ept_map" {
			p.endpoints(stub)
		}
	}
	p.decide(event.Success, "", emit)
	if f.flags&rpcLast != 0 || f.kind == rpcFault {
		p.calls.pop(f.call)
		emit(call)
	}
}

func rpcFaultName(f fragment) string {
	if len(f.body) < 12 {
		return "unknown"
	}
	code := f.order.Uint32(f.body[8:])
	if name, ok := rpcFaults[code]; ok {
		return name
	}
	return fmt.Sprintf("0x%08x", code)
}

// endpoints learns TCP ports from the towers in an answer of the endpoint mapper:
// a floor of the protocol TCP is 01 00 07 02 00 and the port (C706 appendix L).
func (p *rpcConversation) endpoints(stub []byte) {
	floor := []byte{1, 0, 7, 2, 0}
	for len(p.expected) < rpcExpected {
		at := bytes.Index(stub, floor)
		if at < 0 || at+7 > len(stub) {
			return
		}
		port := binary.BigEndian.Uint16(stub[at+5:])
		stub = stub[at+7:]
		if port != 0 && !p.expects(port) {
			p.expected = append(p.expected, Expectation{Proto: "dcerpc", On: event.Server, Port: port})
		}
	}
}

func (p *rpcConversation) expects(port uint16) bool {
	for _, e := range p.expected {
		if e.Port == port {
			return true
		}
	}
	return false
}
